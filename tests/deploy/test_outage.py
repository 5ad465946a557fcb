"""A long run in an outage: nothing is built on what has not come, and the next start has everything."""

from __future__ import annotations

from collections.abc import Callable
from io import BytesIO
from itertools import count

import pyarrow.parquet as pq
import pytest
from tests.checkout import Checkout
from tests.deploy.conftest import REPLAYS
from tests.deploy.machine import Machine
from tests.s3.fixtures import Bucket

from impulse.demo.server import DemoServer

pytestmark = [pytest.mark.pipeline, pytest.mark.heavy]


def test_outage_is_never_finished(
    origin: Callable[[str], Checkout], new_machine: Callable[..., Machine], server: DemoServer, bucket: Bucket
) -> None:
    """Files are pages of HTML: the run fails and pushes nothing; once they are replays again the next one has all."""
    checkout = origin(f"s3://{bucket.name}/outage")
    checkout.replace("conf/source/ballchasing.yaml", "outage_patience: 12.0", "outage_patience: 0.0")
    checkout.run("python", "stages/config.py")
    checkout.run("git", "commit", "-qam", "no patience")
    machine = new_machine("outage", checkout.path)
    calls = count()
    server.outage = lambda now: "html" if next(calls) >= 8 else None
    server.outage_of_files_only = True
    assert machine.run() == 1
    assert "the service has not worked" in machine.output()
    results = "outage/long-run/results"
    listed = bucket.client.list_objects_v2(Bucket=bucket.name, Prefix="outage/").get("Contents", [])
    assert results not in {entry["Key"] for entry in listed}
    assert not any("/files/md5/" in entry["Key"] for entry in listed)

    server.outage = None
    assert machine.run() == 0, machine.output()
    manifest = pq.read_table(BytesIO(machine.content("data/raw")["manifest.parquet"]))
    assert sorted(manifest["replay_id"].to_pylist()) == [f"replay-{number:02d}" for number in range(REPLAYS)]
