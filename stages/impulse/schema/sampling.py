"""Which network frame a row shows, how long it stands for, and the settings that decide about frames."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

import numpy as np
import numpy.typing as npt

LONGEST_PAUSE_SECONDS = 1.0
"""Network frames further apart than this have a gap in the recording between them (it is 3 to 10 s after a goal)."""


class Sampling(StrEnum):
    """Which network frame a row shows."""

    parser = "parser"
    """The first one at or after the row's time, as the parser samples; rows run on through gaps of the recording."""
    causal = "causal"
    """The last one at or before the row's time: nothing from the future; no rows in gaps of the recording."""
    native = "native"
    """One row for each network frame; fps has no meaning."""


@dataclass(frozen=True)
class FrameSettings:
    """The settings that decide about the frames of a replay."""

    fps: float = 10.0
    """Rows a second."""
    sampling: Sampling = Sampling.parser
    """Which network frame a row shows."""
    slots_per_team: int = 4
    """Player slots a side; fixes the width of the frames."""
    recover: bool = True
    """Decode replays whose players change in mid-match through the parser's slower frame data."""
    global_features: list[str] = field(default_factory=list)
    """Feature adders of the parser that the dataset has columns of; parsed frames have the standard ones in any case."""
    player_features: list[str] = field(default_factory=list)


def seconds_shown(held: npt.NDArray[np.bool_], frame_time: npt.NDArray[np.float32]) -> npt.NDArray[np.float64]:
    """Return how long each row stands for, in s: until the next network frame shown; nothing for held rows and gaps.

    Args:
        held: (rows,) the row repeats a network frame.
        frame_time: (rows,) time in s of the network frame that the row shows.
    """
    fresh = np.flatnonzero(~held)
    seconds = np.zeros(len(held))
    lasts = np.diff(frame_time[fresh].astype(np.float64))
    seconds[fresh[:-1]] = np.where((lasts < 0) | (lasts > LONGEST_PAUSE_SECONDS), 0.0, lasts)
    return seconds
