"""The report of the validate stage for people: the fate of every input, and the rules that decided."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path

import pyarrow as pa

from impulse.config.params import ValidateParams
from impulse.validation.rules import RULES


def write_report(verdicts: pa.Table, all_rejects: pa.Table, target: Path, params: ValidateParams) -> None:
    """Write the report as Markdown.

    Args:
        verdicts: one row for each parsed replay.
        all_rejects: rejects of all stages up to this one.
        target: the file.
        params: thresholds, for the table of rules.
    """
    rows = verdicts.to_pylist()
    accepted = sorted((row for row in rows if row["verdict"] != "reject"), key=lambda row: row["source_path"])
    rejected = sorted(all_rejects.to_pylist(), key=lambda row: row["source_path"])
    reasons = Counter((row["stage"], row["reason"]) for row in rejected)
    total = len(accepted) + len(rejected)
    text = [
        "# Validation report",
        "",
        f"{total} inputs, {len(accepted)} accepted, {len(rejected)} rejected.",
        "",
        "![Fate of every input](plots/yield.png)",
        "",
        "![Rows per replay](plots/rows.png)",
        "",
        "## Rejected, by stage and reason",
        "",
        *_table(("stage", "reason", "replays"), ((*key, count) for key, count in sorted(reasons.items()))),
        "",
        "## Accepted replays",
        "",
        *_table(
            ("replay", "id", "rows", "players", "held", "warnings"),
            (
                (
                    row["source_path"],
                    row["replay_id"][:8],
                    row["rows"],
                    row["n_players"],
                    f"{row['share_held']:.0%}",
                    row["warnings"],
                )
                for row in accepted
            ),
        ),
        "",
        "## Rejected replays",
        "",
        *_table(
            ("input", "stage", "reason", "found"),
            ((row["source_path"], row["stage"], row["reason"], row["detail"]) for row in rejected),
        ),
        "",
        "## Rules in force",
        "",
        *_table(
            ("measure", "must be", "or else", "reason", "because"),
            (
                (
                    rule.measure,
                    f"{rule.bound} {limit:g} {rule.unit}",
                    rule.severity.value,
                    rule.reason.value,
                    rule.meaning,
                )
                for rule in RULES
                if (limit := rule.limit(params)) is not None
            ),
        ),
        "",
    ]
    target.write_text("\n".join(text), encoding="utf-8")


def _table(header: Sequence[str], rows: Iterable[Sequence[object]]) -> list[str]:
    lines = ["| " + " | ".join(header) + " |", "|" + " --- |" * len(header)]
    lines.extend("| " + " | ".join(_cell(value) for value in row) + " |" for row in rows)
    return lines


def _cell(value: object) -> str:
    return " ".join(str(value).split()).replace("|", "\\|")
