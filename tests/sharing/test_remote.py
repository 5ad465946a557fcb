"""The remote: what a user without a bucket, with wrong credentials or without a server sees."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from tests.paths import ROOT
from tests.s3.fixtures import Bucket
from tests.s3.proxy import CountingProxy

from impulse.errors import BucketMissing, ImpulseError, StageError
from impulse.s3.credentials import CHECKSUMS, checksum_variables
from impulse.sharing.remote import check_remote
from impulse.sharing.repository import forget_index

pytestmark = pytest.mark.slow


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository with the committed configuration of DVC and nothing else."""
    monkeypatch.setenv("DVC_SITE_CACHE_DIR", str(tmp_path / "dvc-state"))
    path = tmp_path / "checkout"
    (path / ".dvc").mkdir(parents=True)
    subprocess.run(["git", "init", "-q", str(path)], check=True)
    (path / ".dvc" / "config").write_text((ROOT / ".dvc" / "config").read_text())
    return path


def impulse(checkout: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Call the command in what it takes for a checkout."""
    (checkout / "dvc.yaml").write_text("stages: {}\n")
    (checkout / "stages").mkdir(exist_ok=True)
    (checkout / "stages" / "fetch.py").touch()
    command = [sys.executable, "-m", "impulse", *arguments]
    env = {**os.environ, "PYTHONPATH": str(ROOT / "stages")}
    return subprocess.run(command, cwd=checkout, env=env, capture_output=True, text=True, check=False)


def set_url(checkout: Path, url: str, *options: str) -> None:
    subprocess.run(["dvc", "remote", "modify", *options, "storage", "url", url], cwd=checkout, check=True)


def test_the_committed_configuration_names_no_bucket_and_no_secret(checkout: Path) -> None:
    """One line says what to do; the placeholder cannot be anybody's bucket, because no bucket may have such a name."""
    with pytest.raises(ImpulseError, match=r"no bucket is set yet; call `impulse remote s3://bucket/prefix`"):
        check_remote(checkout)


def test_dvc_itself_names_the_remedy_too(checkout: Path) -> None:
    """Who calls plain dvc without a bucket reads what to call, and nothing leaves the machine."""
    (checkout / "a").write_text("a")
    subprocess.run(["dvc", "add", "-q", "a"], cwd=checkout, check=True)
    done = subprocess.run(["dvc", "push"], cwd=checkout, capture_output=True, text=True, check=False)
    assert done.returncode != 0
    assert "no bucket yet; run make remote" in done.stderr


def test_a_bucket_that_works_is_named(checkout: Path, bucket: Bucket) -> None:
    set_url(checkout, f"s3://{bucket.name}/some/prefix")
    assert check_remote(checkout) == f"s3://{bucket.name}/some/prefix"


def test_a_remote_is_set_for_everybody_who_clones(
    checkout: Path, bucket: Bucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Address and endpoint are committed, credentials are not; a write is tried and leaves nothing."""
    monkeypatch.delenv("AWS_ENDPOINT_URL")

    def remote(*arguments: str) -> subprocess.CompletedProcess[str]:
        return impulse(checkout, "remote", *arguments)

    before = (checkout / ".dvc" / "config").read_text()
    refused = remote(f"{bucket.name}/p")
    assert refused.returncode == 78
    assert refused.stderr.startswith(f"remote: error: URL: '{bucket.name}/p' has no scheme; for a bucket it is s3://")
    assert "names a user" in remote(f"s3://{bucket.name}/p", "--endpoint", "https://me:secret@host").stderr
    assert (checkout / ".dvc" / "config").read_text() == before

    done = remote(f"s3://{bucket.name}/p", "--endpoint", bucket.server.url)
    assert done.returncode == 0, done.stderr
    assert f"The remote is s3://{bucket.name}/p" in done.stdout
    committed = (checkout / ".dvc" / "config").read_text()
    assert bucket.server.url in committed
    assert bucket.server.secret_key not in committed
    assert bucket.objects() == {}

    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "another")
    assert "refuses" in remote(f"s3://{bucket.name}/p", "--endpoint", bucket.server.url).stderr


@pytest.mark.heavy
def test_a_store_other_than_aws_gets_no_newer_checksums(
    checkout: Path, bucket: Bucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Some refuse them; what the environment says about it holds."""
    set_url(checkout, f"s3://{bucket.name}/p")
    monkeypatch.delenv("AWS_REQUEST_CHECKSUM_CALCULATION", raising=False)
    with CountingProxy(bucket.server.url) as proxy:
        monkeypatch.setenv("AWS_ENDPOINT_URL", proxy.url)
        for name, chosen in (("a", ""), ("b", "when_supported")):
            (checkout / name).write_text(name)
            subprocess.run(["dvc", "add", "-q", name], cwd=checkout, check=True)
            monkeypatch.setenv("AWS_REQUEST_CHECKSUM_CALCULATION", chosen)
            proxy.reset()
            done = impulse(checkout, "push")
            assert done.returncode == 0, done.stderr
            assert any(request.startswith("PUT ") for request in proxy.requests)
            newer = {header for header in proxy.headers if "checksum" in header}
            assert bool(newer) is bool(chosen), newer


KILLED = """
import os, sys
from dvc.cli import main
from dvc_data.index import collect
first, calls = collect._collect_from_index, []
def only_once(*arguments, **options):
    calls.append(1)
    os._exit(9) if len(calls) > 1 else first(*arguments, **options)
collect._collect_from_index = only_once
main(sys.argv[1:])
"""
"""DVC, killed while it collects what there is to do."""


@pytest.mark.heavy
def test_push_and_pull_that_were_killed_early_are_done_by_the_next(checkout: Path, bucket: Bucket) -> None:
    """Though DVC takes an index that is half made for the whole."""
    set_url(checkout, f"s3://{bucket.name}/p")
    for name in ("a", "b", "c"):
        (checkout / name).write_text(name)
    subprocess.run(["dvc", "add", "-q", "a", "b", "c"], cwd=checkout, check=True)
    for command in ("push", "pull"):
        killed = subprocess.run([sys.executable, "-c", KILLED, command], cwd=checkout, capture_output=True, check=False)
        assert killed.returncode == 9, killed.stderr
        if command == "push":
            done = impulse(checkout, "push")
            assert done.returncode == 0, done.stderr
            assert len(bucket.objects()) == 3
            shutil.rmtree(checkout / ".dvc" / "cache")
            for name in ("a", "b", "c"):
                (checkout / name).unlink()
    forget_index(checkout)
    subprocess.run(["dvc", "pull", "-q"], cwd=checkout, check=True)
    assert [(checkout / name).read_text() for name in ("a", "b", "c")] == ["a", "b", "c"]


def test_aws_is_left_to_its_own_checksums() -> None:
    """Only a store of another name is told apart."""
    assert checksum_variables("https://s3.eu-west-3.amazonaws.com", {}) == {}
    assert set(checksum_variables("https://amazonaws.com.example", {})) == set(CHECKSUMS)


def test_endpoint_and_credentials_may_stand_in_the_local_configuration(
    checkout: Path, bucket: Bucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    """.dvc/config.local, which git ignores, does as well as the environment."""
    set_url(checkout, f"s3://{bucket.name}/p")
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_ENDPOINT_URL"):
        monkeypatch.delenv(name)
    options = {
        "endpointurl": bucket.server.url,
        "access_key_id": bucket.server.access_key,
        "secret_access_key": bucket.server.secret_key,
    }
    for name, value in options.items():
        subprocess.run(["dvc", "remote", "modify", "--local", "storage", name, value], cwd=checkout, check=True)
    assert check_remote(checkout) == f"s3://{bucket.name}/p"
    assert bucket.server.secret_key not in (checkout / ".dvc" / "config").read_text()


def test_what_is_wrong_is_one_line(checkout: Path, bucket: Bucket, monkeypatch: pytest.MonkeyPatch) -> None:
    """A bucket that does not exist and a refusal are told as everywhere, with the address and without the secret."""
    set_url(checkout, "s3://nobodys-bucket/p")
    with pytest.raises(BucketMissing, match=r"^s3://nobodys-bucket/p/: the bucket does not exist"):
        check_remote(checkout)
    set_url(checkout, f"s3://{bucket.name}/p")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "wrong")
    with pytest.raises(StageError, match=rf"^s3://{bucket.name}/p/: the store refuses access") as caught:
        check_remote(checkout)
    assert len(str(caught.value).splitlines()) == 1
    assert bucket.server.secret_key not in str(caught.value)


def test_a_secret_in_the_committed_configuration_is_refused(checkout: Path, bucket: Bucket) -> None:
    """Somebody forgot --local: nothing is sent before the secret is out of the file that git publishes."""
    set_url(checkout, f"s3://{bucket.name}/p")
    command = ["dvc", "remote", "modify", "storage", "secret_access_key", bucket.server.secret_key]
    subprocess.run(command, cwd=checkout, check=True)
    with pytest.raises(ImpulseError, match=r"remote\.storage\.secret_access_key: is in \.dvc/config") as caught:
        check_remote(checkout)
    assert bucket.server.secret_key not in str(caught.value)
