"""A dataset from synthetic replays, made by the stages' own functions."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pyarrow.parquet as pq
from tests.jobs import job
from tests.settings import composed

from impulse.collection.intake import take_in
from impulse.collection.raw_storage import RawStorage
from impulse.collection.source import Candidate
from impulse.config.dedupe import DedupeParams
from impulse.config.engine import EngineParams
from impulse.config.export import ExportParams
from impulse.config.fetch import SourceKind
from impulse.config.parsing_config import ParsingConfig
from impulse.dedupe import stage as dedupe
from impulse.demo import corpus
from impulse.export import stage as export
from impulse.parsing import stage as parsing
from impulse.validation import stage as validation

EXPORT = ExportParams(shards=16, train=0.5, val=0.25, test=0.25, numpy=True)

IN_A_GROUP = {
    "title": 'A "title" | <b>of</b> &\n{{ sorts }}',
    "group_path": ["Season / 1", "Final | `x`"],
    "group_ids": ["season-1", "final"],
    "group_1": "Season / 1",
    "group_2": "Final | `x`",
}
"""What an API tells of half of the replays."""


def prepared_data(
    folder: Path, *, matches: int = 9, seed: int = 11, seconds: float = 20.0, preset: str = "standard"
) -> Path:
    """Fill a data folder with everything up to dedupe, of a preset of features."""
    files = (
        Candidate(item.name, item.data, columns=IN_A_GROUP if number % 2 else {})
        for number, item in enumerate(corpus(matches=matches, seed=seed, duration_seconds=seconds))
    )
    take_in(files, source=SourceKind.local, storage=RawStorage.in_folder(folder / "raw"))
    parsing.run(job(ParsingConfig.get_preset(preset).params(), folder))
    validation.run(job(composed().validate, folder))
    dedupe.run(job(DedupeParams(), folder))
    return folder


def exported(
    data: Path,
    folder: Path,
    params: ExportParams = EXPORT,
    *,
    engine: EngineParams = EngineParams(workers=1),  # noqa: B008  (frozen)
    state: Path | None = None,
) -> Path:
    """Write the dataset of a prepared data folder to ``folder/export``, with a store of its own unless one is given."""
    export.run(job(params, data, engine=engine, output=folder, state=state or folder / ".state"))
    return folder / "export"


def listed_again(dataset: Path) -> Path:
    """Make schema.json list the files as they are now, for tests that change one on purpose."""
    document = json.loads((dataset / "schema.json").read_text())
    document["files"] = {name: facts for name, facts in document["files"].items() if (dataset / name).is_file()}
    for name, facts in document["files"].items():
        content = (dataset / name).read_bytes()
        facts |= {"bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}
        if name.endswith(".parquet"):
            facts |= {"rows": pq.read_metadata(dataset / name).num_rows}
    (dataset / "schema.json").write_text(json.dumps(document))
    return dataset
