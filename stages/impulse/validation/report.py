"""The report of the validate stage, a readable page: what became of every input, and what decided it."""

from __future__ import annotations

import base64
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from jinja2 import Environment, PackageLoader, StrictUndefined

from impulse.config.validate import ValidateParams
from impulse.files.output import write_text
from impulse.tables.validated import JUDGED_COLUMNS
from impulse.validation.filters import FILTERS
from impulse.validation.plots import PLOTS
from impulse.validation.rules import EARLIER_RULES, expected, fact_of, is_flag
from impulse.validation.verdicts import Judgement, measured, violating_rows

MAX_ROWS = 2000
"""Rows of one list in the report; the tables beside it have all."""

WORST = 5
"""Replays that are named for each rule."""

REPORT = "report.html"
"""Name of the page, in data/validated."""


def write_report(
    judgement: Judgement, all_rejects: pa.Table, listings: pa.Table, folder: Path, params: ValidateParams
) -> None:
    """Write :data:`REPORT`, one file that needs nothing beside it.

    Args:
        judgement: verdicts and violations.
        all_rejects: rejects of all stages up to this one.
        listings: what the source listed, and what became of it; empty where it has no lists.
        folder: receives the page; the plots are in it already.
        params: the rules.
    """
    content = _content(judgement, all_rejects, params) | _completeness(listings)
    environment = Environment(
        loader=PackageLoader("impulse.validation", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters["plain"] = plain
    pictures = {name: base64.b64encode((folder / "plots" / name).read_bytes()).decode() for name in PLOTS}
    page = environment.get_template(REPORT).render(content, plots=PLOTS, pictures=pictures)
    write_text(folder / REPORT, page)


def plain(value: object) -> str:
    """Return a value on one line, without the signs that steer a terminal or turn the direction of writing."""
    text = "" if value is None else f"{value:.4g}" if isinstance(value, float) else str(value)
    return " ".join("".join(sign if sign.isprintable() else " " for sign in text).split())


def _content(judgement: Judgement, all_rejects: pa.Table, params: ValidateParams) -> dict[str, Any]:
    verdicts = judgement.verdicts
    counts = Counter(verdicts["verdict"].to_pylist())
    reasons = Counter(zip(all_rejects["stage"].to_pylist(), all_rejects["reason"].to_pylist(), strict=True))
    rejected = all_rejects.sort_by([("stage", "ascending"), ("reason", "ascending"), ("source_path", "ascending")])
    accepted, warned = (
        verdicts.filter(pc.equal(verdicts["verdict"], verdict)).sort_by("source_path") for verdict in ("accept", "warn")
    )
    return {
        "total": len(all_rejects) + len(accepted) + len(warned),
        "accepted_count": counts["accept"],
        "warned_count": counts["warn"],
        "rejected_count": len(all_rejects) - judgement.filtered,
        "filtered_count": judgement.filtered,
        "reasons": [(*key, count) for key, count in sorted(reasons.items(), key=lambda item: (-item[1], item[0]))],
        "rules": _rules(verdicts, params),
        "earlier_rules": EARLIER_RULES,
        "filters": [f"{name}: {value}" for item in FILTERS for name, value in item.asked(params.filter)],
        "distributions": _distributions(verdicts),
        "worst": _worst(verdicts, params),
        "noted": _noted(verdicts),
        "rejected": rejected.slice(0, MAX_ROWS).to_pylist(),
        "warned": warned.slice(0, MAX_ROWS).to_pylist(),
        "accepted": accepted.slice(0, MAX_ROWS).to_pylist(),
        "max_rows": MAX_ROWS,
        "worst_count": WORST,
    }


def _noted(verdicts: pa.Table) -> list[tuple[str, str]]:
    """Return replays that lack a product that was asked for, or whose events count otherwise than the header, each with what."""
    said = ("source_path", "refused", "events_differ")
    return [
        (path, "; ".join([*(f"no {what}" for what in refused), *(differ or ())]))
        for path, refused, differ in zip(
            *(verdicts.sort_by("source_path")[name].to_pylist() for name in said), strict=True
        )
        if refused or differ
    ]


def _completeness(listings: pa.Table) -> dict[str, Any]:
    """Return what the lists held against the counts of the source, those that lack something first."""
    rows = sorted(
        listings.to_pylist(), key=lambda row: (row["is_complete"], not row["group_ids"], row["group_ids"] or ())
    )
    counted = ("listed", "kept", "duplicate", "lost", "pending", "delisted")
    return {
        "lists": rows[:MAX_ROWS],
        "list_count": len(rows),
        "incomplete_count": sum(not row["is_complete"] for row in rows),
        "list_totals": {name: sum(row[name] for row in rows) for name in counted},
    }


def _rules(verdicts: pa.Table, params: ValidateParams) -> list[dict[str, Any]]:
    return [
        {
            "reason": code,
            "measure": rule.measure,
            "expected": expected(rule),
            "severity": params.severity(code).value,
            "violated": sum(1 for _ in violating_rows(rule, verdicts)),
            "because": rule.because,
            "meaning": JUDGED_COLUMNS[rule.measure].meaning,
        }
        for code, rule in params.rules.items()
    ]


def _distributions(verdicts: pa.Table) -> list[tuple[str, list[float], int, str]]:
    found = []
    for column in JUDGED_COLUMNS.values():
        if column.dtype == "bool":
            continue
        values, known = measured(verdicts, column.name)
        values = values[known & np.isfinite(values)]
        if len(values):
            levels = np.percentile(values.astype(np.float64), [0, 5, 50, 95, 100])
            found.append((column.name, levels.tolist(), len(verdicts) - len(values), column.meaning))
    return found


def _worst(verdicts: pa.Table, params: ValidateParams) -> list[dict[str, Any]]:
    """Return the replays that violate each rule the most; ties go to the smaller replay id."""
    found = []
    for code, rule in params.rules.items():
        sign = 1 if rule.bound[0] == "at_least" else -1
        worst = sorted(
            violating_rows(rule, verdicts), key=lambda item: (not np.isnan(item[1]), sign * item[1], item[0])
        )
        for row, value in worst[:WORST]:
            found.append(
                {
                    "reason": code,
                    "severity": params.severity(code).value,
                    "measure": rule.measure,
                    "value": verdicts[fact_of(rule)][row].as_py() if is_flag(rule) else value,
                    "expected": expected(rule),
                    "source_path": verdicts["source_path"][row].as_py(),
                    "replay_id": verdicts["replay_id"][row].as_py(),
                }
            )
    return found
