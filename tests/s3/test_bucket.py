"""Objects whose bodies break off, from a server that sends too little."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import closing
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from impulse.errors import StageError
from impulse.s3.bucket import MAX_BACKOFF_SECONDS, S3Bucket

CONTENT = b"0123456789" * 1000


class CuttingServer(ThreadingHTTPServer):
    """Sends half of the first bodies."""

    cuts = 0
    sent = 0


class Handler(BaseHTTPRequestHandler):
    server: CuttingServer

    def do_GET(self) -> None:
        is_cut = self.server.sent < self.server.cuts
        self.server.sent += 1
        self.send_response(200)
        self.send_header("Content-Length", str(len(CONTENT)))
        self.end_headers()
        self.wfile.write(CONTENT[:5000] if is_cut else CONTENT)
        self.close_connection = True

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[CuttingServer]:
    with CuttingServer(("127.0.0.1", 0), Handler) as found:
        threading.Thread(target=found.serve_forever, daemon=True).start()
        monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{found.server_port}")
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", "key")
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
        yield found
        found.shutdown()


@pytest.mark.parametrize("cuts", [0, 1, 3])
def test_broken_body_is_read_again_after_growing_pauses(server: CuttingServer, cuts: int) -> None:
    """As often as it takes, within the tries; every pause has its limit."""
    waits: list[float] = []
    server.cuts = cuts
    with closing(S3Bucket("bucket", tries=4, sleep=waits.append)) as bucket:
        assert bucket.read("a") == CONTENT
    assert server.sent == cuts + 1
    assert len(waits) == cuts
    assert all(0 <= wait <= min(MAX_BACKOFF_SECONDS, 2**number) for number, wait in enumerate(waits, start=1))


def test_body_that_always_breaks_is_one_line_after_all_tries(server: CuttingServer) -> None:
    """Never half a content, and never an endless loop."""
    waits: list[float] = []
    server.cuts = 100
    with closing(S3Bucket("bucket", tries=4, sleep=waits.append)) as bucket, pytest.raises(StageError) as caught:
        bucket.read("a")
    assert str(caught.value).startswith("s3://bucket/a: the store cannot be used now")
    assert "\n" not in str(caught.value)
    assert (server.sent, len(waits)) == (4, 3)
