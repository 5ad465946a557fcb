"""Flights of a car in RocketSim, an implementation of the game's physics of its own, sampled as recordings are, with their inputs.

RocketSim is a test dependency alone (``rocketsim`` on PyPI). Without meshes it has the void and, with one triangle far away for
a mesh, the flat floor of an arena.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

import numpy as np
import numpy.typing as npt
import RocketSim as rs

from impulse.decoding.array_call import NO_BODY
from impulse.decoding.bodies import Bodies
from impulse.decoding.cars import Drive
from impulse.decoding.controls import KINDS, RecordedControls
from impulse.decoding.flights import flights
from impulse.decoding.people import Stint

FRAME_TICKS = 4
"""30 network frames a second, of 120 ticks."""

CONTROLS = ("throttle", "steer", "pitch", "yaw", "roll", "jump", "boost", "handbrake")

Floats = npt.NDArray[np.float64]
Numbers = Sequence[float] | Floats


@dataclass(frozen=True)
class Format:
    """What a recording rounds to, and when it has updates."""

    spin: float = 1e-4
    position: float = 0.01
    velocity: float = 0.01
    rotation: float = 2**0.5 / (2**18 - 1)
    net_version: int | None = 10
    every: int = 1
    """Network frames from one update of the car to the next."""
    dropped: float = 0.0
    """Share of the updates that are left out."""
    late: int = 0
    """Ticks that the state of an update may be from its network frame."""


@dataclass
class Flown:
    """One flight, tick by tick."""

    inputs: list[list[float]] = field(default_factory=list)
    """Throttle to handbrake in each tick."""
    states: list[npt.NDArray[np.float64]] = field(default_factory=list)
    """Position, rotation by columns, velocity, spin before each tick: 18 numbers."""
    wheels: list[int] = field(default_factory=list)
    """Wheels on a surface."""
    acts: dict[str, list[bool]] = field(default_factory=lambda: {kind: [] for kind in KINDS})


@cache
def arena(*, has_floor: bool) -> tuple[rs.Arena, rs.Car]:
    """Return an arena with one car and nothing that it could hit but the floor."""
    _initialise()
    made = rs.Arena(rs.GameMode.SOCCAR if has_floor else rs.GameMode.THE_VOID)
    ball = made.ball.get_state()
    ball.pos = rs.Vec(0, 3000, 1800)
    made.ball.set_state(ball)
    return made, made.add_car(rs.Team.BLUE)


@cache
def _initialise() -> None:
    folder = Path(mkdtemp())
    (folder / "soccar").mkdir()
    corners = (0.0, 0.0, 1e5, 10.0, 0.0, 1e5, 0.0, 10.0, 1e5)
    (folder / "soccar" / "far.cmf").write_bytes(struct.pack("<ii3i9f", 1, 3, 0, 1, 2, *corners))
    rs.init(str(folder))


def started(
    *, position: Numbers, velocity: Numbers, spin: Numbers, rotation: Floats, has_floor: bool
) -> tuple[rs.Arena, rs.Car]:
    """Return an arena with the car in a state, without a jump or a dodge behind it."""
    made, car = arena(has_floor=has_floor)
    car.set_controls(rs.CarControls())
    state = rs.CarState()
    state.pos, state.vel, state.ang_vel = rs.Vec(*position), rs.Vec(*velocity), rs.Vec(*spin)
    state.rot_mat = rs.RotMat(*(rs.Vec(*map(float, axis)) for axis in rotation.T))
    state.is_on_ground, state.boost = False, 100.0
    car.set_state(state)
    return made, car


def fly(made: rs.Arena, car: rs.Car, inputs: Floats) -> Flown:
    """Step with inputs (ticks, 8), in the order of RLBot and RLGym, and return what happened."""
    flown = Flown()
    for values in inputs:
        before = car.get_state()
        flown.inputs.append(list(values))
        flown.states.append(
            np.concatenate(
                [
                    vector.as_numpy()
                    for vector in (
                        before.pos,
                        before.rot_mat.forward,
                        before.rot_mat.right,
                        before.rot_mat.up,
                        before.vel,
                        before.ang_vel,
                    )
                ]
            ).astype(float)
        )
        flown.wheels.append(int(np.sum(before.wheels_with_contact)))
        named = dict(zip(CONTROLS, map(float, values), strict=True))
        flags = {name: named.pop(name) > 0 for name in ("jump", "boost", "handbrake")}
        car.set_controls(rs.CarControls(**named, **flags))
        made.step(1)
        after = car.get_state()
        acts = {
            "boost": flags["boost"],
            "jump": after.is_jumping,
            "double_jump": False,
            "dodge": after.is_flipping,
            "flip_car": after.is_auto_flipping,
        }
        for kind, is_active in acts.items():
            flown.acts[kind].append(is_active)
    return flown


@dataclass(frozen=True)
class Judged:
    """Inferred pitch, yaw and roll beside the true ones, network frame by network frame."""

    inferred: Floats
    """(3, frames) NaN where unknown."""
    true: Floats
    """(3, frames) mean over the ticks of the network frame."""
    states: Floats
    """(frames, 18)."""
    wheels: Floats
    """(frames,) most wheels on a surface in its ticks."""
    on_floor: npt.NDArray[np.bool_]
    acts: dict[str, npt.NDArray[np.bool_]]

    @property
    def error(self) -> Floats:
        """(3, frames) absolute."""
        return np.abs(self.inferred - self.true)


def joined(several: Iterable[Judged]) -> Judged:
    """Return several flights as one."""
    flights_of = list(several)

    def along(name: str) -> Any:
        return np.concatenate([getattr(one, name) for one in flights_of], axis=-1)

    acts = {kind: np.concatenate([one.acts[kind] for one in flights_of]) for kind in KINDS}
    states = np.concatenate([one.states for one in flights_of])
    return Judged(along("inferred"), along("true"), states, along("wheels"), along("on_floor"), acts)


def judged(flown: Flown, recording: Format, rng: np.random.Generator) -> Judged:
    """Infer the inputs of a flight from what a recording would tell of it."""
    ticks = np.arange(0, len(flown.inputs) - FRAME_TICKS + 1, FRAME_TICKS)
    frames = len(ticks)
    has_update = (np.arange(frames) % recording.every == 0) & (rng.random(frames) >= recording.dropped)
    updates = np.flatnonzero(has_update)
    late = rng.integers(-recording.late, recording.late + 1, len(updates)) if recording.late else 0
    shown = np.clip(ticks[updates] + late, 0, len(flown.states) - 1)
    values = recorded_states(np.array(flown.states)[shown], recording)
    bodies = Bodies(np.concatenate([values, NO_BODY[np.newaxis]]), updates, {0: (0, len(updates))})
    acts = {
        kind: np.array([any(active[tick : tick + FRAME_TICKS]) for tick in ticks])
        for kind, active in flown.acts.items()
    }
    inputs = np.array(flown.inputs)
    nothing = np.full(frames, np.nan, dtype=np.float32)
    told = RecordedControls(
        nothing,
        nothing,
        nothing,
        {kind: active.astype(np.float32) for kind, active in acts.items()},
        np.stack([nothing, nothing]),
    )
    stint = Stint(0, 0)
    times = (ticks / 120).astype(np.float32)
    found = flights(times, bodies, [Drive(stint, 0, 0, frames)], {stint: told}, net_version=recording.net_version)
    true = inputs[: frames * FRAME_TICKS, 2:5].reshape(frames, FRAME_TICKS, 3).mean(axis=1)
    wheels = np.array(flown.wheels)[: frames * FRAME_TICKS].reshape(frames, FRAME_TICKS).max(axis=1)
    return Judged(
        found[stint].inputs.astype(float),
        true.T,
        np.array(flown.states)[ticks],
        wheels,
        found[stint].on_floor,
        acts,
    )


def recorded_states(states: Floats, recording: Format) -> npt.NDArray[np.float32]:
    """Return (n, 13) position, quaternion, velocity, spin in the parser's units, rounded as a recording rounds."""

    def rounded(values: Floats, step: float) -> Floats:
        return np.rint(values / step) * step

    quaternions = quaternions_of(states[:, 3:12])
    largest = np.abs(quaternions).argmax(axis=1)
    rows = np.arange(len(states))
    quaternions *= np.sign(quaternions[rows, largest])[:, None]
    quaternions = rounded(quaternions, recording.rotation)
    quaternions[rows, largest] = 0
    quaternions[rows, largest] = np.sqrt(1 - (quaternions**2).sum(axis=1))
    return np.concatenate(
        [
            rounded(states[:, :3], recording.position),
            quaternions,
            rounded(states[:, 12:15], recording.velocity),
            rounded(states[:, 15:18], recording.spin) * 100,
        ],
        axis=1,
    ).astype(np.float32)


def quaternions_of(axes: Floats) -> Floats:
    """Return (n, 4) quaternions x, y, z, w of (n, 9) forward, right and up: the eigenvector that a rotation keeps."""
    m = axes.reshape(-1, 3, 3).transpose(0, 2, 1)
    k = np.zeros((len(m), 4, 4))
    k[:, 3, 3] = m[:, 0, 0] + m[:, 1, 1] + m[:, 2, 2]
    for i in range(3):
        j, l = (i + 1) % 3, (i + 2) % 3  # noqa: E741 - three axes
        k[:, i, i] = m[:, i, i] - m[:, j, j] - m[:, l, l]
        k[:, i, j] = k[:, j, i] = m[:, i, j] + m[:, j, i]
        k[:, i, 3] = k[:, 3, i] = m[:, l, j] - m[:, j, l]
    _, vectors = np.linalg.eigh(k)
    return np.asarray(vectors[:, :, -1])


def random_rotation(rng: np.random.Generator) -> Floats:
    """Return a rotation, columns forward, right, up."""
    found, _ = np.linalg.qr(rng.normal(size=(3, 3)))
    return np.asarray(found * np.sign(np.linalg.det(found)))


def stick(kind: str, ticks: int, rng: np.random.Generator) -> Floats:
    """Return (ticks, 3) pitch, yaw and roll.

    Args:
        kind: ``random`` (new values every 1 to 12 ticks), ``held`` (keys: none or full, for 0.1 to 0.6 s) or ``human`` (a stick
            on its way to a new place every 0.15 to 0.5 s, from one end to the other in 0.17 s).
        ticks: how many.
        rng: where chance comes from.
    """
    return np.stack([_axis(kind, ticks, rng) for _ in range(3)], axis=1)


def _axis(kind: str, ticks: int, rng: np.random.Generator) -> Floats:
    shortest, longest = {"random": (1, 12), "held": (12, 72), "human": (18, 60)}[kind]
    values = np.empty(ticks)
    for start, end in _spans(ticks, shortest, longest, rng):
        if kind == "held":
            values[start:end] = rng.choice([-1.0, 0.0, 0.0, 1.0])
        elif kind == "random":
            values[start:end] = rng.uniform(-1, 1)
        else:
            values[start:end] = np.clip(rng.normal(0, 0.7), -1, 1) * (rng.random() < 0.7)
    if kind == "human":
        for tick in range(1, ticks):
            values[tick] = values[tick - 1] + np.clip(values[tick] - values[tick - 1], -0.1, 0.1)
    return values


def _spans(ticks: int, shortest: int, longest: int, rng: np.random.Generator) -> Iterator[tuple[int, int]]:
    start = 0
    while start < ticks:
        end = start + int(rng.integers(shortest, longest + 1))
        yield start, end
        start = end


def air_flight(kind: str, rng: np.random.Generator, *, ticks: int = 240) -> Flown:
    """Return a flight of 2 s in the void, with throttle and boost."""
    made, car = started(
        position=(0, 0, 1000),
        velocity=rng.uniform(-900, 900, 3),
        spin=rng.normal(0, 1, 3),
        rotation=random_rotation(rng),
        has_floor=False,
    )
    inputs = np.zeros((ticks, 8))
    inputs[:, 2:5] = stick(kind, ticks, rng)
    for start, end in _spans(ticks, 24, 120, rng):
        inputs[start:end, 0] = rng.choice([0.0, 1.0, -1.0])
        inputs[start:end, 6] = rng.random() < 0.4
    return fly(made, car, inputs)


def dodge_flight(kind: str, rng: np.random.Generator, *, cancels: bool, ticks: int = 240) -> Flown:
    """Return a flight with a dodge after 0.5 s, and for half a second after it full pitch against it."""
    made, car = started(
        position=(0, 0, 1000),
        velocity=rng.uniform(-600, 600, 3),
        spin=rng.normal(0, 0.5, 3),
        rotation=random_rotation(rng),
        has_floor=False,
    )
    inputs = np.zeros((ticks, 8))
    inputs[:, 2:5] = stick(kind, ticks, rng) * 0.5
    ahead = rng.choice([-1.0, 1.0])
    inputs[60, 2:6] = ahead, rng.uniform(-0.5, 0.5), 0.0, 1.0
    if cancels:
        inputs[66:126, 2] = -ahead
    return fly(made, car, inputs)


def jump_flight(kind: str, rng: np.random.Generator, *, ticks: int = 300) -> Flown:
    """Return a drive on the floor, a jump with some pitch and yaw in the air, and a landing."""
    made, car = started(
        position=(rng.uniform(-2000, 2000), -3000, 17.0),
        velocity=(0, rng.uniform(200, 1200), 0),
        spin=(0, 0, 0),
        rotation=np.array([[0.0, -1.0, 0.0], [1.0, 0.0, 0.0], [0.0, 0.0, 1.0]]),
        has_floor=True,
    )
    inputs = np.zeros((ticks, 8))
    inputs[:, 2:5] = stick(kind, ticks, rng) * 0.4
    inputs[:, 0] = rng.choice([0.3, 1.0])
    inputs[60 : 60 + int(rng.integers(3, 24)), 5] = 1
    return fly(made, car, inputs)
