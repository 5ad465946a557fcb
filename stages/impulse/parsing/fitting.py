"""What one replay gives, held against the columns of the tables that take it."""

from __future__ import annotations

from impulse.products.frames.product import FramesProduct
from impulse.tables.fitting import check_fits
from impulse.tables.parsed import DEMOLITION_COLUMNS, GOAL_COLUMNS, PLAYER_COLUMNS, REPLAY_COLUMNS, STINT_COLUMNS


def check_product(product: FramesProduct) -> None:
    """Refuse a replay that tells numbers which no match has.

    Raises:
        CorruptReplay: ``malformed_header``.
    """
    for rows, columns in (
        ([product.facts], REPLAY_COLUMNS),
        (product.players, PLAYER_COLUMNS),
        (product.stints, STINT_COLUMNS),
        (product.goals, GOAL_COLUMNS),
        (product.demolitions, DEMOLITION_COLUMNS),
    ):
        check_fits(rows, columns)
