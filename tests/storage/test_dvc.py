"""Raw replays in a bucket through DVC: what runs again, what a clone needs, and that no secret is kept."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from tests.checkout import Checkout
from tests.s3.fixtures import Bucket

pytestmark = [pytest.mark.pipeline, pytest.mark.heavy]


def parsed_now(checkout: Checkout) -> int:
    found: int = json.loads((checkout.path / "metrics/timing/parse.json").read_text())["parsed_now"]
    return found


def test_verify_reads_what_is_in_the_bucket_and_the_source_mends_it(
    clone: Callable[[str, Path], Checkout], small_source: Path, bucket: Bucket, tmp_path: Path
) -> None:
    """Objects that were changed or lost are named by `--remote`, and with `--heal` they are again what they were."""
    checkout = clone("s3", small_source)
    checkout.replace("conf/config.yaml", "storage: local", "storage: s3")
    checkout.replace("conf/storage/s3.yaml", "storage_url: null", f"storage_url: s3://{bucket.name}/raw")
    checkout.run("dvc", "repro")
    checkout.run("dvc", "remote", "add", "-d", "-f", "there", str(tmp_path / "remote"))
    checkout.run("dvc", "push")
    verify = ("python", "-m", "impulse", "verify", "--remote")
    assert checkout.run(*verify, PYTHONPATH="stages").stdout.endswith(" 0 damaged, 0 missing, 0 foreign\n")

    names = pq.read_table(checkout.path / "data/raw/manifest.parquet")["path"].to_pylist()
    original = {key: bucket.get(key) for key in (f"raw/{name}" for name in names[:2])}
    changed, gone = original
    bucket.put(changed, original[gone])
    bucket.client.delete_object(Bucket=bucket.name, Key=gone)
    found = checkout.run(*verify, check=False, PYTHONPATH="stages")
    assert found.returncode != 0
    assert f"s3://{bucket.name}/{changed}: damaged, named by data/raw/manifest.parquet" in found.stdout
    assert f"s3://{bucket.name}/{gone}: missing, named by data/raw/manifest.parquet" in found.stdout
    checkout.run(*verify, "--heal", PYTHONPATH="stages")
    assert {key: bucket.get(key) for key in original} == original


def test_bucket_is_a_place_and_no_content(
    clone: Callable[[str, Path], Checkout], small_source: Path, bucket: Bucket, tmp_path: Path
) -> None:
    """Another bucket parses nothing again, a clone parses from the bucket, a lost object is mended, no secret is kept."""
    checkout = clone("s3", small_source)
    checkout.replace("conf/config.yaml", "storage: local", "storage: s3")
    checkout.replace("conf/storage/s3.yaml", "storage_url: null", f"storage_url: s3://{bucket.name}/raw")
    checkout.run("dvc", "repro", "validate")
    assert checkout.stages_run("dvc", "repro", "validate") == []
    parsed = checkout.content("data/parsed")

    checkout.replace("conf/storage/s3.yaml", f"{bucket.name}/raw", f"{bucket.name}/moved")
    assert checkout.stages_run("dvc", "repro", "validate") == ["config", "fetch", "parse"]
    assert parsed_now(checkout) == 0
    assert checkout.content("data/parsed") == parsed
    assert checkout.stages_run("dvc", "repro", "validate") == []

    checkout.run("dvc", "remote", "add", "-d", "-f", "there", str(tmp_path / "remote"))
    checkout.run("dvc", "push", "data/raw")
    checkout.run("git", "add", "-A")
    checkout.run("git", "commit", "-qm", "build")
    other = replace(checkout, path=tmp_path / "other")
    checkout.run("git", "clone", "-q", str(checkout.path), str(other.path))
    other.run("dvc", "pull", "data/raw")
    assert not list((other.path / "data/raw").rglob("*.replay"))
    other.run("python", "stages/parse.py")
    assert parsed_now(other) == pq.read_metadata(other.path / "data/raw/manifest.parquet").num_rows
    assert other.content("data/parsed") == parsed

    path = pq.read_table(other.path / "data/raw/manifest.parquet")["path"][0].as_py()
    bucket.client.delete_object(Bucket=bucket.name, Key=f"moved/{path}")
    (other.path / ".state" / "parsed").rename(tmp_path / "aside")
    failed = other.run("dvc", "repro", "--force", "--single-item", "parse", check=False)
    assert failed.returncode != 0
    assert f"moved/{path} is not in the bucket" in failed.stdout
    other.run("python", "stages/fetch.py")
    other.run("dvc", "repro", "--force", "--single-item", "parse")
    assert parsed_now(other) == 1
    assert other.content("data/parsed") == parsed

    secret = bucket.server.secret_key.encode()
    for folder in (checkout.path, other.path, tmp_path / "remote"):
        held = [found for found in folder.rglob("*") if found.is_file()]
        assert [found for found in held if secret in found.read_bytes()] == []
