"""A dataset knows its files: what is missing, extra, of another size or of another build is named, by every reader."""

from __future__ import annotations

import json
import random
import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from tests.exported import listed_again

import impulse
from impulse.errors import DatasetError
from impulse.loading.arrays import open_frame_arrays

READERS: dict[str, Callable[[Path], Any]] = {
    "arrow": lambda folder: impulse.load(folder),
    "pandas": lambda folder: impulse.load(folder, as_="pandas", columns=["time"]),
    "numpy": lambda folder: impulse.load(folder, as_="numpy", columns=["time", "segment"]),
    "verified": lambda folder: impulse.load(folder, verify=True),
    "long": lambda folder: impulse.load(folder, layout="long", columns=["pos_x"]),
    "one by one": lambda folder: list(impulse.open_dataset(folder).frames().each_replay()),
    "counted": lambda folder: impulse.open_dataset(folder).frames(filters=[("row", "<", 9)]).count_rows(),
    "whole": lambda folder: impulse.open_dataset(folder).verify(),
}


@pytest.fixture
def copy(dataset: Path, tmp_path: Path) -> Path:
    """A copy of the dataset to do something to."""
    return Path(shutil.copytree(dataset, tmp_path / "copy"))


@pytest.fixture
def older(tmp_path: Path) -> Path:
    """A dataset of before the list of files."""
    with zipfile.ZipFile(Path(__file__).parent.parent / "datasets" / "schema-1.zip") as archive:
        archive.extractall(tmp_path / "older")
    return tmp_path / "older"


def a_shard(folder: Path, split: str = "train") -> Path:
    return min((folder / "frames" / f"split={split}").iterdir())


def remove(folder: Path) -> str:
    a_shard(folder).unlink()
    return f"{a_shard_name(folder)} is missing"


def a_shard_name(folder: Path) -> str:
    """The name of the shard that :func:`remove` removes, from a list of replays."""
    rows = pq.read_table(folder / "replays.parquet", columns=["split", "shard"]).to_pylist()
    number = min(row["shard"] for row in rows if row["split"] == "train")
    return f"frames/split=train/part-{number:05d}.parquet"


def double(folder: Path) -> str:
    shutil.copy(a_shard(folder), a_shard(folder).with_name("part-00000 (1).parquet"))
    return r"frames/split=train/part-00000 \(1\).parquet does not belong to the dataset"


def double_elsewhere(folder: Path) -> str:
    shutil.copy(a_shard(folder), folder / "frames" / "part-00000.parquet")
    return "frames/part-00000.parquet does not belong to the dataset"


def add_table(folder: Path) -> str:
    shutil.copy(folder / "goals.parquet", folder / "goals 2.parquet")
    return "goals 2.parquet does not belong to the dataset"


def cut(folder: Path) -> str:
    size = a_shard(folder).stat().st_size
    a_shard(folder).write_bytes(a_shard(folder).read_bytes()[: size // 2])
    return f"{a_shard(folder).name} has {size // 2} bytes instead of {size}|{a_shard(folder).name} cannot be read"


def swap(folder: Path) -> str:
    """Another shard of the dataset under the name of one."""
    one, *_, other = sorted((folder / "frames" / "split=train").iterdir())
    shutil.copy(other, one)
    return f"{one.name} has .* (bytes|rows) instead of"


@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize(
    "fault", [remove, double, double_elsewhere, add_table, cut, swap], ids=lambda one: one.__name__
)
def test_every_reader_names_what_is_wrong(copy: Path, reader: str, fault: Callable[[Path], str]) -> None:
    """One line says which file and what to do."""
    READERS[reader](copy)
    with pytest.raises(DatasetError, match=rf"copy: .*({fault(copy)}).*copy or `dvc pull`") as caught:
        READERS[reader](copy)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "file", [pytest.param("frames", marks=pytest.mark.heavy), "replays.parquet", "players.parquet"]
)
def test_no_changed_bit_becomes_another_value(copy: Path, file: str) -> None:
    """Bits of values, lengths, names, types: each is refused, or nothing of what is read is another."""
    path = a_shard(copy) if file == "frames" else copy / file
    content, expected = path.read_bytes(), impulse.load(copy, table=file.removesuffix(".parquet"))
    draws, refused = random.Random(3), 0
    footer = len(content) - 8 - int.from_bytes(content[-8:-4], "little")
    for start, end in ((4, footer), (footer, len(content))):
        for _ in range(60):
            changed = bytearray(content)
            changed[draws.randrange(start, end)] ^= 1 << draws.randrange(8)
            path.write_bytes(changed)
            try:
                assert impulse.load(copy, table=file.removesuffix(".parquet")).equals(expected)
            except DatasetError as error:
                assert "\n" not in str(error)
                refused += 1
    assert refused > 60


def test_a_text_that_became_bytes_is_refused(copy: Path) -> None:
    """One bit of a footer says which it is, and nothing else would show it."""
    table = pq.read_table(copy / "players.parquet")
    at = table.schema.get_field_index("name")
    pq.write_table(table.set_column(at, "name", table["name"].cast(pa.binary())), copy / "players.parquet")
    with pytest.raises(DatasetError, match=r"players.parquet has binary in the column name instead of string"):
        impulse.load(listed_again(copy), table="players")


@pytest.mark.parametrize("fault", [remove, double, double_elsewhere, cut, swap], ids=lambda one: one.__name__)
def test_datasets_without_a_list_are_held_against_their_replays(older: Path, fault: Callable[[Path], str]) -> None:
    """The table of replays says which shards there are, and how many rows."""
    if fault is swap:
        other = next(path for path in (older / "frames").rglob("*.parquet") if path.parent.name != "split=train")
        shutil.copy(other, a_shard(older))
        expected = "has .* rows instead of"
    else:
        expected = fault(older)
    for reader in set(READERS) - {"whole", "verified"}:
        with pytest.raises(DatasetError, match=expected) as caught:
            READERS[reader](older)
        assert "\n" not in str(caught.value)


def test_hidden_files_are_none_of_the_dataset(copy: Path, dataset: Path) -> None:
    """What macOS, Spark and others leave behind is ignored, as Arrow does."""
    for name in ("frames/split=train/._part-00000.parquet", "._goals.parquet", ".DS_Store", "frames/_SUCCESS"):
        (copy / name).write_bytes(b"\x00\x05\x16\x07")
    (copy / "_checks").mkdir()
    shutil.copy(copy / "goals.parquet", copy / "_checks" / "goals.parquet")
    for reader in READERS.values():
        reader(copy)
    assert impulse.load(copy).equals(impulse.load(dataset))
    assert "._goals" not in impulse.open_dataset(copy).tables


def test_a_split_that_was_pulled_alone_is_read(copy: Path, dataset: Path) -> None:
    """Only what a call uses has to be there; what else it would use is named."""
    for split in ("val", "test"):
        shutil.rmtree(copy / "frames" / f"split={split}")
    for name in ("numpy/val/frames.npy", "goals.parquet", "players.parquet", "README.md"):
        (copy / name).unlink()
    assert impulse.load(copy, split="train").equals(impulse.load(dataset, split="train"))
    assert open_frame_arrays(copy, "train").build == impulse.open_dataset(dataset).build
    assert "goals" in impulse.open_dataset(copy).tables
    (copy / "frames" / "split=val").mkdir()
    shutil.copy(a_shard(copy), copy / "frames" / "split=val" / "part-99999.parquet")  # nobody asks for it
    one = [("replay_id", "=", pq.read_table(a_shard(copy))["replay_id"][0].as_py())]
    for path in set((copy / "frames" / "split=train").iterdir()) - {a_shard(copy)}:
        path.unlink()
    assert impulse.load(copy, split="train", filters=one).equals(impulse.load(dataset, filters=one))
    for arguments, message in (
        ({"split": "train"}, "frames/split=train/.* is missing"),
        ({"split": "val"}, "part-99999.parquet does not belong"),
        ({"table": "goals"}, "goals.parquet is missing"),
        ({"split": "train", "filters": one, "layout": "long"}, "players.parquet is missing"),
    ):
        with pytest.raises(DatasetError, match=message):
            impulse.load(copy, **arguments)
    with pytest.raises(DatasetError, match=r"numpy/val/frames.npy is missing"):
        open_frame_arrays(copy, "val")


@pytest.mark.parametrize(
    ("name", "facts", "message"),
    [
        ("frames", {"rows": 1}, r"part-\d+.parquet has \d+ rows instead of 1"),
        ("frames", {"row_groups": 9}, r"part-\d+.parquet has \d row groups instead of 9"),
        ("goals", {"rows": 1}, r"goals.parquet has \d+ rows instead of 1"),
    ],
)
def test_footers_are_held_against_the_list(copy: Path, name: str, facts: dict[str, int], message: str) -> None:
    """A file of the same size may have other rows."""
    document = json.loads((copy / "schema.json").read_text())
    listed = next(file for file in document["files"] if file.startswith(name))
    document["files"][listed] |= facts
    (copy / "schema.json").write_text(json.dumps(document))
    with pytest.raises(DatasetError, match=message):
        impulse.load(copy, table=name)


@pytest.mark.parametrize("is_older", [False, True])
def test_a_column_that_a_shard_lacks_is_said(copy: Path, older: Path, is_older: bool) -> None:
    """It would be nulls otherwise."""
    folder = older if is_older else copy
    path = max((folder / "frames" / "split=train").iterdir())
    table = pq.read_table(path, partitioning=None).drop_columns(["ball_pos_x", "p0_boost"])
    ids = table["replay_id"].unify_dictionaries().to_pylist()
    with pq.ParquetWriter(path, table.schema) as writer:
        for replay_id in dict.fromkeys(ids):
            writer.write_table(table.filter(pa.array([one == replay_id for one in ids])))
    for split in (None, "train"):
        with pytest.raises(DatasetError, match=rf"{path.name} lacks the column ball_pos_x \(and 1 more\)"):
            impulse.load(folder if is_older else listed_again(folder), split=split, columns=["time"])


def test_rows_of_replays_that_the_dataset_has_not_are_said(older: Path) -> None:
    """As many rows as there should be, of another replay."""
    path = older / "replays.parquet"
    table = pq.read_table(path)
    ids = pa.array(["somebody else's", *table["replay_id"].to_pylist()[1:]])
    pq.write_table(
        table.set_column(table.schema.get_field_index("replay_id"), table.schema.field("replay_id"), ids), path
    )
    for name, message in (("arrow", "replays that replays.parquet has not"), ("one by one", "is none of the dataset")):
        with pytest.raises(DatasetError, match=message):
            READERS[name](older)


def test_the_list_may_say_more_and_must_be_one(copy: Path) -> None:
    """A later impulse may know more of a file; anything but a list is said."""
    document = json.loads((copy / "schema.json").read_text())
    document["files"]["goals.parquet"]["colour"] = "blue"
    (copy / "schema.json").write_text(json.dumps(document))
    assert impulse.load(copy, table="goals").num_rows > 0
    wrong: Any
    for wrong in ([], {"goals.parquet": 3}):
        (copy / "schema.json").write_text(json.dumps({**document, "files": wrong}))
        for read in (lambda: impulse.load(copy), lambda: open_frame_arrays(copy, "train")):
            with pytest.raises(DatasetError, match=r"schema.json is not one that impulse wrote|cannot be opened"):
                read()


def test_verify_wants_every_file_and_no_other(copy: Path) -> None:
    """Missing ones, other ones, and a list of hashes that is not that of the dataset."""
    (copy / "notes.txt").write_text("mine")
    with pytest.raises(DatasetError, match=r"notes.txt does not belong to the dataset"):
        impulse.open_dataset(copy).verify()
    (copy / "notes.txt").unlink()
    lines = (copy / "checksums.sha256").read_text().splitlines(keepends=True)
    (copy / "checksums.sha256").write_text("".join(line for line in lines if "goals" not in line))
    with pytest.raises(DatasetError, match=r"goals.parquet (does not belong|is not in checksums)"):
        impulse.open_dataset(copy).verify()
    digest = "0" * 64
    (copy / "checksums.sha256").write_text(
        "".join(line.replace(line[:64], digest) if "schema" in line else line for line in lines)
    )
    with pytest.raises(DatasetError, match=r"schema.json (has other bytes|than schema.json)"):
        impulse.open_dataset(copy).verify()
    (copy / "checksums.sha256").write_text(
        "".join(line.replace(line[:64], digest) if "goals" in line else line for line in lines)
    )
    with pytest.raises(DatasetError, match=r"has another hash of goals.parquet than schema.json"):
        impulse.open_dataset(copy).verify()
