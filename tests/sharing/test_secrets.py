"""No secret in any file, object, log or experiment: keys with a mark in them, and a search of everything there is."""

from __future__ import annotations

import gzip
import subprocess
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tests.checkout import Checkout
from tests.demo.variants import clones
from tests.s3.server import S3Server
from tests.sharing.conftest import start_sharing
from tests.sharing.test_sweeps import wait_for_queue

from impulse.demo import write_replay
from impulse.demo.server import DemoServer

pytestmark = [pytest.mark.pipeline, pytest.mark.heavy]

KEY = "k3y-of-the-tests-7f21"
"""Unlike the server's own it is in no file of a checkout."""


def git_objects(repository: Path, env: dict[str, str]) -> bytes:
    """Every object of a repository, unpacked, whatever refers to it."""
    command = ["git", "-C", str(repository), "cat-file", "--batch", "--batch-all-objects", "--unordered"]
    return subprocess.run(command, env=env, capture_output=True, check=True).stdout


def files(folder: Path) -> Iterator[tuple[str, bytes]]:
    """Every file below a folder, and what is in archives."""
    for path in folder.rglob("*"):
        if path.is_file() and not path.is_symlink():
            content = path.read_bytes()
            yield path.relative_to(folder).as_posix(), content
            if content.startswith(b"\x1f\x8b"):
                yield f"{path.name} unpacked", gzip.decompress(content)
            if content.startswith(b"PK\x03\x04"):
                with zipfile.ZipFile(path) as archive:
                    yield from ((f"{path.name}/{name}", archive.read(name)) for name in archive.namelist())


def test_keys_are_nowhere(
    clone: Callable[[str, Path], Checkout], small_source: Path, s3_server: S3Server, tmp_path: Path
) -> None:
    """Download with an API key, build, push, sweep in the queue, share experiments; then look for the keys everywhere."""
    write_replay(tmp_path / "a.replay", seed=5, team_size=1, duration_seconds=15.0)
    sharing_folder = tmp_path / "sharing"
    sharing_folder.mkdir()
    with DemoServer() as server:
        server.keys = {KEY}
        server.add_group("top")
        for number, data in enumerate(clones((tmp_path / "a.replay").read_bytes(), count=3)):
            server.add_replay(f"replay-{number}", data, "top")
        sharing = start_sharing(clone, small_source, s3_server, sharing_folder, build=False)
        first = sharing.first
        (first.path / ".env").write_text(f"BALLCHASING_API_KEY={KEY}\n")
        first.replace("conf/config.yaml", "source: local", "source: ballchasing")
        source = first.path / "conf" / "source" / "ballchasing.yaml"
        text = source.read_text().replace("groups: []", "groups: [top]")
        source.write_text(text.replace("base_url: null", f"base_url: {server.url}"))
        said = [first.run("dvc", "repro").stdout]
        first.run("git", "add", "-A")
        first.run("git", "commit", "-qm", "dataset")
        said.append(first.run("dvc", "push", "--run-cache").stdout)
        first.env["PYTHONPATH"] = "stages"
        said.append(first.run("dvc", "exp", "run", "--queue", "-S", "parse.fps=5,20").stdout)
        said.append(first.run("dvc", "queue", "start", "--jobs", "2").stdout)
        assert set(wait_for_queue(first, 2).values()) == {"Success"}
        first.run("git", "push", "-q", "origin", "main")
        first.run("dvc", "exp", "push", "--run-cache", "origin")
    assert server.calls

    places = {
        **{f"work tree: {name}": content for name, content in files(first.path)},
        **{f"DVC's state: {name}": content for name, content in files(first.path.parent / "dvc-state")},
        **{f"object: {key}": content for key, content in sharing.objects().items()},
        "git objects": git_objects(first.path, first.env),
        "git objects of origin": git_objects(sharing.origin, first.env),
        "output": "".join(said).encode(),
    }
    assert any(name.startswith("object: sets/one/runs/") for name in places)
    assert any(name.startswith("work tree: .dvc/tmp/exps/run/") for name in places)
    assert b"fps: 20" in places["git objects of origin"]
    for secret in (KEY, s3_server.secret_key, s3_server.access_key):
        found = {name for name, content in places.items() if secret.encode() in content}
        assert found == ({"work tree: .env"} if secret == KEY else set())
