from __future__ import annotations

import dataclasses
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from impulse.collection.intake import take_in
from impulse.collection.raw_storage import RawStorage
from impulse.collection.source import Candidate
from impulse.config.engine import EngineParams
from impulse.config.fetch import SourceKind
from impulse.config.parsing_config import ParsingConfig
from impulse.demo import corpus
from impulse.parsing import stage
from impulse.parsing.store import ParseStore
from impulse.tables import rejects

PARAMS = ParsingConfig.get_preset("standard").params()
ENGINE = EngineParams(workers=2)


@pytest.fixture(scope="module")
def raw(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("raw")
    files = (Candidate(item.name, item.data) for item in corpus(matches=9, seed=5, duration_seconds=15.0))
    take_in(files, source=SourceKind.local, storage=RawStorage.in_folder(folder))
    return folder


def run(raw: Path, folder: Path, manifest: pa.Table | None = None, params=PARAMS) -> stage.ParseSummary:
    return stage.parse_batch(
        manifest if manifest is not None else pq.read_table(raw / "manifest.parquet"),
        raw=raw,
        target=folder / "parsed",
        params=params,
        engine=ENGINE,
        store=ParseStore(folder / "store"),
    )


def content(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.slow
def test_parsing_again_reuses_everything_and_gives_the_same_bytes(raw: Path, tmp_path: Path) -> None:
    """A second run parses nothing; a run from nothing gives the same bytes."""
    first = run(raw, tmp_path / "a")
    before = content(tmp_path / "a" / "parsed")
    again = run(raw, tmp_path / "a")

    assert first.parsed_now == first.replays_in == 11
    assert again.parsed_now == 0
    assert content(tmp_path / "a" / "parsed") == before
    run(raw, tmp_path / "b")
    assert content(tmp_path / "b" / "parsed") == before


@pytest.mark.slow
def test_one_new_replay_is_one_parse(raw: Path, tmp_path: Path) -> None:
    """Growing the selection parses what is new, going back to earlier settings parses nothing."""
    manifest = pq.read_table(raw / "manifest.parquet")
    run(raw, tmp_path, manifest.slice(0, manifest.num_rows - 1))
    assert run(raw, tmp_path).parsed_now == 1
    other = ParsingConfig.get_preset("minimal", fps=5.0).params()
    assert run(raw, tmp_path, params=other).parsed_now == manifest.num_rows
    assert run(raw, tmp_path).parsed_now == 0


@pytest.mark.slow
def test_every_replay_is_parsed_or_a_reject(raw: Path, tmp_path: Path) -> None:
    """The rejects of parse are its own, and the counts add up."""
    manifest = pq.read_table(raw / "manifest.parquet")
    (raw_copy := tmp_path / "raw").mkdir()
    for row in manifest.to_pylist()[2:]:
        (raw_copy / row["path"]).parent.mkdir(parents=True, exist_ok=True)
        (raw_copy / row["path"]).write_bytes((raw / row["path"]).read_bytes())
    gone, changed = manifest.to_pylist()[:2]
    (raw_copy / changed["path"]).parent.mkdir(parents=True, exist_ok=True)
    (raw_copy / changed["path"]).write_bytes((raw / gone["path"]).read_bytes())
    for name in ("manifest.parquet", "rejects.parquet"):
        (raw_copy / name).write_bytes((raw / name).read_bytes())
    summary = run(raw_copy, tmp_path)

    assert summary.replays_in == summary.replays_out + sum(summary.rejected.values())
    assert summary.rejected["file_missing"] == summary.rejected["bytes_changed"] == 1
    table = pq.read_table(tmp_path / "parsed" / "rejects.parquet")
    assert table.schema.equals(rejects.REJECTS_SCHEMA)
    assert set(table["stage"].to_pylist()) == {"parse"}
    replays = pq.read_table(tmp_path / "parsed" / "replays.parquet")
    for replay_id in replays["replay_id"].to_pylist():
        assert (tmp_path / "parsed" / "frames" / replay_id[:2] / f"{replay_id}.arrow").is_file()
    # The missing file may come back, so its fate is not kept.
    (raw_copy / gone["path"]).parent.mkdir(parents=True, exist_ok=True)
    (raw_copy / gone["path"]).write_bytes((raw / gone["path"]).read_bytes())
    assert "file_missing" not in run(raw_copy, tmp_path).rejected


def test_a_half_written_result_counts_as_none(tmp_path: Path) -> None:
    """Only a record beside frames of the recorded size is a result."""
    store = ParseStore(tmp_path)
    store.write_parsed("ab12", pa.table({"x": [1.0]}), {"facts": {}})
    assert store.read("ab12") is not None
    frames = tmp_path / "ab" / "ab12.arrow"
    frames.write_bytes(frames.read_bytes()[:-1])
    assert store.read("ab12") is None
    (tmp_path / "ab" / "ab12.json").write_text('{"facts"')
    assert store.read("ab12") is None


def test_key_follows_what_decides_the_result() -> None:
    """Other bytes, settings or ids give other keys; the place of the store does not."""
    key = ParseStore(Path("a")).key("r", "s", PARAMS)
    assert ParseStore(Path("b")).key("r", "s", PARAMS) == key
    others = {
        ParseStore(Path("a")).key("q", "s", PARAMS),
        ParseStore(Path("a")).key("r", "t", PARAMS),
        ParseStore(Path("a")).key("r", "s", ParsingConfig.get_preset("standard", fps=5.0).params()),
        ParseStore(Path("a")).key("r", "s", ParsingConfig.get_preset("minimal").params()),
    }
    assert len(others | {key}) == 5


@pytest.mark.slow
def test_rejects_are_tried_again_after_an_upgrade_of_the_parser(raw: Path, tmp_path: Path, monkeypatch) -> None:
    """A reject is kept like a result, and both are made anew by another version of the parser."""
    params = dataclasses.replace(PARAMS, slots_per_team=1)
    first = run(raw, tmp_path, params=params)
    assert first.rejected["team_too_large"] > 0
    assert run(raw, tmp_path, params=params).parsed_now == 0
    monkeypatch.setattr("impulse.parsing.store.parser_version", lambda: "2.0.0")
    assert run(raw, tmp_path, params=params).parsed_now == first.replays_in
