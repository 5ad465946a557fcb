"""Damage anywhere in a checkout is named, and mended from the nearest good copy; what is mended is what it was."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pyarrow.parquet as pq
import pytest
import yaml
from tests.checkout import Checkout

pytestmark = [pytest.mark.pipeline, pytest.mark.slow]
FOLDERS = ("data/raw", "data/parsed", "data/validated", "data/deduped", "data/export")


@pytest.fixture
def copy(fresh: Checkout, tmp_path: Path) -> Checkout:
    """A copy of the built checkout that may be damaged."""
    shutil.copytree(fresh.path, tmp_path / "copy", symlinks=True)
    return replace(fresh, path=tmp_path / "copy")


@pytest.fixture
def linked(fresh: Checkout, tmp_path: Path) -> Checkout:
    """The dataset built in a copy without any of it, so that store, cache and data are names of the same files."""
    shutil.copytree(fresh.path, tmp_path / "linked", ignore=shutil.ignore_patterns("data", ".state", "cache"))
    linked = replace(fresh, path=tmp_path / "linked")
    linked.run("git", "checkout", "-q", "--", "data")
    linked.run("python", "-m", "impulse", "repro", PYTHONPATH="stages")
    return linked


def verify(checkout: Checkout, *options: str, **environ: str) -> subprocess.CompletedProcess[str]:
    return checkout.run("python", "-m", "impulse", "verify", *options, check=False, PYTHONPATH="stages", **environ)


def flip(path: Path, at: int | None = None) -> None:
    """Change one bit, in the middle if not said, and leave size and time as they were, as a failing disk does."""
    status, content = path.stat(), bytearray(path.read_bytes())
    content[len(content) // 2 if at is None else at] ^= 1
    path.chmod(0o644)
    path.write_bytes(content)
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))


def list_of(checkout: Checkout, stage: str, output: str) -> Path:
    """Return DVC's list of the files of an output; the cache has those of earlier datasets too."""
    outs: list[dict[str, str]] = yaml.safe_load((checkout.path / "dvc.lock").read_text())["stages"][stage]["outs"]
    (oid,) = (out["md5"] for out in outs if out["path"] == output)
    return checkout.path / ".dvc/cache/files/md5" / oid[:2] / oid[2:]


def first(checkout: Checkout, pattern: str, number: int = 0) -> str:
    return sorted(path.relative_to(checkout.path).as_posix() for path in checkout.path.glob(pattern))[number]


@pytest.mark.heavy
def test_every_kind_of_damage_is_named_and_mended(copy: Checkout) -> None:
    """Raw replays, outputs, cache and store at once; afterwards all is as before and nothing is left to do."""
    assert verify(copy).returncode == 0
    before = {folder: copy.content(folder) for folder in FOLDERS}
    parsed = list_of(copy, "parse", "data/parsed")
    listing = json.loads(list_of(copy, "export", "data/export").read_bytes())
    # An editor's or a system's own file, which DVC ignores too, is nobody's damage.
    (copy.path / "data/export/.DS_Store").write_bytes(b"x")
    damaged = [
        "data/export/checksums.sha256",
        first(copy, "data/raw/replays/*/*.replay"),
        first(copy, "data/parsed/frames/*/*.arrow"),
        "data/validated/report.html",
        "data/export/frames/" + next(name for name in before["data/export"] if "part-" in name).removeprefix("frames/"),
        ".dvc/cache/files/md5/{}/{}".format(listing[0]["md5"][:2], listing[0]["md5"][2:]),
        parsed.relative_to(copy.path).as_posix(),  # its files have a list of our own too
        first(copy, ".state/parsed/*/*.record"),
    ]
    missing = [first(copy, "data/raw/replays/*/*.replay", 1), "data/deduped"]
    for name in damaged:
        flip(copy.path / name)
    (copy.path / missing[0]).unlink()
    shutil.rmtree(copy.path / missing[1])
    (copy.path / "data/export/frames/copy.parquet").write_bytes(b"PAR1")
    flip(copy.path / first(copy, ".state/export/*/*/*.parquet"))  # named by its entry

    found = verify(copy)
    assert found.returncode == 1
    lines = {
        line.split(": ")[0]: line.split(": ")[1].split(",")[0] for line in found.stdout.splitlines() if ": " in line
    }
    assert lines.items() >= {**dict.fromkeys(damaged, "damaged"), **dict.fromkeys(missing, "missing")}.items()
    assert any(name.startswith(".state/export/") for name in lines)
    assert {folder: copy.content(folder) for folder in FOLDERS} != before

    assert verify(copy, "--heal").returncode == 0
    (copy.path / "data/export/.DS_Store").unlink()
    assert {folder: copy.content(folder) for folder in FOLDERS} == before
    assert verify(copy).returncode == 0
    assert copy.stages_run("dvc", "repro") == []


@pytest.mark.heavy
def test_an_edit_through_a_link_is_mended_in_all_places(linked: Checkout) -> None:
    """Raw replay, frames and shard, read-only again afterwards, with their old times: the cache and the stores have the damage too."""
    before = {folder: linked.content(folder) for folder in FOLDERS}
    edited = [
        linked.path / first(linked, pattern)
        for pattern in ("data/raw/replays/*/*.replay", "data/parsed/frames/*/*.arrow", "data/export/frames/*/*.parquet")
    ]
    for file in edited:
        assert file.stat().st_nlink == 3
        status, content = file.stat(), bytearray(file.read_bytes())
        content[len(content) // 2] ^= 1
        file.chmod(0o644)
        file.write_bytes(content)
        file.chmod(0o444)
        os.utime(file, ns=(status.st_atime_ns, status.st_mtime_ns))
    found = verify(linked)
    assert found.returncode == 1
    for place in (
        ".dvc/cache/files/md5/",
        "data/raw/",
        "data/parsed/",
        "data/export/",
        ".state/raw/",
        ".state/parsed/",
    ):
        assert f"\n{place}" in f"\n{found.stdout}", found.stdout
    assert verify(linked, "--heal").returncode == 0
    assert {folder: linked.content(folder) for folder in FOLDERS} == before
    assert verify(linked).returncode == 0
    assert linked.stages_run("dvc", "repro") == []
    assert [file.stat().st_nlink for file in edited] == [3, 3, 3]


@pytest.mark.heavy
def test_what_an_edit_through_a_link_has_spoilt_for_good_is_named(
    linked: Checkout, small_source: Path, tmp_path: Path
) -> None:
    """Where the source no longer has the replay: one line, and no success."""
    source = Path(shutil.copytree(small_source, tmp_path / "source"))
    contents = [file.read_bytes() for file in source.iterdir()]
    rows = pq.read_table(linked.path / "data/raw/manifest.parquet").to_pylist()
    row = next(row for row in rows if contents.count((source / row["source_path"]).read_bytes()) == 1)
    (source / row["source_path"]).unlink()
    flip(linked.path / "data/raw" / row["path"])
    done = verify(linked, "--heal", IMPULSE_REPLAYS=str(source))
    assert done.returncode != 0
    assert done.stdout.count(f"{row['path']}: the source no longer has it") == 1


@pytest.mark.heavy
def test_what_a_folder_and_the_cache_have_both_lost_is_made_again(copy: Checkout) -> None:
    """DVC takes the folder for one that need not be here, and makes nothing."""
    before = copy.content("data/parsed")
    frames = copy.path / first(copy, "data/parsed/frames/*/*.arrow")
    oid = hashlib.md5(frames.read_bytes(), usedforsecurity=False).hexdigest()
    (copy.path / ".dvc/cache/files/md5" / oid[:2] / oid[2:]).unlink()
    flip(frames)
    assert verify(copy, "--heal").returncode == 0
    assert copy.content("data/parsed") == before


@pytest.mark.heavy
def test_damage_that_dvc_has_taken_for_the_truth_is_mended_from_the_source(copy: Checkout) -> None:
    """The manifest knows better than dvc.lock and the cache, which have the damaged bytes."""
    before = {folder: copy.content(folder) for folder in FOLDERS}
    raw = first(copy, "data/raw/replays/*/*.replay")
    flip(copy.path / raw)
    os.utime(copy.path / raw)
    copy.run("dvc", "commit", "--force", "fetch")
    found = verify(copy)
    assert f"{raw}: damaged, its bytes are not those of data/raw/manifest.parquet" in found.stdout
    assert verify(copy, "--heal").returncode == 0
    assert {folder: copy.content(folder) for folder in FOLDERS} == before


@pytest.mark.heavy
def test_a_damaged_replay_that_the_source_no_longer_has_is_no_success(
    copy: Checkout, small_source: Path, tmp_path: Path
) -> None:
    """Nothing is built without it, until somebody builds."""
    source = Path(shutil.copytree(small_source, tmp_path / "source"))
    contents = [file.read_bytes() for file in source.iterdir()]
    rows = pq.read_table(copy.path / "data/raw/manifest.parquet").to_pylist()
    row = next(row for row in rows if contents.count((source / row["source_path"]).read_bytes()) == 1)
    raw = copy.path / "data/raw" / row["path"]
    oid = hashlib.md5(raw.read_bytes(), usedforsecurity=False).hexdigest()
    (copy.path / ".dvc/cache/files/md5" / oid[:2] / oid[2:]).unlink()
    (source / row["source_path"]).unlink()
    (copy.path / ".state/raw" / row["path"]).unlink()
    flip(raw)
    before = copy.content("data/export")
    done = verify(copy, "--heal", IMPULSE_REPLAYS=str(source))
    assert done.returncode != 0
    assert f"{row['path']}: the source no longer has it" in done.stdout
    assert copy.content("data/export") == before


@pytest.mark.heavy
def test_damage_is_not_uploaded_and_not_taken_from_a_remote(
    copy: Checkout, tmp_path: Path, clone: Callable[[str, Path], Checkout]
) -> None:
    """Push and pull refuse it; once it is mended, the same commands bring the good file."""
    copy.run("dvc", "remote", "modify", "storage", "url", str(tmp_path / "remote"))
    copy.run("git", "commit", "-qam", "remote")
    oid = json.loads(list_of(copy, "export", "data/export").read_bytes())[0]["md5"]
    kept = copy.path / ".dvc/cache/files/md5" / oid[:2] / oid[2:]
    flip(kept)
    refused = copy.run("python", "-m", "impulse", "push", check=False, PYTHONPATH="stages")
    assert refused.returncode == 1
    assert refused.stderr.startswith(f"push: error: {kept.relative_to(copy.path)} is damaged")
    assert verify(copy, "--heal").returncode == 0
    copy.run("python", "-m", "impulse", "push", PYTHONPATH="stages")

    there = tmp_path / "remote/files/md5" / oid[:2] / oid[2:]
    flip(there)
    other = replace(copy, path=tmp_path / "other")
    copy.run("git", "clone", "-q", str(copy.path), str(other.path))
    assert other.run("dvc", "pull", check=False).returncode != 0
    assert f"{there}: damaged" in verify(copy, "--remote").stdout
    assert verify(copy, "--remote", "--heal").returncode == 0
    other.run("dvc", "pull")
    third = replace(copy, path=tmp_path / "third")
    copy.run("git", "clone", "-q", str(copy.path), str(third.path))
    third.run("python", "-m", "impulse", "repro", "--pull", PYTHONPATH="stages")
    assert third.content("data/export") == copy.content("data/export")
    assert not (third.path / "data/raw").exists()
    # As a pull leaves them that is killed while it puts files there.
    for path in list((third.path / "data").glob("export/frames/*/*")) + list(
        (third.path / "data/validated").glob("*.*")
    ):
        path.unlink()
    (third.path / "data/export/frames/.WSgiqwttcMWZ7OCWZ_v7sg.tmp").write_bytes(b"PAR1")
    (third.path / "data/parsed/frames").mkdir(parents=True)
    third.run("python", "-m", "impulse", "repro", "--pull", PYTHONPATH="stages")
    for folder in ("data/export", "data/validated"):
        assert third.content(folder) == copy.content(folder)
    assert not (third.path / "data/parsed").exists(), "nothing needs it"
    third.run("python", "-m", "impulse", "release", "v1.0", PYTHONPATH="stages")
    assert third.run("git", "tag").stdout == "v1.0\n"
    third.run("dvc", "remote", "modify", "storage", "url", str(tmp_path / "another remote"))
    third.run("git", "commit", "-qam", "another remote")
    lacking = third.run("python", "-m", "impulse", "release", "v2.0", check=False, PYTHONPATH="stages")
    assert "is not in the remote" in lacking.stderr
    assert third.run("git", "tag").stdout == "v1.0\n"
    fourth = replace(copy, path=tmp_path / "fourth")
    copy.run("git", "clone", "-q", str(copy.path), str(fourth.path))
    flip(there)
    assert f"{there}: damaged" in verify(fourth, "--remote").stdout
    assert {folder: other.content(folder) for folder in FOLDERS} == {folder: copy.content(folder) for folder in FOLDERS}


@pytest.mark.heavy
@pytest.mark.parametrize("lost", ["object", "list"])
def test_a_push_that_lacks_something_is_none(copy: Checkout, tmp_path: Path, lost: str) -> None:
    """DVC only warns of objects that are neither here nor there, and leaves the whole folder out."""
    copy.run("dvc", "remote", "modify", "storage", "url", str(tmp_path / "remote"))
    listing = list_of(copy, "export", "data/export")
    oid = json.loads(listing.read_bytes())[0]["md5"]
    (listing if lost == "list" else copy.path / ".dvc/cache/files/md5" / oid[:2] / oid[2:]).unlink()
    refused = copy.run("python", "-m", "impulse", "push", check=False, PYTHONPATH="stages")
    assert refused.returncode == 1
    assert "is not in the remote" in refused.stderr
    assert verify(copy, "--heal").returncode == 0
    copy.run("python", "-m", "impulse", "push", PYTHONPATH="stages")
    assert verify(copy, "--remote").returncode == 0


@pytest.mark.heavy
def test_a_dataset_that_dvc_took_damaged_is_not_uploaded(copy: Checkout, tmp_path: Path) -> None:
    """DVC has the hash of what it found; checksums.sha256, and the pages of tables, have that of what was written."""
    copy.run("dvc", "remote", "modify", "storage", "url", str(tmp_path / "remote"))
    good = {folder: copy.content(folder) for folder in FOLDERS}
    shard, table = first(copy, "data/export/frames/*/*.parquet"), "data/validated/verdicts.parquet"
    flip(copy.path / shard)
    flip(copy.path / table, 200)
    for path, stage in ((shard, "export"), (table, "validate")):
        os.utime(copy.path / path)
        copy.run("dvc", "commit", "--force", stage)
    refused = copy.run("python", "-m", "impulse", "push", check=False, PYTHONPATH="stages")
    assert refused.returncode == 1
    assert refused.stderr.startswith(
        f"push: error: {shard}: damaged, its bytes are not those of data/export/checksums.sha256"
    )
    said = copy.run("python", "stages/dedupe.py", check=False).stderr
    assert f"{table} is damaged; `impulse verify --heal` mends it" in said
    # All of a folder, and a file that is an output by itself: DVC takes both for what need not be here.
    for file in [*(copy.path / "data/deduped").iterdir(), copy.path / "metrics/parse.json"]:
        digest = hashlib.md5(file.read_bytes(), usedforsecurity=False).hexdigest()
        flip(copy.path / ".dvc/cache/files/md5" / digest[:2] / digest[2:])
        if file.parent.name == "deduped":
            file.unlink()
    assert verify(copy, "--heal").returncode == 0
    assert {folder: copy.content(folder) for folder in FOLDERS} == good
    assert verify(copy).stdout.count("\n") == 1, "nothing is wrong or lacking"
    copy.run("python", "-m", "impulse", "push", PYTHONPATH="stages")
