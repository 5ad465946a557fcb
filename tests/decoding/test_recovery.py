"""Replays whose players change in mid-match, against the truth of synthetic ones and against the array call."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import subtr_actor

from impulse.config.parse import ParseParams
from impulse.config.parsing_config import ParsingConfig
from impulse.decoding.array_call import decode_frames, decode_replay
from impulse.decoding.recovery import recover_replay
from impulse.demo import MatchPlan, Recording, RecordingPlan, edit_header, generate, write_replay
from impulse.errors import ReplayError
from impulse.parsing.parsed_replay import parse_replay
from impulse.schema.features import frame_layout
from impulse.schema.sampling import Sampling

STANDARD = ParsingConfig.get_preset("standard").params()
LAYOUT = frame_layout(slots_per_team=4)


@pytest.mark.parametrize(("join_frame", "leave_frame"), [(302, None), (500, None), (420, 380)])
def test_a_match_with_a_late_joiner_is_recovered(tmp_path: Path, join_frame: int, leave_frame: int | None) -> None:
    """The array call refuses the file; recovery gives everyone's rows, with the joiner null until he is there."""
    path = tmp_path / "joiner.replay"
    recording = write_replay(
        path, seed=3, team_size=2, duration_seconds=25.0, join_frame=join_frame, leave_frame=leave_frame, demolitions=2
    )
    match = recording.match
    with pytest.raises(Exception, match="NDArray player columns changed during collection"):
        subtr_actor.get_ndarray_with_info_from_replay_filepath(path, ["CurrentTime"], ["PlayerBoost"], fps=10.0)
    parsed = parse_replay(path, STANDARD)
    table = parsed.frames
    frames = np.searchsorted(match.time, table["frame_time"].to_numpy())

    assert parsed.replay["is_recovered"]
    assert (match.time[frames] == table["frame_time"].to_numpy()).all()
    slots = {row["name"]: row["slot"] for row in parsed.players}
    assert len(slots) == len(match.players)
    for number, who in enumerate(match.players):
        slot = slots[who.player.name]
        has_car, demolished = match.has_car[frames, number], match.is_demolished[frames, number]
        assert table[f"p{slot}_present"].to_pylist() == (has_car | demolished).tolist()
        assert table[f"p{slot}_demolished"].to_pylist() == demolished.tolist()
        assert table[f"p{slot}_pos_x"].is_valid().to_pylist() == (has_car & ~demolished).tolist()
    late = next(number for number, who in enumerate(match.players) if who.is_late)
    joined = next(row for row in parsed.players if row["name"] == match.players[late].player.name)
    assert frames[joined["first_row"]] >= join_frame
    assert [goal["frame"] for goal in parsed.goals] == [goal.frame for goal in match.goals]
    assert len(parsed.demolitions) == len(match.demolitions)


@pytest.mark.parametrize("fps", [10.0, 30.0])
def test_both_paths_agree_exactly_where_nothing_is_interpolated(tmp_path: Path, fps: float) -> None:
    """With an update in every frame, recovery gives the array call's array, value by value."""
    path = tmp_path / "every-update.replay"
    match = generate(MatchPlan(seed=5, team_size=2, duration_seconds=20.0, goals=1, demolitions=2))
    path.write_bytes(Recording(match, RecordingPlan(dropped_updates=0.0)).data)
    array = decode_replay(path, global_features=LAYOUT.global_features, player_features=LAYOUT.player_features, fps=fps)
    recovered = recover_replay(path, decode_frames(path), LAYOUT, fps=fps)

    assert recovered.array.shape == array.array.shape
    assert [entry["name"] for entry in recovered.meta["team_zero"]] == [
        entry["name"] for entry in array.meta["team_zero"]
    ]
    jumps = LAYOUT.player_at["PlayerJump"]
    for player in range(4):
        start = LAYOUT.global_width + player * LAYOUT.player_width
        mine, theirs = (found.array[:, start : start + LAYOUT.player_width].copy() for found in (recovered, array))
        theirs[:, jumps] %= 2  # the array call counts switches, frame data tells on or off
        np.testing.assert_allclose(mine, theirs, atol=1e-4)
    np.testing.assert_array_equal(recovered.array[:, : LAYOUT.global_width], array.array[:, : LAYOUT.global_width])


def test_both_paths_agree_on_a_real_match(real_replays: Path) -> None:
    """Same rows and presence; positions differ by less than a car moves between two updates."""
    path = real_replays / "match" / "post-eac-ranked-duel-2026-04-28-a.replay"
    array = decode_replay(
        path, global_features=LAYOUT.global_features, player_features=LAYOUT.player_features, fps=10.0
    )
    recovered = recover_replay(path, decode_frames(path), LAYOUT, fps=10.0)
    assert recovered.array.shape == array.array.shape
    for player in range(2):
        start = LAYOUT.global_width + player * LAYOUT.player_width
        mine, theirs = (found.array[:, start : start + 13] for found in (recovered, array))
        exists = (theirs[:, :3] != 0).any(axis=1)
        np.testing.assert_array_equal((mine[:, :3] != 0).any(axis=1), exists)
        distance = np.linalg.norm(mine[exists, :3] - theirs[exists, :3], axis=1)
        assert np.mean(distance == 0) > 0.3
        assert np.quantile(distance, 0.99) < 2300 / 30 * 2


def test_recovery_can_be_switched_off(tmp_path: Path) -> None:
    """Without it such a replay is a reject with a reason of its own."""
    path = tmp_path / "joiner.replay"
    write_replay(path, seed=3, team_size=1, duration_seconds=15.0, join_frame=320)
    params = ParseParams(fps=10.0, recover=False, player_features=["PlayerBoost"])
    with pytest.raises(ReplayError) as caught:
        parse_replay(path, params)
    assert caught.value.reason == "players_changed"


def test_features_that_frame_data_does_not_tell_are_null(tmp_path: Path) -> None:
    """A recovered replay has the same columns as any other, and no invented values in them."""
    path = tmp_path / "joiner.replay"
    write_replay(path, seed=3, team_size=1, duration_seconds=15.0, join_frame=320)
    table = parse_replay(path, ParsingConfig.get_preset("all").params()).frames
    layout = ParsingConfig.get_preset("all").params()
    ordinary = frame_layout(layout.global_features, layout.player_features, slots_per_team=4)
    assert table.column_names == [column.name for column in ordinary.columns]
    assert table["p0_pos_x"].null_count < table.num_rows
    assert table["p0_forward_x"].null_count == table.num_rows


@pytest.fixture
def joiner(tmp_path: Path) -> tuple[Path, Recording]:
    """A 2v2 with a late joiner and demolitions, and the truth about it."""
    path = tmp_path / "joiner.replay"
    return path, write_replay(path, seed=3, team_size=2, duration_seconds=25.0, join_frame=302, demolitions=2)


@pytest.mark.parametrize("sampling", Sampling)
def test_frame_data_is_decoded_once(
    joiner: tuple[Path, Recording], monkeypatch: pytest.MonkeyPatch, sampling: Sampling
) -> None:
    """It takes seconds; the array call is asked at several rates, but for players only until it refuses."""
    path, recording = joiner
    # One frame more than there are, so that a second rate is tried.
    path.write_bytes(edit_header(recording.data, {"NumFrames": recording.match.frames + 1}))
    calls: Counter[str] = Counter()

    def counted(name: str, function: Callable[..., Any]) -> Callable[..., Any]:
        def call(file: Path, *features: list[str], **options: Any) -> Any:
            calls[f"{name} with players" if features and features[1] else name] += 1
            return function(file, *features, **options)

        return call

    for name in ("get_ndarray_with_info_from_replay_filepath", "get_replay_frames_data"):
        monkeypatch.setattr(subtr_actor, name, counted(name, getattr(subtr_actor, name)))
    parse_replay(path, replace(STANDARD, sampling=sampling))
    assert calls["get_replay_frames_data"] == calls["get_ndarray_with_info_from_replay_filepath with players"] == 1
    assert calls["get_ndarray_with_info_from_replay_filepath"] == (1 if sampling is Sampling.parser else 2)


def with_frame_data(monkeypatch: pytest.MonkeyPatch, edit: Callable[[dict[str, Any]], None]) -> None:
    """Let the parser return edited frame data."""
    original = subtr_actor.get_replay_frames_data

    def edited(path: Path) -> dict[str, Any]:
        data: dict[str, Any] = original(path)
        edit(data)
        return data

    monkeypatch.setattr(subtr_actor, "get_replay_frames_data", edited)


def test_a_demolition_by_an_unknown_attacker_is_one(
    joiner: tuple[Path, Recording], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who is none of the players has no slot; the demolition is in frames and table all the same."""
    path, recording = joiner
    match = recording.match
    with_frame_data(monkeypatch, lambda data: data["demolish_infos"][0].update(attacker={"Steam": "1"}))
    parsed = parse_replay(path, STANDARD)
    table = parsed.frames
    frames = np.searchsorted(match.time, table["frame_time"].to_numpy())
    slots = {row["name"]: row["slot"] for row in parsed.players}
    first = match.demolitions[0]
    victim = slots[match.players[first.victim].player.name]

    assert len(parsed.demolitions) == len(match.demolitions)
    assert [row["attacker_slot"] is None for row in parsed.demolitions] == [
        event is first for event in match.demolitions
    ]
    assert parsed.demolitions[0]["victim_slot"] == victim
    for number, who in enumerate(match.players):
        demolished = match.is_demolished[frames, number]
        assert table[f"p{slots[who.player.name]}_demolished"].to_pylist() == demolished.tolist()
    down = (frames >= first.frame) & match.is_demolished[frames, first.victim]
    assert table[f"p{victim}_demolished_by"].filter(down)[0].as_py() is None


@pytest.mark.parametrize(
    "edit",
    [
        lambda data: data.pop("demolish_infos"),
        lambda data: data["frame_data"].update(metadata_frames=None),
        lambda data: data["meta"].update(team_zero=[{}]),
        lambda data: data["frame_data"].update(players=[(1, {"frames": []})]),
    ],
    ids=["lacking", "nothing", "empty", "other"],
)
def test_frame_data_of_another_form_is_a_reject(
    joiner: tuple[Path, Recording], monkeypatch: pytest.MonkeyPatch, edit: Callable[[dict[str, Any]], None]
) -> None:
    """It costs the replay, not the run."""
    with_frame_data(monkeypatch, edit)
    with pytest.raises(ReplayError, match=r"decode_failed: the parser's frame data is not of the form expected \("):
        parse_replay(joiner[0], STANDARD)
