"""The boost pads of the standard arena: where they are, how they are counted, and the columns of how long big ones are empty."""

from __future__ import annotations

from dataclasses import dataclass

from impulse.schema.column import Column


@dataclass(frozen=True, slots=True)
class PadSize:
    """What the game gives for a pad, and how long it is empty afterwards (game rules)."""

    name: str
    grant: float
    """Percent of a tank."""
    respawn_seconds: float


SMALL, BIG = PadSize("small", 12.0, 4.0), PadSize("big", 100.0, 10.0)

PAD_PLACES: tuple[tuple[float, float, float], ...] = (
    (0, -4240, 70), (-1792, -4184, 70), (1792, -4184, 70), (-3072, -4096, 73), (3072, -4096, 73), (-940, -3308, 70),
    (940, -3308, 70), (0, -2816, 70), (-3584, -2484, 70), (3584, -2484, 70), (-1788, -2300, 70), (1788, -2300, 70),
    (-2048, -1036, 70), (0, -1024, 70), (2048, -1036, 70), (-3584, 0, 73), (-1024, 0, 70), (1024, 0, 70), (3584, 0, 73),
    (-2048, 1036, 70), (0, 1024, 70), (2048, 1036, 70), (-1788, 2300, 70), (1788, 2300, 70), (-3584, 2484, 70),
    (3584, 2484, 70), (0, 2816, 70), (-940, 3308, 70), (940, 3308, 70), (-3072, 4096, 73), (3072, 4096, 73),
    (-1792, 4184, 70), (1792, 4184, 70), (0, 4240, 70),
)  # fmt: skip
"""x, y, z in uu of the pads of the standard arena, counted as RLBot and RLGym do: by y, then x (RLBot wiki, useful game values)."""

BIG_PADS = (3, 4, 15, 18, 29, 30)
"""Numbers of the big ones: blue's left and right corner by x, the middle, orange's corners."""

STANDARD_MAPS = frozenset(
    f"{name}_p"
    for name in [
        "cs",
        "cs_day",
        "cs_hw",
        "eurostadium",
        "eurostadium_dusk",
        "eurostadium_night",
        "eurostadium_rainy",
        "farm",
        "haunted_trainstation",
        "neotokyo_standard",
        "park",
        "park_night",
        "park_snowy",
        "stadium",
        "street",
        "underwater_grs",
        "utopiastadium",
        "utopiastadium_dusk",
        "utopiastadium_lux",
        "wasteland_s",
    ]
)
"""Maps whose recordings showed the pads of the standard arena (real files of 2016 to 2026), in lower case. Others have them too, and
are known by their recordings."""


def size_of(place: int) -> PadSize:
    """Return the size of a pad of the standard arena by its number."""
    return BIG if place in BIG_PADS else SMALL


_MARK = "_empty_seconds"


def _place(number: int) -> str:
    x, y, _ = PAD_PLACES[number]
    return f"x {x:g}, y {y:g} uu"


PAD_ROW_COLUMNS: tuple[Column, ...] = tuple(
    Column(
        f"pad{number}{_MARK}",
        "float32",
        f"how long the big pad {number} of the table pads ({_place(number)}) is still empty by the game's 10 s, 0 where it is there; "
        "null where that is not known, and on maps without the standard pads",
        "s",
        nullable=True,
        lower=0,
        upper=BIG.respawn_seconds,
        quantity="pad_empty_seconds",
    )
    for number in BIG_PADS
)
"""Of the six big pads, in the order of their numbers."""


def is_pad_row(name: str) -> bool:
    """Tell whether a column of exported frames is one of these."""
    return name.endswith(_MARK)
