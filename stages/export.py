"""export: the dataset in data/export."""

from __future__ import annotations

from impulse.run.program import StageRun, stage


@stage
def export(run: StageRun) -> None:
    """Write shards, tables, schema, card and checksums."""
    from impulse.export.stage import export_dataset
    from impulse.export.store import ExportStore
    from impulse.run.metrics import StageMetrics, timed

    with timed("export", run.metrics) as figures:
        summary = export_dataset(
            parsed=run.data / "parsed",
            deduped=run.data / "deduped",
            target=run.output / "export",
            params=run.params.export,
            engine=run.params.engine,
            store=ExportStore(run.state / "export"),
        )
        figures["pieces_written_now"] = summary.pieces_written
    StageMetrics(
        "export",
        summary.replays,
        summary.replays,
        {},
        more={
            "dataset": {  # what experiments are compared by; the names stand above the columns of `dvc exp show`
                "replays": summary.replays,
                "yield": round(summary.replays / summary.replays_in, 4),
                "rows": summary.rows,
                "columns": summary.columns,
                "bytes": summary.bytes_out,
            },
            "rows": summary.rows,
            "replays_by_split": summary.replays_by_split,
            "rows_by_split": summary.rows_by_split,
            "files": summary.files,
            "bytes": summary.bytes_out,
            "pieces": summary.pieces,
        },
        packages=("pyarrow", "numpy"),
    ).write(run.metrics)


if __name__ == "__main__":
    export()
