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
    Column(
        "time",
        "float32",
        "time of that network frame, or one since the network frame before it: where a place or role changes, the parser gives the "
        "time of the change between them",
        "s",
    ),
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
            f"position of the {whose}, {axis}, as the parser gives it: of spans mostly that at their end; null where it gives none",
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

PAD_COLUMNS: tuple[Column, ...] = (
    REPLAY_ID,
    Column(
        "pad",
        "int16",
        "number of the pad: 0 to 33 are those of the standard arena in the order of RLBot and RLGym, by y, then x; from 34 on pads of "
        "the recording whose place is not known",
        lower=0,
    ),
    Column("map", "string", "the map, as map_code of the replay", nullable=True),
    *(
        Column(axis, "float32", f"position of the pad, {axis}; null where it is not known", "uu", nullable=True)
        for axis in "xyz"
    ),
    Column(
        "size",
        "string",
        "big (a full tank, empty for 10 s) or small (12 %, empty for 4 s), by its place, else by its returns; null where not known",
        nullable=True,
    ),
    Column(
        "names",
        "list<string>",
        "what the game calls it in this map; empty for a pad that nobody used, several where a map has two pads at one place",
    ),
)

PAD_PICKUP_COLUMNS: tuple[Column, ...] = (
    REPLAY_ID,
    Column("pickup", "int32", "number of the pickup in the replay, from 0, in the order of frame and pad", lower=0),
    Column("pad", "int16", "number of the pad, as in the table pads", lower=0),
    Column("frame", "int32", "network frame that tells the pickup", lower=0),
    Column("time", "float32", "time of that network frame", "s"),
    Column("row", "int32", "first row at or after the pickup; null where no row follows", nullable=True),
    Column("team", "string", "team of the player: blue or orange; null where the car is nobody's", nullable=True),
    Column(
        "player",
        "int16",
        "number of who picked it up, as in the players table; null where the car is nobody's",
        nullable=True,
        lower=0,
    ),
    Column("slot", "int8", "slot of the player at that time; null where player is", nullable=True),
    Column(
        "amount",
        "float32",
        "boost that the pad added: what it gives, or what was missing to a full tank; null where the size of the pad or "
        "the boost before is not known",
        "%",
        nullable=True,
        lower=0,
        upper=100,
    ),
    Column(
        "overfill",
        "float32",
        "boost of the pad that did not fit into the tank; null where amount is",
        "%",
        nullable=True,
        lower=0,
        upper=100,
    ),
    Column(
        "is_stolen",
        "bool",
        "the pad is in the half of the other team, the middle line is nobody's; null where its place or the team is not known",
        nullable=True,
    ),
    Column(
        "back_frame",
        "int32",
        "network frame that tells that the pad is there again; null where none does",
        nullable=True,
        lower=0,
    ),
    Column(
        "back_time",
        "float32",
        "time of that network frame, else by the rules of the game; null where the size is not known, and for a pad that was "
        "picked up again before that time",
        "s",
        nullable=True,
    ),
    Column("is_back_recorded", "bool", "back_time was recorded; else it follows from the rules"),
)

REFUSED = Column(
    "refused",
    "list<string>",
    "products that were asked for (parse.events, stats, controls, pads, pad_rows) and that this replay lacks, as name: reason; "
    "empty for none",
)

EVENTS_DIFFER = Column(
    "events_differ",
    "list<string>",
    "whose goals, assists, saves or shots by events (core_player) are not the header's, as name: goals 1, header 2; empty for nobody; "
    "null without events. Bots, who shares an account, and whoever the header does not list are held against nothing",
    nullable=True,
)

ON_REQUEST: Mapping[str, Mapping[str, tuple[Column, ...]]] = {
    "events": {"events": EVENT_COLUMNS},
    "stats": {"player_stats": PLAYER_STATS_COLUMNS, "team_stats": TEAM_STATS_COLUMNS},
    "pads": {"pads": PAD_COLUMNS, "pad_pickups": PAD_PICKUP_COLUMNS},
}
"""Setting of parse to the tables that it adds."""

TABLES_ON_REQUEST: Mapping[str, tuple[Column, ...]] = {
    name: columns for tables in ON_REQUEST.values() for name, columns in tables.items()
}
