"""How much of the frames the game recorded: for each group of columns, how many values are recorded, modelled, held or null.

It is counted of the frames alone, so that any dataset can be asked.
"""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from impulse.schema.feature_columns import BOOST_SCALE
from impulse.schema.frames import PLAYER_COLUMN

Flags = npt.NDArray[np.bool_]


class Kind(StrEnum):
    """What a value is; each is one of these."""

    recorded = "recorded"
    modelled = "modelled"
    held = "held"
    null = "null"


KINDS = tuple(Kind)

MEANINGS = {
    Kind.recorded: "the last value that the file has sent up to the network frame that the row shows",
    Kind.modelled: "boost while the car burns it, between two values of the file: by the parser's model of the burn "
    "(typical error 0.4 to 0.5 by era of the file, 90 % are within 1.3 to 1.7)",
    Kind.held: "a repeat: the row shows a network frame that another row shows closer to its time (`is_held`), or a body that "
    "moves and of which no update came",
    Kind.null: "nothing is there (no car, no ball), or the file does not tell",
}


class Of(StrEnum):
    """Of which rows the values of a group are counted."""

    rows = "rows"
    """All."""
    players = "player rows"
    """For each player slot that somebody holds: all."""
    cars = "car rows"
    """The same, where the player has a car on the field."""


@dataclass(frozen=True, slots=True)
class Group:
    """Columns whose values are there or not there together."""

    columns: str
    """Their names, as people read them."""
    pattern: re.Pattern[str]
    """Matches each of them; those of players without their slot."""
    of: Of
    meaning: str
    is_body: bool = False
    """It is the state of a body, which may be stale."""
    is_boost: bool = False


_BODY = r"(pos|quat|rot|vel|angvel|forward|up)_[xyzw]"

GROUPS: tuple[Group, ...] = tuple(
    Group(columns, re.compile(pattern), of, meaning, is_body=pattern.endswith(_BODY), is_boost=pattern == "boost")
    for columns, pattern, of, meaning in (
        ("seconds_remaining", "seconds_remaining", Of.rows, "match clock"),
        ("game_state", "game_state", Of.rows, "phase of the match"),
        ("ball_has_been_hit", "ball_has_been_hit", Of.rows, "touch after the kickoff"),
        ("kickoff_countdown", "kickoff_countdown", Of.rows, "countdown"),
        ("ball_pos_*, ball_quat_*, ball_vel_*, ball_angvel_*", f"ball_{_BODY}", Of.rows, "state of the ball"),
        ("p*_pos_*, p*_quat_*, p*_vel_*, p*_angvel_*", _BODY, Of.players, "state of the cars"),
        ("p*_boost", "boost", Of.cars, "boost"),
        ("p*_dodge, p*_jump, p*_double_jump", "dodge|jump|double_jump", Of.cars, "jumps and dodges"),
        ("p*_demolished", "demolished", Of.players, "demolitions"),
    )
)
"""Groups that are counted. What the parser computes of them (offsets from the ball, moved bodies) is there where they are."""

KindCounts = npt.NDArray[np.int64]
"""(groups, kinds) values."""


def shares(counts: KindCounts, names: Sequence[str] | None = None) -> Iterator[dict[str, str]]:
    """Yield a row of a table for each group that has values: ``columns``, ``meaning``, ``of``, and the kinds in percent.

    Args:
        counts: of any number of replays.
        names: the columns of the frames; None takes all that a group may have.
    """
    for group, values in zip(GROUPS, counts, strict=True):
        parts = [part for part in group.columns.split(", ") if names is None or fnmatch.filter(names, part)]
        if total := int(values.sum()):
            yield {
                "columns": ", ".join(f"`{part}`" for part in parts),
                "meaning": group.meaning,
                "of": group.of.value,
                **{kind.value: _percent(int(value), total) for kind, value in zip(KINDS, values, strict=True)},
            }


def _percent(count: int, total: int) -> str:
    """Return a share in percent; 0 and 100 are only those that are exactly that."""
    if count in (0, total):
        return "100" if count else "0"
    share = f"{100 * count / total:.1f}"
    return {"0.0": "<0.1", "100.0": ">99.9"}.get(share, share)


def columns_to_count(names: Sequence[str]) -> list[str]:
    """Return which columns of frames are looked at: the first of each group, of every slot, and what tells of rows and slots."""
    slots = _slots(names)
    wanted = [
        "replay_id",
        "is_held",
        "ball_stale",
        *(f"p{slot}_{name}" for slot in slots for name in ("present", "demolished", "stale")),
    ]
    wanted += [column for group in GROUPS for column, _ in _columns(group, names)]
    return [name for name in dict.fromkeys(wanted) if name in names]


def count_kinds(frames: pa.Table) -> KindCounts:
    """Count the values of each group in the frames of some replays.

    Args:
        frames: the columns of :func:`columns_to_count`, perhaps with others; of any float type. Rows of a replay follow each
            other; without ``replay_id`` they are of one.

    Returns:
        Zeros for a group of which there is no column. A value is modelled if it is boost that no byte of a file can be. In half
        precision some of these look like one, in a share that is known and added.
    """
    counts: KindCounts = np.zeros((len(GROUPS), len(KINDS)), np.int64)
    held = _flags(frames, "is_held")
    starts = _starts(frames)
    slots = {slot: _flags(frames, f"p{slot}_present") for slot in _slots(frames.column_names)}
    holders = {slot: _anywhere(present, starts) for slot, present in slots.items()}
    everywhere = np.ones(len(held), dtype=bool)
    for number, columns in enumerate(_columns_of_groups(tuple(frames.column_names))):
        group = GROUPS[number]
        for name, slot in columns:
            base = everywhere if slot is None else holders[slot]
            if not base.any():
                continue  # nobody holds the slot
            if slot is not None and group.of is Of.cars:
                base = slots[slot] & ~_flags(frames, f"p{slot}_demolished")
            column = frames[name].combine_chunks()
            known = base & column.is_valid().to_numpy(zero_copy_only=False)
            repeats = held | _is_stale(frames, "ball" if slot is None else f"p{slot}") if group.is_body else held
            n_base, n_known, n_held = (int(np.count_nonzero(some)) for some in (base, known, known & repeats))
            modelled = _count_modelled(column, known & ~repeats) if group.is_boost else 0
            counts[number] += (n_known - n_held - modelled, modelled, n_held, n_base - n_known)
    return counts


def _starts(frames: pa.Table) -> npt.NDArray[np.int64]:
    """Return (replays,) the first row of each replay; there is one at least."""
    if "replay_id" not in frames.column_names or frames.num_rows == 0:
        return np.zeros(1, np.int64)
    ids = frames["replay_id"].unify_dictionaries().combine_chunks()
    codes = (ids if pa.types.is_dictionary(ids.type) else ids.dictionary_encode()).indices.to_numpy()
    return np.concatenate(([0], np.flatnonzero(np.diff(codes)) + 1))


def _anywhere(flags: Flags, starts: npt.NDArray[np.int64]) -> Flags:
    """Return (rows,) whether a flag is set in any row of the same replay."""
    if not len(flags):
        return flags
    found: Flags = np.repeat(np.logical_or.reduceat(flags, starts), np.diff([*starts, len(flags)]))
    return found


@lru_cache(maxsize=8)
def _columns_of_groups(names: tuple[str, ...]) -> list[list[tuple[str, str | None]]]:
    """Return what :func:`_columns` gives for each group."""
    return [list(_columns(group, names)) for group in GROUPS]


def _slots(names: Sequence[str]) -> list[str]:
    return [match[1] for name in names if (match := PLAYER_COLUMN.fullmatch(name)) and match[2] == "present"]


def _columns(group: Group, names: Sequence[str]) -> Iterator[tuple[str, str | None]]:
    """Yield the first column of a group, of each slot where it is one of players, and the slot."""
    seen: set[str | None] = set()
    for name in names:
        match = PLAYER_COLUMN.fullmatch(name)
        slot, plain = (match[1], match[2]) if match else (None, name)
        if slot not in seen and (slot is None) == (group.of is Of.rows) and group.pattern.fullmatch(plain):
            seen.add(slot)
            yield name, slot


def _flags(frames: pa.Table, name: str) -> Flags:
    """Return (rows,) flags of a column, false where it is null."""
    flags: Flags = frames[name].combine_chunks().fill_null(False).to_numpy(zero_copy_only=False)
    return flags


def _is_stale(frames: pa.Table, body: str) -> Flags:
    """Return (rows,) whether a body shows a state that has repeated itself although it moves."""
    seconds = frames[f"{body}_stale"].combine_chunks().cast(pa.float32()).fill_null(0.0)
    stale: Flags = seconds.to_numpy(zero_copy_only=False) > 0
    return stale


def _count_modelled(boost: pa.Array, where: Flags) -> int:
    """Return how many values of boost are none of the 256 that files can say."""
    values = boost.to_numpy(zero_copy_only=False)[where]
    sent = np.rint(values.astype(np.float32) / np.float32(BOOST_SCALE)) * np.float32(BOOST_SCALE)
    modelled = values[values != sent.astype(values.dtype)]
    hidden = np.spacing(modelled).astype(np.float64) / BOOST_SCALE  # share of values that are rounded to one of the 256
    return min(round(float((1.0 / (1.0 - hidden)).sum())), len(values))
