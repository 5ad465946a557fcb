"""Columns of the tables of dedupe: which recordings are kept, and the evidence."""

from __future__ import annotations

from impulse.schema.column import REPLAY_ID, Column

DECISION_COLUMNS: tuple[Column, ...] = (
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
    Column(
        "step",
        "string",
        "what was compared: bytes, recording, match_guid or fingerprint; the last for pairs that are not merged",
    ),
    Column("merged", "bool", "the pair is one match; false for pairs that look like one and are not merged"),
    Column("value", "string", "the common hash, id or fingerprint; empty for pairs that are not merged"),
    Column("evidence", "string", "why the pair is one match, or why it is not"),
    Column("goals", "int16", "goals that were compared", nullable=True),
    Column(
        "goal_difference_seconds", "float32", "largest difference of a goal's time after the first", "s", nullable=True
    ),
    Column(
        "saved_difference_seconds",
        "float32",
        "difference of the times at which they were saved, without that of the time zones",
        "s",
        nullable=True,
    ),
    Column("zone_difference_minutes", "int32", "difference of the recorders' time zones", "min", nullable=True),
    Column("length_difference_seconds", "float32", "difference of the lengths", "s", nullable=True),
)
