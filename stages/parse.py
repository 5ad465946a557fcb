"""parse: replay files in data/raw to frames and tables in data/parsed."""

from __future__ import annotations

from impulse.run.program import StageRun, stage


@stage
def parse(run: StageRun) -> None:
    """Parse every replay of the manifest, or take its result from an earlier run."""
    # Imported here because worker processes import this script again and need none of it.
    import os

    from impulse.parsing.stage import parse_batch
    from impulse.parsing.store import ParseStore
    from impulse.run.metrics import StageMetrics, timed
    from impulse.s3.credentials import add_aws_variables
    from impulse.tables.io import read_table
    from impulse.tables.paths import (
        LISTED_PLAYERS,
        MANIFEST,
        REJECTS,
    )

    add_aws_variables(os.environ, env_file=run.env_file)
    raw = run.data / "raw"
    with timed("parse", run.metrics) as figures:
        summary = parse_batch(
            read_table(raw / MANIFEST, made_by="fetch"),
            raw=raw,
            target=run.output / "parsed",
            earlier_rejects=read_table(raw / REJECTS, made_by="fetch"),
            params=run.params.parse,
            engine=run.params.engine,
            listed_players=read_table(raw / LISTED_PLAYERS, made_by="fetch"),
            store=ParseStore(run.state / "parsed"),
        )
        figures["parsed_now"] = summary.parsed_now
    StageMetrics(
        "parse",
        summary.replays_in,
        summary.replays_out,
        summary.rejected,
        more={"rows": summary.rows, "bytes_in": summary.bytes_in, "bytes": summary.bytes_out},
        packages=("subtr-actor-py", "pyarrow"),
    ).write(run.metrics)


if __name__ == "__main__":
    parse()
