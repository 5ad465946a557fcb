"""``ParseResultFormatter``: a parse result as a DataFrame and as a Parquet file, in the frames contract."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from impulse.config.pipeline_config import PipelineConfig
from impulse.config.redundancy import dropped_columns
from impulse.files.dataframe import to_pandas
from impulse.files.output import output_file
from impulse.parsing.replay_parser import ParseResult


@dataclass(frozen=True)
class FormattedReplay:
    """The frames of one replay, ready to use."""

    table: pa.Table
    """Frames with unit, range and meaning of every column in the field metadata."""
    metadata: dict[str, Any]
    replay_id: str

    @property
    def dataframe(self) -> pd.DataFrame:
        """The frames as a DataFrame: NaN or <NA> for what is not there."""
        return to_pandas(self.table)


class ParseResultFormatter:
    """Turns parse results into frames without redundant columns."""

    def __init__(self, config: PipelineConfig | None = None) -> None:
        """Take the settings of redundancy and compression; None takes the defaults."""
        self._config = config or PipelineConfig()

    def format(self, result: ParseResult) -> FormattedReplay:
        """Return the frames of a result.

        Raises:
            ReplayError: the replay could not be parsed.
        """
        parsed = result.require()
        columns = parsed.layout.chosen({name for names in result.chosen for name in names})
        dropped = dropped_columns(columns, self._config.dedupe_params())
        kept = [column.name for column in columns if column.name not in dropped]
        return FormattedReplay(parsed.frames.select(kept), result.metadata, parsed.replay["replay_id"])

    def save_to_parquet(self, formatted: FormattedReplay, folder: str | os.PathLike[str]) -> Path:
        """Write the frames as ``<folder>/<replay_id>.parquet`` and return the path."""
        target = Path(folder) / f"{formatted.replay_id}.parquet"
        compression = self._config.PARQUET_COMPRESSION
        with output_file(target) as partial:
            pq.write_table(formatted.table, partial, compression=compression)
        return target
