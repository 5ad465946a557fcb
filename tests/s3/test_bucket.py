"""Objects of a bucket: what a real server, one that sends too little and one that is gone make of every call."""

from __future__ import annotations

import logging
import socket
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from botocore.client import BaseClient
from tests.local_server import LocalServer, QuietHandler
from tests.s3.fixtures import Bucket
from tests.s3.server import S3Server, free_ports

from impulse.errors import EXIT_CONFIG, BucketMissing, ObjectMissing, StageError
from impulse.files.storage import LocalFolder, Storage
from impulse.s3 import bucket as bucket_module
from impulse.s3.bucket import MAX_BACKOFF_SECONDS, S3Bucket
from impulse.s3.url import S3Url

CONTENT = b"0123456789" * 1000


class Cutting(QuietHandler):
    """Sends half of the first bodies."""

    owner: CuttingServer

    def do_GET(self) -> None:
        is_cut = self.owner.sent < self.owner.cuts
        self.owner.sent += 1
        self.send_response(200)
        self.send_header("Content-Length", str(len(CONTENT)))
        self.end_headers()
        self.wfile.write(CONTENT[:5000] if is_cut else CONTENT)
        self.close_connection = True


class CuttingServer(LocalServer):
    cuts = 0
    sent = 0


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[CuttingServer]:
    with CuttingServer(Cutting) as found:
        monkeypatch.setenv("AWS_ENDPOINT_URL", found.url)
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", "key")
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
        yield found


@pytest.mark.parametrize("cuts", [0, 1, 3])
def test_broken_body_is_read_again_after_growing_pauses(server: CuttingServer, cuts: int) -> None:
    """As often as it takes, within the tries; every pause has its limit."""
    waits: list[float] = []
    server.cuts = cuts
    with closing(S3Bucket(S3Url("bucket"), tries=4, sleep=waits.append)) as bucket:
        assert bucket.read("a") == CONTENT
    assert server.sent == cuts + 1
    assert len(waits) == cuts
    assert all(0 <= wait <= min(MAX_BACKOFF_SECONDS, 2**number) for number, wait in enumerate(waits, start=1))


def test_body_that_always_breaks_is_one_line_after_all_tries(server: CuttingServer) -> None:
    """Never half a content, and never an endless loop."""
    waits: list[float] = []
    server.cuts = 100
    with closing(S3Bucket(S3Url("bucket"), tries=4, sleep=waits.append)) as bucket, pytest.raises(StageError) as caught:
        bucket.read("a")
    assert str(caught.value).startswith("s3://bucket/a: the store cannot be used now")
    assert "\n" not in str(caught.value)
    assert (server.sent, len(waits)) == (4, 3)


def opened(bucket: Bucket, prefix: str = "a/b", **options: Any) -> closing[S3Bucket]:
    return closing(S3Bucket(S3Url(bucket.name, prefix), **options))


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["folder", "bucket"])
def test_every_storage_keeps_what_it_is_given(bucket: Bucket, tmp_path: Path, kind: str) -> None:
    """Sizes, whole and first bytes, removal, and no second write of the very same."""
    with opened(bucket) as objects:
        storage: Storage = objects if kind == "bucket" else LocalFolder(tmp_path)
        contents = {f"{number}/x.bin": b"x" * number for number in range(5)}
        assert all(storage.write(name, content) for name, content in contents.items())
        assert not storage.write("3/x.bin", b"xxx"), "the very same"
        assert storage.write("3/x.bin", b"yyy"), "another content of the same size"
        storage.remove("4/x.bin")
        storage.remove("never")
        assert [storage.size(name) for name in contents] == [0, 1, 2, 3, None]
        assert [storage.read("3/x.bin", limit) for limit in (None, 2, 9)] == [b"yyy", b"yy", b"yyy"]
        assert storage.read("0/x.bin", 2) == b""
        with pytest.raises((ObjectMissing, FileNotFoundError)):
            storage.read("4/x.bin")


@pytest.mark.slow
def test_listing_of_several_pages_ends_at_the_prefix(bucket: Bucket, monkeypatch: pytest.MonkeyPatch) -> None:
    """All pages are put together; an object that changed since then is told from the one that was listed."""
    call = BaseClient._make_api_call

    def short_pages(self, method: str, settings: dict[str, Any]) -> Any:
        return call(self, method, {**settings, **({"MaxKeys": 2} if method == "ListObjectsV2" else {})})

    monkeypatch.setattr(BaseClient, "_make_api_call", short_pages)
    for key in ("a/bc", "a/b/c/deep", *(f"a/b/{number}" for number in range(5))):
        bucket.put(key, b"content")
    with opened(bucket) as storage, opened(bucket, listed="c") as deep:
        assert list(storage.objects()) == ["0", "1", "2", "3", "4"]
        assert list(deep.objects()) == ["c/deep"]
        etag = storage.objects()["2"].etag
        bucket.put("a/b/2", b"changed")
        with pytest.raises(ObjectMissing, match="has changed since it was listed"):
            storage.read("2", etag=etag)


@pytest.mark.slow
def test_other_bytes_than_were_sent_do_not_stay(bucket: Bucket, monkeypatch: pytest.MonkeyPatch) -> None:
    """A store that changes bytes of the same length on the way is found out, and the object removed."""
    call = BaseClient._make_api_call

    def changing(self, method: str, settings: dict[str, Any]) -> Any:
        if method == "PutObject":
            settings = {**settings, "Body": settings["Body"].swapcase()}
            del settings["ContentMD5"]
        return call(self, method, settings)

    with monkeypatch.context() as patch, opened(bucket) as storage:
        patch.setattr(BaseClient, "_make_api_call", changing)
        with pytest.raises(StageError, match="holds other bytes"):
            storage.write("a", b"content")
    assert bucket.objects() == {}


@pytest.mark.slow
def test_store_that_gives_no_md5_is_asked_for_the_bytes(bucket: Bucket, monkeypatch: pytest.MonkeyPatch) -> None:
    """With keys of KMS an ETag says nothing about the content, so that two of the same size are told apart by reading."""
    call = BaseClient._make_api_call

    def encrypting(self, method: str, settings: dict[str, Any]) -> Any:
        answer = call(self, method, settings)
        for found in (answer, *answer.get("Contents", ())):
            if "ETag" in found:
                found["ETag"] = '"of-no-content"'
        return {**answer, "ServerSideEncryption": "aws:kms"}

    monkeypatch.setattr(BaseClient, "_make_api_call", encrypting)
    with opened(bucket, "") as storage:
        assert storage.write("a", b"one")
        assert not storage.write("a", b"one"), "the very same"
        assert storage.write("a", b"two")
    with opened(bucket, "") as another:
        assert another.write("a", b"six")
    assert bucket.objects() == {"a": b"six"}


SECRET = "wrong-secret-of-a-test"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("environment", "message", "exit_code"),
    [
        ({"AWS_SECRET_ACCESS_KEY": SECRET}, "the store refuses access; check the credentials", 1),
        ({"AWS_ACCESS_KEY_ID": "nobody"}, "the store refuses access; check the credentials", 1),
        ({"AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": ""}, "no AWS credentials found; set AWS_ACCESS_KEY_ID", 1),
        ({"AWS_SECRET_ACCESS_KEY": ""}, "no AWS credentials found; set AWS_ACCESS_KEY_ID", EXIT_CONFIG),
        ({"AWS_ENDPOINT_URL": "http://127.0.0.1:{port}"}, "the store cannot be used now, run again to go on", 1),
        ({"AWS_ENDPOINT_URL": "no url"}, "the AWS configuration cannot be used", EXIT_CONFIG),
        ({"AWS_PROFILE": "nobody"}, "the AWS configuration cannot be used", EXIT_CONFIG),
    ],
    ids=["wrong-secret", "unknown-key", "no-credentials", "half-of-them", "unreachable", "no-url", "no-profile"],
)
def test_store_that_cannot_be_used_is_one_line_soon(
    bucket: Bucket,
    monkeypatch: pytest.MonkeyPatch,
    caplog,
    environment: dict[str, str],
    message: str,
    exit_code: int,
) -> None:
    """The line names the place, the reason and the remedy, and no secret; what a person must mend has its own code."""
    caplog.set_level(logging.DEBUG)
    for name, value in environment.items():
        monkeypatch.setenv(name, value.format(port=free_ports(1)[0]))
    start = time.monotonic()
    with pytest.raises(StageError) as caught, opened(bucket) as storage:
        storage.objects()
    assert time.monotonic() - start < 10
    assert str(caught.value).startswith(f"s3://{bucket.name}/a/b/: {message}")
    assert "\n" not in str(caught.value)
    assert caught.value.exit_code == exit_code
    said = "".join(traceback.format_exception(caught.value)) + caplog.text
    assert bucket.server.secret_key not in said
    assert SECRET not in said


@pytest.mark.slow
def test_missing_bucket_is_told_from_a_missing_object(bucket: Bucket) -> None:
    """It is named, by a listing and by a read, and not made."""
    with closing(S3Bucket(S3Url("nowhere-at-all"))) as storage:
        for call in (storage.objects, lambda: storage.read("a"), lambda: storage.write("a", b"a")):
            with pytest.raises(BucketMissing, match=r"^s3://nowhere-at-all/a?: the bucket does not exist") as caught:
                call()
            assert "\n" not in str(caught.value)
    assert "nowhere-at-all" not in {each["Name"] for each in bucket.client.list_buckets()["Buckets"]}


@pytest.mark.slow
def test_silent_endpoint_does_not_hang(bucket: Bucket, monkeypatch: pytest.MonkeyPatch) -> None:
    """A store that takes connections and never answers ends the call after a few timeouts."""
    monkeypatch.setattr(bucket_module, "READ_SECONDS", 0.3)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{silent.getsockname()[1]}")
        start = time.monotonic()
        with pytest.raises(StageError, match="cannot be used now"), opened(bucket) as storage:
            storage.objects()
        assert time.monotonic() - start < 15


@pytest.mark.slow
def test_store_that_goes_away_is_one_line_soon(tmp_path: Path, bucket: Bucket, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each call to a store that ended in the middle of a run gives up within seconds."""
    with S3Server(tmp_path) as server:
        monkeypatch.setenv("AWS_ENDPOINT_URL", server.url)
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", server.access_key)
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", server.secret_key)
        with closing(S3Bucket(S3Url("ready"))) as storage:
            storage.write("b", b"content")
            server.stop()
            calls: list[Callable[[], object]] = [
                *(lambda: storage.write("c", b"content"), lambda: storage.read("b"), lambda: storage.remove("b")),
                lambda: storage.objects(again=True),
            ]
            start = time.monotonic()
            for call in calls:
                with pytest.raises(StageError, match="cannot be used now") as caught:
                    call()
                assert "\n" not in str(caught.value)
            assert time.monotonic() - start < 30
