"""One replay through the parser, with the rows and in the way that the settings ask for."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from impulse.decoding.array_call import DecodedReplay, decode_frames, decode_replay
from impulse.decoding.recovery import recover_replay
from impulse.decoding.sampling import causal_rows, decode_every_frame, frame_times, with_rows
from impulse.errors import UnsupportedReplay
from impulse.replay.reasons import Reason
from impulse.schema.features import FrameLayout
from impulse.schema.sampling import FrameSettings, Sampling


def decode(path: Path, layout: FrameLayout, settings: FrameSettings, *, network_frames: int | None) -> DecodedReplay:
    """Decode a replay; one whose players change in mid-match through the parser's frame data, where that is allowed.

    Args:
        path: the file.
        layout: what to ask of the parser.
        settings: rows a second, sampling, recovery.
        network_frames: number of network frames that the header announces; None when it does not say.

    Raises:
        ReplayError: the replay cannot be used; carries the reason code.
    """
    frame_data: dict[str, Any] | None = None

    def at_rate(fps: float) -> DecodedReplay:
        nonlocal frame_data
        if frame_data is None:
            try:
                return decode_replay(
                    path, global_features=layout.global_features, player_features=layout.player_features, fps=fps
                )
            except UnsupportedReplay as error:
                if error.reason != Reason.PLAYERS_CHANGED or not settings.recover:
                    raise
            frame_data = decode_frames(path)  # takes seconds and the same at every rate, as the refusal is
        return recover_replay(path, frame_data, layout, fps=fps)

    if settings.sampling is Sampling.parser:
        return at_rate(settings.fps)
    native = decode_every_frame(at_rate, layout, network_frames)
    times = frame_times(native, layout)
    if settings.sampling is Sampling.native:
        return with_rows(native, layout, times, np.arange(len(times)))
    rows, row_times = causal_rows(times, settings.fps)
    return with_rows(native, layout, row_times, rows)
