"""Columns of the tables that hold one row per replay, player, goal or demolition."""

from __future__ import annotations

from impulse.schema.frames import Column

REPLAY_ID = Column("replay_id", "string", "id of the replay; joins with every other table")

MANIFEST_COLUMNS: tuple[Column, ...] = (
    REPLAY_ID,
    Column("path", "string", "path of the replay file inside data/raw"),
    Column("bytes", "int64", "size of the file", "B", lower=0),
    Column("sha256", "string", "SHA-256 of the file, hexadecimal"),
    Column("source", "string", "kind of source that the file came from"),
    Column("source_path", "string", "path inside the source"),
    Column("recording_id", "string", "id of the recording, from the header (Id)", nullable=True),
    Column(
        "match_guid",
        "string",
        "id of the match on the server, from the header (MatchGUID); absent before about 2025",
        nullable=True,
    ),
    Column("date", "timestamp", "start of the recording in the recorder's local time, from the header", nullable=True),
    Column("map_code", "string", "map by the game's own name, from the header (MapName)", nullable=True),
    Column("match_type", "string", "Online, Private, Tournament, ... from the header (MatchType)", nullable=True),
    Column("team_size", "int8", "players a side that the match was set up for, from the header", nullable=True),
    Column("blue_score", "int16", "goals of the blue team, from the header; the game leaves zeros out", lower=0),
    Column("orange_score", "int16", "goals of the orange team, from the header; the game leaves zeros out", lower=0),
    Column("is_forfeit", "bool", "a team forfeited, from the header"),
    Column(
        "match_seconds",
        "float32",
        "seconds played, from the header (TotalSecondsPlayed); absent before about 2024",
        "s",
        nullable=True,
    ),
    Column(
        "record_fps",
        "float32",
        "network frames a second that the game set out to record, from the header",
        "1/s",
        nullable=True,
    ),
    Column("network_frames", "int32", "network frames that the header announces (NumFrames)", nullable=True),
    Column("build_version", "string", "build of the game that recorded, from the header", nullable=True),
    Column("is_synthetic", "bool", "the replay was written by impulse and shows no real match"),
    Column("format_version", "string", "versions of the file format: major.minor.net"),
    Column("playlist", "string", "playlist by the API's name, for example ranked-standard", nullable=True),
    Column(
        "season_api", "string", "season by the API: f17 is the 17th of free to play, 14 one before it", nullable=True
    ),
    Column("min_rank", "string", "lowest rank among the players, from the API, for example gold-3", nullable=True),
    Column("max_rank", "string", "highest rank among the players, from the API", nullable=True),
    Column("uploader_id", "string", "Steam id of the account that uploaded, from the API", nullable=True),
    Column(
        "group_path",
        "string",
        "ids of the groups from the one that was asked for down to the replay, joined by /; the shortest such path",
        nullable=True,
    ),
    Column("uploaded_at", "timestamp", "time of the upload in UTC, from the API", nullable=True),
)

_LISTED_RANK = (
    Column("rank", "string", "rank in the match's playlist, from the API, for example gold-3", nullable=True),
    Column("rank_division", "int8", "division inside the rank, 1 to 4, from the API", nullable=True, lower=1, upper=4),
)

LISTED_PLAYER_COLUMNS: tuple[Column, ...] = (
    REPLAY_ID,
    Column("team", "string", "blue or orange"),
    Column("name", "string", "name in the match", nullable=True),
    Column("platform", "string", "platform, in the words of the players table; null for bots", nullable=True),
    Column("player_id", "string", "id on the platform; null for bots", nullable=True),
    Column("player_id_api", "string", "platform:id by the API, as its filter player-id takes it", nullable=True),
    *_LISTED_RANK,
)

MEASURE_COLUMNS: tuple[Column, ...] = (
    Column("rows", "int32", "samples in the frames"),
    Column("frames_shown", "int32", "distinct network frames that the rows show"),
    Column("n_players", "int16", "players with a column"),
    Column("n_blue", "int16", "players of the blue team"),
    Column("n_orange", "int16", "players of the orange team"),
    Column("players_at_once", "int16", "most players on the field in one row"),
    Column("n_bots", "int16", "bots among the players"),
    Column("share_held", "float32", "share of rows with is_held", lower=0, upper=1),
    Column("share_ball_missing", "float32", "share of rows without a ball", lower=0, upper=1),
    Column("share_absent", "float32", "share of player rows whose player is not on the field", lower=0, upper=1),
    Column("seconds_played", "float32", "recorded time on the match clock: in play, from the first touch on", "s"),
    Column(
        "share_unbalanced",
        "float32",
        "share of the recorded play with more players of one team on the field than of the other",
        lower=0,
        upper=1,
    ),
    Column("non_finite", "int64", "NaN and infinite values in the parser's array"),
    Column("time_steps_back", "int32", "rows whose time or frame time is before the row above"),
    Column("max_quat_error", "float32", "largest distance of a quaternion's norm from 1"),
    Column("outside_ball_pos", "float32", "share of ball positions outside the arena", lower=0, upper=1),
    Column("outside_ball_vel", "float32", "share of rows with the ball faster than physics allows", lower=0, upper=1),
    Column(
        "outside_ball_angvel",
        "float32",
        "share of rows with the ball spinning faster than physics allows",
        lower=0,
        upper=1,
    ),
    Column("outside_car_pos", "float32", "share of car positions outside the arena", lower=0, upper=1),
    Column(
        "outside_car_vel", "float32", "share of player rows with the car faster than physics allows", lower=0, upper=1
    ),
    Column(
        "outside_car_angvel",
        "float32",
        "share of player rows with the car spinning faster than physics allows",
        lower=0,
        upper=1,
    ),
    Column("goals_blue", "int16", "goals of the blue team in the header's list"),
    Column("goals_orange", "int16", "goals of the orange team in the header's list"),
    Column(
        "goal_mismatch",
        "int16",
        "goals by which the header's list misses the header's scores, both teams added",
        lower=0,
    ),
    Column("goals_shown", "int16", "goals that the frames show, by the game's own phase after a goal"),
    Column("players_unlisted", "int16", "players on the field whom the header's statistics do not list"),
    Column("goals_of_players", "int16", "goals in the header's statistics of the players, added", nullable=True),
    Column(
        "max_duplicate_error",
        "float32",
        "largest difference between columns that hold the same quantity",
        nullable=True,
    ),
)

REPLAY_COLUMNS: tuple[Column, ...] = (
    *MANIFEST_COLUMNS,
    Column("playlist_id", "int32", "playlist number of the game, from the network data", nullable=True),
    Column("mode", "string", "rules that were played by: soccer, hoops, ...; null when unknown", nullable=True),
    Column("season", "string", "season by the parser, for example free-to-play 19", nullable=True),
    Column("recorded_seconds", "float32", "time between the first and the last row", "s"),
    Column("demolitions_known", "bool", "the recording tells of demolitions (not before 2020)"),
    Column("is_recovered", "bool", "the parser's array call refused the replay and its frame data was used"),
    Column("parser_version", "string", "version of subtr-actor-py that decoded the replay"),
)

PLAYER_COLUMNS: tuple[Column, ...] = (
    REPLAY_ID,
    Column("slot", "int8", "slot of the player in the frames (p0, p1, ...)", lower=0),
    Column("team", "string", "blue or orange"),
    Column("name", "string", "name in the match"),
    Column("platform", "string", "steam, epic, playstation, xbox, switch, psynet, qq, or splitscreen (bots too)"),
    Column("player_id", "string", "id on the platform; for bots only unique inside the replay"),
    Column("is_bot", "bool", "the player is a bot"),
    Column("rows_present", "int32", "rows with the player on the field"),
    Column("first_row", "int32", "first row with the player on the field", nullable=True),
    Column("last_row", "int32", "last row with the player on the field", nullable=True),
    Column("seconds_on_field", "float32", "time on the field, held rows not counted", "s"),
    Column("score", "int32", "points, from the header; null when it does not list the player", nullable=True),
    Column("goals", "int16", "goals, from the header", nullable=True),
    Column("assists", "int16", "assists, from the header", nullable=True),
    Column("saves", "int16", "saves, from the header", nullable=True),
    Column("shots", "int16", "shots, from the header", nullable=True),
    Column(
        "player_id_api",
        "string",
        "platform:id by the API; null when the source has no such list, or lists nobody who is surely this player",
        nullable=True,
    ),
    *_LISTED_RANK,
)

GOAL_COLUMNS: tuple[Column, ...] = (
    REPLAY_ID,
    Column("goal", "int16", "number of the goal in the replay, from 0", lower=0),
    Column("frame", "int32", "network frame of the goal, from the header"),
    Column("team", "string", "team that scored: blue or orange"),
    Column("scorer", "string", "name of the scorer, from the header"),
    Column(
        "slot",
        "int8",
        "slot of the scorer; null when no or more than one player of the team has that name",
        nullable=True,
    ),
    Column(
        "row",
        "int32",
        "first row after the goal; null where rows and header disagree about the number of goals",
        nullable=True,
    ),
    Column("time", "float32", "time of that row", "s", nullable=True),
)

DEMOLITION_COLUMNS: tuple[Column, ...] = (
    REPLAY_ID,
    Column("row", "int32", "first row that shows the demolition"),
    Column("time", "float32", "time of that row", "s"),
    Column("victim_slot", "int8", "slot of the demolished player"),
    Column(
        "attacker_slot", "int8", "slot of the player who demolished; null when the parser does not know", nullable=True
    ),
)

FRAMES_FILE_COLUMNS: tuple[Column, ...] = (
    REPLAY_ID,
    Column("bytes", "int64", "size of the replay's file of frames", "B", lower=0),
    Column("sha256", "string", "SHA-256 of that file, hexadecimal; taken when it was written"),
)

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
    Column("date", "timestamp", "start of the recording in the recorder's local time", nullable=True),
    Column("min_rank", "string", "lowest rank among the players, from the API", nullable=True),
    Column("max_rank", "string", "highest rank among the players, from the API", nullable=True),
    Column(
        "players_a_side",
        "int8",
        "team size of the header where the game made the match, else half of the players at once",
        nullable=True,
    ),
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
    Column("is_forfeit", "bool", "a team forfeited, from the header"),
    Column("map_unknown", "bool", "the map is not in the list of known maps"),
    Column("mode_unknown", "bool", "the mode cannot be told"),
    Column("mode_other", "bool", "the mode is known and not soccer"),
)
"""What validate finds by comparing a replay's facts and measures with each other."""

VIOLATION_COLUMNS: tuple[Column, ...] = (
    REPLAY_ID,
    Column("source_path", "string", "path inside the source"),
    Column("reason", "string", "reason code of the violated rule"),
    Column("severity", "string", "reject or warn"),
    Column("measure", "string", "column of the verdicts that was judged"),
    Column("value", "float64", "what was found", nullable=True),
    Column("bound", "string", "at least or at most"),
    Column("threshold", "float64", "what was allowed"),
)

EXPORT_COLUMNS: tuple[Column, ...] = (
    Column("match_key", "string", "identity of the match; all recordings of a match share it"),
    Column("split", "string", "train, val or test; a match is never in two"),
    Column(
        "split_key",
        "string",
        "what decided about the split: the match, its group, or one of the players who link matches",
    ),
    Column("shard", "int16", "number of the Parquet file inside the split", lower=0),
)

EVENT_COLUMNS: tuple[Column, ...] = (
    REPLAY_ID,
    Column("kind", "string", "touch, boost_pickup, shot, save, assist, goal, demolition or dodge_refresh"),
    Column("frame", "int32", "network frame of the event"),
    Column("time", "float32", "time of that network frame", "s"),
    Column("row", "int32", "first row that shows the event", nullable=True),
    Column("team", "string", "team of the player: blue or orange", nullable=True),
    Column(
        "slot",
        "int8",
        "slot of the player; null for touches, of which the recording tells the team only",
        nullable=True,
    ),
    Column("player_x", "float32", "position of the player, x", "uu", nullable=True),
    Column("player_y", "float32", "position of the player, y", "uu", nullable=True),
    Column("player_z", "float32", "position of the player, z", "uu", nullable=True),
)

FATE_COLUMNS: tuple[Column, ...] = (
    REPLAY_ID,
    Column("match_key", "string", "identity of the match; all recordings of a match share it"),
    Column("match_key_source", "string", "what the key rests on: match_guid, fingerprint, recording_id or sha256"),
    Column("kept", "bool", "this recording represents the match"),
    Column("kept_replay_id", "string", "the recording that represents the match"),
    Column("reason", "string", "why this recording is not the one; empty for the kept one"),
    Column("evidence", "string", "what makes the recordings the same match; empty for a match with one recording"),
)

PAIR_COLUMNS: tuple[Column, ...] = (
    REPLAY_ID,
    Column("other_replay_id", "string", "the recording that it was compared with; of a merged pair the preferred one"),
    Column("step", "string", "what they have in common: bytes, recording, match_guid or fingerprint"),
    Column("merged", "bool", "the pair is one match; false for pairs that look like one and are not merged"),
    Column("value", "string", "the common hash, id or fingerprint; empty for pairs that are not merged"),
    Column("evidence", "string", "why the pair is one match, or why it is not"),
    Column("goals", "int16", "goals that were compared", nullable=True),
    Column(
        "goal_difference_seconds", "float32", "largest difference of a goal's time after the first", "s", nullable=True
    ),
    Column(
        "start_difference_seconds",
        "float32",
        "difference of the starts without that of the time zones",
        "s",
        nullable=True,
    ),
    Column("zone_difference_minutes", "int32", "difference of the recorders' time zones", "min", nullable=True),
    Column("length_difference_seconds", "float32", "difference of the lengths", "s", nullable=True),
)
