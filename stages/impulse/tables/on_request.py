"""Tables of products that are made on request: one or more for each such setting of parse."""

from __future__ import annotations

from collections.abc import Mapping

from impulse.schema.column import REPLAY_ID, Column
from impulse.tables.statistics.columns import PLAYER_STATS_COLUMNS, TEAM_STATS_COLUMNS

EVENT_COLUMNS: tuple[Column, ...] = (
    REPLAY_ID,
    Column("event", "int32", "number of the event in the replay, from 0, in the order of frame and kind", lower=0),
    Column("kind", "string", "what happened, in the parser's word"),
    Column("frame", "int32", "network frame of the event, or of its begin"),
    Column("end_frame", "int32", "network frame of its end; null for what has no length", nullable=True),
    Column("time", "float32", "time of that network frame", "s"),
    Column("end_time", "float32", "time of the end; null for what has no length", "s", nullable=True),
    Column("row", "int32", "first row at or after the event, or its begin; null where no row follows", nullable=True),
    Column(
        "end_row",
        "int32",
        "first row at or after its end; null where no row follows, and without a length",
        nullable=True,
    ),
    Column(
        "team", "string", "team whose event it is: blue or orange; null for events of nobody or of both", nullable=True
    ),
    Column(
        "player",
        "int16",
        "number of the player whose event it is, as in the players table; null for events of nobody, and of whoever shares his "
        "account, as a guest does",
        nullable=True,
        lower=0,
    ),
    Column("slot", "int8", "slot of the player at that time; null where player is", nullable=True),
    Column(
        "other_player",
        "int16",
        "number of the second player: who was bumped or demolished, ...; null where there is none",
        nullable=True,
        lower=0,
    ),
    Column("other_slot", "int8", "slot of the second player at that time", nullable=True),
    *(
        Column(
            f"{whose}_{axis}",
            "float32",
            f"position of the {whose}, {axis}; null where the parser gives none",
            "uu",
            True,
        )
        for whose in ("player", "ball")
        for axis in "xyz"
    ),
    Column(
        "confidence",
        "float32",
        "how sure the parser is, of those kinds that it infers",
        nullable=True,
        lower=0,
        upper=1,
    ),
    Column(
        "tags",
        "list<string>",
        "classes of the event as group=value, sorted; null for kinds without classes",
        nullable=True,
    ),
    Column(
        "detail",
        "string",
        "what else the parser tells of the event, a JSON object in the parser's words and units; players in it are numbers of the "
        "players table",
    ),
)

ON_REQUEST: Mapping[str, Mapping[str, tuple[Column, ...]]] = {
    "events": {"events": EVENT_COLUMNS},
    "stats": {"player_stats": PLAYER_STATS_COLUMNS, "team_stats": TEAM_STATS_COLUMNS},
}
"""Setting of parse to the tables that it adds."""

TABLES_ON_REQUEST: Mapping[str, tuple[Column, ...]] = {
    name: columns for tables in ON_REQUEST.values() for name, columns in tables.items()
}
