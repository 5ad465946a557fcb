"""One replay through the parser, with the rows and in the way that the settings ask for."""

from __future__ import annotations

from pathlib import Path

from impulse.decoding.array_call import DecodedReplay, decode_replay
from impulse.decoding.recovery import recover_replay
from impulse.decoding.sampling import decode_sampled
from impulse.errors import UnsupportedReplay
from impulse.replay.reasons import Reason
from impulse.schema.features import FrameLayout
from impulse.schema.sampling import FrameSettings


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

    def at_rate(fps: float) -> DecodedReplay:
        try:
            return decode_replay(
                path, global_features=layout.global_features, player_features=layout.player_features, fps=fps
            )
        except UnsupportedReplay as error:
            if error.reason != Reason.PLAYERS_CHANGED or not settings.recover:
                raise
            return recover_replay(path, layout, fps=fps)

    return decode_sampled(
        at_rate, sampling=settings.sampling, fps=settings.fps, layout=layout, network_frames=network_frames
    )
