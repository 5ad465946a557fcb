"""validate: a verdict for every parsed replay, with report and plots, in data/validated."""

from __future__ import annotations

from impulse.run.program import StageRun, stage


@stage
def validate(run: StageRun) -> None:
    """Judge every replay by its measures."""
    from impulse.run.metrics import StageMetrics, timed
    from impulse.tables.io import read_table
    from impulse.tables.paths import REJECTS
    from impulse.validation.stage import validate_tables

    parsed = run.data / "parsed"
    with timed("validate", run.metrics):
        summary = validate_tables(
            read_table(parsed / "replays.parquet", made_by="parse"),
            read_table(parsed / "measures.parquet", made_by="parse"),
            earlier_rejects=read_table(parsed / REJECTS, made_by="parse"),
            target=run.output / "validated",
            params=run.params.validate,
        )
    StageMetrics("validate", summary.replays_in, summary.replays_out, summary.rejected, more=summary.figures).write(
        run.metrics
    )
    summary.check_reject_share(run.params.validate.max_reject_share)


if __name__ == "__main__":
    validate()
