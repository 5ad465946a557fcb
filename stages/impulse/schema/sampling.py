"""Which network frame a row shows."""

from __future__ import annotations

from enum import StrEnum


class Sampling(StrEnum):
    """Which network frame a row shows."""

    parser = "parser"
    """The first one at or after the row's time, as the parser samples; rows run on through gaps of the recording."""
    causal = "causal"
    """The last one at or before the row's time: nothing from the future; no rows in gaps of the recording."""
    native = "native"
    """One row for each network frame; fps has no meaning."""
