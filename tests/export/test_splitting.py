"""What must not be divided is not: matches, groups, players, whatever the order and whatever comes later."""

from __future__ import annotations

import logging
from collections import defaultdict
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.exported import exported

from impulse.config.export import ExportParams, SplitBy
from impulse.errors import StageError
from impulse.export.assignment import split_of
from impulse.export.splitting import split_keys

Row = dict[str, Any]
GROUPS = [None, "root/a", "root/a/x", "root/a-b/x2", "root/b/y", "other", "root/a%2Fb", "%C3%A9"]
"""Quoted ids joined by ``/``: the text by whose order the splits of a tree were made from the first."""


def ids_of(path: str | None) -> list[str] | None:
    return [unquote(part) for part in path.split("/")] if path else None


@st.composite
def seasons(draw: st.DrawFn) -> tuple[list[Row], list[Row]]:
    """Recordings of matches (some of a match twice, one of them kept) and the players in them."""
    recordings: list[Row] = []
    players: list[Row] = []
    for number in range(draw(st.integers(1, 12))):
        for copy in range(draw(st.integers(1, 2))):
            replay_id = f"replay{number}-{copy}"
            recordings.append(
                {
                    "replay_id": replay_id,
                    "match_key": f"match{number}",
                    "kept": copy == 0,
                    "group_ids": ids_of(draw(st.sampled_from(GROUPS))),
                }
            )
            for person in draw(st.sets(st.integers(0, 30), max_size=3)):
                is_bot = person % 7 == 0
                platform = "splitscreen" if is_bot or person % 11 == 0 else draw(st.sampled_from(["steam"]))
                players.append(
                    {"replay_id": replay_id, "platform": platform, "player_id": str(person), "is_bot": is_bot}
                )
    return recordings, players


def params(split_by: SplitBy) -> ExportParams:
    return ExportParams(train=0.4, val=0.3, test=0.3, split_by=split_by, max_linked_share=None)


def splits(recordings: list[Row], players: list[Row], split_by: SplitBy) -> dict[str, str]:
    chosen = params(split_by)
    return {match: split_of(key, chosen) for match, key in split_keys(recordings, players, chosen).items()}


@given(seasons())
def test_no_person_is_in_two_splits(season: tuple[list[Row], list[Row]]) -> None:
    """Bots and guests, whose ids mean nothing elsewhere, link nothing."""
    recordings, players = season
    of_match = splits(recordings, players, SplitBy.player)
    kept = {row["replay_id"]: row["match_key"] for row in recordings if row["kept"]}
    seen: dict[str, set[str]] = defaultdict(set)
    for row in players:
        if row["replay_id"] in kept and row["platform"] == "steam":
            seen[row["player_id"]].add(of_match[kept[row["replay_id"]]])

    assert all(len(found) == 1 for found in seen.values())
    assert set(of_match) == set(kept.values())


@given(seasons())
def test_matches_are_linked_only_where_people_link_them(season: tuple[list[Row], list[Row]]) -> None:
    """Two matches share a key exactly when a chain of common players leads from one to the other (plain search)."""
    recordings, players = season
    keys = split_keys(recordings, players, params(SplitBy.player))
    kept = {row["replay_id"]: row["match_key"] for row in recordings if row["kept"]}
    people: dict[str, set[str]] = {match: set() for match in kept.values()}
    for row in players:
        if row["replay_id"] in kept and row["platform"] == "steam":
            people[kept[row["replay_id"]]].add(row["player_id"])
    for start in people:
        reached, todo = {start}, [start]
        while todo:
            here = todo.pop()
            near = {match for match, who in people.items() if who & people[here]} - reached
            reached |= near
            todo += near
        assert {match for match in people if keys[match] == keys[start]} == reached


@given(seasons())
def test_no_group_is_in_two_splits(season: tuple[list[Row], list[Row]]) -> None:
    """A match belongs to the group of any of its recordings; without one it stands for itself."""
    recordings, players = season
    keys = split_keys(recordings, players, params(SplitBy.group))
    paths: dict[str, list[str]] = defaultdict(list)
    for row in recordings:
        paths[row["match_key"]] += [path for path in GROUPS if path and ids_of(path) == row["group_ids"]]
    for match, key in keys.items():
        if paths[match]:
            assert key == f"group/{min(paths[match]).split('/')[-1]}"
        else:
            assert key == match


@given(seasons(), st.sampled_from(SplitBy), st.randoms(use_true_random=False))
def test_order_does_not_matter(season: tuple[list[Row], list[Row]], split_by: SplitBy, draws) -> None:
    """The same replays in another order are in the same splits."""
    recordings, players = season
    before = splits(recordings, players, split_by)
    shuffled = [list(rows) for rows in season]
    for rows in shuffled:
        draws.shuffle(rows)
    assert splits(shuffled[0], shuffled[1], split_by) == before


@given(seasons(), st.integers(1, 11))
def test_what_is_added_moves_nothing_else(season: tuple[list[Row], list[Row]], size: int) -> None:
    """By match and by group nothing moves; by player only matches whose set of linked people changed can move."""
    recordings, players = season
    first = {f"match{number}" for number in range(size)}
    fewer = [row for row in recordings if row["match_key"] in first]
    for split_by in (SplitBy.match, SplitBy.group):
        after = splits(recordings, players, split_by)
        assert all(after[match] == split for match, split in splits(fewer, players, split_by).items())
    keys, later = (split_keys(rows, players, params(SplitBy.player)) for rows in (fewer, recordings))
    for match, key in keys.items():
        if {m for m, k in keys.items() if k == key} == {m for m, k in later.items() if k == later[match]}:
            assert later[match] == key


def linked(number: int) -> tuple[list[Row], list[Row]]:
    """Matches of which the first three share a player."""
    recordings = [{"replay_id": f"r{i}", "match_key": f"m{i}", "kept": True, "group_ids": None} for i in range(number)]
    players = [
        {"replay_id": f"r{i}", "platform": "steam", "player_id": "x" if i < 3 else f"y{i}", "is_bot": False}
        for i in range(number)
    ]
    return recordings, players


def test_too_many_linked_matches_are_refused_in_one_line() -> None:
    """A split by player that would put nearly everything into one split is no split."""
    with pytest.raises(StageError) as caught:
        split_keys(*linked(4), ExportParams(split_by=SplitBy.player))
    assert str(caught.value) == (
        "players link 4 matches into 2 sets that cannot be divided; the largest holds 3 (75%), more than "
        "export.max_linked_share (0.5) allows; set export.split_by to group or match, or max_linked_share to null"
    )


@pytest.mark.parametrize(("matches", "level"), [(4, logging.WARNING), (8, logging.INFO)])
def test_the_largest_set_is_always_reported(matches: int, level: int, caplog: pytest.LogCaptureFixture) -> None:
    """One line tells how large it is; a warning when it holds more than half."""
    caplog.set_level(logging.INFO)
    split_keys(*linked(matches), ExportParams(split_by=SplitBy.player, max_linked_share=None))
    (record,) = caplog.records
    assert record.levelno == level
    assert f"the largest holds 3 ({3 / matches:.0%})" in record.getMessage()


def test_nobody_is_divided_in_the_dataset(data: Path, tmp_path: Path) -> None:
    """From the tables to the files: by player nobody is in two splits, and the card says how it was done."""
    chosen = ExportParams(train=0.5, val=0.25, test=0.25, split_by=SplitBy.player, max_linked_share=None)
    folder = exported(data, tmp_path, chosen)
    replays = pq.read_table(folder / "replays.parquet").to_pylist()
    split = {row["replay_id"]: row["split"] for row in replays}
    seen: dict[str, set[str]] = defaultdict(set)
    for row in pq.read_table(folder / "players.parquet").to_pylist():
        if not row["is_bot"] and row["platform"] != "splitscreen":
            seen[f"{row['platform']}:{row['player_id']}"].add(split[row["replay_id"]])
    assert len(seen) > 5
    assert all(len(splits_of) == 1 for splits_of in seen.values())
    assert {row["split_key"].split("/")[0] for row in replays if row["split_key"] != row["match_key"]} == {"player"}
    assert "nobody is in two splits" in (folder / "README.md").read_text()
