"""The validate stage: one verdict for every parsed replay, the rejects, and a readable report."""

from __future__ import annotations

from collections import Counter

import pyarrow as pa

from impulse.config.validate import ValidateParams
from impulse.files.output import output_folder
from impulse.run.job import Counts, Job
from impulse.tables import rejects
from impulse.tables.io import read_table, write_table
from impulse.tables.paths import LISTINGS, REJECTS, VERDICTS, VIOLATIONS
from impulse.validation.comparisons import compare
from impulse.validation.plots import draw_plots
from impulse.validation.report import REPORT, write_report
from impulse.validation.verdicts import judge


def run(job: Job[ValidateParams]) -> Counts:
    """Judge every replay and write verdicts, violations, rejects, report and plots into ``validated``.

    The counts have a failure when a larger share of the replays that were asked for is bad than ``max_reject_share``.

    Raises:
        StageError: an input is missing, or the tables do not belong together.
    """
    parsed, target = job.data / "parsed", job.output / "validated"
    judgement = judge(
        compare(
            read_table(parsed / "replays.parquet", made_by="parse"),
            read_table(parsed / "measures.parquet", made_by="parse"),
        ),
        job.settings,
    )
    listings = read_table(job.data / "raw" / LISTINGS, made_by="fetch")
    own = rejects.to_table(judgement.rejects)
    shown = pa.concat_tables([rejects.read_rejects(job.data, ("fetch", "parse")), own])
    with output_folder(target) as folder:
        write_table(judgement.verdicts, folder / VERDICTS)
        write_table(judgement.violations, folder / VIOLATIONS)
        write_table(own, folder / REJECTS)
        draw_plots(judgement, shown, folder / "plots", job.settings)
        write_report(judgement, shown, listings, folder, job.settings)
    verdicts = Counter(judgement.verdicts["verdict"].to_pylist())
    warned = Counter(
        warning
        for verdict, warnings in zip(
            *(judgement.verdicts[name].to_pylist() for name in ("verdict", "warnings")), strict=True
        )
        for warning in warnings.split("; ")
        if warning and verdict != "reject"
    )
    replays_in, kept = len(judgement.verdicts), len(judgement.verdicts) - len(judgement.rejects)
    asked_for, bad = replays_in - judgement.filtered, len(judgement.rejects) - judgement.filtered
    limit = job.settings.max_reject_share
    return Counts(
        replays_in,
        kept,
        rejects.count_by_reason(judgement.rejects),
        figures={
            "filtered": judgement.filtered,
            "verdicts": {verdict: verdicts[verdict] for verdict in ("accept", "warn", "reject")},
            "warned": dict(sorted(warned.items())),
            "share_kept": round(kept / replays_in, 4) if replays_in else None,
        },
        failure=(
            f"{bad} of {asked_for} replays rejected ({bad / asked_for:.1%}), validate.max_reject_share allows "
            f"{limit:.1%}; see {target / REPORT}"
        )
        if asked_for and bad / asked_for > limit
        else "",
    )
