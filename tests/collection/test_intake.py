from __future__ import annotations

import hashlib
import random
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from tests.demo.variants import clones

from impulse.collection.intake import take_in
from impulse.collection.raw_storage import RawStorage, raw_storage
from impulse.collection.source import Candidate, left_out
from impulse.config.fetch import FetchParams, SourceKind
from impulse.demo import corpus
from impulse.replay.reasons import Reason

FILES = [(item.name, item.data) for item in corpus(matches=9, seed=3, duration_seconds=12.0)]


def run(folder: Path, files) -> dict[str, bytes]:
    take_in(
        (Candidate(name, data) for name, data in files), source=SourceKind.local, storage=RawStorage.in_folder(folder)
    )
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_every_candidate_is_in_the_manifest_or_a_reject(tmp_path: Path) -> None:
    """Nothing disappears: the corpus' copy and its corrupt file are rejects, everything else is stored."""
    summary = take_in(
        [*(Candidate(*file) for file in FILES), left_out("gone", Reason.UNREADABLE, "No such file")],
        source=SourceKind.local,
        storage=RawStorage.in_folder(tmp_path),
    )

    assert summary.replays_in == len(FILES) + 1 == summary.replays_out + 3
    assert summary.rejected == {"body_crc_mismatch": 1, "duplicate_bytes": 1, "unreadable": 1}
    manifest = pq.read_table(tmp_path / "manifest.parquet").to_pylist()
    for row in manifest:
        data = (tmp_path / row["path"]).read_bytes()
        assert hashlib.sha256(data).hexdigest() == row["sha256"]
        assert row["source_path"] in dict(FILES)
        assert row["match_guid"] is None or len(row["match_guid"]) == 32


def test_manifest_does_not_depend_on_when_and_how_files_came(tmp_path: Path) -> None:
    """A second run writes nothing anew, and an interrupted one ends in the same bytes."""
    whole = run(tmp_path / "a", FILES)
    run(tmp_path / "b", FILES[:4])
    (tmp_path / "b" / "manifest.parquet").write_bytes(b"of another selection")

    assert run(tmp_path / "b", FILES) == whole
    summary = take_in(
        (Candidate(*file) for file in FILES), source=SourceKind.local, storage=RawStorage.in_folder(tmp_path / "b")
    )
    assert summary.timing == {"written_now": 0, "healed_now": 0}


def test_leftovers_of_a_killed_run_go(tmp_path: Path) -> None:
    """A run removes what another one left half written; a dry run changes nothing."""
    leftover = tmp_path / "raw" / "replays" / "00" / ".x.replay.1.partial"
    leftover.parent.mkdir(parents=True)
    leftover.write_bytes(b"half")
    for is_dry in (True, False):
        with raw_storage(FetchParams(dry_run=is_dry), folder=tmp_path / "view", state=tmp_path):
            assert leftover.exists() is is_dry


def test_stored_files_outlive_a_smaller_selection(tmp_path: Path) -> None:
    """Downloads are precious: a changed selection changes the manifest and deletes nothing."""
    whole = run(tmp_path, FILES)
    smaller = run(tmp_path, FILES[:2])

    assert set(whole) == set(smaller)
    assert pq.read_metadata(tmp_path / "manifest.parquet").num_rows == 2


@pytest.mark.slow
def test_many_files_are_taken_in_any_order(tmp_path: Path) -> None:
    """The manifest of many replays does not depend on their order, except which copy is called the original."""
    originals = [item for item in FILES if "copy" not in item[0]]
    many = [(f"{number}.replay", data) for number, data in enumerate(clones(originals[0][1], count=300))]
    first = run(tmp_path / "a", many)
    random.Random(1).shuffle(many)

    assert run(tmp_path / "b", many) == first
