"""A recording of a synthetic match: the replay file, and what was chosen on the way from the truth to it.

Owns: which updates a recording holds, and the assembly of the file. The choices are in :mod:`impulse.demo.writer.plan`.
"""

from __future__ import annotations

from datetime import timedelta
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from impulse.demo.match.arena import PADS_UU
from impulse.demo.match.bodies import Bodies, second_ball
from impulse.demo.match.draws import Draws
from impulse.demo.match.truth import GAME_STATES, BoostReport, CarLife, Match
from impulse.demo.writer import classes
from impulse.demo.writer.actors import RIGID_BODIES, Record, Stage
from impulse.demo.writer.bits import WORD, ZERO, pack
from impulse.demo.writer.body import encode_body
from impulse.demo.writer.casting import Cast
from impulse.demo.writer.classes import ARCHETYPES, ObjectTable
from impulse.demo.writer.header import encode_header, seal
from impulse.demo.writer.header_properties import KEYFRAME_DELAY_S, make_header
from impulse.demo.writer.plan import ExtraBall, RecordingPlan
from impulse.demo.writer.rigid_body import FIELDS, encode, quantise
from impulse.demo.writer.timeline import write_timeline
from impulse.errors import ConfigError

TICK_MARK_FRAMES = 45
"""How far before a goal its tick mark is (real replays)."""
_TIME, _END = 0, 7
"""Order of a frame's first and last bits among its records, see :mod:`impulse.demo.writer.actors`."""
_BODY_FIELD = "TAGame.RBActor_TA:ReplicatedRBState"


class Recording:
    """A recorded match: truth, file, and what lies between them."""

    def __init__(self, match: Match, plan: RecordingPlan | None = None) -> None:
        """Record a match; the file is encoded at once.

        Args:
            match: the match, or a part of it from :func:`impulse.demo.cut`.
            plan: how it is recorded; the defaults of RecordingPlan if None.

        Raises:
            ConfigError: the match has goals, the recording no ball.
        """
        plan = plan or RecordingPlan()
        if match.goals and plan.archetypes.ball is None:
            raise ConfigError("archetypes", "this mode has no ball, so the match cannot have goals")
        self.match = match
        """What happened in the recorded frames."""
        self.plan = plan
        self.replay_id = Draws(match.seed, "recording", plan.recorder).hex(32).upper()
        """Header's ``Id``: differs between recordings."""
        self.match_guid = Draws(match.seed, "guid").hex(32).upper()
        """Header's ``MatchGUID``: the same in all recordings of the match."""
        self.body_updates = _body_updates(match, plan)
        """(F, 1 + P) bool, which frames tell the state of the ball and of each player's car. With a second ball (F, 2 + P):
        its states are in the last column."""
        self.boost_reports = _boost_reports(match, plan)
        """What is told of boost."""
        self.component_links = tuple(self._link_frame(life) for life in match.lives)
        """Frame in which the components of each of the match's lives are linked to their car; None for never."""
        table = ObjectTable(
            map_name=match.map_name, pads=len(PADS_UU), unused=ARCHETYPES - _spawned(plan), unlisted=plan.unlisted
        )
        stage = Stage(table, plan.version)
        cast = write_timeline(
            match,
            stage,
            plan=plan,
            match_guid=self.match_guid,
            boost_reports=self.boost_reports,
            component_links=self.component_links,
        )
        self.pri_ids = {number: pri.id for number, pri in cast.pris.items()}
        """Actor id of each player who appears; bots are known by it."""
        self.state_indices = np.array([stage.state_index(state) for state in GAME_STATES])
        """Position in the name table of each of GAME_STATES."""
        self.codes = quantise(_stack_bodies(match, plan)[self.body_updates], plan.version)
        """Integers of the bodies that are sent, frame by frame, the ball first."""
        self.data = self._encode(stage, cast)
        """The replay file."""

    @property
    def _seconds(self) -> float:
        """Length of the recording; the game saves it at its end."""
        return float(self.match.time[-1] - self.match.time[0])

    @cached_property
    def keyframes(self) -> list[int]:
        """Frames that are keyframes: the first, each kickoff, and one every ten seconds."""
        found = [0]
        for stop in [*(play.first for play in self.match.plays[1:]), self.match.frames]:
            while (due := self._frame_after(found[-1], KEYFRAME_DELAY_S)) < stop:
                found.append(due)
            if stop < self.match.frames:
                found.append(stop)
        return found

    def _link_frame(self, life: CarLife) -> int | None:
        if not self.plan.links_components_late or not life.first:
            return life.first
        due = next((frame for frame in self.keyframes if frame > life.first), self.match.frames)
        return due if due < life.stop else None

    def _frame_after(self, frame: int, seconds: float) -> int:
        return int(np.searchsorted(self.match.time, float(self.match.time[frame]) + seconds))

    def _encode(self, stage: Stage, cast: Cast) -> bytes:
        if self.plan.repeats_actors:
            stage.repeat_actors(
                self.keyframes[1:],
                repeats_demolitions=self.plan.repeats_demolitions,
                repeats_pads=self.plan.repeats_pads,
            )
        network, offsets = self._pack_frames(stage, cast)
        body = encode_body(
            stage.table,
            self.plan.version,
            keyframes=[(float(self.match.time[frame]), frame, int(offsets[frame])) for frame in self.keyframes],
            network=network,
            tick_marks=[(f"Team{goal.team}Goal", max(goal.frame - TICK_MARK_FRAMES, 0)) for goal in self.match.goals],
            names=stage.names,
        )
        header = make_header(
            self.match,
            self.plan.version,
            replay_id=self.replay_id,
            match_guid=self.match_guid,
            plan=self.plan,
            clock_ahead=timedelta(minutes=self.plan.zone_minutes, seconds=self.plan.starts_after_s + self._seconds),
        )
        return seal(encode_header(header)) + seal(body)

    def _pack_frames(self, stage: Stage, cast: Cast) -> tuple[bytes, NDArray[np.int64]]:
        """Return the network data and the bit offset of every frame."""
        frames = np.arange(self.match.frames)
        times = self.match.time.view(np.uint32).astype(np.uint64)
        deltas = self.match.delta.view(np.uint32).astype(np.uint64)
        parts = [
            (frames * 8 + _TIME, times | deltas << np.uint64(32), np.full(len(frames), 64)),
            _flatten(stage.records),
            self._pack_bodies(stage, cast),
            (frames * 8 + _END, np.zeros(len(frames), dtype=np.uint64), np.full(len(frames), ZERO.width)),
        ]
        keys, values, widths = (np.concatenate(columns) for columns in zip(*parts, strict=True))
        order = np.argsort(keys, kind="stable")
        network, offsets = pack(values[order], widths[order])
        return network, offsets[keys[order] % 8 == _TIME]

    def _pack_bodies(self, stage: Stage, cast: Cast) -> tuple[NDArray[np.int64], NDArray[np.uint64], NDArray[np.int64]]:
        """Return sort keys, values and widths of all rigid-body updates."""
        shape = self.body_updates.shape
        opening = np.zeros(shape, dtype=np.uint64)
        opening_width = np.zeros(shape, dtype=np.int64)
        spans = [
            (play.first, play.stop, column, ball)
            for column, balls in ((0, cast.balls), (shape[1] - 1, cast.other_balls))
            for play, ball in zip(self.match.plays, balls, strict=False)
        ]
        spans += [
            (life.first, life.stop, 1 + life.player, actors[0])
            for life, actors in zip(self.match.lives, cast.cars, strict=True)
        ]
        for first, stop, column, actor in spans:
            bits = stage.start_update(actor, _BODY_FIELD)
            opening[first:stop, column] = bits.value
            opening_width[first:stop, column] = bits.width
        values, widths = encode(self.codes, self.plan.version)
        frame = np.nonzero(self.body_updates)[0]
        opening, opening_width = opening[self.body_updates], opening_width[self.body_updates]
        values[:, 0] = opening | values[:, 0] << opening_width.astype(np.uint64)
        widths[:, 0] += opening_width
        keys = np.repeat(frame * 8 + RIGID_BODIES, FIELDS)
        return keys, values.ravel(), widths.ravel()


def _flatten(records: list[Record]) -> tuple[NDArray[np.int64], NDArray[np.uint64], NDArray[np.int64]]:
    """Return sort keys, values and widths of records in their order in the stream."""
    keys: list[int] = []
    values: list[int] = []
    widths: list[int] = []
    unsorted = [record.frame * 8 + record.order for record in records]
    for number in np.argsort(unsorted, kind="stable").tolist():
        key = unsorted[number]
        value, width = records[number].bits
        while width > 64:
            keys.append(key)
            values.append(value & WORD)
            widths.append(64)
            value >>= 64
            width -= 64
        keys.append(key)
        values.append(value)
        widths.append(width)
    return np.array(keys, dtype=np.int64), np.array(values, dtype=np.uint64), np.array(widths, dtype=np.int64)


def _spawned(plan: RecordingPlan) -> frozenset[str]:
    """Return the archetypes from which something is spawned, but for boost pads."""
    mode = plan.archetypes
    used = {mode.game_event, mode.gri, mode.pri, mode.car, *mode.components, *classes.TEAMS, classes.CAMERA}
    used |= {mode.ball} if mode.ball else set()
    return frozenset(used | ({plan.extra_ball.value} if plan.extra_ball else set()))


def _boost_reports(match: Match, plan: RecordingPlan) -> tuple[BoostReport, ...]:
    """Return what is told of boost: nothing, or all but what the first report of a car is too late for."""
    if not plan.has_boost:
        return ()
    if not plan.boost_delay_frames:
        return match.boost_reports
    told = []
    for life in match.lives:
        first = life.first + plan.boost_delay_frames
        mine = [
            report
            for report in match.boost_reports
            if report.player == life.player and life.first <= report.frame < life.stop
        ]
        told += [report for report in mine if report.frame > first]
        if first < life.stop and not any(report.frame == first for report in mine):
            told.append(BoostReport(first, life.player, round(float(match.boost[first - 1, life.player]))))
        told += [report for report in mine if report.frame == first]
    return tuple(sorted(told, key=lambda report: report.frame))


def _stack_bodies(match: Match, plan: RecordingPlan) -> Bodies:
    """Return ball and cars side by side: (F, 1 + P); with a second ball (F, 2 + P)."""
    ball, cars = match.ball, match.cars
    columns = [(ball, True), (cars, False)]
    if plan.extra_ball is ExtraBall.SECOND:
        columns.append((second_ball(ball), True))
    return Bodies(
        *(
            np.concatenate(
                [getattr(bodies, name)[:, None] if one else getattr(bodies, name) for bodies, one in columns], 1
            )
            for name in ("position", "rotation", "velocity", "spin", "asleep")
        )
    )


def _body_updates(match: Match, plan: RecordingPlan) -> NDArray[np.bool_]:
    """Choose which states are sent: at random, but always at spawns, goals, touches, demolitions."""
    shape = (match.frames, 1 + len(match.players))
    draws = Draws(match.seed, "updates", plan.recorder)
    sent = draws.uniforms(shape) >= plan.dropped_updates
    spawned = np.zeros(shape, dtype=bool)
    for play in match.plays:
        spawned[play.first, 0] = True
        for frame in (play.first, play.hit, play.end):
            if frame < match.frames:
                sent[frame, 0] = True
    for touch in match.touches:
        sent[touch.frame - 1 : touch.frame + 6, [0, 1 + touch.player]] = True
    for life in match.lives:
        sent[life.first, 1 + life.player] = spawned[life.first, 1 + life.player] = True
        if life.demolished is not None:
            sent[life.demolished, 1 + life.player] = True
            sent[life.demolished + 1 : life.stop, 1 + life.player] = False
    for freeze in plan.frozen:
        sent[freeze.first : freeze.stop, freeze.body] &= spawned[freeze.first : freeze.stop, freeze.body]
    sent[:, 1:] &= match.has_car
    if plan.archetypes.ball is None:
        sent[:, 0] = False
    if plan.extra_ball is ExtraBall.SECOND:
        sent = np.concatenate([sent, sent[:, :1]], axis=1)
    return sent
