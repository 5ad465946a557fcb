"""export: the dataset in data/export."""

from __future__ import annotations

from impulse.config.app import StageRun, stage


@stage
def export(run: StageRun) -> None:
    """Write shards, tables, schema, card and checksums."""
    from impulse.export.dataset import export_dataset
    from impulse.metrics import StageMetrics, timed

    with timed("export", run.metrics):
        summary = export_dataset(
            parsed=run.data / "parsed",
            deduped=run.data / "deduped",
            target=run.output / "export",
            params=run.params.export,
        )
    StageMetrics(
        "export",
        summary.replays,
        summary.replays,
        {},
        more={
            "rows": summary.rows,
            "replays_by_split": summary.replays_by_split,
            "rows_by_split": summary.rows_by_split,
            "files": summary.files,
            "bytes": summary.bytes_out,
        },
        packages=("pyarrow", "numpy"),
    ).write(run.metrics)


if __name__ == "__main__":
    export()
