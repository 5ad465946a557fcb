"""A build with everything on, of real files of all kinds and years: no replay is lost by it, and what a replay lacks is named."""

from __future__ import annotations

import dataclasses
import json
import re
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from tests.jobs import job
from tests.settings import composed

from impulse.collection.intake import take_in
from impulse.collection.raw_storage import RawStorage
from impulse.collection.source import Candidate
from impulse.config.dedupe import DedupeParams
from impulse.config.export import ExportParams
from impulse.config.fetch import SourceKind
from impulse.config.parsing_config import ParsingConfig
from impulse.dedupe import stage as dedupe
from impulse.export import stage as export
from impulse.parsing import stage as parsing
from impulse.validation import stage as validation

PLAIN = ParsingConfig.get_preset("standard").params()
EVERYTHING = dataclasses.replace(PLAIN, events=True, stats=True, controls=True, pads=True, pad_rows=True)
TABLES = {"events": "events", "stats": "player_stats", "controls": "controls", "pads": "pads", "pad_rows": "pad_rows"}
"""Setting to a table, or list of files, that has every replay which does not lack the product."""
MATCH_BYTES = 1_000_000
"""Of the folder of whole matches, which all are alike, no larger ones, so that the build takes a few minutes."""


def wanted(path: Path) -> bool:
    return path.parent.name not in ("match", "recoverable", "odd-rate") or path.stat().st_size < MATCH_BYTES


def rows(folder: Path, name: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = pq.read_table(folder / f"{name}.parquet").to_pylist()
    return found


@pytest.mark.heavy
def test_a_build_with_everything_on(real_replays: Path, hazards: Path, tmp_path: Path) -> None:
    """Replays, rejects and frames are those without products; every product is there or named in table and report."""
    files = [path for folder in (real_replays, hazards) for path in sorted(folder.rglob("*.replay")) if wanted(path)]
    found = (Candidate(path.relative_to(real_replays.parent).as_posix(), path.read_bytes()) for path in files)
    take_in(found, source=SourceKind.local, storage=RawStorage.in_folder(tmp_path / "raw"))
    state = tmp_path / ".state"
    plain = parsing.run(job(PLAIN, tmp_path, output=tmp_path / "plain", state=state))
    counts = parsing.run(job(EVERYTHING, tmp_path, state=state))
    before, parsed = tmp_path / "plain" / "parsed", tmp_path / "parsed"

    assert (counts.replays_in, counts.replays_out) == (plain.replays_in, plain.replays_out)
    assert counts.replays_out > 40
    for name in ("rejects", "frames", "players", "measures"):
        assert (parsed / f"{name}.parquet").read_bytes() == (before / f"{name}.parquet").read_bytes(), name
    replays = rows(parsed, "replays")
    told = {name: {row["replay_id"] for row in rows(parsed, name)} for name in TABLES.values()}
    lacking = dict.fromkeys(TABLES, 0)
    for row in replays:
        refused = dict(line.split(": ") for line in row["refused"])
        assert set(refused.values()) <= {"unsupported_format"}, row["source_path"]
        for setting, table in TABLES.items():
            lacking[setting] += setting in refused
            has_rows = row["replay_id"] in told[table]
            tells_of_none = setting == "pads" and not has_rows  # nobody picks one up, as in a clip of some seconds
            assert has_rows == (setting not in refused) or tells_of_none, (row["source_path"], setting)
        assert (row["events_differ"] is None) == ("events" in refused)
    assert counts.figures["refused"] == lacking

    validation.run(job(composed().validate, tmp_path, state=state))
    page = (tmp_path / "validated" / "report.html").read_text()
    section = page.split("Products on request")[1].split("<h2")[0] if "Products on request" in page else ""
    named = set(re.findall(r'<td class="name">([^<]*)</td>', section))
    assert named == {row["source_path"] for row in replays if row["refused"] or row["events_differ"]}

    dedupe.run(job(DedupeParams(), tmp_path, state=state))
    export.run(job(ExportParams(), tmp_path, state=state))
    exported = {row["replay_id"]: row for row in rows(tmp_path / "export", "replays")}
    flips = {row["replay_id"] for row in rows(tmp_path / "export", "events") if row["kind"] == "flip_reset"}
    assert "flip-reset-2026" in {Path(exported[replay_id]["source_path"]).stem for replay_id in flips}
    assert json.loads((tmp_path / "export" / "schema.json").read_text())["files"]
