"""Only what changed is written, and what is written does not depend on how."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from tests.export.replicas import replicate
from tests.exported import exported

from impulse.config.engine import EngineKind, EngineParams
from impulse.config.export import ExportParams
from impulse.errors import StageError
from impulse.export.stage import export_dataset
from impulse.export.store import ExportStore
from impulse.tables.paths import DECISIONS, FRAMES_FILES
from impulse.tables.rejects import FOLDERS

EVERYTHING = ExportParams(long=True, numpy=True, npz=True)
KILLS = 15


def content(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def changed(before: dict[str, bytes], after: dict[str, bytes]) -> set[str]:
    return {name for name in before.keys() | after.keys() if before.get(name) != after.get(name)}


@pytest.fixture(scope="module")
def dozen(data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return replicate(data, tmp_path_factory.mktemp("dozen"), 12)


@pytest.fixture(scope="module")
def complete(dozen: Path) -> Path:
    """Everything that can be exported, by three threads; not to be changed."""
    return exported(dozen, dozen / "complete", EVERYTHING, engine=EngineParams(workers=3))


def test_added_replays_rewrite_their_shards_only(data: Path, dozen: Path, tmp_path: Path) -> None:
    """Files that change are the shards of the new replays and what tells of the dataset as a whole; no other is touched."""
    params = ExportParams(shards=40)
    store = tmp_path / "store"
    before = exported(dozen, tmp_path / "before", params, store=store)
    more = replicate(data, tmp_path / "more", 15)
    summary = export_dataset(
        parsed=more / "parsed",
        deduped=more / "deduped",
        target=tmp_path / "after",
        params=params,
        engine=EngineParams(workers=2),
        store=ExportStore(store),
    )
    old = set(pq.read_table(before / "replays.parquet")["replay_id"].to_pylist())
    shards = {
        f"frames/split={row['split']}/part-{row['shard']:05d}.parquet"
        for row in pq.read_table(tmp_path / "after" / "replays.parquet").to_pylist()
        if row["replay_id"] not in old
    }
    whole = {
        *(f"{name}.parquet" for name in ("replays", "players", "goals", "demolitions")),
        "README.md",
        "plots/overview.png",
        "checksums.sha256",
    }

    assert 1 <= len(shards) <= 3
    assert shards <= changed(content(before), content(tmp_path / "after")) <= shards | whole
    assert summary.pieces_written == len(shards)
    assert summary.pieces > 8
    assert content(exported(more, tmp_path / "anew", params)) == content(tmp_path / "after")


def test_a_second_export_writes_no_frames(dozen: Path, complete: Path, tmp_path: Path) -> None:
    """Everything is linked from the store."""
    summary = export_dataset(
        parsed=dozen / "parsed",
        deduped=dozen / "deduped",
        target=tmp_path / "two",
        params=EVERYTHING,
        engine=EngineParams(),
        store=ExportStore(dozen / "complete-store"),
    )
    assert summary.pieces_written == 0
    assert content(tmp_path / "two") == content(complete)
    shard = next((complete / "frames").rglob("*.parquet"))
    assert shard.samefile(tmp_path / "two" / shard.relative_to(complete))


@pytest.mark.parametrize("workers", [1, 2])
def test_bytes_do_not_depend_on_the_workers(dozen: Path, complete: Path, tmp_path: Path, workers: int) -> None:
    """One thread or several."""
    other = exported(dozen, tmp_path / "other", EVERYTHING, engine=EngineParams(workers=workers))
    assert content(other) == content(complete)


@pytest.mark.slow
def test_bytes_do_not_depend_on_the_engine(dozen: Path, complete: Path, tmp_path: Path) -> None:
    """Two processes of a Dask cluster write what threads write."""
    cluster = EngineParams(kind=EngineKind.dask, workers=2)
    assert content(exported(dozen, tmp_path / "dask", EVERYTHING, engine=cluster)) == content(complete)


def test_bytes_do_not_depend_on_the_order_of_the_inputs(dozen: Path, complete: Path, tmp_path: Path) -> None:
    """Replays in any order in every table give the same dataset."""
    shuffled = tmp_path / "shuffled"
    for name in FOLDERS.values():
        (shuffled / name).mkdir(parents=True)
    (shuffled / "parsed" / "frames").symlink_to(dozen / "parsed" / "frames")
    draws = random.Random(4)
    for path in (file for name in FOLDERS.values() for file in (dozen / name).iterdir() if file.is_file()):
        target = shuffled / path.relative_to(dozen)
        if path.suffix == ".parquet" and path.name != "rejects.parquet":
            table = pq.read_table(path)
            order = list(dict.fromkeys(table["replay_id"].to_pylist()))
            draws.shuffle(order)
            rows = sorted(table.to_pylist(), key=lambda row: order.index(row["replay_id"]))
            pq.write_table(pa.Table.from_pylist(rows, table.schema), target)
        else:
            target.write_bytes(path.read_bytes())
    assert content(exported(shuffled, tmp_path / "other", EVERYTHING)) == content(complete)


def test_frames_that_parse_did_not_write_are_refused(data: Path, tmp_path: Path) -> None:
    """An edited file under data/parsed is named in one line, and nothing is left under the final name."""
    folder = replicate(data, tmp_path / "data", 3)
    path = next((folder / "parsed" / "frames").rglob("*.arrow"))
    original = path.read_bytes()
    path.write_bytes(original[:-1] + b"x")
    with pytest.raises(StageError, match="is not the file that parse wrote") as caught:
        exported(folder, tmp_path / "export")
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)
    path.unlink()
    with pytest.raises(StageError, match="is missing; run"):
        exported(folder, tmp_path / "export")
    assert not (tmp_path / "export").exists()
    path.write_bytes(original)
    assert (exported(folder, tmp_path / "export") / "README.md").is_file()


def test_other_frames_of_a_replay_are_exported_anew(data: Path, tmp_path: Path) -> None:
    """A shard is known by the hashes of its frames, not by the ids of its replays."""
    folder = replicate(data, tmp_path / "data", 3)
    before = content(exported(folder, tmp_path / "one", store=tmp_path / "store"))
    files = pq.read_table(folder / "parsed" / FRAMES_FILES).to_pylist()
    decisions = pq.read_table(folder / "deduped" / DECISIONS).to_pylist()
    swapped = {files[0]["replay_id"]: files[1], files[1]["replay_id"]: files[0]}
    paths = [folder / "parsed" / "frames" / row["replay_id"][:2] / f"{row['replay_id']}.arrow" for row in files[:2]]
    contents = [path.read_bytes() for path in paths]
    for path, other in zip(paths, reversed(contents), strict=True):
        path.write_bytes(other)
    rows = [{**row, "sha256": swapped.get(row["replay_id"], row)["sha256"]} for row in files]
    schema = pq.read_schema(folder / "parsed" / FRAMES_FILES)
    pq.write_table(pa.Table.from_pylist(rows, schema), folder / "parsed" / FRAMES_FILES)
    after = content(exported(folder, tmp_path / "two", store=tmp_path / "store"))

    assert len(decisions) == 3
    assert any(name.startswith("frames/") for name in changed(before, after))


@pytest.mark.heavy
def test_killed_exports_end_in_the_same_bytes(data: Path, tmp_path: Path) -> None:
    """SIGKILL at random moments, again and again; the run that gets through gives the bytes of an undisturbed one."""
    folder = replicate(data, tmp_path / "data", 150)
    reference = content(exported(folder, tmp_path / "reference", EVERYTHING))
    command = [sys.executable, str(Path(__file__).with_name("killed_run.py")), str(folder), str(tmp_path / "out")]
    draws = random.Random(3)
    killed = 0
    for _ in range(KILLS):
        run = subprocess.Popen(command)
        try:
            run.wait(timeout=draws.uniform(0.5, 4.0))
        except subprocess.TimeoutExpired:
            run.send_signal(signal.SIGKILL)
            killed += 1
        run.wait()
        if (tmp_path / "out" / "export").exists():
            assert content(tmp_path / "out" / "export") == reference
    subprocess.run(command, check=True)

    assert killed >= KILLS // 3
    assert content(tmp_path / "out" / "export") == reference
    assert not [path.name for path in (tmp_path / "out").iterdir() if "partial" in path.name or "replaced" in path.name]
