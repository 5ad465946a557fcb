"""The dataset card: what is in the dataset, in what units, and how to load it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import pyarrow as pa

from impulse.data_paths import SPLITS
from impulse.schema import SCHEMA_VERSION, Column

_SAMPLINGS = {
    "parser": (
        "{fps:g} a second",
        "It is at or after `time`, so a row looks up to a frame ahead, and seconds ahead where `is_held` fills a gap.",
    ),
    "causal": (
        "{fps:g} a second without look-ahead",
        "It is at or before `time`: no row knows anything of the future.",
    ),
    "native": ("one for each network frame", "Here both are the same."),
}
"""How rows were sampled: for the first sentence, and what it means for the times."""


def dataset_card(
    replays: Sequence[Mapping[str, Any]],
    columns: Sequence[Column],
    all_rejects: pa.Table,
    *,
    made_with: Mapping[str, Any],
) -> str:
    """Return the card as Markdown.

    Args:
        replays: rows of the exported replays table.
        columns: columns of the frames.
        all_rejects: every input that is not in the dataset.
        made_with: frame rate and features.
    """
    sizes = Counter(row["split"] for row in replays)
    rows = {split: sum(row["rows"] for row in replays if row["split"] == split) for split in SPLITS}
    reasons = Counter(zip(all_rejects["stage"].to_pylist(), all_rejects["reason"].to_pylist(), strict=True))
    lines = [
        "# Rocket League frames",
        "",
        f"{len(replays)} matches, {sum(rows.values())} rows, {_SAMPLINGS[made_with['sampling']][0].format(**made_with)}, "
        f"schema version {SCHEMA_VERSION}. Made by impulse from replay files.",
        "",
        *_synthetic_note(replays),
        "| split | matches | rows |",
        "| --- | --- | --- |",
        *(f"| {split} | {sizes[split]} | {rows[split]} |" for split in SPLITS),
        "",
        "Splits are by match: all recordings of a match are in one split, and a match keeps its split when others are added.",
        "",
        "## Files",
        "",
        "| file | content |",
        "| --- | --- |",
        "| `frames/split=*/part-*.parquet` | one row per sample, sorted by replay and row; one row group per replay |",
        "| `replays.parquet` | one row per match: ids, date, map, scores, split |",
        "| `players.parquet` | one row per player and match: slot, team, platform id, statistics |",
        "| `goals.parquet`, `demolitions.parquet` | one row per event |",
        "| `rejects.parquet` | every input that is not in the dataset, and why |",
        "| `schema.json` | every column with type, unit, range and meaning |",
        "| `checksums.sha256` | for `sha256sum --check` |",
        "",
        "## Load it",
        "",
        "```python",
        "import pyarrow.dataset as ds",
        'frames = ds.dataset("frames", partitioning="hive")',
        'train = frames.to_table(columns=["replay_id", "time", "ball_pos_x"], filter=ds.field("split") == "train")',
        "```",
        "",
        "```sql",
        "-- DuckDB",
        "SELECT split, count(*) FROM read_parquet('frames/*/*.parquet', hive_partitioning = true) GROUP BY split;",
        "```",
        "",
        "## What to know",
        "",
        "- What is not there is null: absent players, cars before their first spawn, demolished cars until they are back.",
        "- `time` is the sample time, `frame_time` the time of the network frame that the row shows.",
        f"  {_SAMPLINGS[made_with['sampling']][1]}",
        "  Rows with `is_held` repeat a frame that another row shows closer to its time.",
        "- `p0` to `p{k-1}` are blue, the rest orange; a player keeps one slot for the whole replay.",
        "  `players.parquet` tells who it is, and from which row to which: where players left and others took their places,",
        "  players who were never on the field together may share a slot.",
        "- `segment` numbers the stretches of play; a window inside one segment crosses no goal and no kickoff reset.",
        "- Replays with `is_recovered` come from another call of the parser, which moves cars on a straight line between updates.",
        "- Recordings from before 2020 do not tell of demolitions: `demolished` is null there, not false.",
        "",
        "## Inputs that are not in the dataset",
        "",
        "| stage | reason | inputs |",
        "| --- | --- | --- |",
        *(f"| {stage} | {reason} | {count} |" for (stage, reason), count in sorted(reasons.items())),
        "",
        "## Columns of the frames",
        "",
        "| column | type | unit | null | meaning |",
        "| --- | --- | --- | --- | --- |",
        *_column_rows(columns),
        "",
    ]
    return "\n".join(lines).replace("{k-1}", str(made_with["slots_per_team"] - 1))


def _synthetic_note(replays: Sequence[Mapping[str, Any]]) -> list[str]:
    made_up = sum(row["is_synthetic"] for row in replays)
    if not made_up:
        return []
    which = "Every match" if made_up == len(replays) else f"{made_up} of the {len(replays)} matches"
    return [
        f"**{which} is synthetic**: written by impulse to try the pipeline, with plausible motion and no real players.",
        "The column `is_synthetic` of `replays.parquet` tells which. Do not train on them.",
        "",
    ]


def _column_rows(columns: Sequence[Column]) -> list[str]:
    """Return one line for every column; the player columns once, for all slots."""
    lines = []
    for column in columns:
        name = column.name
        slot = name.split("_")[0]
        if slot[0] == "p" and slot[1:].isdigit():
            if slot != "p0":
                continue
            name = "p*" + name[2:]
        lines.append(
            f"| `{name}` | {column.dtype} | {column.unit} | {'yes' if column.nullable else ''} | {column.meaning} |"
        )
    return lines
