"""What the frames must show of a recorded match: from the match itself, not from what a parser makes of the file.

Owns: the account of each column in terms of the truth, and how far a value may be off. Bounds follow from the format: a
value is rounded to a step, so it is off by half a step at most, and by the rounding of float32.

======================  ============================  =============================================
quantity                half a step, net 5 and later  before, or without a network version
======================  ============================  =============================================
position                0.005 uu                      0.5 uu
linear velocity         0.005 uu/s                    0.05 uu/s
angular velocity        0.00005 rad/s                 0.0005 rad/s
quaternion              2.7e-6; the largest one of the four is rebuilt of the others: 8.1e-6
... before net 7        three angles of 4.8e-5 rad each: 7.2e-5
boost                   half a raw unit, 1/510 of a tank: 0.2 of 100
======================  ============================  =============================================
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from impulse.demo import ExtraBall, Platform, Recording
from impulse.demo.match.arena import CAR_REST_Z_UU
from impulse.demo.match.bodies import Bodies
from impulse.demo.match.truth import GAME_STATES
from impulse.schema.sampling import Sampling

NEAR_S = 0.25
"""Rows that show a frame further away than this may be left out."""
GAP_S = 1.0
"""Frames further apart than this have a gap of the recording between them."""
FLOAT32 = 3e-4
"""Rounding of the largest positions and speeds."""
BOOST = 0.2


def quaternion_bound(recording: Recording) -> float:
    """Return how far a component of a rotation may be off."""
    return 8.2e-6 if recording.plan.version.has_quaternions else 7.3e-5


def steps_bounds(recording: Recording) -> dict[str, float]:
    """Return how far positions and velocities may be off, by the name of the column's part."""
    version = recording.plan.version
    return {
        "pos": 0.5 / version.position_steps + FLOAT32,
        "vel": 0.5 / version.velocity_steps + FLOAT32,
        "angvel": 0.005 / version.velocity_steps + 1e-6,
    }


@dataclass(frozen=True)
class Told:
    """One body as the file tells it: the true state of the frame in which it was told last."""

    values: dict[str, NDArray[np.float64]]
    """(F, 3) ``pos``, ``vel``, ``angvel``; (F, 4) ``quat``; or as many rows."""
    frame: NDArray[np.int64]
    """(F,) frame in which it was told last, -1 where never."""


def told(recording: Recording, body: int) -> Told:
    """Return the ball (0) or the car of player p (1 + p) in every frame; NaN where nothing was told."""
    match = recording.match
    truth = match.ball if body == 0 else _car(match.cars, body - 1)
    is_told = recording.body_updates[:, body]
    last = np.maximum.accumulate(np.where(is_told, np.arange(match.frames), -1))
    awake = np.where(truth.asleep, 0.0, 1.0)[:, None]
    rotation = truth.rotation
    if recording.plan.version.has_quaternions:  # a rotation has two quaternions; these files hold the one below
        largest = np.take_along_axis(rotation, np.nan_to_num(np.abs(rotation)).argmax(axis=1)[:, None], axis=1)
        rotation = rotation * np.where(largest < 0, -1.0, 1.0)
    states = {"pos": truth.position, "quat": rotation, "vel": truth.velocity * awake, "angvel": truth.spin * awake}
    return Told({name: np.where(last[:, None] < 0, np.nan, values[last]) for name, values in states.items()}, last)


def _car(cars: Bodies, player: int) -> Bodies:
    return Bodies(
        cars.position[:, player],
        cars.rotation[:, player],
        cars.velocity[:, player],
        cars.spin[:, player],
        cars.asleep[:, player],
    )


@dataclass(frozen=True)
class Truth:
    """A recording, and which network frame each row shows."""

    recording: Recording
    frames: NDArray[np.int64]
    """(R,) network frame of each row."""
    slots: tuple[int, ...]
    """Slot of each player of the match."""

    @cached_property
    def holders(self) -> dict[int, NDArray[np.int64]]:
        """(R,) who is there in each slot, -1 for nobody; people before bots where two share a slot."""
        match = self.recording.match
        people_last = sorted(
            range(len(self.slots)), key=lambda number: match.players[number].player.platform is not Platform.BOT
        )
        held = {slot: np.full(len(self.frames), -1) for slot in self.slots}
        for number in people_last:
            held[self.slots[number]][match.has_car[self.frames, number]] = number
        return held

    def of_players(self, values: NDArray[Any], slot: int) -> NDArray[Any]:
        """Return (R, ...) what (F, P, ...) values say of whoever is in a slot; nobody's are the last player's."""
        return values[self.frames, self.holders[slot]]

    @cached_property
    def _cars(self) -> list[Told]:
        return [told(self.recording, 1 + number) for number in range(len(self.slots))]

    def car(self, slot: int) -> Told:
        """Return the cars that a slot shows, row by row; (R, ...)."""
        names = ("pos", "quat", "vel", "angvel")
        stacked = {name: np.stack([car.values[name] for car in self._cars], axis=1) for name in names}
        frames = np.stack([car.frame for car in self._cars], axis=1)
        return Told({name: self.of_players(stacked[name], slot) for name in names}, self.of_players(frames, slot))

    def ball(self) -> Told:
        """Return the ball, row by row; (R, ...)."""
        ball = told(self.recording, 0)
        return Told({name: values[self.frames] for name, values in ball.values.items()}, ball.frame[self.frames])

    def is_shown(self, slot: int) -> NDArray[np.bool_]:
        """(R,) whether the slot's player has a whole car."""
        return self.is_there(slot) & ~self.is_wreck(slot)

    def is_there(self, slot: int) -> NDArray[np.bool_]:
        """(R,) whether the slot's player has a car or its wreck."""
        return self.holders[slot] >= 0

    def is_wreck(self, slot: int) -> NDArray[np.bool_]:
        """(R,) whether that is a wreck."""
        wreck: NDArray[np.bool_] = self.of_players(self.recording.match.is_demolished, slot).astype(bool)
        return wreck & self.is_there(slot)

    def first_row(self, frame: int) -> int | None:
        """Return the first row that shows a frame or a later one."""
        rows = np.flatnonzero(self.frames >= frame)
        return int(rows[0]) if len(rows) else None

    @cached_property
    def attackers(self) -> NDArray[np.int64]:
        """(F, P) slot of whoever demolished the car that is a wreck; -1 where it is none, and where the file names nobody."""
        match = self.recording.match
        found = np.full(match.has_car.shape, -1)
        for life in match.lives:
            for event in match.demolitions:
                is_this = (event.victim, event.frame) == (life.player, life.demolished)
                if is_this and not self.recording.plan.hides_attackers:
                    found[event.frame : life.stop, event.victim] = self.slots[event.attacker]
        return found

    @cached_property
    def boost(self) -> NDArray[np.float64]:
        """(F, P) boost 0..100; NaN until a car's boost has been told, and where nothing ever says that it is the car's."""
        match = self.recording.match
        known = np.zeros(match.has_car.shape, dtype=bool)
        for life, linked in zip(match.lives, self.recording.component_links, strict=True):
            told_at = [
                report.frame
                for report in self.recording.boost_reports
                if report.player == life.player and life.first <= report.frame < life.stop
            ]
            first = life.first if match.is_boost_unlimited else min(told_at, default=life.stop)
            known[first : life.stop, life.player] = linked is not None
        return np.where(known, match.boost / 255 * 100, np.nan)

    @cached_property
    def linked(self) -> NDArray[np.bool_]:
        """(F, P) whether the parts of a car are known to be its own: some frames after it came at most, or never."""
        match, known = self.recording.match, np.zeros(self.recording.match.has_car.shape, dtype=bool)
        for life, linked in zip(match.lives, self.recording.component_links, strict=True):
            known[life.first : life.stop, life.player] = linked is not None
        return known

    @cached_property
    def held(self) -> NDArray[np.float64]:
        """(F, P, 3) pitch, yaw and roll between the two updates of a car around each frame; NaN where they changed meanwhile.

        NaN too where one of the updates shows it on the ground: these cars land on their wheels at once, as no real one does.
        """
        match, sent = self.recording.match, self.recording.body_updates
        found = np.full(match.air_inputs.shape, np.nan)
        for life in match.lives:
            mine = match.air_inputs[:, life.player]
            updates = life.first + np.flatnonzero(sent[life.first : life.stop, 1 + life.player])
            for one, other in pairwise(updates.tolist()):
                in_air = match.cars.position[[one, other], life.player, 2] > CAR_REST_Z_UU
                if in_air.all() and (mine[one : other + 1] == mine[one]).all():
                    found[one:other, life.player] = mine[one]
        return found

    @cached_property
    def is_driven(self) -> NDArray[np.bool_]:
        """(F, P) whether throttle, steer or handbrake of a car have been anything but neutral, so that some was told."""
        match, known = self.recording.match, np.zeros(self.recording.match.has_car.shape, dtype=bool)
        acts = (match.throttle != 128) | (match.steer != 128) | match.handbrake
        for life in match.lives:
            mine = slice(life.first, life.stop), life.player
            known[mine] = np.logical_or.accumulate(acts[mine])
        return known

    def begun(self, part: int, slot: int) -> NDArray[np.bool_]:
        """(R,) whether an action of a part of the slot's car began since the row before, in the frame of the row at the latest."""
        counts = self.recording.match.component_counts[..., part].astype(np.int64)
        before = np.concatenate([np.zeros((1, counts.shape[1]), dtype=np.int64), counts[:-1]])
        onsets = np.cumsum((counts % 2 == 1) & (before % 2 == 0), axis=0)
        rows_before = np.concatenate([self.frames[:1] - 1, self.frames[:-1]])
        earlier = np.where((rows_before < 0)[:, None], 0, onsets[np.maximum(rows_before, 0)])
        mine = self.holders[slot]
        return np.asarray(onsets[self.frames, mine] > earlier[np.arange(len(mine)), mine])

    @cached_property
    def states(self) -> NDArray[np.str_]:
        """(F,) names of the game's states."""
        return np.array([state.value for state in GAME_STATES])[self.recording.match.state]

    @property
    def balls_at_once(self) -> int:
        """Most balls in one network frame."""
        plan = self.recording.plan
        return 0 if plan.archetypes.ball is None else 2 if plan.extra_ball is ExtraBall.SECOND else 1

    @property
    def ball_is_known(self) -> bool:
        """Whether there is a ball and it is plain which one plays."""
        plan = self.recording.plan
        return plan.archetypes.ball is not None and plan.extra_ball is not ExtraBall.SECOND


def shown_frames(
    recording: Recording, sampling: Sampling, time: NDArray[np.float32], *, fps: float
) -> NDArray[np.int64]:
    """Return which network frame rows at these times must show, after checking that these are the right times.

    Raises:
        AssertionError: a row is missing, or one is there that must not be.
    """
    frame_time = recording.match.time
    if sampling is Sampling.native:
        np.testing.assert_array_equal(time, frame_time)
        return np.arange(len(frame_time))
    start, end = float(frame_time[0]), float(frame_time[-1])
    steps = np.rint((time.astype(np.float64) - start) * fps).astype(np.int64)
    rounding = len(time) * float(np.spacing(np.float32(end))) / 2  # float32 steps add up
    np.testing.assert_allclose(time, start + steps / fps, rtol=0, atol=rounding)
    assert (np.diff(steps) > 0).all()
    assert steps[0] == 0
    # A last row that is only just before the end may be after it, by the same rounding.
    missing = np.setdiff1d(np.arange(int((end - rounding - start) * fps - 1e-2) + 1), steps)
    lacking = start + missing / fps
    if sampling is Sampling.parser:
        ahead = frame_time[np.searchsorted(frame_time, lacking)] - lacking
        assert (ahead > NEAR_S - 1e-3).all()
        return np.searchsorted(frame_time, time, side="left")
    last = np.searchsorted(frame_time, lacking, side="right") - 1
    assert (frame_time[last + 1] - frame_time[last] > GAP_S).all()
    assert (lacking - frame_time[last] > 1 / fps - 1e-3).all()
    frames = np.searchsorted(frame_time, time, side="right") - 1
    following = np.append(frame_time[1:], frame_time[-1])[frames]
    assert not ((following - frame_time[frames] > GAP_S) & (time - frame_time[frames] > 1 / fps + 1e-3)).any()
    return frames
