"""dedupe: one recording for each match and one column for each quantity, decided in data/deduped."""

from __future__ import annotations

from impulse.run.program import StageRun, stage


@stage
def dedupe(run: StageRun) -> None:
    """Decide which recordings and columns are kept."""
    from impulse.dedupe.stage import dedupe_tables
    from impulse.run.metrics import StageMetrics, timed
    from impulse.tables.io import read_table
    from impulse.tables.paths import (
        FEATURES,
        REJECTS,
        VERDICTS,
    )

    parsed, validated = run.data / "parsed", run.data / "validated"
    with timed("dedupe", run.metrics):
        summary = dedupe_tables(
            read_table(validated / VERDICTS, made_by="validate"),
            read_table(parsed / "replays.parquet", made_by="parse"),
            players=read_table(parsed / "players.parquet", made_by="parse"),
            goals=read_table(parsed / "goals.parquet", made_by="parse"),
            features=parsed / FEATURES,
            earlier_rejects=read_table(validated / REJECTS, made_by="validate"),
            target=run.output / "deduped",
            params=run.params.dedupe,
        )
    StageMetrics(
        "dedupe",
        summary.replays_in,
        summary.replays_out,
        summary.rejected,
        more={"columns_in": summary.columns_in, "columns_out": summary.columns_out},
    ).write(run.metrics)


if __name__ == "__main__":
    dedupe()
