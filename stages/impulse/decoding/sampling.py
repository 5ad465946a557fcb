"""Which network frame each row shows: the parser's own sampling, one without look-ahead, or one row for each frame."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from impulse.schema.sampling import LONGEST_PAUSE_SECONDS, Sampling

Times = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class RowsShown:
    """The rows of a replay."""

    frames: npt.NDArray[np.intp]
    """(rows,) network frame that each shows, never decreasing."""
    times: Times
    """(rows,) time of each in s."""


def rows_shown(network_times: Times, sampling: Sampling, fps: float) -> RowsShown:
    """Return which network frame each row shows.

    Args:
        network_times: (frames,) time in s of every network frame.
        sampling: how rows are sampled.
        fps: rows a second; without a meaning for native.
    """
    if sampling is Sampling.native or len(network_times) == 0:
        return RowsShown(np.arange(len(network_times)), network_times)
    return _causal(network_times, fps) if sampling is Sampling.causal else _as_the_parser(network_times, fps)


def frames_shown(network_times: Times, frame_time: Times) -> npt.NDArray[np.intp]:
    """Return (rows,) which network frame each row shows, by its time; of those with the same time the first.

    Args:
        network_times: (frames,) s.
        frame_time: (rows,) s, of the network frame of each row.
    """
    if np.array_equal(network_times, frame_time):
        return np.arange(len(network_times))  # one row for each
    order = np.argsort(network_times, kind="stable")
    found = np.searchsorted(network_times[order], frame_time)
    return np.asarray(order[np.minimum(found, len(order) - 1)])


def _as_the_parser(network_times: Times, fps: float) -> RowsShown:
    """Show in each row the first network frame at or after its time, with times added up as the parser adds them."""
    reached = np.maximum.accumulate(network_times)
    step = np.float32(1.0) / np.float32(fps)
    # Near large times float32 steps are of another length than asked for.
    shortest = min(float(time + step) - float(time) for time in (reached[0], reached[-1]))
    count = int((float(reached[-1]) - float(reached[0])) / max(shortest, float(step) / 16)) + 2
    steps = np.full(count, step, dtype=np.float32)
    steps[0] = reached[0]
    times = np.add.accumulate(steps, dtype=np.float32)
    times = times[times <= reached[-1]]
    return RowsShown(np.searchsorted(reached, times, side="left"), times)


def _causal(network_times: Times, fps: float) -> RowsShown:
    """Show in each row the last network frame at or before its time; rows inside a gap of the recording are left out."""
    exact = network_times.astype(np.float64)
    steps = int(np.floor((exact[-1] - exact[0]) * fps + 1e-6)) + 1
    times = (exact[0] + np.arange(steps) / fps).astype(np.float32)
    frames = np.searchsorted(network_times, times, side="right") - 1
    following = np.append(exact[1:], np.inf)[frames]
    in_gap = (following - exact[frames] > LONGEST_PAUSE_SECONDS) & (times - exact[frames] > 1.0 / fps)
    in_gap &= np.isfinite(following)
    return RowsShown(frames[~in_gap], times[~in_gap])
