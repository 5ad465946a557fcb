"""Verdicts: every rule and filter applied to every replay, column by column, each replay by its own row alone."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from impulse.config.validate import Rule, Severity, ValidateParams
from impulse.schema.column import arrow_schema
from impulse.tables.io import table_of
from impulse.tables.measures import MEASURE_COLUMNS
from impulse.tables.rejects import Reject
from impulse.tables.validated import COMPARISON_COLUMNS, SCALED, VERDICT_COLUMNS, VIOLATION_COLUMNS
from impulse.validation.filters import FILTERS
from impulse.validation.rules import BOUNDS, fact_of, finding, is_flag


@dataclass(frozen=True, slots=True)
class Finding:
    """One rule or filter that one replay does not pass."""

    row: int
    """Number of the replay's row."""
    reason: str
    severity: Severity
    text: str
    """What was found and expected."""


@dataclass(frozen=True, slots=True)
class Judgement:
    """The verdicts on all replays."""

    verdicts: pa.Table
    """One row for each replay: verdict, reasons, and all measures."""
    violations: pa.Table
    """One row for each rule that a replay violates, with the value and the threshold."""
    rejects: tuple[Reject, ...]
    filtered: int
    """Rejects that a filter left out; the others are bad."""


def judge(rows: pa.Table, params: ValidateParams) -> Judgement:
    """Judge every replay.

    Args:
        rows: facts, comparisons and measures of every replay, see :func:`impulse.validation.comparisons.compare`.
        params: thresholds, severities, filters.
    """
    filtered = list(_unwanted(rows, params))
    violations = [
        (code, row, value)
        for code, rule in params.rules.items()
        if params.severity(code) is not Severity.ignore
        for row, value in violating_rows(rule, rows)
    ]
    findings: list[list[Finding]] = [[] for _ in range(len(rows))]
    for item in filtered:
        findings[item.row].append(item)
    for code, row, value in violations:
        rule = params.rules[code]
        text = finding(rule, rows[fact_of(rule)][row].as_py() if is_flag(rule) else value)
        findings[row].append(Finding(row, code, params.severity(code), text))
    ids, paths = rows["replay_id"].to_pylist(), rows["source_path"].to_pylist()
    rejects = []
    for row, found in enumerate(findings):
        fatal = [item for item in found if item.severity is Severity.reject]
        if fatal:
            detail = "; ".join(item.text for item in fatal)
            rejects.append(Reject(ids[row], paths[row], "validate", fatal[0].reason, detail))
    return Judgement(
        _verdict_table(rows, findings),
        _violation_table(violations, ids, paths, params),
        tuple(rejects),
        len({item.row for item in filtered}),
    )


def violating_rows(rule: Rule, rows: pa.Table) -> Iterator[tuple[int, float]]:
    """Yield number and value of every row that violates a rule."""
    bound, limit = rule.bound
    values, known = measured(rows, rule.measure)
    known = known & ~_have(rows, SCALED.get(rule.measure, ()))
    if values.dtype == np.float32:
        limit = float(np.float32(limit))  # rounded as the values were, so that one at the threshold is not beyond it
    with np.errstate(invalid="ignore"):
        holds = values >= limit if bound == "at_least" else values <= limit  # NaN does not hold
    for row in np.flatnonzero(known & ~holds):
        yield int(row), float(values[row])


def _have(rows: pa.Table, mutators: Sequence[str]) -> npt.NDArray[np.bool_]:
    """Tell which rows have one of some mutators."""
    told = rows["mutators"].to_pylist() if mutators else [None] * len(rows)
    return np.array([any(text.split("=")[0] in mutators for text in texts or ()) for texts in told], dtype=bool)


def measured(rows: pa.Table, measure: str) -> tuple[npt.NDArray[Any], npt.NDArray[np.bool_]]:
    """Return a column's values as numbers, and where there are any.

    Returns:
        (rows,) float32 or float64, anything where null, and (rows,) bool.
    """
    column = rows[measure].combine_chunks()
    is_single = pa.types.is_float32(column.type)
    known = column.is_valid().to_numpy(zero_copy_only=False)
    if pa.types.is_boolean(column.type):
        column = column.cast(pa.int8())
    values = column.fill_null(0).to_numpy(zero_copy_only=False)
    return values.astype(np.float32 if is_single else np.float64), known


def _unwanted(rows: pa.Table, params: ValidateParams) -> Iterator[Finding]:
    for item in FILTERS:
        if item.is_set(params.filter):
            facts = [rows[name] for name in item.facts]
            for row in item.unwanted_rows(rows, params.filter):
                text = item.finding((fact[row].as_py() for fact in facts), params.filter)
                yield Finding(row, item.reason, Severity.reject, text)


def _verdict_table(rows: pa.Table, findings: list[list[Finding]]) -> pa.Table:
    def joined(severity: Severity) -> list[str]:
        return ["; ".join(item.reason for item in found if item.severity is severity) for found in findings]

    reasons, warnings = joined(Severity.reject), joined(Severity.warn)
    columns = {
        "verdict": [
            "reject" if reason else "warn" if warning else "accept"
            for reason, warning in zip(reasons, warnings, strict=True)
        ],
        "reasons": reasons,
        "warnings": warnings,
        "findings": ["; ".join(item.text for item in found) for found in findings],
    }
    schema = arrow_schema((*VERDICT_COLUMNS, *COMPARISON_COLUMNS, *MEASURE_COLUMNS))
    arrays = [
        pa.array(columns[field.name], field.type) if field.name in columns else rows[field.name] for field in schema
    ]
    return pa.table(arrays, schema=schema)


def _violation_table(
    violations: list[tuple[str, int, float]], ids: list[str], paths: list[str], params: ValidateParams
) -> pa.Table:
    return table_of(
        (
            {
                "replay_id": ids[row],
                "source_path": paths[row],
                "reason": code,
                "severity": params.severity(code).value,
                "measure": params.rules[code].measure,
                "value": value,
                "bound": BOUNDS[params.rules[code].bound[0]],
                "threshold": params.rules[code].bound[1],
            }
            for code, row, value in sorted(violations, key=lambda item: item[1])
        ),
        VIOLATION_COLUMNS,
    )
