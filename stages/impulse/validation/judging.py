"""The validate stage's work: one verdict for every parsed replay, the rejects, and a report for people."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa

from impulse import rejects
from impulse.config.params import ValidateParams
from impulse.data_paths import REJECTS, VERDICTS
from impulse.errors import StageError
from impulse.output import output_folder, write_table
from impulse.rejects import Reject
from impulse.table_schema import MEASURE_COLUMNS, VERDICT_COLUMNS
from impulse.tables import table_of
from impulse.validation.plots import draw_plots
from impulse.validation.report import write_report
from impulse.validation.rules import Verdict, judge


@dataclass(frozen=True, slots=True)
class ValidateSummary:
    """Counts of a run of the validate stage."""

    replays_in: int
    replays_out: int
    rejected: dict[str, int]
    warned: dict[str, int]
    """Accepted replays by warning."""


def validate_tables(
    replays: pa.Table, measures: pa.Table, *, earlier_rejects: pa.Table, target: Path, params: ValidateParams
) -> ValidateSummary:
    """Judge every replay and write verdicts, rejects, report and plots into ``target``.

    Args:
        replays: the replays table of parse.
        measures: the measures table of parse, one row for each replay.
        earlier_rejects: rejects of the stages before.
        target: output folder, replaced when all is done.
        params: thresholds.

    Raises:
        StageError: the share of rejected replays is above ``max_reject_share``; the verdicts are written all the same.
    """
    paths = dict(zip(replays["replay_id"].to_pylist(), replays["source_path"].to_pylist(), strict=True))
    rows: list[dict[str, Any]] = []
    rejected: list[Reject] = []
    warned: Counter[str] = Counter()
    for values in measures.to_pylist():
        replay_id = values["replay_id"]
        judgement = judge(values, params)
        rows.append(
            {
                **values,
                "source_path": paths[replay_id],
                "verdict": judgement.verdict.value,
                "reasons": "; ".join(reason.value for reason, _ in judgement.reasons),
                "warnings": "; ".join(dict.fromkeys(reason.value for reason, _ in judgement.warnings)),
            }
        )
        if judgement.verdict is Verdict.REJECT:
            first = judgement.reasons[0][0]
            detail = "; ".join(text for _, text in judgement.reasons)
            rejected.append(Reject(replay_id, paths[replay_id], "validate", first, detail))
        else:
            warned.update({reason.value for reason, _ in judgement.warnings})
    verdicts = table_of(rows, (*VERDICT_COLUMNS, *MEASURE_COLUMNS))
    all_rejects = rejects.to_table(rejected, earlier=earlier_rejects)
    with output_folder(target) as folder:
        write_table(verdicts, folder / VERDICTS)
        write_table(all_rejects, folder / REJECTS)
        draw_plots(verdicts, all_rejects, folder / "plots", params)
        write_report(verdicts, all_rejects, folder / "report.md", params)
    summary = ValidateSummary(
        len(rows), len(rows) - len(rejected), rejects.count_by_reason(rejected), dict(sorted(warned.items()))
    )
    share = len(rejected) / len(rows) if rows else 0.0
    if share > params.max_reject_share:
        raise StageError(
            f"{len(rejected)} of {len(rows)} replays rejected ({share:.0%}), validate.max_reject_share allows "
            f"{params.max_reject_share:.0%}; see {target / 'report.md'}"
        )
    return summary
