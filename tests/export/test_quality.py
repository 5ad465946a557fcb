"""What is said of the values of the frames is true of them, counted in another way."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from impulse.config.parsing_config import ParsingConfig
from impulse.demo import Recording
from impulse.export.quality import GROUPS, KINDS, KindCounts, Of, columns_to_count, count_kinds, shares
from impulse.parsing.parsed_replay import parse_replay
from impulse.schema.sampling import Sampling

NEVER, ALWAYS = [False] * 6, [True] * 6


def frames_with(columns: dict[str, list[Any]]) -> pa.Table:
    """Return six rows with one blue player and a slot that nobody holds."""
    table = {
        "is_held": pa.array(columns.get("is_held", NEVER)),
        "game_state": pa.array(columns.get("game_state", ["Active"] * 6)).dictionary_encode(),
        "ball_stale": pa.array(columns.get("ball_stale", [0.0] * 6), pa.float32()),
        "ball_pos_x": pa.array(columns.get("ball_pos_x", [1.0] * 6), pa.float32()),
        "p0_present": pa.array(columns.get("p0_present", ALWAYS)),
        "p0_demolished": pa.array(columns.get("p0_demolished", NEVER), pa.bool_()),
        "p0_stale": pa.array(columns.get("p0_stale", [0.0] * 6), pa.float32()),
        "p0_pos_x": pa.array(columns.get("p0_pos_x", [1.0] * 6), pa.float32()),
        "p0_boost": pa.array(columns.get("p0_boost", [0.0] * 6), pa.float32()),
        "p1_present": pa.array(NEVER),
        "p1_demolished": pa.array([None] * 6, pa.bool_()),
        "p1_pos_x": pa.array([None] * 6, pa.float32()),
        "p1_boost": pa.array([None] * 6, pa.float32()),
    }
    return pa.table(table)


def counted(frames: pa.Table, columns: str) -> list[int]:
    """Return how many values of a group are recorded, modelled, held, null."""
    number = next(number for number, group in enumerate(GROUPS) if group.columns.startswith(columns))
    values: list[int] = count_kinds(frames)[number].tolist()
    return values


SENT = [0.0, 100.0, float(np.float32(85) * np.float32(100 / 255))]
"""Boost as files say it: 0, 255 and 85 of 255."""


@pytest.mark.parametrize(
    ("columns", "group", "expected"),
    [
        ({}, "ball_pos", [6, 0, 0, 0]),
        ({"ball_pos_x": [None, 1.0, 1.0, 1.0, 1.0, 1.0]}, "ball_pos", [5, 0, 0, 1]),
        ({"ball_stale": [0.0, 0.0, 0.1, 0.2, None, 0.0]}, "ball_pos", [4, 0, 2, 0]),
        ({"ball_stale": [0.0, 0.1, 0.2, 0.0, 0.0, 0.0], "is_held": [True, True, *NEVER[2:]]}, "ball_pos", [3, 0, 3, 0]),
        ({"ball_stale": [9.0] * 6}, "game_state", [6, 0, 0, 0]),
        ({"is_held": [True, True, *NEVER[2:]], "game_state": [None, *["Active"] * 5]}, "game_state", [4, 0, 1, 1]),
        (
            {"p0_pos_x": [None, None, 1.0, 1.0, 1.0, 1.0], "p0_stale": [None, None, 0.1, 0, 0, 0]},
            "p*_pos",
            [3, 0, 1, 2],
        ),
        ({"p0_boost": [*SENT, *SENT]}, "p*_boost", [6, 0, 0, 0]),
        ({"p0_boost": [*SENT, 33.2, 31.0, None]}, "p*_boost", [3, 2, 0, 1]),
        ({"p0_boost": [33.2] * 6, "is_held": [*NEVER[1:], True]}, "p*_boost", [0, 5, 1, 0]),
        ({"p0_boost": [None, *SENT, *SENT[1:]], "p0_demolished": [True, *NEVER[1:]]}, "p*_boost", [5, 0, 0, 0]),
        ({"p0_boost": [None, *SENT, *SENT[1:]], "p0_present": [False, *ALWAYS[1:]]}, "p*_boost", [5, 0, 0, 0]),
        ({"p0_boost": [None, *SENT, *SENT[1:]], "p0_demolished": [None] * 6}, "p*_boost", [5, 0, 0, 1]),
        ({"p0_demolished": [None] * 6}, "p*_demolished", [0, 0, 0, 6]),
        ({}, "kickoff_countdown", [0, 0, 0, 0]),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_each_value_is_of_one_kind(columns: dict[str, list[Any]], group: str, expected: list[int]) -> None:
    """Null before held, held before modelled; a slot that nobody holds has no values, a column that is not there neither."""
    assert counted(frames_with(columns), group) == expected


@pytest.mark.parametrize("dtype", [pa.float16(), pa.float32(), pa.float64()], ids=str)
def test_modelled_boost_is_found_in_any_float(dtype: pa.DataType) -> None:
    """Half precision rounds a sixth of such values to one that a file can say; the count makes up for it."""
    random = np.random.default_rng(1)
    sent = random.integers(0, 256, 40_000).astype(np.float32) * np.float32(100 / 255)
    burning = random.uniform(0, 100, 20_000).astype(np.float32)
    boost = pa.array(np.concatenate([sent, burning])).cast(dtype)
    there = pa.array(np.ones(len(boost), dtype=bool))
    nowhere = pa.array(np.zeros(len(boost), dtype=bool))
    table = pa.table({"is_held": nowhere, "p0_present": there, "p0_demolished": nowhere, "p0_boost": boost})
    recorded, modelled, *rest = counted(table, "p*_boost")
    assert rest == [0, 0]
    assert modelled == pytest.approx(20_000, rel=0.01)
    assert recorded + modelled == 60_000


def test_boost_is_modelled_where_the_car_burns_it(synthetic: tuple[Path, Recording]) -> None:
    """By the match's own list of what the game sent: from the first frame of burning until the next value comes."""
    path, recording = synthetic
    match = recording.match
    params = replace(ParsingConfig.get_preset("standard").params(), sampling=Sampling.native)
    parsed = parse_replay(path, params)
    burning = match.component_counts[:, :, 0] % 2 == 1
    sent = np.zeros(burning.shape, dtype=bool)
    sent[[report.frame for report in match.boost_reports], [report.player for report in match.boost_reports]] = True
    modelled = np.zeros(burning.shape, dtype=bool)
    for frame in range(1, len(sent)):
        modelled[frame] = burning[frame] | (modelled[frame - 1] & ~sent[frame])
    modelled &= match.has_car & ~match.is_demolished & (match.boost > 0)
    assert parsed.frames.num_rows == match.frames
    assert modelled.any()
    assert counted(parsed.frames, "p*_boost")[1] == pytest.approx(modelled.sum(), rel=0.03)


def test_the_columns_of_a_group_are_there_together(dataset: Path) -> None:
    """One of them is looked at, so its nulls must be those of the others."""
    checked = 0
    for path in (dataset / "frames").rglob("*.parquet"):
        frames = pq.read_table(path)
        for group in GROUPS:
            members: dict[str, list[Any]] = {}
            for name in frames.column_names:
                slot, plain = re.fullmatch(r"(p\d+_)?(.*)", name).groups()  # type: ignore[union-attr]
                if (slot is None) == (group.of is Of.rows) and group.pattern.fullmatch(plain):
                    members.setdefault(slot, []).append(frames[name].combine_chunks().is_valid())
            for first, *others in members.values():
                assert all(other.equals(first) for other in others), group.columns
                checked += len(others)
    assert checked > 100


def test_replays_together_count_as_each_alone() -> None:
    """Also where a slot is held in one of them and not in the next, and where their names come from two dictionaries."""
    alone = [
        frames_with({}),
        frames_with({"p0_present": NEVER, "p0_pos_x": [None] * 6, "p0_boost": [None] * 6, "ball_pos_x": [None] * 6}),
        frames_with({"p0_present": [False] * 3 + [True] * 3, "p0_pos_x": [None] * 3 + [1.0] * 3, "p0_boost": SENT * 2}),
    ]
    named = [
        frames.append_column("replay_id", pa.array([name] * 6).dictionary_encode())
        for name, frames in zip("abc", alone, strict=True)
    ]
    together = count_kinds(pa.concat_tables(named))
    np.testing.assert_array_equal(together, sum(count_kinds(frames) for frames in alone))
    wrong = count_kinds(pa.concat_tables(alone))  # taken for one replay, in which somebody holds the slot all the time
    assert (wrong != together).any()


def test_only_what_is_looked_at_is_read(dataset: Path) -> None:
    """The same counts without the other columns, which are most."""
    frames = pq.read_table(next((dataset / "frames").rglob("*.parquet")))
    few = columns_to_count(frames.column_names)
    assert len(few) < len(frames.column_names) / 2
    np.testing.assert_array_equal(count_kinds(frames.select(few)), count_kinds(frames))


def test_the_card_says_what_the_frames_are(dataset: Path) -> None:
    """Its table is that of all replays together, by the files themselves."""
    total: KindCounts = np.zeros((len(GROUPS), len(KINDS)), np.int64)
    names: list[str] = []
    for path in (dataset / "frames").rglob("*.parquet"):
        with pq.ParquetFile(path) as file:
            names = file.schema_arrow.names
            total += sum(count_kinds(file.read_row_group(number)) for number in range(file.num_row_groups))
    card = (dataset / "README.md").read_text()
    rows = list(shares(total, names))
    assert len(rows) == len(GROUPS)
    for row in rows:
        cells = [row["columns"], row["meaning"], row["of"], *(row[kind] for kind in KINDS)]
        assert f"| {' | '.join(cells)} |\n" in card


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ((5, 0, 0, 0), "100"),
        ((99_999, 1, 0, 0), ">99.9 <0.1"),
        ((2, 1, 0, 0), "66.7 33.3"),
        ((1, 999_999, 0, 0), "<0.1 >99.9"),
    ],
)
def test_a_share_is_nothing_or_all_only_where_it_is(values: tuple[int, ...], expected: str) -> None:
    """One value of a million is not none."""
    counts: KindCounts = np.zeros((len(GROUPS), len(KINDS)), np.int64)
    counts[0] = values
    (row,) = shares(counts)
    assert " ".join(row[kind] for kind in KINDS if row[kind] != "0") == expected
