"""The validate stage's work: one verdict for every parsed replay, the rejects, and a report for people."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa

from impulse.config.validate import ValidateParams
from impulse.files.output import output_folder
from impulse.run.job import Counts, Job
from impulse.tables import rejects
from impulse.tables.io import read_table, write_table
from impulse.tables.paths import (
    REJECTS,
    VERDICTS,
    VIOLATIONS,
)
from impulse.validation.comparisons import compare
from impulse.validation.plots import draw_plots
from impulse.validation.report import write_reports
from impulse.validation.verdicts import judge


@dataclass(frozen=True, slots=True)
class ValidateSummary:
    """Counts of a run of the validate stage."""

    replays_in: int
    replays_out: int
    rejected: dict[str, int]
    """Replays by the first reason that rejects them."""
    filtered: int
    """Rejected replays that a filter left out."""
    verdicts: dict[str, int]
    """Replays by verdict: accept, warn, reject."""
    warned: dict[str, int]
    """Accepted replays by warning."""
    report: Path

    @property
    def figures(self) -> dict[str, Any]:
        """What the metrics hold beside the counts of every stage."""
        return {
            "filtered": self.filtered,
            "verdicts": self.verdicts,
            "warned": self.warned,
            "share_kept": round(self.replays_out / self.replays_in, 4) if self.replays_in else None,
        }

    def too_many_rejects(self, limit: float) -> str:
        """Return why the stage fails when too many of the replays that were asked for are bad; empty when not."""
        asked_for = self.replays_in - self.filtered
        bad = asked_for - self.replays_out
        if not asked_for or bad / asked_for <= limit:
            return ""
        return (
            f"{bad} of {asked_for} replays rejected ({bad / asked_for:.1%}), validate.max_reject_share allows "
            f"{limit:.1%}; see {self.report}"
        )


def validate_tables(
    replays: pa.Table, measures: pa.Table, *, earlier_rejects: pa.Table, target: Path, params: ValidateParams
) -> ValidateSummary:
    """Judge every replay and write verdicts, violations, rejects, reports and plots into ``target``.

    Args:
        replays: the replays table of parse.
        measures: the measures table of parse, one row for each replay.
        earlier_rejects: rejects of the stages before.
        target: output folder, replaced when all is done.
        params: thresholds, severities, filters.

    Raises:
        StageError: the tables do not belong together.
    """
    judgement = judge(compare(replays, measures), params)
    all_rejects = rejects.to_table(judgement.rejects, earlier=earlier_rejects)
    with output_folder(target) as folder:
        write_table(judgement.verdicts, folder / VERDICTS)
        write_table(judgement.violations, folder / VIOLATIONS)
        write_table(all_rejects, folder / REJECTS)
        draw_plots(judgement, all_rejects, folder / "plots", params)
        write_reports(judgement, all_rejects, folder, params)
    kept = [row for row in judgement.verdicts.select(["verdict", "warnings"]).to_pylist() if row["verdict"] != "reject"]
    counts = Counter(judgement.verdicts["verdict"].to_pylist())
    warned = Counter(warning for row in kept for warning in row["warnings"].split("; ") if warning)
    return ValidateSummary(
        replays_in=len(judgement.verdicts),
        replays_out=len(kept),
        rejected=rejects.count_by_reason(judgement.rejects),
        filtered=judgement.filtered,
        verdicts={verdict: counts[verdict] for verdict in ("accept", "warn", "reject")},
        warned=dict(sorted(warned.items())),
        report=target / "report.html",
    )


def run(job: Job[ValidateParams]) -> Counts:
    """Judge every replay by its measures."""
    parsed = job.data / "parsed"
    summary = validate_tables(
        read_table(parsed / "replays.parquet", made_by="parse"),
        read_table(parsed / "measures.parquet", made_by="parse"),
        earlier_rejects=read_table(parsed / REJECTS, made_by="parse"),
        target=job.output / "validated",
        params=job.settings,
    )
    return Counts(
        summary.replays_in,
        summary.replays_out,
        summary.rejected,
        figures=summary.figures,
        failure=summary.too_many_rejects(job.settings.max_reject_share),
    )
