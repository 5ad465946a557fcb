"""Columns of the tables of parse: replays, players, stints, goals, demolitions, events."""

from __future__ import annotations

from impulse.schema.column import REPLAY_ID, Column
from impulse.tables.manifest import LISTED_RANK, MANIFEST_COLUMNS
from impulse.tables.on_request import EVENTS_DIFFER, REFUSED

BALLS_AT_ONCE = Column(
    "balls_at_once",
    "int8",
    "most balls in one network frame; of several none is shown unless it is clear which one plays",
)

PEOPLE_MISSING = Column(
    "people_missing",
    "list<string>",
    "names of those whom the header lists and the players table lacks, but for such as never had a car; empty for none",
)

MUTATORS = Column(
    "mutators",
    "list<string>",
    "rules that are not those of the mode, as name=value, from the first 100 network frames and the file's table; empty for none, "
    "null where cars or ball come later. The game sends what is not as in ordinary soccer; of modes whose own rules are not known "
    "(special, dropshot_rumble, gridiron, snowday, none) all of that is here",
    nullable=True,
)

REPLAY_COLUMNS: tuple[Column, ...] = (
    *MANIFEST_COLUMNS,
    Column("playlist_id", "int32", "playlist number of the game, from the network data", nullable=True),
    Column("mode", "string", "rules that were played by: soccer, hoops, ...; null when unknown", nullable=True),
    MUTATORS,
    Column(
        "season",
        "string",
        "season by the parser, from the local date, for example FreeToPlay 19; null before free to play (2020-09-23) and for seasons "
        "that the parser does not know, from autumn 2026 on",
        nullable=True,
    ),
    Column(
        "winner",
        "string",
        "team that won, blue or orange: from the header where it tells (WinningTeam, from about 2024 on), else by its score where the "
        "clock ran out; null for a draw, and where the recording may have been saved before the end",
        nullable=True,
    ),
    Column(
        "is_overtime",
        "bool",
        "the frames show a kickoff with no time left; null where clock or phase are not told, as where time is unlimited",
        nullable=True,
    ),
    Column(
        "has_unlimited_time",
        "bool",
        "the match has no end, from the network data; null where the file lists no such rule (2015 to 2017)",
        nullable=True,
    ),
    Column("server_name", "string", "name of the server, from the network data", nullable=True),
    Column(
        "server_region",
        "string",
        "region of the server, for example EU, from the network data; absent before about 2022",
        nullable=True,
    ),
    Column("blue_name", "string", "name that the blue team was given, from the network data", nullable=True),
    Column("orange_name", "string", "name that the orange team was given, from the network data", nullable=True),
    Column("recorded_seconds", "float32", "time between the first and the last row", "s"),
    Column("demolitions_known", "bool", "the recording has an attribute for demolitions"),
    BALLS_AT_ONCE,
    PEOPLE_MISSING,
    Column("decoder", "string", "what decided the values of the frames: array, the parser's array call, or exact"),
    Column(
        "why_exact",
        "string",
        "what spoke against the array call, separated by semicolons; null where it was used",
        nullable=True,
    ),
    Column("parser_version", "string", "version of subtr-actor-py that decoded the replay"),
    REFUSED,
    EVENTS_DIFFER,
)

_COUNTED = "from the header, else from the network data (stats_source); null where neither tells"

PLAYER_COLUMNS: tuple[Column, ...] = (
    REPLAY_ID,
    Column("player", "int16", "number of the player in the replay, from 0; other tables name players by it", lower=0),
    Column(
        "slot",
        "int8",
        "slot of the player in the frames (p0, p1, ...); for one who changed sides the last, stints has all",
        lower=0,
    ),
    Column("team", "string", "blue or orange; for one who changed sides the last team he had a car in"),
    Column("name", "string", "name in the match, the last one that was sent; the id of whoever has none"),
    Column("platform", "string", "steam, epic, playstation, xbox, switch, psynet, qq, or splitscreen for bots"),
    Column(
        "player_id",
        "string",
        "id on the platform, a guest's is that of his host; for bots, and people of whom the file tells none, only unique "
        "inside the replay",
    ),
    Column(
        "local_id", "int16", "number of the player at his screen, from the network data; 0 for all but guests", lower=0
    ),
    Column("is_guest", "bool", "the player plays on another one's account at the same screen"),
    Column("is_bot", "bool", "the player is a bot"),
    Column("rows_present", "int32", "rows with the player on the field"),
    Column("first_row", "int32", "first row with the player on the field", nullable=True),
    Column("last_row", "int32", "last row with the player on the field", nullable=True),
    Column("seconds_on_field", "float32", "time on the field, held rows not counted", "s"),
    Column("score", "int32", f"points, {_COUNTED}", nullable=True),
    Column("goals", "int16", f"goals, {_COUNTED}", nullable=True),
    Column("assists", "int16", f"assists, {_COUNTED}", nullable=True),
    Column("saves", "int16", f"saves, {_COUNTED}", nullable=True),
    Column("shots", "int16", f"shots, {_COUNTED}", nullable=True),
    Column(
        "player_id_api",
        "string",
        "platform:id by the API; null when the source has no such list, or lists nobody who is surely this player",
        nullable=True,
    ),
    *LISTED_RANK,
    Column(
        "demolitions",
        "int16",
        "players whom this one demolished, by the scoreboard, from the network data; null in recordings from before 2025, which "
        "do not tell it, and where the array call made the frames (decoder), which the last network frames are not read for",
        nullable=True,
        lower=0,
    ),
    Column(
        "is_mvp",
        "bool",
        "the game named this player as the best of the match; null where it named nobody, as in most recordings, which end before "
        "that, and where the array call made the frames (decoder)",
        nullable=True,
    ),
    Column(
        "stats_source",
        "string",
        "what tells score, goals, assists, saves and shots: header (final), network (up to the last network frame; for those "
        "whom the header does not list); null where neither does",
        nullable=True,
    ),
    Column(
        "stats_differ",
        "string",
        "those of score, goals, assists, saves and shots that the header tells otherwise than the last network frame, separated "
        "by semicolons, empty where none does; often score, as points for the last goal and the best player come after it. "
        "Null where not both are read",
        nullable=True,
    ),
    Column("car_body", "string", "name of the car's body; null for a body that impulse does not know", nullable=True),
    Column("car_body_id", "int32", "number of the car's body in the game's list of products", nullable=True),
    Column(
        "hitbox",
        "string",
        "family of the hitbox: octane, dominus, plank, breakout, hybrid or merc; null for a body that impulse does not know. "
        "impulse.geometry has sizes and corners",
        nullable=True,
    ),
    *(
        Column(
            name,
            "float32",
            f"{meaning}; null where none was sent, as of bots, or only after 100 network frames and the array call "
            "made the frames (decoder)",
            unit,
            True,
            lower,
            upper,
        )
        for name, meaning, unit, lower, upper in (
            ("camera_fov", "field of view of the player's camera", "deg", 60, 110),
            ("camera_height", "height of the camera above the car", "uu", 40, 200),
            ("camera_angle", "angle of the camera, downwards", "deg", -15, 0),
            ("camera_distance", "distance of the camera from the car", "uu", 100, 400),
            ("camera_stiffness", "stiffness of the camera", "", 0, 1),
            ("camera_swivel_speed", "swivel speed of the camera", "", 1, 10),
            ("camera_transition_speed", "transition speed of the camera, since autumn 2017", "", 1, 2),
        )
    ),
    Column(
        "steering_sensitivity",
        "float32",
        "steering sensitivity of the player's settings; 1, which everyone begins with, is not sent, so it is 1 where nothing "
        "was. Null for bots and in recordings from before 2018",
        nullable=True,
        lower=0,
        upper=10,
    ),
    Column("title", "string", "title under the player's name, the game's own word for it", nullable=True),
    Column("title_id", "int32", "number of the title, in most recordings; 0 for none", nullable=True),
    Column(
        "party_leader",
        "string",
        "platform:id of whoever leads the player's party, as platform and player_id; players with the same one came together. "
        "Null for whoever came alone, and where it is not told",
        nullable=True,
    ),
    Column(
        "loadout",
        "string",
        "product numbers of the parts of the car beside its body, in the player's own team, as a JSON object; it lacks what the "
        "car does not have",
        nullable=True,
    ),
)

STINT_COLUMNS: tuple[Column, ...] = (
    REPLAY_ID,
    Column("player", "int16", "number of the player, as in the players table", lower=0),
    Column("team", "string", "blue or orange"),
    Column("slot", "int8", "slot of the player in the frames while he is in this team", lower=0),
    Column("first_row", "int32", "first row with the player on the field for this team", nullable=True),
    Column("last_row", "int32", "last row with the player on the field for this team", nullable=True),
    Column("rows_present", "int32", "rows with the player on the field for this team"),
    Column("seconds_on_field", "float32", "time on the field for this team, held rows not counted", "s"),
)
"""One row for each team that a player was in; whoever changed sides has two."""

GOAL_COLUMNS: tuple[Column, ...] = (
    REPLAY_ID,
    Column("goal", "int16", "number of the goal in the replay, from 0", lower=0),
    Column(
        "frame",
        "int32",
        "network frame of the goal, from the header, else of the score that went up; null where neither tells",
        nullable=True,
    ),
    Column("team", "string", "team that scored: blue or orange"),
    Column(
        "scorer",
        "string",
        "name of the scorer, from the header; null for a goal that its score counts and its list does not have",
        nullable=True,
    ),
    Column(
        "player",
        "int16",
        "number of the scorer, as in the players table; null when no or more than one player of the team has that name",
        nullable=True,
        lower=0,
    ),
    Column("slot", "int8", "slot of the scorer in the team that he scored for; null where player is", nullable=True),
    Column(
        "row",
        "int32",
        "first row after the goal; null where nothing tells its time, or no row follows",
        nullable=True,
    ),
    Column("time", "float32", "time of the goal by time_source; null where nothing tells it", "s", nullable=True),
    Column(
        "time_source",
        "string",
        "what tells the time: frames (of the first row in the game's own phase after a goal), header (of its network "
        "frame), score (of the network frame in which it went up)",
        nullable=True,
    ),
)

DEMOLITION_COLUMNS: tuple[Column, ...] = (
    REPLAY_ID,
    Column("row", "int32", "first row that shows the demolition"),
    Column("time", "float32", "time of that row", "s"),
    Column("victim_player", "int16", "number of the demolished player, as in the players table", lower=0),
    Column("victim_slot", "int8", "slot of the demolished player"),
    Column(
        "attacker_player",
        "int16",
        "number of the player who demolished; null where attacker_slot is",
        nullable=True,
        lower=0,
    ),
    Column(
        "attacker_slot", "int8", "slot of the player who demolished; null when the parser does not know", nullable=True
    ),
)

BESIDE_FILE_COLUMNS: tuple[Column, ...] = (
    REPLAY_ID,
    Column("bytes", "int64", "size of the replay's file", "B", lower=0),
    Column("sha256", "string", "SHA-256 of that file, hexadecimal; taken when it was written"),
)

FRAMES_FILE_COLUMNS: tuple[Column, ...] = (
    REPLAY_ID,
    Column("bytes", "int64", "size of the replay's file of frames", "B", lower=0),
    Column("sha256", "string", "SHA-256 of that file, hexadecimal; taken when it was written"),
    Column(
        "max_duplicate_error",
        "float32",
        "largest difference between columns that hold the same quantity; null where none do",
        nullable=True,
    ),
)
