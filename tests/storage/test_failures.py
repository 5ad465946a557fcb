"""A store that fails, and stages that are killed: one line, nothing half done, and the next run goes on."""

from __future__ import annotations

import json
import os
import re
import shutil
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from tests.checkout import Checkout
from tests.demo.variants import clones
from tests.s3.fixtures import Bucket
from tests.s3.server import S3Server, free_ports

from impulse.demo import write_replay

pytestmark = pytest.mark.slow
SECRET = "wrong-secret-of-a-test"
MANY = 24


@pytest.fixture
def stored(new_checkout: Callable[..., Checkout], bucket: Bucket) -> Checkout:
    checkout = new_checkout("storage=s3", f"fetch.storage_url=s3://{bucket.name}/raw")
    checkout.stage("fetch")
    return checkout


@pytest.fixture(scope="session")
def many(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of replays that take a while to parse."""
    folder = tmp_path_factory.mktemp("many")
    write_replay(folder / "original", seed=5, team_size=2, duration_seconds=40.0)
    for number, content in enumerate(clones((folder / "original").read_bytes(), count=MANY)):
        (folder / f"{number:02d}.replay").write_bytes(content)
    return folder


def results(checkout: Checkout) -> set[str]:
    """Frames that the store keeps whole."""
    found = (path.parent.name for path in (checkout.path / ".state/parsed").glob("*/*/record"))
    return {name for name in found if not name.startswith(".")}


@pytest.mark.parametrize("engine", ["local", pytest.param("dask", marks=pytest.mark.heavy)])
def test_store_that_cannot_be_used_ends_the_stage_and_no_replay(stored: Checkout, bucket: Bucket, engine: str) -> None:
    """Neither fetch nor parse counts it as a fault of replays, and parse leaves its output as it was."""
    before = stored.content("data/raw")
    for stage in ("fetch", "parse"):
        line = stored.failing(stage, f"engine={engine}", AWS_SECRET_ACCESS_KEY=SECRET)
        assert line.startswith(f"{stage}: error: s3://{bucket.name}/raw/")
        assert "the store refuses access" in line
        assert SECRET not in line
    assert stored.content("data/raw") == before
    assert {path.name for path in (stored.path / "data").iterdir() if not path.name.endswith(".lock")} == {"raw"}
    assert results(stored) == set()
    assert not (stored.path / "metrics/parse.json").exists()


@pytest.mark.heavy
def test_bucket_that_is_gone_is_no_reject(stored: Checkout, bucket: Bucket) -> None:
    """A missing bucket is told from missing objects."""
    for key in bucket.objects():
        bucket.client.delete_object(Bucket=bucket.name, Key=key)
    bucket.client.delete_bucket(Bucket=bucket.name)
    line = stored.failing("parse")
    assert re.match(rf"parse: error: s3://{bucket.name}/raw/replays/\S+: the bucket does not exist", line)


def test_storage_without_a_place_is_one_line(new_checkout: Callable[..., Checkout]) -> None:
    """The message says where to name it."""
    line = new_checkout("storage=s3").failing("fetch")
    assert line == (
        "fetch: error: fetch.storage_url: is not set; "
        "name the place for replays, s3://bucket/prefix, in conf/storage/s3.yaml"
    )


@pytest.mark.heavy
def test_store_that_goes_away_in_the_middle_of_parsing(
    tmp_path: Path, new_checkout: Callable[..., Checkout], many: Path, bucket: Bucket
) -> None:
    """What was parsed stays; when the store is back the next run parses the rest, with the bytes of a quiet run."""
    with S3Server(tmp_path) as server:
        for name, value in {
            "AWS_ENDPOINT_URL": server.url,
            "AWS_ACCESS_KEY_ID": server.access_key,
            "AWS_SECRET_ACCESS_KEY": server.secret_key,
        }.items():
            os.environ[name] = value  # the fixture of the bucket puts the old ones back
        checkout = new_checkout("source=local", f"fetch.path={many}", "storage=s3", "fetch.storage_url=s3://ready/raw")
        checkout.stage("fetch")
        run = checkout.start("parse")
        wait_for(lambda: len(results(checkout)) >= 3)
        server.kill()
        assert run.wait(120) != 0
        kept = results(checkout)
        assert 3 <= len(kept) < MANY
        assert not (checkout.path / "data/parsed").exists()
        assert "cannot be used now" in checkout.failing("parse")
        server.__enter__()  # on what its disk has
        checkout.stage("parse")
        assert json.loads((checkout.path / "metrics/timing/parse.json").read_text())["parsed_now"] == MANY - len(kept)
    quiet = new_checkout("source=local", f"fetch.path={many}")
    quiet.stage("fetch")
    quiet.stage("parse")
    assert checkout.content("data/parsed") == quiet.content("data/parsed")


@pytest.mark.heavy
def test_killed_stages_repeat_no_finished_work(
    new_checkout: Callable[..., Checkout], many: Path, bucket: Bucket
) -> None:
    """After SIGKILLs every object is whole and put once, every replay parsed once, and the bytes are those of a quiet run."""
    place = f"fetch.storage_url=s3://{bucket.name}/raw"
    checkout = new_checkout("source=local", f"fetch.path={many}", "fetch.threads=1", "storage=s3", place)
    quiet = new_checkout("source=local", f"fetch.path={many}")
    quiet.stage("fetch")
    quiet.stage("parse")
    whole = {f"raw/{name}": content for name, content in quiet.content("data/raw").items() if "/" in name}

    for wanted in (5, 12):
        run = checkout.start("fetch")
        wait_for_objects(bucket, wanted)
        run.kill()
        run.wait()
        assert bucket.objects().items() <= whole.items()
    put = {entry["Key"]: entry["LastModified"] for entry in listed(bucket)}
    assert 12 <= len(put) < MANY
    checkout.stage("fetch")
    assert bucket.objects() == whole
    assert {entry["Key"]: entry["LastModified"] for entry in listed(bucket)}.items() >= put.items()

    run = checkout.start("parse")
    wait_for(lambda: len(results(checkout)) >= 5)
    run.kill()
    run.wait()
    wait_for(lambda: not any_process_of(checkout))
    kept = len(results(checkout))
    assert 5 <= kept < MANY
    checkout.stage("parse")
    assert json.loads((checkout.path / "metrics/timing/parse.json").read_text())["parsed_now"] == MANY - kept
    assert checkout.content("data/parsed") == quiet.content("data/parsed")


@pytest.mark.heavy
def test_dask_workers_read_the_bucket_themselves(local: Checkout, stored: Checkout) -> None:
    """The cluster gives the bytes of a local run."""
    stored.stage("parse", "engine=dask")
    assert stored.content("data/parsed") == local.content("data/parsed")


@pytest.mark.heavy
def test_secret_from_the_env_file_is_used_and_stands_nowhere(
    new_checkout: Callable[..., Checkout], bucket: Bucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Credentials of `.env` reach the workers, and no file, log, setting or object."""
    checkout = new_checkout("storage=s3", f"fetch.storage_url=s3://{bucket.name}/raw")
    keys = {name: os.environ[name] for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_ENDPOINT_URL")}
    for name in keys:
        monkeypatch.delenv(name)
    assert "no AWS credentials found" in checkout.failing("fetch", AWS_ENDPOINT_URL=keys["AWS_ENDPOINT_URL"])
    env_file = checkout.path / ".env"
    env_file.write_text("".join(f"{name}={value}\n" for name, value in keys.items()))
    said = checkout.stage("fetch") + checkout.stage("parse") + checkout.stage("parse", "engine=dask", "parse.fps=5")
    gone = f"http://127.0.0.1:{free_ports(1)[0]}"
    failed = checkout.run(
        *("python", "stages/parse.py", "engine.workers=2", "parse.fps=4"),
        check=False,
        AWS_ENDPOINT_URL=gone,
        HYDRA_FULL_ERROR="1",
    )
    assert failed.returncode != 0
    said += failed.stdout + failed.stderr
    secret = keys["AWS_SECRET_ACCESS_KEY"]
    assert secret not in said
    env_file.unlink()
    held = [*checkout.content(".").items(), *bucket.objects().items()]
    assert len(held) > 100
    assert [name for name, content in held if secret.encode() in content] == []


@pytest.mark.heavy
def test_replays_move_into_the_bucket_when_the_storage_is_switched(
    new_checkout: Callable[..., Checkout], local: Checkout, bucket: Bucket
) -> None:
    """Files of the store, also those of earlier selections, are objects afterwards; damaged ones stay and are told."""
    checkout = new_checkout("storage=s3", f"fetch.storage_url=s3://{bucket.name}/raw")
    shutil.copytree(local.path / "data/raw", checkout.path / "data/raw")
    original = next((checkout.path / "data/raw").rglob("*.replay"))
    (damaged := original.with_name("ff.replay")).write_bytes(original.read_bytes()[:-1])
    said = checkout.stage("fetch")
    assert "ff.replay stays on this machine, it cannot be used: truncated" in said
    files = {name: content for name, content in local.content("data/raw").items() if "/" in name}
    assert bucket.objects() == {f"raw/{name}": content for name, content in files.items()}
    assert [path.name for path in (checkout.path / ".state/raw").rglob("*.replay")] == [damaged.name]
    assert not list((checkout.path / "data/raw").rglob("*.replay"))
    back = checkout.stage("fetch", "storage=local")
    assert "moved" not in back
    assert {name for name in checkout.content("data/raw") if "/" in name} >= files.keys()
    assert pq.read_table(checkout.path / "data/raw/manifest.parquet").equals(
        pq.read_table(local.path / "data/raw/manifest.parquet")
    )


def listed(bucket: Bucket) -> list[dict]:
    found: list[dict] = bucket.client.list_objects_v2(Bucket=bucket.name).get("Contents", [])
    return found


def wait_for_objects(bucket: Bucket, count: int) -> None:
    wait_for(lambda: len(listed(bucket)) >= count)


def wait_for(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + 120
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.02)


def any_process_of(checkout: Checkout) -> bool:
    def folders() -> Iterator[Path]:
        for entry in Path("/proc").iterdir():
            if entry.name.isdigit():
                try:
                    yield (entry / "cwd").readlink()
                except OSError:
                    continue

    return checkout.path in folders()
