from __future__ import annotations

from pathlib import Path

import pytest

from impulse.collection.local import list_files
from impulse.collection.raw_storage import raw_storage
from impulse.collection.source import Candidate
from impulse.collection.sources import open_source
from impulse.config.engine import EngineParams
from impulse.config.fetch import FetchParams, SourceKind
from impulse.config.source_place import FOLDER_VARIABLE
from impulse.errors import ConfigError, SourceError
from impulse.run.job import Job


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.delenv(FOLDER_VARIABLE, raising=False)
    replays = tmp_path / "replays"
    for name in ("b.replay", "a.replay", "sub/c.replay", "notes.txt"):
        (replays / name).parent.mkdir(parents=True, exist_ok=True)
        (replays / name).write_bytes(b"x")
    return replays


def test_folder_is_listed_in_a_fixed_order(folder: Path) -> None:
    """Files come sorted by their path inside the source, whatever the file system says."""
    found = list_files(FetchParams(path=str(folder)), root=folder.parent)
    assert list(found) == ["a.replay", "b.replay", "sub/c.replay"]


def test_relative_paths_start_at_the_checkout(folder: Path) -> None:
    """A relative folder means the same from every working directory."""
    assert len(list_files(FetchParams(path="replays"), root=folder.parent)) == 3


def test_glob_selects_files(folder: Path) -> None:
    """A glob may stand in the place of the folder."""
    found = list_files(FetchParams(path=str(folder / "*" / "*.replay")), root=folder.parent)
    assert list(found) == ["sub/c.replay"]


def test_folder_comes_from_the_environment(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a path in the settings the environment names the folder."""
    monkeypatch.setenv(FOLDER_VARIABLE, str(folder))
    assert len(list_files(FetchParams(), root=folder / "elsewhere")) == 3
    monkeypatch.setenv(FOLDER_VARIABLE, "")
    (folder.parent / ".env").write_text(f"{FOLDER_VARIABLE}={folder.name}\n")
    assert len(list_files(FetchParams(), root=folder.parent)) == 3


def test_folder_whose_name_looks_like_a_glob_is_a_folder(tmp_path: Path) -> None:
    """Also where a glob lies inside it, and where the checkout does."""
    root = tmp_path / "check[out]"
    for name in ("season [1]/a.replay", "season [1]/sub/b.replay", "season 1/c.replay"):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(b"x")
    for path, names in {
        "season [1]": ["a.replay", "sub/b.replay"],
        str(root / "season [1]"): ["a.replay", "sub/b.replay"],
        "season [1]/*.replay": ["a.replay"],
        "*/*.replay": ["season 1/c.replay", "season [1]/a.replay"],
        "season ?/*.replay": ["season 1/c.replay"],
    }.items():
        assert list(list_files(FetchParams(path=path), root=root)) == names


@pytest.mark.parametrize("pattern", ["**replay", "a/**.replay", "***", "", "/a", "../a.replay"])
def test_glob_that_cannot_be_used_names_its_setting(folder: Path, pattern: str) -> None:
    """What Python's own globs refuse in some versions is refused in all, before anything is read."""
    with pytest.raises(ConfigError, match=r"^fetch\.pattern: "):
        FetchParams(pattern=pattern)
    if pattern and not pattern.startswith(("/", "..")):
        with pytest.raises(ConfigError, match=r"^fetch\.path: "):
            list_files(FetchParams(path=f"replays/{pattern}"), root=folder.parent)


@pytest.mark.parametrize(
    ("path", "message"),
    [
        (None, "export IMPULSE_REPLAYS"),
        ("~nobody-of-this-name/replays", "~nobody-of-this-name/replays does not exist"),
        ("nowhere", "does not exist"),
        ("replays/none*", r"no file matches .*none\*$"),
        ("nowhere/*.replay", r"no file matches .*nowhere/\*\.replay$"),
        ("replays/empty", r"no file in .*empty matches '\*\*/\*\.replay'$"),
    ],
)
def test_nothing_to_read_is_one_clear_line(folder: Path, path: str | None, message: str) -> None:
    """Each way of having no replays says what to set; replays beside the checkout are not taken unasked."""
    (folder / "empty").mkdir()
    beside = folder.parent / "shared" / "replays"
    beside.mkdir(parents=True)
    (beside / "a.replay").write_bytes(b"x")
    with pytest.raises(SourceError, match=message) as caught:
        list_files(FetchParams(path=path), root=folder.parent / ("checkout" if path is None else ""))
    assert "\n" not in str(caught.value)


def test_an_experiment_elsewhere_looks_from_the_checkout(tmp_path: Path) -> None:
    """DVC runs it in a copy below .dvc/tmp/exps, which has neither the folder nor the file with secrets."""
    home, copy = tmp_path / "home", tmp_path / "home" / ".dvc" / "tmp" / "exps" / "copy"
    copy.mkdir(parents=True)
    (home / "replays").mkdir()
    (home / "replays" / "a.replay").write_bytes(b"a")
    params = FetchParams(source=SourceKind.local, path="replays")
    data = copy / "data"
    there = Job(params, EngineParams(), root=copy, data=data, output=data, state=home / ".state")
    assert there.env_file == home / ".env"
    with open_source(there) as source, raw_storage(params, folder=data / "raw", state=there.state) as storage:
        assert [found.source_path for found in source.files(storage) if isinstance(found, Candidate)] == ["a.replay"]
