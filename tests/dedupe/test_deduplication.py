"""The stage's work over tables whose truth is known."""

from __future__ import annotations

import json
import tempfile
from collections import defaultdict
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.dedupe.worlds import World, make_world

from impulse.config.dedupe import DedupeParams
from impulse.dedupe.recordings import read_recordings
from impulse.errors import StageError

WORLDS = st.builds(
    make_world,
    st.integers(0, 2**32),
    matches=st.integers(0, 9),
    rosters=st.integers(1, 3),
    recordings=st.integers(1, 4),
    lacking=st.sampled_from([0.0, 0.3]),
)
COMPLETE_WORLDS = st.builds(
    make_world, st.integers(0, 2**32), matches=st.integers(0, 9), rosters=st.integers(1, 2), lacking=st.just(0.0)
)


def decisions(world: World, params: DedupeParams | None = None) -> dict[str, dict]:
    with tempfile.TemporaryDirectory() as folder:
        world.dedupe(Path(folder), params)
        return {
            row["replay_id"]: row for row in pq.read_table(Path(folder) / "deduped" / "decisions.parquet").to_pylist()
        }


def content(world: World) -> dict[str, bytes]:
    with tempfile.TemporaryDirectory() as folder:
        world.dedupe(Path(folder))
        return {path.name: path.read_bytes() for path in (Path(folder) / "deduped").iterdir()}


@settings(max_examples=15)
@given(world=WORLDS, seed=st.integers(0, 99))
def test_the_order_of_rows_changes_no_byte(world: World, seed: int) -> None:
    """Decisions, evidence, rejects and columns are the same files."""
    assert content(world.shuffled(seed)) == content(world)


@settings(max_examples=15)
@given(WORLDS)
def test_different_matches_are_never_merged(world: World) -> None:
    """Everything under one key shows one match, and exactly one recording of it is kept."""
    decided = decisions(world)
    shown: dict[str, set[int]] = defaultdict(set)
    kept: dict[str, int] = defaultdict(int)
    for replay_id, decision in decided.items():
        shown[decision["match_key"]].add(world.match_of[replay_id])
        kept[decision["match_key"]] += decision["kept"]
    assert set(decided) == set(world.match_of)
    assert all(len(matches) == 1 for matches in shown.values())
    assert set(kept.values()) <= {1}


@settings(max_examples=15)
@given(WORLDS)
def test_recordings_that_tell_enough_are_merged(world: World) -> None:
    """Complete recordings of a match with a guid or three goals have one key, whatever others lack."""
    decided = decisions(world)
    goals = {row["replay_id"]: row["blue_score"] + row["orange_score"] for row in world.replays}
    guids = {row["replay_id"]: row["match_guid"] for row in world.replays}
    keys = defaultdict(set)
    for replay_id in world.complete:
        if goals[replay_id] >= 3 or guids[replay_id]:
            keys[world.match_of[replay_id]].add(decided[replay_id]["match_key"])
    assert all(len(found) == 1 for found in keys.values())


@settings(max_examples=15)
@given(world=COMPLETE_WORLDS, data=st.data())
def test_keys_stay_when_recordings_are_added(world: World, data: st.DataObject) -> None:
    """A match keeps its key, and so its split, when more of its recordings or other matches come in.

    Only a key made of facts changes when they turn out to be those of two matches.
    """
    some = data.draw(st.sets(st.sampled_from(sorted(world.match_of)))) if world.match_of else set()
    tables = world.tables()
    facts = {
        recording.replay_id: recording.facts
        for recording in read_recordings(
            tables["replays"],
            tables["players"],
            tables["goals"],
            frames_shown=dict.fromkeys(world.match_of, 1),
            min_goals=3,
        )
    }
    matches_with: dict[str, set[int]] = defaultdict(set)
    for replay_id, text in facts.items():
        matches_with[text].add(world.match_of[replay_id])
    before, after = decisions(world.only(some)), decisions(world)
    for replay_id in some:
        if len(matches_with[facts[replay_id]]) == 1 or before[replay_id]["match_key_source"] != "fingerprint":
            assert after[replay_id]["match_key"] == before[replay_id]["match_key"]


def test_the_reject_names_the_kept_recording_and_the_evidence(tmp_path: Path) -> None:
    """Both by id and by the path that people know."""
    world = make_world(5, matches=1, recordings=4, lacking=0.0, goals=4)
    assert len(world.replays) > 1
    world.dedupe(tmp_path)
    rejects = pq.read_table(tmp_path / "deduped" / "rejects.parquet").to_pylist()
    (kept,) = set(world.match_of) - {row["replay_id"] for row in rejects}
    assert len(rejects) == len(world.replays) - 1
    for row in rejects:
        assert row["reason"] == "same_match"
        assert row["detail"].startswith(f"another recording of the match is kept: {kept} (0/{kept}.replay); ")
        assert "guid" in row["detail"] or "4 goals at the same times within" in row["detail"]
    pairs = pq.read_table(tmp_path / "deduped" / "pairs.parquet").to_pylist()
    assert {row["replay_id"] for row in pairs if row["merged"]} == {row["replay_id"] for row in rejects}


def test_columns_that_should_be_equal_and_are_not_stop_the_stage(tmp_path: Path) -> None:
    """Nothing is dropped on trust: the message names the replay and the way out, and nothing is written."""
    world = make_world(1, matches=1, recordings=1, lacking=0.0)
    world.frames = {"max_duplicate_error": 0.5}
    world.features = {"global_features": ["BallRigidBodyQuaternions", "BallRigidBody"], "player_features": []}
    with pytest.raises(StageError, match=r"differ by 0\.5 in replay .*; set dedupe\.deduplicate_position to false"):
        world.dedupe(tmp_path)
    assert not (tmp_path / "deduped").exists()
    assert world.dedupe(tmp_path, DedupeParams(deduplicate_position=False)).replays_out == 1


def test_a_lost_rotation_is_a_warning_and_stands_in_the_decision(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Rotations may be left out, but not by accident."""
    world = make_world(1, matches=1)
    world.features = {"global_features": ["BallRigidBodyQuaternions"], "player_features": []}
    world.dedupe(tmp_path, DedupeParams(keep_quaternions=False))
    assert "no rotation is left of ball" in caplog.text
    assert json.loads((tmp_path / "deduped" / "columns.json").read_text())["without_rotation"] == ["ball"]
