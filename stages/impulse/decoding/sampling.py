"""Which network frame a row shows: the parser's own sampling, one without look-ahead, or one row for each frame.

The parser resamples while it decodes: each row shows the first network frame at or after its time. For the other two
samplings it is asked for so many rows a second that no network frame is skipped, and rows are picked from those. A 3v3
match of RLCS took 0.20 s with the parser's sampling at 10 rows a second, 0.32 s with either of the others; a recording
of 120 frames a second took 0.5 s and 2.4 s.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from impulse.decoding.array_call import DecodedReplay
from impulse.errors import CorruptReplay
from impulse.replay.reasons import Reason
from impulse.schema.features import FrameLayout
from impulse.schema.sampling import LONGEST_PAUSE_SECONDS

RATES = (60.0, 120.0, 240.0, 480.0, 960.0)
"""Rows a second to ask for, until every network frame was seen: recordings have 30, rarely 60 or 120 frames a second."""


def causal_rows(
    frame_times: npt.NDArray[np.float32], fps: float
) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.float32]]:
    """Return which network frame each row of a grid shows, without looking ahead.

    A row shows the last network frame at or before its time. Rows inside a gap of the recording are left out.

    Args:
        frame_times: (frames,) time in s of every network frame, increasing.
        fps: rows a second.

    Returns:
        (rows,) frame of each row, and (rows,) time of each row in s.
    """
    if len(frame_times) == 0:
        return np.empty(0, dtype=np.intp), np.empty(0, dtype=np.float32)
    exact = frame_times.astype(np.float64)
    steps = int(np.floor((exact[-1] - exact[0]) * fps + 1e-6)) + 1
    times = (exact[0] + np.arange(steps) / fps).astype(np.float32)
    frames = np.searchsorted(frame_times, times, side="right") - 1
    following = np.append(exact[1:], np.inf)[frames]
    in_gap = (following - exact[frames] > LONGEST_PAUSE_SECONDS) & (times - exact[frames] > 1.0 / fps)
    in_gap &= np.isfinite(following)
    return frames[~in_gap], times[~in_gap]


def decode_every_frame(
    decode: Callable[[float], DecodedReplay], layout: FrameLayout, network_frames: int | None
) -> DecodedReplay:
    """Return one row for each network frame, in order.

    Args:
        decode: decodes at so many rows a second.
        layout: where times are in the array.
        network_frames: number of network frames that the header announces; None when it does not say.

    Raises:
        CorruptReplay: ``frames_missing`` when the replay holds more than one network frame fewer than announced.
    """
    seen = -1
    for rate in RATES:
        decoded = decode(rate)
        times = frame_times(decoded, layout)
        last = np.flatnonzero(np.append(times[1:] != times[:-1], True))[: len(times)]
        # Complete when the header's number is reached, or when asking for more rows shows no more frames.
        if len(last) in (network_frames, seen):
            break
        seen = len(last)
    if network_frames is not None and len(last) < network_frames - 1:
        raise CorruptReplay(
            Reason.FRAMES_MISSING, f"{len(last)} network frames decoded, the header announces {network_frames}"
        )
    return replace(decoded, array=decoded.array[last])


def frame_times(decoded: DecodedReplay, layout: FrameLayout) -> npt.NDArray[np.float32]:
    """Return (rows,) time in s of the network frame that each row shows."""
    times: npt.NDArray[np.float32] = decoded.array[:, layout.global_at["FrameTime"].start]
    return times


def with_rows(
    native: DecodedReplay, layout: FrameLayout, times: npt.NDArray[np.float32], rows: npt.NDArray[np.intp]
) -> DecodedReplay:
    """Return some rows of a replay, with times of their own.

    Args:
        native: what to take the rows of.
        layout: where times are in the array.
        times: (rows,) time in s of each row.
        rows: (rows,) which rows to take.
    """
    array = native.array[rows]
    array[:, layout.global_at["CurrentTime"].start] = times
    return replace(native, array=array)
