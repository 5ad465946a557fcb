"""The frames of synthetic replays against what happened in the match: every contract column, every row."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from tests.demo.oracle import expected_array, player_order, sampled_rows

from impulse.config.parsing_config import ParsingConfig
from impulse.demo import GameState, Match, MatchPlan, Recording, RecordingPlan, generate
from impulse.parsing.parsed_replay import ParsedReplay, parse_replay
from impulse.schema.features import frame_layout

SLOTS = 4
BODY = tuple(
    f"{kind}_{axis}"
    for kind, axes in (("pos", "xyz"), ("quat", "xyzw"), ("vel", "xyz"), ("angvel", "xyz"))
    for axis in axes
)
BALL = 6
"""First array column of the ball; the features before it have one column each."""
ONCE, EACH = BALL + 13, 13 + 1 + 3 + 1


def recorded(folder: Path, how: RecordingPlan, fps: float, **plan: Any) -> tuple[Recording, ParsedReplay]:
    recording = Recording(generate(MatchPlan(**plan)), how)
    path = folder / "match.replay"
    path.write_bytes(recording.data)
    return recording, parse_replay(path, replace(ParsingConfig.get_preset("standard", fps=fps).params()))


def slots_of(recording: Recording) -> dict[int, int]:
    """Return the slot of each player of the match: by team, in the parser's order."""
    order = player_order(recording)
    teams = [[number for number in order if recording.match.players[number].team == team] for team in (0, 1)]
    return {number: team * SLOTS + place for team in (0, 1) for place, number in enumerate(teams[team])}


def column_of(values: Any, field: pa.Field, there: np.ndarray | None = None) -> pa.ChunkedArray:
    """Return values as the frames hold them, null where nothing is."""
    missing = None if there is None else ~there
    plain = pa.array(np.asarray(values), type=pa.string() if pa.types.is_dictionary(field.type) else None, mask=missing)
    return pa.chunked_array([plain]).cast(pa.string() if pa.types.is_dictionary(field.type) else field.type)


def times_and_phases(match: Match, fps: float) -> tuple[np.ndarray, dict[str, Any]]:
    """Return the network frame that each row shows, and the columns of time and phase."""
    time, frames = sampled_rows(match, fps)
    states = np.array([state.value for state in GameState])[match.state[frames]]
    active = states == "Active"
    starts = active & ~np.concatenate([[False], active[:-1]])
    return frames, {
        "row": np.arange(len(frames)),
        "time": time,
        "frame_time": match.time[frames],
        "is_held": np.append(frames[1:] == frames[:-1], False),
        "seconds_remaining": match.seconds_remaining[frames],
        "game_state": states,
        "ball_has_been_hit": match.is_ball_hit[frames],
        "kickoff_countdown": match.countdown[frames],
        "segment": (np.cumsum(starts) - 1, active),
        "ball_present": np.ones(len(frames), dtype=bool),
    }


def in_our_units(body: np.ndarray, prefix: str) -> dict[str, np.ndarray]:
    """Return the columns of a body of the parser's array."""
    scales = {"angvel": np.float32(0.01)}
    return {
        f"{prefix}_{name}": values * scales.get(name[:-2], np.float32(1))
        for name, values in zip(BODY, body.T, strict=True)
    }


def demolished_by(match: Match, frames: np.ndarray, victim: int, slots: Mapping[int, int]) -> np.ndarray:
    """Return the slot of whoever demolished a player last, in every row."""
    result = np.zeros(len(frames), dtype=np.int64)
    for event in match.demolitions:
        if event.victim == victim:
            result[frames >= event.frame] = slots[event.attacker]
    return result


@pytest.mark.parametrize("seed", range(6))
def test_every_column_tells_what_happened(tmp_path: Path, seed: int) -> None:
    """Values are those that the file tells of the truth, in our units; null is what is not there, and nothing else."""
    fps, size = (10.0, 30.0, 60.0)[seed % 3], seed % SLOTS + 1
    how = RecordingPlan(dropped_updates=(0.0, 0.5, 0.9)[seed // 2])
    plan = {"team_size": size, "duration_seconds": 30.0, "goals": 2, "demolitions": 3}
    recording, parsed = recorded(tmp_path, how, fps, seed=seed, **plan)
    match, slots = recording.match, slots_of(recording)
    frames, expected = times_and_phases(match, fps)
    array = expected_array(recording, fps=fps)
    expected |= in_our_units(array[:, BALL:ONCE], "ball")
    for place, number in enumerate(player_order(recording)):
        prefix, mine = f"p{slots[number]}", array[:, ONCE + place * EACH :][:, :EACH]
        has_car, demolished = match.has_car[frames, number], match.is_demolished[frames, number]
        state = in_our_units(mine[:, :13], prefix) | {f"{prefix}_boost": mine[:, 13] * np.float32(100 / 255)}
        for jump, values in zip(("dodge", "jump", "double_jump"), mine[:, 14:17].T, strict=True):
            state[f"{prefix}_{jump}"] = values % 2 == 1
        expected |= {name: (values, has_car & ~demolished) for name, values in state.items()}
        expected[f"{prefix}_present"] = has_car | demolished
        expected[f"{prefix}_demolished"] = demolished
        expected[f"{prefix}_demolished_by"] = (demolished_by(match, frames, number, slots), demolished)

    table = parsed.frames
    assert table.column_names == frame_layout(slots_per_team=SLOTS).schema.names
    assert set(table["replay_id"].to_pylist()) == {parsed.replay["replay_id"]}
    for name, content in expected.items():
        values, there = content if isinstance(content, tuple) else (content, None)
        found = table[name].cast(pa.string()) if name == "game_state" else table[name]
        assert found.equals(column_of(values, table.schema.field(name), there)), name
    for name in set(table.column_names) - {"replay_id", *expected}:
        assert int(name[1]) not in slots.values()
        assert table[name].null_count == table.num_rows or not any(table[name].to_pylist()), name


def test_values_are_within_half_a_step_of_the_truth(tmp_path: Path) -> None:
    """Where the file tells every state, frames are the match itself, up to the format's rounding."""
    how = RecordingPlan(dropped_updates=0.0)
    plan = {"team_size": 3, "duration_seconds": 60.0, "demolitions": 4}
    recording, parsed = recorded(tmp_path, how, 30.0, seed=4, **plan)
    match = recording.match
    _, rows = sampled_rows(match, 30.0)

    def held(prefix: str, there: np.ndarray) -> np.ndarray:
        names = [f"{prefix}_{name}" for name in BODY]
        return np.stack([parsed.frames[name].to_numpy()[there] for name in names], axis=1).astype(float)

    everywhere = np.ones(len(rows), dtype=bool)
    ball = held("ball", everywhere)
    np.testing.assert_allclose(ball[:, :3], match.ball.position[rows], atol=0.0053)
    spin = np.where(match.is_ball_hit[rows, None], match.ball.spin[rows], 0)  # the file has none of a ball at rest
    np.testing.assert_allclose(ball[:, 10:], spin, atol=5.1e-5)
    for number, slot in slots_of(recording).items():
        there = match.has_car[rows, number] & ~match.is_demolished[rows, number]
        shown, body = rows[there], held(f"p{slot}", there)
        rotation = match.cars.rotation[shown, number]
        sign = np.sign((body[:, 3:7] * rotation).sum(axis=1, keepdims=True))
        np.testing.assert_allclose(body[:, :3], match.cars.position[shown, number], atol=0.0053)
        np.testing.assert_allclose(body[:, 3:7] * sign, rotation, atol=8.2e-6)
        np.testing.assert_allclose(body[:, 7:10], match.cars.velocity[shown, number], atol=0.0053)
        np.testing.assert_allclose(body[:, 10:], match.cars.spin[shown, number], atol=5.1e-5)
        boost = parsed.frames[f"p{slot}_boost"].to_numpy()[there]
        np.testing.assert_allclose(boost, match.boost[shown, number] / 2.55, atol=0.2)
        for place, jump in enumerate(("dodge", "jump", "double_jump"), start=1):
            active = match.component_counts[shown, number, place] % 2 == 1
            assert parsed.frames[f"p{slot}_{jump}"].drop_null().to_pylist() == active.tolist()
