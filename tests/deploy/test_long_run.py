"""The service through kills and lost machines: the same dataset as an undisturbed run, and no call twice without need."""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Callable
from contextlib import closing
from io import BytesIO
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from botocore.exceptions import ClientError
from tests.checkout import Checkout
from tests.deploy.conftest import REPLAYS
from tests.deploy.machine import Machine, unsealed, wait_until
from tests.s3.fixtures import Bucket

from impulse.demo.server import DemoServer
from impulse.tables.paths import STORAGE_URL

pytestmark = [pytest.mark.pipeline, pytest.mark.heavy]

FOLDERS = ("data/raw", "data/parsed", "data/export")


def downloaded(bucket: Bucket, prefix: str, folder: Path) -> set[str]:
    """Ids that the ledger of the newest snapshot knows as downloaded."""
    listed = bucket.client.list_objects_v2(Bucket=bucket.name, Prefix=f"{prefix}/long-run/0").get("Contents", [])
    if not listed:
        return set()
    try:
        (folder / "seen.sqlite").write_bytes(unsealed(bucket.get(max(entry["Key"] for entry in listed))))
    except ClientError:  # it was just replaced
        return set()
    with closing(sqlite3.connect(folder / "seen.sqlite")) as database:
        return {row[0] for row in database.execute("SELECT id FROM replays WHERE outcome = 'downloaded'")}


def lists_of(server: DemoServer) -> Counter[str]:
    """Calls other than downloads."""
    return Counter(call for call in server.calls if not call.endswith("/file"))


def test_lost_machines(
    origin: Callable[[str], Checkout],
    new_machine: Callable[..., Machine],
    server: DemoServer,
    bucket: Bucket,
    tmp_path: Path,
) -> None:
    """Two machines vanish, one is killed and starts again; it ends with the bytes of an undisturbed run.

    What a snapshot knows as listed or downloaded is never asked for again.
    """
    calm = new_machine("calm", origin(f"s3://{bucket.name}/calm").path)
    assert calm.run() == 0, calm.output()
    assert sum(server.files_sent.values()) == REPLAYS
    expected: dict[str, Any] = {folder: calm.content(folder) for folder in FOLDERS}
    lists = lists_of(server)
    server.calls.clear()
    server.files_sent.clear()

    source = origin(f"s3://{bucket.name}/storm").path
    kept: set[str] = set()
    sent: Counter[str] = Counter()
    for number, enough in enumerate((4, 12)):
        machine = new_machine(f"storm-{number}", source)
        machine.start()
        wait_until(lambda enough=enough: len(downloaded(bucket, "storm", tmp_path)) >= enough, machine)
        machine.lose()
        assert all(server.files_sent[name] == sent[name] for name in kept)
        kept = downloaded(bucket, "storm", tmp_path)
        sent = Counter(server.files_sent)
        assert kept
    last = new_machine("storm-last", source)
    last.start()
    wait_until(lambda: len(server.files_sent) >= 18, last)
    last.kill()
    assert last.run() == 0, last.output()

    found: dict[str, Any] = {folder: last.content(folder) for folder in FOLDERS}
    for name, place in (("storm", found), ("calm", expected)):
        manifest = pq.read_table(BytesIO(place["data/raw"].pop("manifest.parquet")))
        assert manifest.schema.metadata[STORAGE_URL] == f"s3://{bucket.name}/{name}/raw".encode()
        place["rows"] = {"manifest": manifest.to_pylist()}  # which tell nothing of the place
    assert found == expected
    assert all(server.files_sent[name] == sent[name] for name in kept)
    assert lists_of(server) == lists
    assert server.violations == []
