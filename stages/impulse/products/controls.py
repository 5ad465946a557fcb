"""Controls of every slot on request, row by row of the frames: recorded ones, inferred ones, and where each comes from.

Owns: which stint a slot shows, and how values of network frames become columns. Their meaning is in ``schema/controls.py``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from impulse.decoding.array_call import reading_raw_data
from impulse.decoding.attributes import FOR_CONTROLS
from impulse.decoding.bodies import bodies_of
from impulse.decoding.cars import drives_and_demolitions
from impulse.decoding.controls import RecordedControls, recorded_controls
from impulse.decoding.flights import Flights, flights
from impulse.decoding.parsed_file import ParsedFile, Row
from impulse.decoding.people import Person, people_of
from impulse.decoding.sampling import frames_shown
from impulse.decoding.walk import Walk, no_garbage_collection, walk_replay
from impulse.products.frames.slots import turns_of
from impulse.replay.container import read_header
from impulse.replay.facts import TEAMS
from impulse.schema.column import arrow_schema
from impulse.schema.controls import (
    AIR_CONTROLS,
    CONTROL_COLUMNS,
    CONTROLS,
    INFERRED,
    RECORDED,
    control_columns,
)
from impulse.schema.sampling import GroundControls

USES = ("decoding", "products/frames/slots.py")
"""What this product uses beside the ground rooms; its digest covers them."""

DECIMALS = 3
"""Of inferred values: finer digits are noise, and take bytes."""

Floats = npt.NDArray[np.float32]
Indices = npt.NDArray[np.intp]


def make_controls(file: ParsedFile, *, slots_per_team: int, ground_controls: GroundControls | None) -> pa.Table:
    """Return the columns of :func:`~impulse.schema.controls.control_columns`, a row for each row of the frames.

    Raises:
        ReplayError: the parser refused the replay, or what it gives is not of the form expected; the reason code says how.
    """
    data = file.path.read_bytes()
    with no_garbage_collection():
        walk = walk_replay(data, FOR_CONTROLS)
        with reading_raw_data():
            told = _told(walk, read_header(data).net_version)
    shown = frames_shown(walk.times, file.frame_time)
    columns = control_columns(slots_per_team)
    arrays: list[pa.Array] = []
    for slot in range(2 * slots_per_team):
        values = _of_slot(file, slot, told, shown, ground_controls)
        arrays += [_column(values[column.name], column.dtype) for column in CONTROL_COLUMNS]
    return pa.table(arrays, schema=arrow_schema(columns))


@dataclass(frozen=True)
class _Told:
    """What there is of one stint."""

    recorded: RecordedControls
    flights: Flights

    @cached_property
    def presses(self) -> npt.NDArray[np.int64]:
        """(frames + 1,) how many jumps, double jumps and dodges began before each network frame."""
        begun = sum(self.recorded.begins(kind).astype(np.int64) for kind in ("jump", "double_jump", "dodge"))
        return np.concatenate([[0], np.cumsum(begun)])

    @cached_property
    def dodges(self) -> npt.NDArray[np.int64]:
        """(frames + 1,) the same of dodges."""
        return np.concatenate([[0], np.cumsum(self.recorded.begins("dodge"))])


Known = Mapping[tuple[str, int, str], _Told]
"""By account, number at the screen, and team."""


def _told(walk: Walk, net_version: int | None) -> Known:
    people = people_of(walk)
    drives, _ = drives_and_demolitions(walk, people)
    recorded = recorded_controls(walk, drives)
    in_air = flights(walk.times, bodies_of(walk, net_version), drives, recorded, net_version=net_version)
    return {
        (*_account(people[stint.person]), TEAMS[stint.team]): _Told(found, in_air[stint])
        for stint, found in recorded.items()
    }


def _account(person: Person) -> tuple[str, int]:
    return person.id_text, person.local_id


def _of_slot(
    file: ParsedFile, slot: int, told: Known, shown: Indices, ground: GroundControls | None
) -> dict[str, Floats]:
    """Return (rows,) values of each column of a slot, NaN for null."""
    rows = len(shown)
    values = {column.name: np.full(rows, np.nan, dtype=np.float32) for column in CONTROL_COLUMNS}
    stints = [stint for stint in file.stints if stint["slot"] == slot]
    spans = [(0, -1) if stint["first_row"] is None else (stint["first_row"], stint["last_row"]) for stint in stints]
    turns = turns_of(spans, [_player(file, stint)["is_bot"] for stint in stints])
    ends = [*(start for _, start in turns[1:]), rows][: len(turns)]  # nobody may hold the slot
    for (holder, start), end in zip(turns, ends, strict=True):
        stint = stints[holder]
        player = _player(file, stint)
        account = file.player_ids[file.players.index(player)]
        found = told.get((account, player["local_id"], stint["team"]))
        if found is not None:
            for name, of_one in _rows_of(found, shown, slice(start, end), ground).items():
                values[_name(name)][start:end] = of_one
    hidden = ~_visible(file.frames, slot)
    for name in values:
        values[name][hidden] = np.nan
    sources = _sources(values, found_by_spin=values[_name("source")] > 0)
    values[_name("source")] = np.where(hidden, np.float32(np.nan), sources)
    return values


def _rows_of(told: _Told, shown: Indices, span: slice, ground: GroundControls | None) -> dict[str, Floats]:
    """Return values of some rows; source is 1 where pitch, yaw and roll are inferred."""
    at, recorded = shown[span], told.recorded
    before = np.minimum(np.concatenate([shown[:1] - 1, shown[:-1]])[span], at)  # the network frame of the row before
    pressed, dodges = (begun[at + 1] > begun[before + 1] for begun in (told.presses, told.dodges))
    jump = recorded.active["jump"][at]
    is_dodge = (recorded.active["dodge"][at] > 0) | dodges
    air = told.flights.inputs[:, at].round(DECIMALS) + np.float32(0)  # no negative zero
    is_inferred = np.isfinite(air).any(axis=0)
    if ground is GroundControls.recorded:
        stands = told.flights.on_floor[at] & ~is_inferred
        air[1] = np.where(stands, recorded.steer[at], air[1])
        air[[0, 2]] = np.where(stands & np.isfinite(recorded.steer[at]), np.float32(0), air[[0, 2]])
    return {
        "throttle": recorded.throttle[at],
        "steer": recorded.steer[at],
        **dict(zip(AIR_CONTROLS, air, strict=True)),
        "jump": np.where(np.isnan(jump), jump, (jump > 0) | pressed),
        "boost": recorded.active["boost"][at],
        "handbrake": recorded.handbrake[at],
        "dodge_forward": np.where(is_dodge, recorded.dodge_direction[0][at], np.nan),
        "dodge_right": np.where(is_dodge, recorded.dodge_direction[1][at], np.nan),
        "source": is_inferred.astype(np.float32),
    }


def _name(control: str) -> str:
    return f"p{{slot}}_control_{control}"


def _player(file: ParsedFile, stint: Row) -> Row:
    return next(player for player in file.players if player["player"] == stint["player"])


def _visible(frames: pa.Table, slot: int) -> npt.NDArray[np.bool_]:
    """Return (rows,) where the slot has a car on the field."""
    present, demolished = (
        frames[f"p{slot}_{name}"].fill_null(False).to_numpy().astype(bool) for name in ("present", "demolished")
    )
    return np.asarray(present & ~demolished)


def _sources(values: Mapping[str, Floats], *, found_by_spin: npt.NDArray[np.bool_]) -> Floats:
    bits = np.zeros(len(found_by_spin), dtype=np.int16)
    for name in CONTROLS:
        known = np.isfinite(values[_name(name)])
        inferred = known & found_by_spin if name in AIR_CONTROLS else np.zeros(len(known), dtype=bool)
        bits[known & ~inferred] |= RECORDED[name]
        bits[inferred] |= INFERRED.get(name, 0)
    return bits.astype(np.float32)


def _column(values: Floats, dtype: str) -> pa.Array:
    missing = np.isnan(values)
    if dtype != "float32":
        values = np.where(missing, np.float32(0), values)
    return pa.array(values.astype(dtype), mask=missing if missing.any() else None)
