"""Columns of the tables of fetch: the manifest of replays, and their players as the source lists them."""

from __future__ import annotations

from impulse.schema.column import REPLAY_ID, Column

TRAILING_BYTES = Column(
    "trailing_bytes",
    "int64",
    "bytes after the body of the file, which no reader of replays takes notice of; the game writes none",
    "B",
    lower=0,
)

IS_FORFEIT = Column(
    "is_forfeit",
    "bool",
    "a team forfeited, from the header, which tells it from about 2024 on, and in the tables of parse from the network data, where "
    "the exact decoder read all of them; null where neither tells, and where the recording ends before the match",
    nullable=True,
)

GROUP_LEVELS = 5
"""Levels of groups that have a column of their own; the lists have all."""

GROUP_COLUMNS: tuple[Column, ...] = (
    Column(
        "group_path",
        "list<string>",
        "names of the source's groups from the one that was asked for down to the replay, on the shortest such path; free text, "
        "shortened to 200 characters; a group without a name is called by its id",
        nullable=True,
    ),
    Column("group_ids", "list<string>", "ids of the groups of group_path", nullable=True),
    *(
        Column(
            f"group_{level}",
            "string",
            f"name {level} of group_path"
            + (", the group that was asked for" if level == 1 else "; null where it is shorter"),
            nullable=True,
        )
        for level in range(1, GROUP_LEVELS + 1)
    ),
)

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
        "id of the match on the server, from the header (MatchGUID, or MatchGuid in October 2024 to July 2025), and in the tables of "
        "parse else from the network data (by the same names, from autumn 2017 on)",
        nullable=True,
    ),
    Column(
        "date",
        "timestamp",
        "when the recording was saved, in the recorder's local time, from the header: at its end, or minutes after it",
        nullable=True,
    ),
    Column(
        "started_at",
        "timestamp",
        "start of the match in UTC, from the header (MatchStartEpoch); absent before about 2024",
        nullable=True,
    ),
    Column("recorder_name", "string", "name of the recorder, from the header; 200 characters of it", nullable=True),
    Column(
        "replay_name",
        "string",
        "name that the recorder gave the replay, from the header; free text, 200 characters of it, may name people",
        nullable=True,
    ),
    Column("map_code", "string", "map by the game's own name, from the header (MapName)", nullable=True),
    Column("match_type", "string", "Online, Private, Tournament, ... from the header (MatchType)", nullable=True),
    Column(
        "header_team_size",
        "int8",
        "players a side that the match was set up for, from the header (TeamSize); of a private match the limit of its room",
        nullable=True,
    ),
    Column("blue_score", "int16", "goals of the blue team, from the header; the game leaves zeros out", lower=0),
    Column("orange_score", "int16", "goals of the orange team, from the header; the game leaves zeros out", lower=0),
    IS_FORFEIT,
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
    TRAILING_BYTES,
    Column(
        "playlist",
        "string",
        "playlist by the API's name, for example ranked-standard: from the API, else, in the tables of parse, by playlist_id",
        nullable=True,
    ),
    Column(
        "season_api", "string", "season by the API: f17 is the 17th of free to play, 14 one before it", nullable=True
    ),
    Column("min_rank", "string", "lowest rank among the players, from the API, for example gold-3", nullable=True),
    Column("max_rank", "string", "highest rank among the players, from the API", nullable=True),
    Column("uploader_id", "string", "Steam id of the account that uploaded, from the API", nullable=True),
    Column(
        "title",
        "string",
        "title that the uploader gave the replay, from the API; free text, shortened to 200 characters, may name people",
        nullable=True,
    ),
    *GROUP_COLUMNS,
    Column("uploaded_at", "timestamp", "time of the upload in UTC, from the API", nullable=True),
    Column(
        "delisted_at",
        "timestamp",
        "when a run found in UTC that no list has the replay any more; null for one that a list has",
        nullable=True,
    ),
)

RENAMED = {"team_size": "header_team_size"}
"""Columns of the manifest that have other names than in lists of an older schema."""

LISTING_COLUMNS: tuple[Column, ...] = (
    Column("kind", "string", "group or query"),
    Column("group_id", "string", "id of the group; null for the query", nullable=True),
    Column("name", "string", "name of the group, free text of its owner", nullable=True),
    Column("query", "string", "the query, as it is sent; null for a group", nullable=True),
    Column("group_ids", "list<string>", "ids of the groups down to this one; null for the query", nullable=True),
    Column(
        "counted",
        "int32",
        "replays that the list itself announces (count); null where it does not, or from 10000 on, where it stops counting",
        nullable=True,
        lower=0,
    ),
    Column("direct_replays", "int32", "replays in the group by the list of groups above it", nullable=True, lower=0),
    Column(
        "indirect_replays",
        "int32",
        "the same with all groups below, by the list of groups above it",
        nullable=True,
        lower=0,
    ),
    Column(
        "groups",
        "int32",
        "groups directly below; null where the counts prove that there is none",
        nullable=True,
        lower=0,
    ),
    Column("listed", "int32", "replays that the list held", lower=0),
    Column("unusable", "int32", "of these, entries without an id that can be used", lower=0),
    Column("kept", "int32", "of these, replays whose files are kept", lower=0),
    Column("duplicate", "int32", "of these, further uploads of recordings that are kept", lower=0),
    Column("lost", "int32", "of these, replays that cannot be had", lower=0),
    Column("pending", "int32", "of these, replays that no run has come to yet", lower=0),
    Column("delisted", "int32", "replays that the list held before, and now does not", lower=0),
    Column("is_complete", "bool", "the list held what the counts announce"),
    Column("is_accepted", "bool", "it does not, and fetch.accept_incomplete names it"),
    Column("problem", "string", "what is missing; null for a complete list", nullable=True),
)

LISTED_RANK = (
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
    *LISTED_RANK,
)
