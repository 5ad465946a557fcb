"""Where the checkout and its parts lie."""

from __future__ import annotations

import os
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
STAGES = ROOT / "stages"
REPLAYS = Path(os.environ.get("IMPULSE_REPLAYS") or ROOT.parent / "shared" / "replays")
"""Folder of real replays, which need not exist."""
HAZARDS = REPLAYS.with_name(f"{REPLAYS.name}-hazards")
"""Folder of real replays with known faults, beside it."""
