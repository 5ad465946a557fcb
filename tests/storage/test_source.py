"""The source s3: objects are verified once, known again by size and ETag, and copied only when they have to be."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from botocore.client import BaseClient
from tests.checkout import Checkout
from tests.s3.fixtures import Bucket

from impulse.collection.intake import take_in
from impulse.collection.raw_storage import RawStorage
from impulse.collection.source import Candidate
from impulse.collection.stage import run
from impulse.config.engine import EngineParams
from impulse.config.fetch import FetchParams, SourceKind, StorageKind
from impulse.demo import Kind, corpus, with_flipped_bits
from impulse.errors import BucketMissing, ConfigError, SourceError
from impulse.run.job import Counts, Job

pytestmark = pytest.mark.slow
CORPUS = list(corpus(matches=9, seed=3, duration_seconds=12.0))
FILES = {f"{'ab'[at % 2]}/{item.name}": item.data for at, item in enumerate(CORPUS)}
GOOD = sum(item.kind not in (Kind.COPY, Kind.CORRUPT) for item in CORPUS)


@pytest.fixture
def filled(bucket: Bucket) -> Bucket:
    for name, content in FILES.items():
        bucket.put(f"up/{name}", content)
    bucket.put("up/notes.txt", b"no replay")
    bucket.put("up/huge.txt.replay", b"")
    bucket.put("upper/other.replay", b"outside the prefix")
    return bucket


@contextmanager
def calls(names: set[str]) -> Iterator[list[tuple[str, str]]]:
    """Count calls to the store, by operation and key."""
    made: list[tuple[str, str]] = []
    call = BaseClient._make_api_call

    def counting(self, method: str, settings: Mapping[str, Any]) -> Any:
        if method in names:
            made.append((method, settings["Key"]))
        return call(self, method, settings)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(BaseClient, "_make_api_call", counting)
        yield made


def settings_of(bucket: Bucket, storage: str | None) -> FetchParams:
    kept = StorageKind.s3 if storage else StorageKind.local
    return FetchParams(
        source=SourceKind.s3, source_url=f"s3://{bucket.name}/up", storage=kept, storage_url=storage, threads=2
    )


def fetch(bucket: Bucket, folder: Path, storage: str | None = None, **settings: Any) -> Counts:
    params = replace(settings_of(bucket, storage), **settings)
    counts = run(Job(params, EngineParams(), folder, folder, folder, folder / ".state"))
    assert counts is not None
    return counts


def lists(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in (folder / "raw").glob("*.parquet")}


@pytest.mark.parametrize("kind", ["folder", "bucket", "in place"])
def test_objects_are_what_a_folder_of_the_same_files_is(filled: Bucket, tmp_path: Path, kind: str) -> None:
    """Rows and rejects are those of local files; only what is not to stay where it is gets copied."""
    storage = {"folder": None, "bucket": f"s3://{filled.name}/raw", "in place": f"s3://{filled.name}/up/"}[kind]
    with calls({"PutObject"}) as put:
        summary = fetch(filled, tmp_path, storage)
    files = [Candidate(name, content) for name, content in sorted({**FILES, "huge.txt.replay": b""}.items())]
    expected = take_in(files, source=SourceKind.s3, storage=RawStorage.in_folder(tmp_path / "expected"))
    assert (summary.replays_in, summary.replays_out, summary.rejected) == (
        expected.replays_in, expected.replays_out, expected.rejected
    )  # fmt: skip
    rows = pq.read_table(tmp_path / "raw/manifest.parquet").to_pylist()
    for row, other in zip(rows, pq.read_table(tmp_path / "expected/manifest.parquet").to_pylist(), strict=True):
        if kind == "in place":
            assert row["path"] == row["source_path"]
            row = {**row, "path": other["path"]}
        assert row == other
    rejects = [pq.read_table(tmp_path / name / "rejects.parquet") for name in ("raw", "expected")]
    assert rejects[0].equals(rejects[1])
    stored = {f"raw/{row['path']}": FILES[row["source_path"]] for row in rows}
    assert len(put) == (len(stored) if kind == "bucket" else 0)
    found = {key: content for key, content in filled.objects().items() if key.startswith("raw/")}
    assert found == (stored if kind == "bucket" else {})
    on_disk = {path.relative_to(tmp_path).as_posix() for path in (tmp_path / "raw").rglob("*.replay")}
    assert on_disk == (stored.keys() if kind == "folder" else set())


@pytest.mark.parametrize("kind", ["folder", "bucket", "in place"])
def test_only_what_changed_is_read_again(filled: Bucket, tmp_path: Path, kind: str) -> None:
    """New, changed and lost files cost a read each, also rejected ones; all others a listing."""
    storage = {"folder": None, "bucket": f"s3://{filled.name}/raw", "in place": f"s3://{filled.name}/up"}[kind]
    fetch(filled, tmp_path, storage)
    before = lists(tmp_path)
    with calls({"GetObject", "PutObject"}) as made:
        assert fetch(filled, tmp_path, storage).timing["written_now"] == 0
    assert made == []
    assert lists(tmp_path) == before
    first, second = sorted(FILES)[:2]
    filled.put("up/zzz.replay", FILES[first])
    filled.put(f"up/{second}", with_flipped_bits(FILES[second], seed=5))
    with calls({"GetObject"}) as made:
        summary = fetch(filled, tmp_path, storage)
    assert sorted(key for _, key in made) == [f"up/{second}", "up/zzz.replay"]
    assert summary.replays_in == len(FILES) + 2
    filled.client.delete_object(Bucket=filled.name, Key="up/zzz.replay")
    filled.put(f"up/{second}", FILES[second])
    fetch(filled, tmp_path, storage)
    assert lists(tmp_path) == before


@pytest.mark.parametrize("kind", ["folder", "bucket"])
def test_lost_and_damaged_copies_are_replaced(filled: Bucket, tmp_path: Path, kind: str) -> None:
    """The memory of what was seen does not stand in for a file, nor does a file of the same size."""
    storage = {"folder": None, "bucket": f"s3://{filled.name}/raw"}[kind]
    fetch(filled, tmp_path, storage)
    path = pq.read_table(tmp_path / "raw/manifest.parquet")["path"][0].as_py()
    file, key = tmp_path / "raw" / path, f"raw/{path}"
    content = filled.get(key) if storage else file.read_bytes()
    for damaged in (None, with_flipped_bits(content)):
        if storage and damaged:
            filled.put(key, damaged)
        elif storage:
            filled.client.delete_object(Bucket=filled.name, Key=key)
        elif damaged:
            file.write_bytes(damaged)
        else:
            file.unlink()
            (tmp_path / ".state/raw" / path).unlink()
        with calls({"GetObject"}) as made:
            timing = fetch(filled, tmp_path, storage).timing
        assert timing == {"written_now": 1, "healed_now": 0 if damaged is None else 1}
        assert (filled.get(key) if storage else file.read_bytes()) == content
        read = {key for _, key in made if key.startswith("up/")}
        assert all(FILES[key.removeprefix("up/")] == content for key in read)
        # Whoever has the damaged content reads it: a match, and its copy at the same time.
        assert len(made) <= len(read) * (2 if storage and damaged else 1)


def test_object_that_changes_while_it_is_read_is_not_remembered(
    filled: Bucket, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A content that was not listed is refused, and read in the next run."""
    name = min(FILES)
    call = BaseClient._make_api_call

    def changing(self, method: str, settings: Mapping[str, Any]) -> Any:
        if method == "GetObject" and settings["Key"] == f"up/{name}":
            filled.put(settings["Key"], FILES[name] + b"more")
        return call(self, method, settings)

    with monkeypatch.context() as patch:
        patch.setattr(BaseClient, "_make_api_call", changing)
        assert fetch(filled, tmp_path).rejected["vanished"] == 1
    assert "vanished" not in fetch(filled, tmp_path).rejected


def test_large_objects_and_other_cases_are_rows(bucket: Bucket, tmp_path: Path) -> None:
    """As in a folder: an object above the limit is not read, and a suffix in capitals is one."""
    good = next(item.data for item in CORPUS if item.kind not in (Kind.COPY, Kind.CORRUPT))
    bucket.put("up/UPPER.REPLAY", good)
    bucket.put("up/large.replay", bytes(2**20 + 1))
    with calls({"GetObject"}) as made:
        summary = fetch(bucket, tmp_path, max_replay_mb=1)
    assert [key for _, key in made] == ["up/UPPER.REPLAY"]
    assert (summary.replays_out, summary.rejected) == (1, {"too_large": 1})
    (row,) = pq.read_table(tmp_path / "raw/rejects.parquet").to_pylist()
    assert row["detail"] == "1048577 bytes, at most 1048576 are read (fetch.max_replay_mb)"


def test_memory_of_other_code_is_not_believed(filled: Bucket, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """After the code that judges files has changed every object is read again."""
    fetch(filled, tmp_path)
    monkeypatch.setattr("impulse.collection.known.code_digest", lambda *paths: "other code")
    with calls({"GetObject"}) as made:
        fetch(filled, tmp_path)
    assert len(made) == len(FILES) + 1


def test_places_that_cannot_be_read_are_one_line(bucket: Bucket, tmp_path: Path) -> None:
    """An empty prefix, a missing bucket, no place at all."""
    with pytest.raises(SourceError, match=rf"no object below s3://{bucket.name}/up ends in \.replay"):
        fetch(bucket, tmp_path)
    with pytest.raises(ConfigError, match=r"fetch.source_url: is not set"):
        fetch(bucket, tmp_path, source_url=None)
    with pytest.raises(BucketMissing, match=r"^s3://nowhere-at-all/up/: the bucket does not exist"):
        fetch(bucket, tmp_path, source_url="s3://nowhere-at-all/up")


def test_dry_run_says_what_a_run_would_do(filled: Bucket, tmp_path: Path, caplog) -> None:
    """It names the objects and their size, reads none of them and writes nothing."""
    caplog.set_level("INFO")
    with calls({"GetObject", "PutObject"}) as made:
        job = Job(
            replace(settings_of(filled, None), dry_run=True),
            *(EngineParams(), tmp_path, tmp_path, tmp_path, tmp_path / ".state"),
        )
        assert run(job) is None
    assert made == []
    assert f"a run reads those of {len(FILES) + 1} objects below s3://{filled.name}/up" in caplog.text
    assert list(tmp_path.iterdir()) == []


@pytest.mark.heavy
def test_replays_in_place_are_parsed_where_they_are(filled: Bucket, new_checkout: Callable[..., Checkout]) -> None:
    """The whole way without a copy of a replay anywhere."""
    url = f"s3://{filled.name}/up"
    checkout = new_checkout("source=s3", f"fetch.source_url={url}", "storage=s3", f"fetch.storage_url={url}")
    before = filled.objects()
    checkout.stage("fetch")
    checkout.stage("parse", "features=minimal", "parse.fps=2")
    metrics = json.loads((checkout.path / "metrics/parse.json").read_text())
    assert metrics["in"] == metrics["out"] == GOOD
    assert filled.objects() == before
    assert not list(checkout.path.rglob("*.replay"))
