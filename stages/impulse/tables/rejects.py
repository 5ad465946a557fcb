"""Why a replay is not in the dataset: reason codes, and the table that carries them from stage to stage.

Every stage adds its own rows to the table it received, so the last one names every input that was left out.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

import pyarrow as pa


class Reason(StrEnum):
    """Reason codes; the text after each is its meaning."""

    # fetch: the bytes themselves
    UNREADABLE = "unreadable"
    """The file could not be read."""
    NOT_A_REPLAY = "not_a_replay"
    """The bytes do not start like a replay."""
    TRUNCATED = "truncated"
    """The file ends before the length that its own fields give."""
    HEADER_CRC = "header_crc_mismatch"
    """The header's bytes do not give the CRC stored beside them."""
    BODY_CRC = "body_crc_mismatch"
    """The body's bytes do not give the CRC stored beside them."""
    MALFORMED = "malformed_header"
    """Both CRCs may hold, but the header's properties cannot be read."""
    DUPLICATE_BYTES = "duplicate_bytes"
    """Another file of the source has the very same bytes."""
    DUPLICATE_RECORDING = "duplicate_recording"
    """The source lists another upload of the same recording, and that one is taken."""
    GONE = "gone"
    """The source lists the replay but no longer has it."""
    FORBIDDEN = "forbidden"
    """The key may not download the replay."""
    DOWNLOAD_FAILED = "download_failed"
    """The server did not deliver the replay in several tries; ``fetch.retry_failed`` tries again."""
    NOT_FETCHED = "not_fetched"
    """The run ended at ``fetch.max_replays`` or ``fetch.max_hours`` before this replay; the next run goes on."""

    # parse: what the parser makes of them
    FILE_MISSING = "file_missing"
    """The manifest names a file that is not there."""
    BYTES_CHANGED = "bytes_changed"
    """The file is no longer the one that fetch verified."""
    NO_NETWORK_DATA = "no_network_data"
    """The replay holds a header but no network frames."""
    PLAYERS_CHANGED = "players_changed"
    """A player appears so late that the parser's array call refuses the replay, and ``parse.recover`` is off."""
    UNSUPPORTED_FORMAT = "unsupported_format"
    """The parser does not know this kind of replay."""
    DECODE_FAILED = "decode_failed"
    """The parser could not decode the network data."""
    FRAMES_MISSING = "frames_missing"
    """The replay holds fewer network frames than its header announces."""
    NO_PLAYERS = "no_players"
    """The parser found no player on either team."""
    TEAM_TOO_LARGE = "team_too_large"
    """A team has more players than ``parse.slots_per_team``."""
    WORKER_TIMEOUT = "worker_timeout"
    """The parser did not finish within ``engine.timeout_seconds``."""
    WORKER_DIED = "worker_died"
    """The worker process died while parsing (abort, signal, or out of memory)."""
    PARSER_PANIC = "parser_panic"
    """The parser raised something that is not an ordinary exception."""
    OUT_OF_MEMORY = "out_of_memory"
    """The parser asked for more memory than ``engine.memory_limit_mb`` allows."""

    # validate
    TOO_FEW_FRAMES = "too_few_frames"
    """Fewer rows than ``validate.min_frames``."""
    TOO_MANY_FRAMES = "too_many_frames"
    """More rows than ``validate.max_frames``."""
    TOO_FEW_PLAYERS = "too_few_players"
    """Fewer players than ``validate.min_players``."""
    TOO_MANY_PLAYERS = "too_many_players"
    """More players than ``validate.max_players``."""
    NON_FINITE = "non_finite_values"
    """The parser returned NaN or infinite values."""
    BAD_QUATERNIONS = "bad_quaternions"
    """Rotations are not unit quaternions."""
    TIME_NOT_MONOTONIC = "time_not_monotonic"
    """Sample times or frame times run backwards."""
    BALL_OUTSIDE_ARENA = "ball_outside_arena"
    """The ball is outside the standard arena in more rows than allowed."""
    BALL_TOO_FAST = "ball_too_fast"
    """The ball is faster than the game lets it be in more rows than allowed."""
    BALL_SPINS_TOO_FAST = "ball_spins_too_fast"
    """The ball spins faster than the game lets it in more rows than allowed."""
    CAR_OUTSIDE_ARENA = "car_outside_arena"
    """Cars are outside the standard arena in more rows than allowed."""
    CAR_TOO_FAST = "car_too_fast"
    """Cars are faster than the game lets them be in more rows than allowed."""
    CAR_SPINS_TOO_FAST = "car_spins_too_fast"
    """Cars spin faster than the game lets them in more rows than allowed."""
    NO_BALL = "no_ball"
    """The ball is missing in more rows than allowed."""
    MOSTLY_HELD = "mostly_held"
    """More rows than allowed repeat a network frame."""
    ROSTER_INCOMPLETE = "roster_incomplete"
    """The match was set up for more players than were ever on the field."""
    ROSTER_UNBALANCED = "roster_unbalanced"
    """One team had more players than the other for longer than allowed."""
    BOTS = "bots"
    """More bots played than allowed."""
    SCORE_MISMATCH = "score_mismatch"
    """The goals in the header's list do not add up to the header's score."""
    GOALS_NOT_SHOWN = "goals_not_shown"
    """The frames do not show as many goals as the header lists."""
    PLAYER_GOALS_MISMATCH = "player_goals_mismatch"
    """The goals in the header's statistics of players do not add up to its score; leavers and own goals are missing there."""
    DURATION_MISMATCH = "duration_mismatch"
    """The recording is shorter or longer than the match that its header tells of."""
    FORFEIT = "forfeit"
    """A team forfeited."""
    UNKNOWN_MAP = "unknown_map"
    """The map is not one of the game's maps that impulse knows."""
    UNKNOWN_MODE = "unknown_mode"
    """It cannot be told by which rules the match was played."""
    OTHER_MODE = "other_mode"
    """The match was not played by the rules of soccer."""
    FILTERED_MODE = "filtered_mode"
    """``validate.filter.mode`` does not ask for the replay's mode."""
    FILTERED_MAP = "filtered_map"
    """``validate.filter.map`` does not ask for the replay's map."""
    FILTERED_PLAYLIST = "filtered_playlist"
    """``validate.filter.playlist`` does not ask for the replay's playlist."""
    FILTERED_TEAM_SIZE = "filtered_team_size"
    """``validate.filter.team_size`` does not ask for the replay's team size."""
    FILTERED_DATE = "filtered_date"
    """The replay was recorded outside ``validate.filter.date_from`` and ``date_to``."""
    FILTERED_RANK = "filtered_rank"
    """A player is ranked outside ``validate.filter.min_rank`` and ``max_rank``."""

    # dedupe
    SAME_RECORDING = "same_recording"
    """Another file of the same recording is kept."""
    SAME_MATCH = "same_match"
    """Another recording of the same match is kept."""


REJECTS_SCHEMA = pa.schema(
    [
        pa.field("replay_id", pa.string(), metadata={"description": "id of the replay in this project"}),
        pa.field("source_path", pa.string(), metadata={"description": "path inside the source"}),
        pa.field("stage", pa.string(), metadata={"description": "stage that left the replay out"}),
        pa.field("reason", pa.string(), metadata={"description": "reason code"}),
        pa.field("detail", pa.string(), metadata={"description": "what was found and expected"}),
    ]
)


@dataclass(frozen=True, slots=True)
class Reject:
    """One input that a stage left out, and why."""

    replay_id: str
    source_path: str
    stage: str
    reason: Reason
    detail: str


def to_table(rejects: Iterable[Reject], *, earlier: pa.Table | None = None) -> pa.Table:
    """Return the rejects of one stage after those of the stages before it.

    Args:
        rejects: the stage's own rejects, in any order.
        earlier: the table of the stage before, kept as it is.

    Returns:
        A table with :data:`REJECTS_SCHEMA`; own rows are sorted by replay id and path.
    """
    rows = sorted(rejects, key=lambda reject: (reject.replay_id, reject.source_path))
    own = pa.Table.from_pydict(
        {
            "replay_id": [row.replay_id for row in rows],
            "source_path": [row.source_path for row in rows],
            "stage": [row.stage for row in rows],
            "reason": [row.reason.value for row in rows],
            "detail": [row.detail for row in rows],
        },
        schema=REJECTS_SCHEMA,
    )
    return own if earlier is None else pa.concat_tables([earlier, own])


def count_by_reason(rejects: Iterable[Reject]) -> dict[str, int]:
    """Return how many rejects each reason has, sorted by reason."""
    return dict(sorted(Counter(reject.reason.value for reject in rejects).items()))
