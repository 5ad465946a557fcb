"""The service through kills and lost machines: the same dataset as an undisturbed run, and no call twice without need."""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from botocore.exceptions import ClientError
from tests.checkout import Checkout
from tests.collection.fake_ballchasing import FakeBallchasing
from tests.deploy.conftest import REPLAYS
from tests.deploy.machine import Machine, checkpoint_members, wait_until
from tests.s3.fixtures import Bucket

pytestmark = [pytest.mark.pipeline, pytest.mark.heavy]

FOLDERS = ("data/raw", "data/parsed", "data/export")


def newest(bucket: Bucket, prefix: str) -> dict[str, bytes]:
    """The members of the newest checkpoint; none when there is none, or when it was just replaced."""
    listed = bucket.client.list_objects_v2(Bucket=bucket.name, Prefix=f"{prefix}/long-run/0").get("Contents", [])
    if not listed:
        return {}
    try:
        return checkpoint_members(bucket.get(max(entry["Key"] for entry in listed)))
    except ClientError:
        return {}


def downloaded(members: dict[str, bytes], folder: Path) -> set[str]:
    """Ids that a checkpoint's ledger knows as downloaded."""
    if "ledger.sqlite" not in members:
        return set()
    (folder / "seen.sqlite").write_bytes(members["ledger.sqlite"])
    with closing(sqlite3.connect(folder / "seen.sqlite")) as database:
        return {row[0] for row in database.execute("SELECT id FROM replays WHERE outcome = 'downloaded'")}


def lists_of(server: FakeBallchasing) -> Counter[str]:
    """Calls other than downloads."""
    return Counter(call for call in server.calls if not call.endswith("/file"))


def test_lost_machines(
    origin: Callable[[str], Checkout],
    new_machine: Callable[..., Machine],
    server: FakeBallchasing,
    bucket: Bucket,
    tmp_path: Path,
) -> None:
    """Two machines vanish, one is killed and starts again; it ends with the bytes of an undisturbed run.

    What a checkpoint knows as listed or downloaded is never asked for again.
    """
    calm = new_machine("calm", origin(f"s3://{bucket.name}/calm").path)
    assert calm.run() == 0, calm.output()
    assert sum(server.files_sent.values()) == REPLAYS
    expected = {folder: calm.content(folder) for folder in FOLDERS}
    lists = lists_of(server)
    server.calls.clear()
    server.files_sent.clear()

    source = origin(f"s3://{bucket.name}/storm").path
    kept: set[str] = set()
    sent: Counter[str] = Counter()
    for number, enough in enumerate((4, 12)):
        machine = new_machine(f"storm-{number}", source)
        machine.start()
        wait_until(lambda enough=enough: len(downloaded(newest(bucket, "storm"), tmp_path)) >= enough, machine)
        machine.lose()
        assert all(server.files_sent[name] == sent[name] for name in kept)
        kept = downloaded(newest(bucket, "storm"), tmp_path)
        sent = Counter(server.files_sent)
        assert kept
    last = new_machine("storm-last", source)
    last.start()
    wait_until(lambda: len(server.files_sent) >= 18, last)
    last.kill()
    assert last.run() == 0, last.output()

    assert {folder: last.content(folder) for folder in FOLDERS} == expected
    assert all(server.files_sent[name] == sent[name] for name in kept)
    assert lists_of(server) == lists
    assert server.violations == []
