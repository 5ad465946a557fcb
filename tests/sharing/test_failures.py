"""A push or pull that fails: what is said, what is left, and that the same command then does the rest."""

from __future__ import annotations

import hashlib
import shutil
import signal
import subprocess
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from tests.checkout import Checkout
from tests.s3.server import S3Server
from tests.sharing.conftest import Sharing, start_sharing

pytestmark = [pytest.mark.pipeline, pytest.mark.heavy]
PAYLOAD = 300
"""Files that make a push long enough to be interrupted."""


@pytest.mark.parametrize("command", [["push"], ["pull"], ["pull", "data/export"], ["repro", "--pull"]], ids=" ".join)
def test_wrong_credentials_change_nothing(shared: Sharing, command: list[str]) -> None:
    """DVC says that access is refused; nothing is half-written, no secret is shown, and the right key makes it work."""
    here = shared.machine("v1")
    if command == ["push"]:
        here.run("dvc", "pull", "--quiet")
        (here.path / "new").write_text("new")
        here.run("dvc", "add", "-q", "new")
    wrong = replace(here, env={**here.env, "AWS_SECRET_ACCESS_KEY": "not-the-secret-0123"})
    stored = shared.objects()
    done = wrong.run("dvc", *command, check=False)
    said = done.stdout + done.stderr
    assert done.returncode != 0
    assert "Running stage" not in said
    assert "does not match the signature" in said or "Forbidden" in said
    assert "not-the-secret-0123" not in said
    assert not list((here.path / ".dvc" / "cache").rglob("*.tmp"))
    assert shared.objects() == stored
    here.run("dvc", *command)
    if command != ["push"]:
        assert here.run("dvc", "pull", "data/export").returncode == 0
        assert here.content("data/export") == shared.exported["v1"]


def test_a_server_that_dies_in_mid_push(
    clone: Callable[[str, Path], Checkout], small_source: Path, tmp_path: Path
) -> None:
    """The push fails soon, no object is cut short, and the next push sends the rest; the same for a killed dvc."""
    folder = tmp_path / "server"
    folder.mkdir()
    server = S3Server(folder)
    with server:
        sharing = start_sharing(clone, small_source, server, tmp_path, build=False)
        first = sharing.first
        (first.path / "payload").mkdir()
        for number in range(PAYLOAD):
            (first.path / "payload" / f"{number}.bin").write_bytes(hashlib.sha256(b"%d" % number).digest() * 1000)
        first.run("dvc", "add", "-q", "payload")
        first.run("git", "add", "payload.dvc", ".gitignore")
        first.run("git", "commit", "-qm", "payload")
        first.run("git", "push", "-q", "origin", "main")

        push = start_push(first)
        wait_for_objects(sharing, 20, push)
        push.send_signal(signal.SIGKILL)
        push.communicate(timeout=60)
        sent = complete_objects(sharing)
        assert 20 <= len(sent) < PAYLOAD

        push = start_push(first)
        wait_for_objects(sharing, len(sent) + 20, push)
        server.kill()
        said, _ = push.communicate(timeout=300)
        assert push.returncode != 0
        assert "Could not connect to the endpoint URL" in said
    with server:  # restarted on what it had on its disk
        more = complete_objects(sharing)
        assert len(sent) + 20 <= len(more) < PAYLOAD
        assert {key: more[key] for key in sent} == sent
        done = first.run("dvc", "push")
        assert f"{PAYLOAD + 1 - len(more)} file" in done.stdout
        assert len(complete_objects(sharing)) == PAYLOAD + 1

        elsewhere = sharing.machine()
        elsewhere.run("dvc", "pull", "payload.dvc")
        assert elsewhere.content("payload") == first.content("payload")


def test_a_server_that_dies_in_mid_pull(
    clone: Callable[[str, Path], Checkout], small_source: Path, tmp_path: Path
) -> None:
    """A pull without a server fails and leaves no cut file under a final name; the next pull gives the exact bytes."""
    folder = tmp_path / "server"
    folder.mkdir()
    server = S3Server(folder)
    with server:
        sharing = start_sharing(clone, small_source, server, tmp_path)
        here = sharing.machine("v1")
        here.run("dvc", "pull", "data/export/replays.parquet")
        server.kill()
        done = here.run("dvc", "pull", "data/export", check=False)
        assert done.returncode != 0
        assert "failed to connect to s3" in done.stderr
    with server:
        here.run("dvc", "pull", "data/export")
        assert here.content("data/export") == sharing.exported["v1"]


def start_push(checkout: Checkout) -> subprocess.Popen[str]:
    return subprocess.Popen(
        ["dvc", "push", "-j", "1"],
        cwd=checkout.path,
        env=checkout.env,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        executable=shutil.which("dvc", path=checkout.env["PATH"]),
    )


def wait_for_objects(sharing: Sharing, count: int, push: subprocess.Popen[str]) -> None:
    end = time.monotonic() + 120
    while stored(sharing) < count:
        assert push.poll() is None, "the push ended before it could be interrupted"
        assert time.monotonic() < end


def stored(sharing: Sharing) -> int:
    client = sharing.server.client()
    try:
        return int(client.list_objects_v2(Bucket=sharing.url.split("/")[2])["KeyCount"])
    finally:
        client.close()


def complete_objects(sharing: Sharing) -> dict[str, bytes]:
    """All objects; each has the content that its name is the MD5 of."""
    objects = sharing.objects()
    for key, content in objects.items():
        name = "".join(key.split("/")[-2:]).removesuffix(".dir")
        assert hashlib.md5(content, usedforsecurity=False).hexdigest() == name
    return objects
