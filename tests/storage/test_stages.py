"""Raw replays in a bucket: fetch puts them there, parse workers read them, and every change of them is found out."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from tests.checkout import Checkout
from tests.demo.variants import clones
from tests.s3.fixtures import Bucket

from impulse.demo import with_flipped_bits, write_replay
from impulse.demo.server import KEY, DemoServer
from impulse.tables.paths import STORAGE_URL

pytestmark = pytest.mark.slow
LISTS = {"manifest.parquet", "listed_players.parquet", "listings.parquet", "rejects.parquet"}


@pytest.fixture
def stored(new_checkout: Callable[..., Checkout], bucket: Bucket) -> Checkout:
    """A checkout that keeps raw replays in a bucket and has fetched them."""
    checkout = new_checkout("storage=s3", f"fetch.storage_url=s3://{bucket.name}/raw/")
    checkout.stage("fetch")
    return checkout


def paths(checkout: Checkout) -> list[str]:
    found: list[str] = pq.read_table(checkout.path / "data/raw/manifest.parquet")["path"].to_pylist()
    return found


def parsed_now(checkout: Checkout) -> int:
    found: int = json.loads((checkout.path / "metrics/timing/parse.json").read_text())["parsed_now"]
    return found


def mtimes(bucket: Bucket) -> dict[str, object]:
    listed = bucket.client.list_objects_v2(Bucket=bucket.name).get("Contents", [])
    return {entry["Key"]: entry["LastModified"] for entry in listed}


def test_bucket_and_folder_give_the_same_dataset(local: Checkout, stored: Checkout, bucket: Bucket) -> None:
    """Only the place differs: objects are the files, the lists alone are on this machine, parsed bytes are the same."""
    stored.stage("parse")
    raw = local.content("data/raw")
    assert bucket.objects() == {f"raw/{name}": content for name, content in raw.items() if name not in LISTS}
    assert stored.content("data/raw").keys() == LISTS
    manifest = pq.read_table(stored.path / "data/raw/manifest.parquet")
    assert manifest.schema.metadata[STORAGE_URL] == f"s3://{bucket.name}/raw".encode()
    assert manifest.to_pylist() == pq.read_table(local.path / "data/raw/manifest.parquet").to_pylist()
    assert stored.content("data/parsed") == local.content("data/parsed")
    for name in ("fetch", "parse"):
        metrics = Path(f"metrics/{name}.json")
        assert (stored.path / metrics).read_bytes() == (local.path / metrics).read_bytes()
    kept = {path.suffix for path in (stored.path / ".state").rglob("*")}
    assert kept == {"", ".arrow", ".json", ".lock", ".parquet", ".record", ".zip"}


@pytest.mark.heavy
def test_second_run_puts_and_parses_nothing(stored: Checkout, bucket: Bucket) -> None:
    """What is in the bucket is known by its listing, what was parsed by the store, also below another prefix."""
    before, lists = mtimes(bucket), stored.content("data/raw")
    stored.stage("parse")
    stored.stage("fetch")
    assert mtimes(bucket) == before
    assert stored.content("data/raw") == lists
    parsed = stored.content("data/parsed")
    stored.stage("fetch", f"fetch.storage_url=s3://{bucket.name}/another/place")
    stored.stage("parse")
    assert parsed_now(stored) == 0
    assert stored.content("data/parsed") == parsed
    assert sum(key.startswith("another/place/replays/") for key in mtimes(bucket)) == len(paths(stored))


def test_changed_and_missing_objects_fail_the_stage_until_they_are_mended(
    local: Checkout, stored: Checkout, bucket: Bucket
) -> None:
    """Each is named by its address; all others are parsed; what fetch brings back is parsed in the next run."""
    changed, gone, emptied = (f"raw/{path}" for path in paths(stored)[:3])
    original = bucket.get(changed)
    bucket.put(changed, with_flipped_bits(original))
    bucket.client.delete_object(Bucket=bucket.name, Key=gone)
    bucket.put(emptied, b"")
    failed = stored.run("python", "stages/parse.py", check=False)
    assert failed.returncode == 1
    assert failed.stderr.startswith("parse: error: 3 replays were lost for a reason outside of the replay")
    lines = [line for line in failed.stdout.splitlines() if "(SHA-256 " in line]
    for key, why in ((changed, "has other bytes"), (gone, "is not in the bucket"), (emptied, "has other bytes")):
        assert sum(f": s3://{bucket.name}/{key} {why}" in line for line in lines) == 1
    assert not (stored.path / "data/parsed").exists()
    stored.stage("fetch")
    assert bucket.get(changed) == original
    stored.stage("parse")
    assert parsed_now(stored) == 3
    assert stored.content("data/parsed") == local.content("data/parsed")


@pytest.mark.heavy
def test_downloads_go_straight_into_the_bucket(
    new_checkout: Callable[..., Checkout], bucket: Bucket, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The source ballchasing keeps its replays there too, and downloads nothing twice."""
    write_replay(tmp_path / "a", seed=5, team_size=1, duration_seconds=10.0)
    files = list(clones((tmp_path / "a").read_bytes(), count=3))
    monkeypatch.setenv("BALLCHASING_API_KEY", KEY)
    with DemoServer() as server:
        server.add_group("top")
        for number, content in enumerate(files):
            server.add_replay(f"replay-{number}", content, "top")
        source = ("source=ballchasing", "fetch.groups=[top]", f"fetch.base_url={server.url}")
        checkout = new_checkout(*source, "storage=s3", f"fetch.storage_url=s3://{bucket.name}")
        checkout.stage("fetch")
        found = bucket.objects()
        assert found == {f"replays/re/replay-{number}.replay": content for number, content in enumerate(files)}
        assert checkout.content("data/raw").keys() == LISTS
        bucket.client.delete_object(Bucket=bucket.name, Key="replays/re/replay-1.replay")
        checkout.stage("fetch", "fetch.refresh=true")
        assert bucket.objects() == found
        assert server.files_sent == {"replay-0": 1, "replay-1": 2, "replay-2": 1}
