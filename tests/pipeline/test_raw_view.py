"""data/raw is a view of the store, on the disk once with DVC's cache; what is here is never downloaded again."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from tests.checkout import Checkout

from impulse.demo.server import KEY, DemoServer

pytestmark = [pytest.mark.pipeline, pytest.mark.slow]
COUNT = 12
FETCH = ("dvc", "repro", "--force", "--single-item", "fetch")
LOOK_AGAIN = (
    "from pathlib import Path; from impulse.sharing import calls; calls.fetch_again(Path()); calls.keep_fetched(Path())"
)


@pytest.fixture(scope="module")
def server(replays: list[bytes]) -> Iterator[DemoServer]:
    with DemoServer() as server:
        server.limits = dict.fromkeys(("list", "core", "file"), (1e9, None))  # a call that is put off would count, too
        server.add_group("top")
        for number in range(COUNT):
            server.add_replay(f"replay-{number:02d}", replays[number], "top")
        yield server


@pytest.fixture(scope="module")
def configured(
    clone: Callable[[str, Path], Checkout], server: DemoServer, tmp_path_factory: pytest.TempPathFactory
) -> Checkout:
    """A clone that takes the group of the server."""
    checkout = clone("view", tmp_path_factory.mktemp("none"))
    checkout.env["BALLCHASING_API_KEY"] = KEY
    checkout.replace("conf/config.yaml", "source: local", "source: ballchasing")
    checkout.replace("conf/source/ballchasing.yaml", "groups: []", "groups: [top]")
    checkout.replace("conf/source/ballchasing.yaml", "base_url: null", f"base_url: {server.url}")
    checkout.run("python", "stages/config.py")
    checkout.run("git", "commit", "-qam", "source")
    return checkout


@pytest.fixture(scope="module")
def collected(configured: Checkout, tmp_path_factory: pytest.TempPathFactory) -> Checkout:
    """The same, fetched and committed; not to be changed."""
    checkout = copied(configured, tmp_path_factory.mktemp("collected") / "impulse")
    checkout.run("dvc", "repro", "fetch")
    checkout.run("git", "add", "-A")
    checkout.run("git", "commit", "-qm", "fetched")
    return checkout


@pytest.fixture
def checkout(collected: Checkout, tmp_path: Path) -> Checkout:
    """A copy of it, with all links."""
    return copied(collected, tmp_path / "impulse")


def copied(checkout: Checkout, path: Path) -> Checkout:
    subprocess.run(["cp", "-a", str(checkout.path), str(path)], check=True)
    return replace(checkout, path=path, env={**checkout.env, "DVC_SITE_CACHE_DIR": str(path.parent / "dvc-state")})


def downloads(server: DemoServer) -> int:
    return sum(call.endswith("/file") for call in server.calls)


def inodes(folder: Path) -> dict[str, int]:
    return {path.relative_to(folder).as_posix(): path.stat().st_ino for path in folder.rglob("*") if path.is_file()}


def listed(checkout: Checkout) -> set[str]:
    return set(pq.read_table(checkout.path / "data/raw/manifest.parquet")["path"].to_pylist())


def shown(checkout: Checkout) -> set[str]:
    return {name for name in inodes(checkout.path / "data/raw") if name.endswith(".replay")}


@pytest.mark.heavy
def test_bytes_stand_on_the_disk_once(clone: Callable[[str, Path], Checkout], small_source: Path) -> None:
    """Raw replays, frames and shards share their inodes with DVC's cache, and with the stores that they came from."""
    fresh = clone("once", small_source)
    fresh.run("dvc", "repro")
    cached = set(inodes(fresh.path / ".dvc/cache").values())
    for folder, store in (
        ("data/raw/replays", "raw"),
        ("data/parsed/frames", "parsed"),
        ("data/export/frames", "export"),
    ):
        files = set(inodes(fresh.path / folder).values())
        assert files
        assert files <= cached
        assert files <= set(inodes(fresh.path / ".state" / store).values())
    counted = subprocess.run(
        ["du", "-sk", "--apparent-size", ".dvc/cache", ".state/raw", "data/raw"],
        cwd=fresh.path,
        capture_output=True,
        text=True,
        check=True,
    )
    sizes = {line.split()[1]: int(line.split()[0]) for line in counted.stdout.splitlines()}
    raw = sum(path.stat().st_size for path in (fresh.path / "data/raw").rglob("*.replay")) // 1024
    assert sizes[".dvc/cache"] > raw > 100
    assert sizes.get(".state/raw", 0) + sizes.get("data/raw", 0) < raw / 2  # names, folders and one note


def test_no_earlier_listing_comes_back(checkout: Checkout, replays: list[bytes], server: DemoServer) -> None:
    """Whether an update was killed before DVC heard of it, or settings are changed and changed back: the source decides."""
    settings = ("conf/source/ballchasing.yaml", "rate_limit_per_hour: null", "rate_limit_per_hour: 72000")
    server.add_replay("replay-late", replays[COUNT + 1], "top")
    try:
        checkout.run("python", "stages/fetch.py", "fetch.refresh=true")  # what an update does before it tells DVC
        assert len(shown(checkout)) == COUNT + 1
        for name, before, after in ((*settings,), (settings[0], *settings[:0:-1])):
            checkout.run("dvc", "repro", "fetch")
            assert len(shown(checkout)) == len(listed(checkout)) == COUNT + 1
            checkout.replace(name, before, after)
            assert "fetch" in checkout.stages_run("dvc", "repro", "fetch")
        assert len(shown(checkout)) == len(listed(checkout)) == COUNT + 1
    finally:
        server.remove_replay("replay-late")


def test_an_update_copies_nothing_else(checkout: Checkout, replays: list[bytes], server: DemoServer) -> None:
    """It looks again although DVC knows what these settings gave before; one new replay is one new file."""
    before = inodes(checkout.path / "data/raw/replays")
    server.add_replay("replay-new", replays[COUNT], "top")
    calls = downloads(server)
    try:
        checkout.run("python", "-c", LOOK_AGAIN, PYTHONPATH="stages")
        after = inodes(checkout.path / "data/raw/replays")
        assert after.items() > before.items()
        assert after.keys() - before.keys() == {"re/replay-new.replay"}
        assert downloads(server) == calls + 1
        assert checkout.stages_run("dvc", "repro", "fetch") == []
        assert inodes(checkout.path / "data/raw/replays") == after
        assert set(after.values()) <= set(inodes(checkout.path / ".dvc/cache").values())
        assert after == inodes(checkout.path / ".state/raw/replays")
    finally:
        server.remove_replay("replay-new")


def test_a_clone_downloads_nothing(checkout: Checkout, server: DemoServer, tmp_path: Path) -> None:
    """After `dvc pull` of what was pushed, fetch takes its files from DVC's cache."""
    checkout.run("dvc", "remote", "modify", "storage", "url", str(tmp_path / "remote"))
    checkout.run("git", "commit", "-qam", "remote")
    checkout.run("dvc", "push", "-q")
    other = replace(checkout, path=tmp_path / "other")
    checkout.run("git", "clone", "-q", str(checkout.path), str(other.path))
    other.run("dvc", "pull", "-q", "data/raw")
    calls = downloads(server)
    said = other.run(*FETCH).stdout
    assert f"fetch: took {COUNT + 4} files that the store lacks from DVC's cache" in said
    assert downloads(server) == calls
    assert other.content("data/raw") == checkout.content("data/raw")
    assert inodes(other.path / "data/raw/replays") == inodes(other.path / ".state/raw/replays")
    assert set(inodes(other.path / "data/raw").values()) <= set(inodes(other.path / ".dvc/cache").values())


def test_lost_state_costs_no_download(checkout: Checkout, server: DemoServer) -> None:
    """Neither when the stage runs under DVC, which removes data/raw first, nor by itself."""
    before, calls = checkout.content("data/raw"), downloads(server)
    for command in (FETCH, ("python", "stages/fetch.py")):
        shutil.rmtree(checkout.path / ".state")
        checkout.run(*command)
        assert downloads(server) == calls
        assert checkout.content("data/raw") == before


def test_cache_on_another_disk_is_copied_to(configured: Checkout, server: DemoServer, tmp_path: Path) -> None:
    """DVC cannot link there and copies; fetch takes its files from there as well."""
    shm = Path("/dev/shm")
    if not shm.is_dir() or shm.stat().st_dev == tmp_path.stat().st_dev:
        pytest.skip("there is no other disk")
    checkout, cache = copied(configured, tmp_path / "impulse"), shm / f"impulse-test-{os.getpid()}"
    try:
        checkout.run("dvc", "cache", "dir", "--local", str(cache))
        assert "fetch" in checkout.stages_run("dvc", "repro", "fetch")
        assert checkout.stages_run("dvc", "repro", "fetch") == []
        raw = inodes(checkout.path / "data/raw/replays")
        assert len(raw) == COUNT
        assert not set(raw.values()) & set(inodes(cache).values())
        shutil.rmtree(checkout.path / ".state")
        calls, before = downloads(server), checkout.content("data/raw")
        checkout.run(*FETCH)
        assert downloads(server) == calls
        assert checkout.content("data/raw") == before
    finally:
        shutil.rmtree(cache, ignore_errors=True)


def test_another_selection_is_another_view(checkout: Checkout, server: DemoServer) -> None:
    """data/raw has what the manifest lists and nothing else, and what was listed before is here when it is wanted again."""
    calls = downloads(server)
    whole = shown(checkout)
    members = list(server.members["top"])
    for name in ("replay-03", "replay-07"):
        server.remove_replay(name, "top")
    try:
        checkout.replace("conf/source/ballchasing.yaml", "delisted: keep", "delisted: drop")
        checkout.replace("conf/source/ballchasing.yaml", "refresh: false", "refresh: true")
        checkout.run("dvc", "repro", "fetch")
        assert (
            shown(checkout) == listed(checkout) == whole - {f"replays/re/replay-{name}.replay" for name in ("03", "07")}
        )
        assert set(inodes(checkout.path / ".state/raw")) >= whole
        checkout.replace("conf/source/ballchasing.yaml", "delisted: drop", "delisted: keep")
        checkout.run("dvc", "repro", "fetch")
        assert shown(checkout) == listed(checkout) == whole
        assert downloads(server) == calls
    finally:
        server.members["top"][:] = members


def test_downloads_of_a_killed_run_stay(configured: Checkout, server: DemoServer, tmp_path: Path) -> None:
    """DVC and the stage are killed in the middle: the next run downloads the rest alone."""
    checkout = copied(configured, tmp_path / "impulse")
    calls, store = downloads(server), checkout.path / ".state/raw"
    checkout.replace("conf/source/ballchasing.yaml", "rate_limit_per_hour: null", "rate_limit_per_hour: 3600")
    run = subprocess.Popen(
        ["dvc", "repro", "fetch"],
        cwd=checkout.path,
        env=checkout.environment(),
        start_new_session=True,
        stdout=subprocess.DEVNULL,
    )
    deadline = time.monotonic() + 120
    while len(list(store.rglob("*.replay"))) < 3 and time.monotonic() < deadline:
        time.sleep(0.05)
    os.killpg(run.pid, signal.SIGKILL)
    run.wait()
    had = {path.name for path in store.rglob("*.replay")}
    assert 3 <= len(had) < COUNT
    assert not (checkout.path / "data/raw").exists()
    checkout.replace("conf/source/ballchasing.yaml", "rate_limit_per_hour: 3600", "rate_limit_per_hour: null")
    before = downloads(server)
    checkout.run("dvc", "repro", "fetch")
    assert downloads(server) - before == COUNT - len(had)
    assert before - calls <= len(had) + 4  # one for each thread was on its way
    assert len(shown(checkout)) == COUNT


def test_downloads_that_stand_in_data_raw_alone_are_kept(checkout: Checkout, server: DemoServer) -> None:
    """As a fetch of before left them that was killed: neither the store nor DVC's cache has them, and DVC removes data/raw."""
    shutil.rmtree(checkout.path / ".state/raw")
    alone = Path("replays/al/alone.replay")
    (checkout.path / "data/raw" / alone).parent.mkdir()
    (checkout.path / "data/raw" / alone).write_bytes(b"a download")
    calls = downloads(server)
    checkout.run("python", "-m", "impulse", "repro", "--force", "--single-item", "fetch", PYTHONPATH="stages")
    assert downloads(server) == calls
    assert (checkout.path / ".state/raw" / alone).read_bytes() == b"a download"
    assert len(shown(checkout)) == COUNT


def test_experiments_share_the_store(checkout: Checkout, server: DemoServer) -> None:
    """In a folder of its own an experiment with another setting of fetch downloads nothing, and leaves data/raw alone."""
    calls, before = downloads(server), inodes(checkout.path / "data/raw")
    ran = checkout.stages_run(
        "dvc", "exp", "run", "--temp", "--name", "other", "-S", "fetch.max_lost_share=0.5", "fetch"
    )
    assert "fetch" in ran
    assert downloads(server) == calls
    assert inodes(checkout.path / "data/raw") == before
