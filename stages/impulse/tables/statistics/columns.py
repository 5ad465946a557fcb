"""Columns of the tables of statistics."""

from __future__ import annotations

from impulse.schema.column import REPLAY_ID, Column
from impulse.tables.statistics import ball, driving, match
from impulse.tables.statistics.module import Module

MODULES: tuple[Module, ...] = (*match.MODULES, *ball.MODULES, *driving.MODULES)
"""All of parser 1.5.1, in the order of the columns."""

_FURTHER = Column(
    "further",
    "string",
    "statistics that the parser gives and that have no column, a JSON object of module_stat in the parser's units; null where "
    "there are none",
    nullable=True,
)

PLAYER_STATS_COLUMNS: tuple[Column, ...] = (
    REPLAY_ID,
    Column("player", "int16", "number of the player, as in the players table", lower=0),
    Column("slot", "int8", "slot of the player, as in the players table", lower=0),
    Column(
        "team", "string", "blue or orange, as in the players table; of one who changed sides the statistics are of both"
    ),
    *(column for module in MODULES for column in module.columns(module.of_player)),
    _FURTHER,
)

TEAM_STATS_COLUMNS: tuple[Column, ...] = (
    REPLAY_ID,
    Column("team", "string", "blue or orange"),
    *(column for module in MODULES for column in module.columns(module.of_team)),
    _FURTHER,
)
