"""Columns that export adds to the table of replays."""

from __future__ import annotations

from impulse.schema.column import Column

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
