"""The standard arena: kickoff places and boost pads.

Owns: places of the standard map in uu; its bounds are in :mod:`impulse.schema.physics`. Pad places are the parser's own
table; the kickoff places are the community's measurements, which real replays agree with.
"""

from __future__ import annotations

import numpy as np

BALL_REST_Z_UU = 93.15
"""Height of the resting ball's centre in real replays."""
CAR_REST_Z_UU = 17.01
"""Height of a resting Octane's centre in real replays."""
BEHIND_LINE_UU = 93.0
"""The ball counts once its centre is this far behind the goal line (rounded radius)."""

KICKOFFS_UU = ((-2048.0, -2560.0), (2048.0, -2560.0), (-256.0, -3840.0), (256.0, -3840.0), (0.0, -4608.0))
"""Places x, y of team 0; team 1's are turned by half a turn about the centre."""


def _mirrored(x: float, y: float) -> list[tuple[float, float]]:
    return sorted({(sx * x, sy * y) for sx in (-1, 1) for sy in (-1, 1)})


_BIG = [*_mirrored(3072, 4096), *_mirrored(3584, 0)]
_SMALL = [
    place
    for x, y in (
        (0, 4240), (1792, 4184), (940, 3308), (0, 2816), (3584, 2484),
        (1788, 2300), (2048, 1036), (0, 1024), (1024, 0),
    )
    for place in _mirrored(x, y)
]  # fmt: skip

PADS_UU = np.array([(x, y, 73.0) for x, y in _BIG] + [(x, y, 70.0) for x, y in _SMALL])
"""(34, 3) float64, centres of the boost pads; the first BIG_PADS are the big ones."""
BIG_PADS = len(_BIG)
PAD_REACH_UU = np.where(np.arange(len(PADS_UU)) < BIG_PADS, 208.0, 144.0)
"""(34,) float64, a car within this radius picks the boost up (community measurements)."""
PAD_GRANT_RAW = np.where(np.arange(len(PADS_UU)) < BIG_PADS, 255.0, 255.0 * 0.12)
"""(34,) float64, boost of each pad in raw units, 0..255: 100 % or 12 %."""
PAD_RESPAWN_S = np.where(np.arange(len(PADS_UU)) < BIG_PADS, 10.0, 4.0)
"""(34,) float64, seconds until a pad can be picked up again (game rule)."""

MAPS = ("Stadium_P", "EuroStadium_P", "cs_p", "TrainStation_P", "UtopiaStadium_P")
"""Maps with the standard arena (real headers)."""
