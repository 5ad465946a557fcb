"""Only what changed is written, and what is written does not depend on how."""

from __future__ import annotations

import random
import shutil
from functools import partial
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from tests.export.replicas import replicate
from tests.exported import EXPORT, exported
from tests.imports import imports
from tests.jobs import job

from impulse.config.engine import EngineKind, EngineParams
from impulse.config.export import ExportParams
from impulse.errors import StageError
from impulse.export import parts
from impulse.export.encoding import USES
from impulse.export.stage import run
from impulse.files.digest import PACKAGE, code_digest
from impulse.tables.io import write_table
from impulse.tables.paths import FRAMES_FILES, frames_path
from impulse.tables.rejects import FOLDER_OF_STAGE

EVERYTHING = ExportParams(numpy=True)


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
    return exported(dozen, dozen, EVERYTHING, engine=EngineParams(workers=3))


def test_added_replays_rewrite_their_shards_only(data: Path, dozen: Path, tmp_path: Path) -> None:
    """Files that change are the shards of the new replays and what tells of the dataset as a whole; no other is touched."""
    params = ExportParams(shards=40)
    state = tmp_path / "state"
    before = exported(dozen, tmp_path / "before", params, state=state)
    more = replicate(data, tmp_path / "more", 15)
    counts = run(job(params, more, output=tmp_path, state=state))
    after = tmp_path / "export"
    old = set(pq.read_table(before / "replays.parquet")["replay_id"].to_pylist())
    shards = {
        f"frames/split={row['split']}/part-{row['shard']:05d}.parquet"
        for row in pq.read_table(after / "replays.parquet").to_pylist()
        if row["replay_id"] not in old
    }
    whole = {
        *(f"{name}.parquet" for name in ("replays", "players", "stints", "goals", "demolitions")),
        "README.md",
        "schema.json",
        "plots/overview.png",
        "checksums.sha256",
    }

    assert 1 <= len(shards) <= 3
    assert shards <= changed(content(before), content(after)) <= shards | whole
    assert counts.timing["parts_written_now"] == len(shards)
    assert counts.figures["parts"] > 8
    assert content(exported(more, tmp_path / "again", params)) == content(after)


def test_a_second_export_writes_no_frames(dozen: Path, complete: Path, tmp_path: Path) -> None:
    """Everything is linked from the store."""
    counts = run(job(EVERYTHING, dozen, output=tmp_path, state=dozen / ".state"))
    assert counts.timing["parts_written_now"] == 0
    assert content(tmp_path / "export") == content(complete)
    shard = next((complete / "frames").rglob("*.parquet"))
    assert shard.samefile(tmp_path / "export" / shard.relative_to(complete))


def test_parts_are_known_by_the_code_that_decides_their_bytes(
    dozen: Path, complete: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Comments, docstrings, card and plots write no part; a changed constant of the encoding writes all."""
    package = shutil.copytree(PACKAGE, tmp_path / "impulse", ignore=shutil.ignore_patterns("__pycache__"))
    monkeypatch.setattr(parts, "code_digest", partial(code_digest, package=package))

    def written_after(name: str, old: str, new: str) -> int:
        path = package / "export" / name
        assert old in path.read_text()
        path.write_text(path.read_text().replace(old, new))
        counts = run(job(EVERYTHING, dozen, output=tmp_path, state=dozen / ".state"))
        return int(counts.timing["parts_written_now"])

    for path in (package / "export").rglob("*.py"):
        path.write_text(f"# A comment.\n{path.read_text()}")
    assert written_after("encoding/parquet.py", '"""Write the frames', '"""Put the frames') == 0
    assert written_after("card.md.j2", "## Load it", "## Read it") == 0
    assert written_after("plots.py", "#4b6a9b", "#000000") == 0
    parts_there = len(list((complete / "frames").rglob("*.parquet"))) + 3
    assert written_after("encoding/parquet.py", "ZSTD_LEVEL = 3", "ZSTD_LEVEL = 4") == parts_there
    assert written_after("parts.py", "(name,) = part.paths", "(name, *_) = part.paths") == parts_there


def test_the_code_that_decides_bytes_is_declared() -> None:
    """What else it imports gives errors, paths, and what is in the key by value: settings and columns."""
    others = {PACKAGE / name for name in ("errors.py", "tables/paths.py", "config/export.py", "schema/column.py")}
    used = {PACKAGE / name for name in USES}
    own = set((PACKAGE / "export" / "encoding").glob("*.py"))
    found = {file for path in own | used for _, file in imports(path)}
    assert found - own - others == used


def test_a_damaged_part_is_written_again(data: Path, tmp_path: Path) -> None:
    """An edit of a file of the dataset is an edit of the store; the next run makes it good."""
    folder = replicate(data, tmp_path / "data", 3)
    before = content(exported(folder, tmp_path))
    shard = next((tmp_path / "export" / "frames").rglob("*.parquet"))
    shard.chmod(0o644)
    shard.write_bytes(shard.read_bytes()[:-1] + b"x")
    assert run(job(EXPORT, folder, output=tmp_path, state=tmp_path / ".state")).timing["parts_written_now"] == 1
    assert content(tmp_path / "export") == before


@pytest.mark.parametrize("workers", [1, 2])
def test_bytes_do_not_depend_on_the_workers(dozen: Path, complete: Path, tmp_path: Path, workers: int) -> None:
    """One thread or several."""
    other = exported(dozen, tmp_path, EVERYTHING, engine=EngineParams(workers=workers))
    assert content(other) == content(complete)


def test_bytes_do_not_depend_on_the_engine(dozen: Path, complete: Path, tmp_path: Path) -> None:
    """Threads write them whatever the engine; no cluster is asked."""
    cluster = EngineParams(kind=EngineKind.dask, address="tcp://127.0.0.1:9", workers=2)
    assert content(exported(dozen, tmp_path, EVERYTHING, engine=cluster)) == content(complete)


def test_bytes_do_not_depend_on_the_order_of_the_inputs(dozen: Path, complete: Path, tmp_path: Path) -> None:
    """Replays in any order in every table give the same dataset."""
    shuffled = tmp_path / "shuffled"
    for name in FOLDER_OF_STAGE.values():
        (shuffled / name).mkdir(parents=True)
    (shuffled / "parsed" / "frames").symlink_to(dozen / "parsed" / "frames")
    draws = random.Random(4)
    for path in (file for name in FOLDER_OF_STAGE.values() for file in (dozen / name).iterdir() if file.is_file()):
        target = shuffled / path.relative_to(dozen)
        if path.suffix == ".parquet" and path.name != "rejects.parquet":
            table = pq.read_table(path)
            order = list(dict.fromkeys(table["replay_id"].to_pylist()))
            draws.shuffle(order)
            rows = sorted(table.to_pylist(), key=lambda row: order.index(row["replay_id"]))
            write_table(pa.Table.from_pylist(rows, table.schema), target)
        else:
            target.write_bytes(path.read_bytes())
    assert content(exported(shuffled, tmp_path, EVERYTHING)) == content(complete)


def test_frames_that_parse_did_not_write_are_refused(data: Path, tmp_path: Path) -> None:
    """An edited file under data/parsed is named in one line, and nothing is left under the final name."""
    folder = replicate(data, tmp_path / "data", 3)
    path = next((folder / "parsed" / "frames").rglob("*.arrow"))
    original = path.read_bytes()
    path.write_bytes(original[:-1] + b"x")
    with pytest.raises(StageError, match="is not the file that parse wrote") as caught:
        exported(folder, tmp_path)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)
    path.unlink()
    with pytest.raises(StageError, match="is missing; run"):
        exported(folder, tmp_path)
    assert not (tmp_path / "export").exists()
    path.write_bytes(original)
    assert (exported(folder, tmp_path) / "README.md").is_file()


def test_other_frames_of_a_replay_are_exported_again(data: Path, tmp_path: Path) -> None:
    """A shard is known by the hashes of its frames, not by the ids of its replays."""
    folder = replicate(data, tmp_path / "data", 3)
    before = content(exported(folder, tmp_path / "one", state=tmp_path / "state"))
    table = pq.read_table(folder / "parsed" / FRAMES_FILES)
    one, other, *rest = table.to_pylist()
    one_path, other_path = (folder / "parsed" / frames_path(row["replay_id"]) for row in (one, other))
    one_content = one_path.read_bytes()
    one_path.write_bytes(other_path.read_bytes())
    other_path.write_bytes(one_content)
    swapped = [{**one, "sha256": other["sha256"]}, {**other, "sha256": one["sha256"]}]
    write_table(pa.Table.from_pylist([*swapped, *rest], table.schema), folder / "parsed" / FRAMES_FILES)
    after = content(exported(folder, tmp_path / "two", state=tmp_path / "state"))
    assert any(name.startswith("frames/") for name in changed(before, after))
