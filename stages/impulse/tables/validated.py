"""Columns of the tables of validate: verdicts and violations."""

from __future__ import annotations

from impulse.schema.column import REPLAY_ID, Column
from impulse.tables.manifest import IS_FORFEIT, TRAILING_BYTES
from impulse.tables.measures import MEASURE_COLUMNS
from impulse.tables.on_request import EVENTS_DIFFER, REFUSED
from impulse.tables.parsed import BALLS_AT_ONCE, MUTATORS, PEOPLE_MISSING

VERDICT_COLUMNS: tuple[Column, ...] = (
    REPLAY_ID,
    Column("source_path", "string", "path inside the source"),
    Column("verdict", "string", "accept, warn or reject"),
    Column("reasons", "string", "reason codes that reject (of filters, then of rules), separated by semicolons"),
    Column("warnings", "string", "reason codes of the violated rules that warn, separated by semicolons"),
    Column("findings", "string", "what each of them found and expected, separated by semicolons"),
)

COMPARISON_COLUMNS: tuple[Column, ...] = (
    Column("mode", "string", "rules that were played by; null when unknown", nullable=True),
    Column("map_code", "string", "map by the game's own name", nullable=True),
    Column("playlist", "string", "playlist by the API, else by its number in the replay", nullable=True),
    Column("date", "timestamp", "when the recording was saved, in the recorder's local time", nullable=True),
    Column("min_rank", "string", "lowest rank among the players, from the API", nullable=True),
    Column("max_rank", "string", "highest rank among the players, from the API", nullable=True),
    Column(
        "players_missing",
        "int16",
        "players that were never on the field with the others; null where the header's team size is only a room's limit",
        nullable=True,
    ),
    Column("goals_unseen", "int16", "difference between the goals that the header lists and those the frames show"),
    Column(
        "player_goal_mismatch",
        "int16",
        "difference between the goals in the header's statistics of players and its score",
        nullable=True,
    ),
    Column(
        "duration_gap",
        "float32",
        "difference between the recorded and the header's seconds on the clock, as a share of the header's",
        nullable=True,
    ),
    BALLS_AT_ONCE,
    PEOPLE_MISSING,
    Column("has_people_missing", "bool", "the header lists somebody who is not in the players table"),
    REFUSED,
    EVENTS_DIFFER,
    TRAILING_BYTES,
    IS_FORFEIT,
    MUTATORS,
    Column(
        "mutated",
        "bool",
        "the match has mutators; null where they are not known, or which rules are the mode's own",
        nullable=True,
    ),
    Column("map_unknown", "bool", "the map is not in the list of known maps"),
    Column("mode_unknown", "bool", "neither the playlist nor the class of the game says the mode"),
    Column("mode_other", "bool", "the mode is known and not soccer"),
)
"""What validate finds by comparing a replay's facts and measures with each other."""

SCALED = {
    "outside_ball_vel": ("ball_max_speed_scale",),
    "outside_ball_angvel": ("ball_hit_spin_scale",),
    "outside_car_vel": ("car_max_speed_scale",),
}
"""Measures whose bounds are those of ordinary rules, and the mutators by which they do not hold: such a measure is not judged then.
In real files balls of a quarter of the speed reach 1500 uu/s, and the beach ball spins at 12 rad/s. Places need none: the centre of a
larger or smaller body is still inside."""

JUDGED_COLUMNS: dict[str, Column] = {
    column.name: column
    for column in (*COMPARISON_COLUMNS, *MEASURE_COLUMNS)
    if column.dtype not in ("string", "list<string>", "timestamp")
}
"""What rules may judge, by name: numbers, and what is yes or no."""

FACTS = {
    "has_people_missing": "people_missing",
    "mutated": "mutators",
    "map_unknown": "map_code",
    "mode_unknown": "mode",
    "mode_other": "mode",
}
"""The column that says more about one that is yes or no; others speak for themselves."""

VIOLATION_COLUMNS: tuple[Column, ...] = (
    REPLAY_ID,
    Column("source_path", "string", "path inside the source"),
    Column("reason", "string", "reason code of the violated rule, its name in validate.rules"),
    Column("severity", "string", "reject or warn"),
    Column("measure", "string", "column of the verdicts that was judged"),
    Column("value", "float64", "what was found", nullable=True),
    Column("bound", "string", "at least or at most"),
    Column("threshold", "float64", "what was allowed"),
)
