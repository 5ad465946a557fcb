"""Which network frame a row shows, and the settings that decide about frames. Scripts import it, so it needs no package."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

LONGEST_PAUSE_SECONDS = 1.0
"""Network frames further apart than this have a gap in the recording between them (it is 3 to 10 s after a goal)."""

LONGEST_LOOK_SECONDS = 0.25
"""A row whose network frame is further from its time shows another moment: recordings have a network frame every 0.03 to 0.05 s,
so that a row of the parser's sampling looks that far ahead, and more only where frames are missing."""

MOST_SLOTS_PER_TEAM = 8
"""As many as parse.slots_per_team may ask for."""


class Decoder(StrEnum):
    """What decides the values of frames."""

    auto = "auto"
    """The parser's array call where it is right, else the exact decoder."""
    array = "array"
    """The parser's array call, also where it is known to be wrong."""
    exact = "exact"
    """The exact decoder, which takes about twice the time."""


class Sampling(StrEnum):
    """Which network frame a row shows."""

    parser = "parser"
    """The first one at or after the row's time, as the parser samples; for gaps of the recording see :class:`GapRows`."""
    causal = "causal"
    """The last one at or before the row's time: nothing from the future; no rows in gaps of the recording."""
    native = "native"
    """One row for each network frame; fps has no meaning."""


class GroundControls(StrEnum):
    """What pitch, yaw and roll are on the floor, where they do nothing."""

    recorded = "recorded"
    """Yaw is the steer that was recorded, pitch and roll are 0, as RLGym's table of actions has them."""


class GapRows(StrEnum):
    """What becomes of rows of the parser's sampling that show another moment than their own (:data:`LONGEST_LOOK_SECONDS`)."""

    drop = "drop"
    """They are left out; rows are numbered without them."""
    keep = "keep"
    """They stay, as the parser fills gaps of the recording with the state after them."""


@dataclass(frozen=True)
class FrameSettings:
    """The settings that decide about the frames of a replay."""

    fps: float = 10.0
    """Rows a second."""
    sampling: Sampling = Sampling.parser
    """Which network frame a row shows: parser (the next one), causal (the last one), or native (a row for each)."""
    gap_rows: GapRows = GapRows.drop
    """drop or keep rows in gaps of the recording, which the parser's sampling alone has."""
    slots_per_team: int = 4
    """Player slots a side; fixes the width of the frames."""
    decoder: Decoder = Decoder.auto
    """What decides the values: auto (the array call where it is right and at 10 rows a second or more), array or exact."""
    global_features: list[str] = field(default_factory=list)
    """Feature adders of the parser that the dataset has columns of; parsed frames have the standard ones in any case."""
    player_features: list[str] = field(default_factory=list)
