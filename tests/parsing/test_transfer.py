"""What goes to a worker of another machine and comes back: the same entries as here, and no path of either machine."""

from __future__ import annotations

import pickle
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from tests.parsing.stored import stored

from impulse.collection.intake import take_in as take_in_files
from impulse.collection.raw_storage import RawStorage
from impulse.collection.source import Candidate
from impulse.config.engine import EngineParams
from impulse.config.fetch import SourceKind
from impulse.config.parsing_config import ParsingConfig
from impulse.demo import write_replay
from impulse.errors import ReplayLost, StageError
from impulse.files.sent import SentEntry, packed_entry, take_in
from impulse.files.store import Store
from impulse.parsing import transfer
from impulse.parsing.keys import ProductKeys, parsed_with
from impulse.parsing.raw_replays import RawReplays
from impulse.parsing.transfer import TRANSFER, make_products_there
from impulse.parsing.work import ParseTask, Results, make_products
from impulse.run.chunk import packed_chunk
from impulse.tables.paths import MANIFEST

PARAMS = ParsingConfig.get_preset("standard").params()


@pytest.fixture(scope="module")
def raw(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of one raw replay."""
    folder = tmp_path_factory.mktemp("sent") / "raw"
    data = write_replay(folder.parent / "a.replay", seed=3, team_size=1, duration_seconds=12.0).data
    take_in_files([Candidate("a.replay", data)], source=SourceKind.local, storage=RawStorage.in_folder(folder))
    return folder


def _task(raw: Path, store: Path, **settings: Any) -> ParseTask:
    manifest, params = pq.read_table(raw / MANIFEST), parsed_with(replace(PARAMS, **settings))
    keys = ProductKeys.of(params, EngineParams())
    (row,) = manifest.to_pylist()
    return ParseTask(RawReplays.of(manifest, folder=raw), row, params, Store(store), keys).looked_up()


def _there(task: ParseTask, folder: Path) -> Results | None:
    """Do the work of a task as another machine would: from pickled bytes, in a folder of its own, with the sender's gone."""
    sent = packed_chunk(TRANSFER, [TRANSFER.packed(task)], EngineParams(), alone=False)
    here = (task.raw.folder, task.store.folder)
    assert not any(str(path).encode() in sent for path in here), "a path of this machine is sent"
    their_transfer, (packed,), _, _ = pickle.loads(sent)
    hidden = [path.rename(path.with_name(f"{path.name}.hidden")) for path in here if path.exists()]
    try:
        theirs = their_transfer.opened(packed, folder)
        back = their_transfer.sent_back(theirs, their_transfer.work(theirs))
    finally:
        for path in hidden:
            path.rename(path.with_name(path.name.removesuffix(".hidden")))
    shutil.rmtree(folder)
    return TRANSFER.taken_in(task, back)


def test_a_store_holds_the_same_whoever_made_it(raw: Path, tmp_path: Path) -> None:
    """Frames first, then a product that follows from frames which are sent along; the replay too where it is needed."""
    local, far = tmp_path / "local", tmp_path / "far"
    for settings, names in (({}, {"frames", "measures"}), ({"events": True, "pads": True}, {"events", "pads"})):
        expected = make_products(_task(raw, local, **settings))
        got = _there(_task(raw, far, **settings), tmp_path / "there")

        assert got is not None
        assert set(got.made) == set(expected.made) == names
        assert stored(far) == stored(local)
        assert {entry.key: dict(entry.facts) for entry in got.entries} == {
            entry.key: entry.facts for entry in Store(far).entries()
        }


def test_only_what_the_work_needs_is_sent(raw: Path, tmp_path: Path) -> None:
    """Measures follow from frames alone; a replay that was parsed is not sent for them."""
    task = _task(raw, tmp_path / "store")
    first = TRANSFER.packed(task)
    assert first.replay is not None
    assert len(first.replay) == task.manifest["bytes"] == TRANSFER.size(task)
    assert first.frames is None

    made = make_products(task)
    assert made.frames is not None
    without_measures = task.with_frames(made.frames)
    without_measures = replace(without_measures, known=replace(without_measures.known, measures=None))
    then = TRANSFER.packed(without_measures)
    assert then.replay is None
    assert then.frames is not None
    assert TRANSFER.size(without_measures) == task.manifest["bytes"] + sum(map(len, then.frames.files.values()))


def test_what_was_made_before_a_failure_comes_back(raw: Path, tmp_path: Path) -> None:
    """A worker that died of a product has made the frames, which are kept as they are by local work."""
    task = _task(raw, tmp_path / "store")
    theirs = TRANSFER.opened(TRANSFER.packed(task), tmp_path / "there")
    make_products(theirs)
    assert TRANSFER.taken_in(task, TRANSFER.sent_back(theirs, None)) is None
    assert task.looked_up().is_done


def test_a_replay_that_is_not_there_is_lost_before_it_is_sent(raw: Path, tmp_path: Path) -> None:
    """As it is in local work."""
    gone = replace(_task(raw, tmp_path / "store"), raw=RawReplays(tmp_path / "elsewhere"))
    with pytest.raises(ReplayLost, match=r"is not in the folder of raw replays; `make update` gets it again"):
        TRANSFER.packed(gone)


def test_a_bucket_is_read_by_the_worker(raw: Path, tmp_path: Path) -> None:
    """Nothing of the replay is read here."""
    from impulse.s3.url import S3Url

    task = _task(raw, tmp_path / "store")
    far = replace(task, raw=RawReplays(tmp_path / "elsewhere", S3Url.parse("s3://bucket/raw")))
    sent = TRANSFER.packed(far)
    assert sent.replay is None
    assert TRANSFER.opened(sent, tmp_path / "there").raw.bucket == far.raw.bucket


def test_a_damaged_entry_is_neither_sent_nor_kept(tmp_path: Path) -> None:
    """The hash that its writer recorded is proved on both ends."""
    one, other = Store(tmp_path / "one"), Store(tmp_path / "other")
    entry = one.put("ab", lambda folder: {"bytes": (folder / "a.bin").write_bytes(b"content")})
    sent = packed_entry(entry)
    assert take_in(other, sent).files["a.bin"].sha256 == entry.files["a.bin"].sha256
    assert (tmp_path / "other/ab/ab/a.bin").read_bytes() == b"content"

    with pytest.raises(ReplayLost, match=r"a\.bin was damaged on the way"):
        take_in(other, SentEntry("cd", {"a.bin": b"contend"}, sent.sha256, {}))
    assert [entry.key for entry in other.entries()] == ["ab"]
    path = entry.folder / "a.bin"
    path.chmod(0o644)
    path.write_bytes(b"contend")
    with pytest.raises(ReplayLost, match=r"a\.bin is damaged or gone"):
        packed_entry(entry)


def test_a_worker_with_other_code_ends_the_run(raw: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It would make something else under the same key."""
    task = _task(raw, tmp_path / "store")
    monkeypatch.setattr(transfer, "_keys_here", [])
    older = replace(task, keys=replace(task.keys, frames_inputs={**task.keys.frames_inputs, "parser": "1.5.0"}))
    with pytest.raises(StageError, match="another version of impulse or of subtr-actor-py"):
        make_products_there(older)
    assert not list(task.store.entries())
