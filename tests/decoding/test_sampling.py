from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from impulse.config.parse import ParseParams
from impulse.config.parsing_config import ParsingConfig
from impulse.decoding.sampling import rows_shown
from impulse.demo import Recording, edit_header, write_replay
from impulse.errors import ReplayError
from impulse.parsing.parsed_replay import parse_replay
from impulse.schema.sampling import LONGEST_PAUSE_SECONDS, GapRows, Sampling


def sampled(sampling: Sampling, fps: float = 10.0) -> ParseParams:
    return dataclasses.replace(ParsingConfig.get_preset("standard", fps=fps).params(), sampling=sampling)


@given(
    deltas=st.lists(st.sampled_from([0.01, 0.033, 0.05, 0.3, 5.0, 9.0]), min_size=0, max_size=80),
    fps=st.sampled_from([1.0, 10.0, 30.0, 120.0]),
)
def test_causal_rows_never_look_ahead(deltas: list[float], fps: float) -> None:
    """Each row shows the last frame at or before its time, and no row stands inside a gap."""
    frame_times = np.cumsum([3.0, *deltas]).astype(np.float32)
    shown = rows_shown(frame_times, Sampling.causal, fps)
    frames, times = shown.frames, shown.times

    assert (frame_times[frames] <= times).all()
    later = np.append(frame_times[1:], np.inf)[frames]
    assert (later > times).all()
    assert (np.diff(times) > 0).all()
    in_pause = np.isfinite(later) & (later - frame_times[frames] > LONGEST_PAUSE_SECONDS)
    assert (times - frame_times[frames] <= 1.0 / fps + 1e-5)[in_pause].all()


@pytest.mark.parametrize("fps", [5.0, 10.0, 30.0])
def test_causal_frames_are_a_pick_of_the_native_ones(synthetic: tuple[Path, Recording], fps: float) -> None:
    """Values are those of the frame that a row shows; nothing is interpolated and nothing comes from the future."""
    path, recording = synthetic
    native = parse_replay(path, sampled(Sampling.native)).frames
    causal = parse_replay(path, sampled(Sampling.causal, fps)).frames
    shown = np.searchsorted(recording.match.time, causal["frame_time"].to_numpy())

    assert (causal["frame_time"].to_numpy() <= causal["time"].to_numpy()).all()
    for name in causal.column_names:
        if name not in ("row", "time", "is_held") and not name.endswith("_stale"):  # those count rows
            assert causal[name].to_pylist() == native[name].take(pa.array(shown)).to_pylist(), name
    gaps = np.diff(recording.match.time) > LONGEST_PAUSE_SECONDS
    assert gaps.any()
    held = np.array(causal["is_held"].to_pylist())
    keep = dataclasses.replace(sampled(Sampling.parser, fps), gap_rows=GapRows.keep)
    assert held.mean() < parse_replay(path, keep).measures["share_held"]


@pytest.mark.parametrize("fps", [1.0, 10.0, 30.0])
def test_rows_that_show_another_moment_are_no_samples(synthetic: tuple[Path, Recording], fps: float) -> None:
    """Those in the gaps after goals, and no others; all else is as with them, but for the numbers of rows."""
    path, recording = synthetic
    drop = parse_replay(path, sampled(Sampling.parser, fps))
    keep = parse_replay(path, dataclasses.replace(sampled(Sampling.parser, fps), gap_rows=GapRows.keep))
    ahead = keep.frames["frame_time"].to_numpy() - keep.frames["time"].to_numpy()
    gaps = np.flatnonzero(np.diff(recording.match.time) > 0.25)
    inside = [
        ((keep.frames["time"].to_numpy() > before) & (keep.frames["time"].to_numpy() < after - 0.25)).sum()
        for before, after in zip(recording.match.time[gaps], recording.match.time[gaps + 1], strict=True)
    ]
    assert keep.frames.num_rows - drop.frames.num_rows == sum(inside) > 0
    assert (drop.frames["frame_time"].to_numpy() - drop.frames["time"].to_numpy()).max() <= 0.25
    kept = keep.frames.filter(pa.array(ahead <= 0.25))
    assert drop.frames.drop_columns("row").equals(kept.drop_columns("row"))
    assert drop.frames["row"].to_pylist() == list(range(drop.frames.num_rows))
    assert [goal["time"] for goal in drop.goals] == [goal["time"] for goal in keep.goals]
    for parsed in (drop, keep):
        states = parsed.frames["game_state"].to_pylist()
        assert {states[goal["row"]] for goal in parsed.goals} == {"PostGoalScored"}


def test_a_joiner_is_decoded_in_every_sampling(tmp_path: Path) -> None:
    """The exact decoder samples in every way."""
    path = tmp_path / "joiner.replay"
    recording = write_replay(path, seed=2, team_size=1, duration_seconds=20.0, join_frame=400)
    for sampling in Sampling:
        parsed = parse_replay(path, sampled(sampling))
        assert parsed.replay["decoder"] == "exact"
        if sampling is Sampling.native:
            assert parsed.frames.num_rows == recording.match.frames


@pytest.mark.parametrize("sampling", Sampling)
def test_a_header_that_hides_the_end_is_refused(
    tmp_path: Path, synthetic: tuple[Path, Recording], sampling: Sampling
) -> None:
    """The parser stops at the announced number of frames, far before the last keyframe."""
    path = tmp_path / "short.replay"
    path.write_bytes(edit_header(synthetic[1].data, {"NumFrames": synthetic[1].match.frames // 2}))
    with pytest.raises(ReplayError, match="frames_missing: the frames end at"):
        parse_replay(path, sampled(sampling))


@pytest.mark.parametrize("sampling", [Sampling.causal, Sampling.native])
def test_fewer_frames_than_announced_are_refused(
    tmp_path: Path, synthetic: tuple[Path, Recording], sampling: Sampling
) -> None:
    """A header that announces more frames than there are marks a file that was cut and sealed again."""
    path = tmp_path / "short.replay"
    path.write_bytes(edit_header(synthetic[1].data, {"NumFrames": synthetic[1].match.frames + 50}))
    with pytest.raises(ReplayError, match=r"frames_missing: \d+ network frames decoded, the header announces \d+"):
        parse_replay(path, sampled(sampling))


def test_native_rows_of_a_real_match_are_its_network_frames(real_replays: Path) -> None:
    """As many rows as the header announces frames, also in a recording of 120 frames a second."""
    for name in ("match/rlcs-2025-worlds-grand-final-flcn-nrg-g5.replay", "odd-rate/256.replay"):
        parsed = parse_replay(real_replays / name, sampled(Sampling.native))
        assert parsed.frames.num_rows == parsed.replay["network_frames"]
