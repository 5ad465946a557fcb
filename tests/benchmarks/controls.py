"""docs/controls.md: what controls are, and how right the inferred ones are, by RocketSim and by real replays.

PYTHONPATH=stages:. python tests/benchmarks/controls.py > docs/controls.md

It needs RocketSim (extra ``test``) and real replays (``IMPULSE_REPLAYS``), and takes some minutes.
"""

from __future__ import annotations

import gc
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import RocketSim as rs
import subtr_actor

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "stages"), str(ROOT)]

from tests.decoding import flown  # noqa: E402 - the path comes first
from tests.paths import REPLAYS  # noqa: E402

from impulse.decoding.air_controls import BodyStates, ticks_between  # noqa: E402
from impulse.decoding.attributes import FOR_CONTROLS  # noqa: E402
from impulse.decoding.bodies import bodies_of  # noqa: E402
from impulse.decoding.cars import Drive, drives_and_demolitions  # noqa: E402
from impulse.decoding.controls import RecordedControls, recorded_controls  # noqa: E402
from impulse.decoding.flights import Flights, flights, states_of, updates_of  # noqa: E402
from impulse.decoding.people import Stint, people_of  # noqa: E402
from impulse.decoding.walk import Walk, walk_replay  # noqa: E402
from impulse.replay.container import read_header  # noqa: E402
from impulse.replay.facts import header_facts  # noqa: E402

Floats = npt.NDArray[np.float64]
FLIGHTS = 150
"""Of each kind."""
LOOP_TICKS = 60
KINDS = ("match", "clip", "recoverable")

FORMATS = {
    "an update each network frame (4 ticks)": flown.Format(),
    "the same, spin in steps of 0.01 rad/s": flown.Format(spin=0.01),
    "the same, as files before 2018 round": flown.Format(
        spin=1e-3, position=1.0, velocity=0.1, rotation=1e-4, net_version=None
    ),
    "every other frame (8 ticks)": flown.Format(every=2),
    "every third frame (12 ticks)": flown.Format(every=3),
    "every fourth frame (16 ticks)": flown.Format(every=4),
    "30 % of the updates dropped": flown.Format(dropped=0.3),
    "every third frame, up to 4 ticks off its time": flown.Format(every=3, late=4),
}

INPUTS = {
    "random": "new values every 1 to 12 ticks",
    "held": "keys: none or full for 0.1 to 0.6 s, each axis by itself",
    "human": "a stick that takes 0.17 s from end to end, to a new place every 0.15 to 0.5 s",
}


def row(*cells: object) -> str:
    return "| " + " | ".join(map(str, cells)) + " |"


def head(*cells: str) -> str:
    return f"{row(*cells)}\n{row(*('---' for _ in cells))}"


def three(values: Iterable[float], form: str = "{:.3f}") -> str:
    """Return values of pitch, yaw and roll."""
    return " / ".join("–" if np.isnan(value) else form.format(value) for value in values)


def figures(judged: flown.Judged, where: npt.NDArray[np.bool_] | None = None) -> tuple[str, str, str, str]:
    """Return the share that is known, and median, 90th percentile and largest error, by axis."""
    error = judged.error if where is None else judged.error[:, where]
    known = np.isfinite(error)
    of = [axis[np.isfinite(axis)] for axis in error]
    return (
        three(100 * known.mean(axis=1), "{:.0f} %"),
        three(np.median(axis) if len(axis) else np.nan for axis in of),
        three(np.percentile(axis, 90) if len(axis) else np.nan for axis in of),
        three(axis.max() if len(axis) else np.nan for axis in of),
    )


def oracle() -> Iterator[str]:
    """Yield what RocketSim says of inferred inputs."""
    rng = np.random.default_rng(1)
    made = {kind: [flown.air_flight(kind, rng) for _ in range(FLIGHTS)] for kind in INPUTS}
    yield head("input", "recording", "known", "median error", "90 % are within", "largest")
    for kind, several in made.items():
        for name, recording in FORMATS.items():
            yield row(kind, name, *figures(flown.joined(flown.judged(flight, recording, rng) for flight in several)))
    yield ""
    yield "What is hard, with an update each network frame; dodges and jumps with the input human:"
    yield ""
    yield head("where", "known", "median error", "90 % are within", "largest")
    air = flown.joined(flown.judged(flight, flown.Format(), rng) for kind in INPUTS for flight in made[kind])
    fast = np.linalg.norm(air.states[:, 15:18], axis=1)
    for name, where in {
        "spin below 4 rad/s": fast < 4,
        "spin from 4 to 5.4 rad/s": (fast >= 4) & (fast < 5.4),
        "spin at its limit of 5.5 rad/s": fast >= 5.49,
    }.items():
        yield row(f"{name}, all inputs", *figures(air, where))
    for name, cancels in {"dodges": False, "dodges with a cancel": True}.items():
        judged = flown.joined(
            flown.judged(flown.dodge_flight("human", rng, cancels=cancels), flown.Format(), rng) for _ in range(FLIGHTS)
        )
        active = judged.acts["dodge"]
        yield row(f"{name}: while the dodge turns the car", *figures(judged, active))
        yield row(f"{name}: before and after", *figures(judged, ~active))
    judged = flown.joined(flown.judged(flown.jump_flight("human", rng), flown.Format(), rng) for _ in range(FLIGHTS))
    near = np.convolve(judged.wheels > 0, np.ones(7), "same") > 0
    yield row("jumps from the floor: on one wheel or more", *figures(judged, judged.wheels > 0))
    yield row(
        "jumps from the floor: within 0.1 s of take-off or landing", *figures(judged, near & (judged.wheels == 0))
    )
    yield row("jumps from the floor: else in the air", *figures(judged, ~near))


@dataclass
class Told:
    """What a real replay told."""

    walk: Walk
    drives: Sequence[Drive]
    recorded: dict[Stint, RecordedControls]
    flights: dict[Stint, Flights]
    states: list[BodyStates]
    """Of each drive."""
    parse_seconds: list[float]
    """Of the raw call, with and without Python's collector of garbage, which has nothing to find in it."""
    made_seconds: float


def told(data: bytes) -> Told:
    """Return what a replay tells, with the processor time of the parser's raw call and of all."""
    version = read_header(data).net_version
    parse = []
    for collects in (True, False):
        (gc.enable if collects else gc.disable)()
        start = time.process_time()
        subtr_actor.parse_replay(data)
        parse.append(time.process_time() - start)
    gc.enable()
    start = time.process_time()
    walk = walk_replay(data, FOR_CONTROLS)
    drives, _ = drives_and_demolitions(walk, people_of(walk))
    recorded = recorded_controls(walk, drives)
    bodies = bodies_of(walk, version)
    in_air = flights(walk.times, bodies, drives, recorded, net_version=version)
    made = time.process_time() - start
    states = [states_of(walk.times, bodies, updates_of(bodies, drive)) for drive in drives]
    return Told(walk, drives, recorded, in_air, states, parse, made)


def loops(replay: Told) -> Iterator[tuple[float, float, float, float]]:
    """Yield how far a car is after half a second from where it was recorded, in uu and degrees; with and without our inputs."""
    for drive, states in zip(replay.drives, replay.states, strict=True):
        if len(states.frames) < 3:
            continue
        ticks = ticks_between(states)
        inputs = replay.flights[drive.stint].inputs[:, states.frames[:-1]].T.astype(np.float64)
        usable = (ticks > 0) & np.isfinite(inputs).all(axis=1)
        first = 0
        while first < len(ticks):
            last, passed = first, 0
            while last < len(ticks) and usable[last] and passed < LOOP_TICKS:
                passed += int(ticks[last])
                last += 1
            if passed < LOOP_TICKS:
                first = max(last, first) + 1
                continue
            yield _loop(replay, drive, states, ticks, inputs, first, last)
            first = last


def _loop(
    replay: Told,
    drive: Drive,
    states: BodyStates,
    ticks: npt.NDArray[np.intp],
    inputs: Floats,
    first: int,
    last: int,
) -> tuple[float, float, float, float]:
    recorded = replay.recorded[drive.stint]
    errors: list[float] = []
    for gain in (1.0, 0.0):
        arena, car = flown.started(
            position=states.position[first] * [0, 0, 0] + [0, 0, 1000],
            velocity=states.velocity[first],
            spin=states.spin[first],
            rotation=states.rotation[first],
            has_floor=False,
        )
        start = car.get_state()
        start.has_jumped = start.has_flipped = start.has_double_jumped = True
        start.flip_time = 5.0
        car.set_state(start)
        for number in range(first, last):
            pitch, yaw, roll = (float(value) * gain for value in inputs[number])
            frames = np.arange(states.frames[number], states.frames[number + 1])
            for tick in range(int(ticks[number])):
                frame = frames[min(tick * len(frames) // int(ticks[number]), len(frames) - 1)]
                throttle = float(np.nan_to_num(recorded.throttle[frame]))
                boost = bool(recorded.active["boost"][frame] > 0)
                car.set_controls(rs.CarControls(throttle=throttle, pitch=pitch, yaw=yaw, roll=roll, boost=boost))
                arena.step(1)
        end = car.get_state()
        way = end.pos.as_numpy().astype(float) - [0, 0, 1000]
        errors.append(float(np.linalg.norm(way - (states.position[last] - states.position[first]))))
        found = np.stack([axis.as_numpy() for axis in (end.rot_mat.forward, end.rot_mat.right, end.rot_mat.up)], axis=1)
        cosine = (np.trace(found.T.astype(float) @ states.rotation[last]) - 1) / 2
        errors.append(float(np.degrees(np.arccos(np.clip(cosine, -1, 1)))))
    return errors[0], errors[1], errors[2], errors[3]


def real() -> Iterator[str]:
    """Yield what real replays say, by year."""
    by_year: dict[str, list[tuple[Told, list[tuple[float, float, float, float]]]]] = defaultdict(list)
    paths = [path for kind in KINDS for path in sorted((REPLAYS / kind).glob("*.replay"))]
    for path in paths:
        data = path.read_bytes()
        try:
            replay = told(data)
        except Exception as error:  # noqa: BLE001 - a file that the parser refuses is none of these figures
            print(f"{path.name}: {error}", file=sys.stderr)
            continue
        if replay.drives:
            date = header_facts(read_header(data)).get("date")
            by_year[str(date)[:4]].append((replay, list(loops(replay))))
    yield "Coverage: share of the network frames in which a player has a car."
    yield ""
    yield head(
        "year",
        "files",
        "throttle, steer, handbrake",
        "in the air",
        "pitch / yaw / roll in the air",
        "ticks between updates",
    )
    for year, found in sorted(by_year.items()):
        yield row(year, len(found), *_coverage([replay for replay, _ in found]))
    yield ""
    yield (
        "Closed loop: RocketSim steps from a recorded state for half a second of free flight with our controls, and how far the car "
        "then is from the recording; beside it the same without pitch, yaw and roll."
    )
    yield ""
    yield head("year", "flights", "position, median and 90 %", "rotation, median and 90 %", "rotation without, median")
    for year, found in sorted(by_year.items()):
        errors = np.array([error for _, of_one in found for error in of_one]).reshape(-1, 4)
        if len(errors):
            yield row(
                year,
                len(errors),
                "{:.1f}, {:.1f} uu".format(*np.percentile(errors[:, 0], [50, 90])),
                "{:.1f}, {:.1f}°".format(*np.percentile(errors[:, 1], [50, 90])),
                f"{np.median(errors[:, 3]):.1f}°",
            )
    costs = np.array(
        [(replay.made_seconds, *replay.parse_seconds) for found in by_year.values() for replay, _ in found]
    )
    total = costs.sum(axis=0)
    yield ""
    yield (
        f"Cost: {total[0] / total[1]:.2f} times the processor time of the parser's `parse_replay` alone, or {total[0] / total[2]:.2f} "
        f"times with Python's garbage collector off, which impulse does; over {len(costs)} files in one process."
    )


def _coverage(replays: Sequence[Told]) -> tuple[str, str, str, str]:
    cars = driven = flying = 0
    known = np.zeros(3)
    between: list[npt.NDArray[np.intp]] = []
    for replay in replays:
        for drive, states in zip(replay.drives, replay.states, strict=True):
            if not len(states.frames):
                continue
            span = slice(drive.start, drive.end)
            cars += drive.end - drive.start
            driven += int(np.isfinite(replay.recorded[drive.stint].throttle[span]).sum())
            shown = np.searchsorted(states.frames, np.arange(drive.start, drive.end), side="right") - 1
            is_high = (states.position[np.maximum(shown, 0), 2] > 60) & (shown >= 0)
            flying += int(is_high.sum())
            known += np.isfinite(replay.flights[drive.stint].inputs[:, span][:, is_high]).sum(axis=1)
            between.append(ticks_between(states))
    ticks = np.concatenate(between)
    ticks = ticks[ticks > 0]
    return (
        f"{100 * driven / max(cars, 1):.1f} %",
        f"{100 * flying / max(cars, 1):.0f} %",
        three(100 * known / max(flying, 1), "{:.0f} %"),
        "{:.0f} (80 % from {:.0f} to {:.0f})".format(*np.percentile(ticks, [50, 10, 90])) if len(ticks) else "–",
    )


TEXT = """\
# Controls

What players did, as columns `p{{slot}}_control_*` of the frames, with `parse.controls: true`. This page is written by
`PYTHONPATH=stages:. python tests/benchmarks/controls.py > docs/controls.md`.

## What they are

The eight controls of RLBot and RLGym, in their order: throttle, steer, pitch, yaw, roll, jump, boost, handbrake. The first five
are -1 to 1, the others true or false. Signs are theirs, too: throttle 1 is forward, steer 1 to the right, pitch 1 lifts the nose,
yaw 1 turns it to the right, roll 1 lowers the right side. Each was checked with RocketSim, and yaw against the recorded steer of
real flights without roll. In the axes of the frames (x forward, y to the right, z up, a spin being the cross product of the
coordinates) a pitch of 1 spins a car about -y of its own, a yaw about +z, a roll about -x.

| control | from | null |
| --- | --- | --- |
| throttle, steer | the last byte: 128 is 0, 255 is 1, 0 is -1, linear on each side | until a control of the car was sent |
| handbrake | the last flag that was sent | until a control of the car was sent |
| boost | the boost's activity | before the file links the boost to the car |
| jump | held while it lifts the car (0.2 s at most), or a jump, double jump or dodge began since the row before | as boost |
| pitch, yaw, roll | inferred, see below | wherever that is impossible |
| dodge_forward, dodge_right | the torque of the dodge, as a direction of length 1, or 0 for one without | without a dodge |

A recording sends what differs from neutral, and at keyframes all of a car that does: none of them repeats a throttle or steer of
128 or a handbrake that is off. So of the three, those that were not sent while another was are neutral.

`p{{slot}}_control_source` says where each comes from: bit 0 to 7 is set where throttle to handbrake is recorded, bit 8, 9, 10 where
pitch, yaw, roll is inferred. What has no bit is unknown, and null.

On the floor pitch, yaw and roll do nothing, and nothing tells them: they are null, or, with `parse.ground_controls: recorded`, yaw is
the steer and pitch and roll are 0, as in RLGym's table of actions, and marked as recorded.

## How pitch, yaw and roll are inferred

In free flight a car's spin about each of its own axes follows from its input alone, tick by tick (120 a second):
`spin += (torque * input - drag * (1 - |input|) * spin) / 120`, for roll with the whole drag. Torque is 12.464, 9.108 and 38.350
rad/s², drag 2.876, 1.917 and 4.794 a second for pitch, yaw and roll: RocketSim's, which real flights confirm (the closed loop
below). Between two updates this is solved for one constant input.

How many ticks are between two updates is told by the car's way and velocity, not by the times of the network frames, which are up to
five ticks off. A car has an update every 8 to 12 ticks in real recordings, so that an inferred input is a mean over that time, and is
shown from the network frame of the first update to that of the next.

Unknown, and null, are all three

- where anything but gravity, boost and throttle moved the car: wheels on a surface, a bump, a hit, a jump that lifts it,
- while a dodge turns the car (0.65 s, with 0.05 s before and after it); pitch for 0.3 s longer, in which the game ignores it,
- where updates are more than 16 ticks apart, or the car is slower than 100 uu/s, so that its ticks are not told,
- where the spin is at its limit of 5.5 rad/s, as what the game took away is not known;

and each by itself where two different inputs explain a change (against a fast spin, a full input slows it less than none does), where
none does, and where rounding leaves more than 0.1 in doubt.

## Against RocketSim

Flights in RocketSim 2.2.1 of 2 s with boost and throttle, from random states, sampled at 30 network frames a second and rounded
as a file rounds. Errors are those of each network frame against the mean input over its 4 ticks, pitch / yaw / roll; shares are of
all network frames, of which the last of each flight has no update after it. Inputs: {inputs}.

{oracle}

Inputs that change between two updates are the largest error by far: the mean over 12 ticks is no better than that.

## Beside rlgym-tools

rlgym-tools 2.6.5 infers controls from replays, too. This is how much of ten real matches is equal, at the same network frames from
kickoffs to goals, pitch, yaw and roll where impulse knows them (`python tests/benchmarks/rlgym_tools.py PYTHON 10`):

| control | equal within | values | equal |
| --- | --- | --- | --- |
| throttle | 0.02 | 319,818 | 85.8 % |
| steer | 0.02 | 319,818 | 60.1 % |
| pitch | 0.1 | 31,199 | 61.3 % |
| yaw | 0.1 | 40,859 | 59.3 % |
| roll | 0.1 | 41,019 | 84.3 % |
| jump | 0 | 322,471 | 97.3 % |
| boost | 0 | 322,471 | 98.0 % |
| handbrake | 0 | 319,818 | 100.0 % |

By its source it takes means of throttle and steer over time, and the times of network frames for ticks. Recorded controls here are the
file's own values; how near inferred ones are to the truth is in the tables above. rlgym-tools took 586 s, of which 19 s are for
decoding, impulse 40 s for frames and controls.

## Real replays

{real}
"""


def main() -> None:
    """Write the page."""
    parts: dict[str, Callable[[], Iterator[str]]] = {"oracle": oracle, "real": real}
    inputs = "; ".join(f"{name} ({meaning})" for name, meaning in INPUTS.items())
    written = {name: "\n".join(part()) for name, part in parts.items()}
    sys.stdout.write(TEXT.format(inputs=inputs, **written))


if __name__ == "__main__":
    main()
