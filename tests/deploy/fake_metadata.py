"""The metadata service of an EC2 machine: tokens, and the notice of the spot market, in the protocol of IMDSv2."""

from __future__ import annotations

import json

from tests.local_server import LocalServer, QuietHandler


class FakeMetadata(LocalServer):
    """The running server; use it as a context."""

    def __init__(self) -> None:
        super().__init__(_Handler)
        self.notice: str | None = None
        """Answer of instance-action; None is its usual 404."""
        self.tokens = ["token-1"]
        """Those that were given; the last one is good."""
        self.asked: list[str] = []

    def take_machine(self) -> None:
        """Give the notice."""
        self.notice = json.dumps({"action": "terminate", "time": "2026-01-01T00:02:00Z"})


class _Handler(QuietHandler):
    owner: FakeMetadata

    def do_PUT(self) -> None:
        assert self.path == "/latest/api/token"
        assert 1 <= int(self.headers["X-aws-ec2-metadata-token-ttl-seconds"]) <= 21600
        self._answer(200, self.owner.tokens[-1])

    def do_GET(self) -> None:
        assert self.path == "/latest/meta-data/spot/instance-action"
        if self.headers["X-aws-ec2-metadata-token"] != self.owner.tokens[-1]:
            self._answer(401, "")
        elif self.owner.notice is None:
            self._answer(404, "<html>not found</html>")
        else:
            self._answer(200, self.owner.notice)

    def _answer(self, status: int, text: str) -> None:
        self.owner.asked.append(f"{self.command} {status}")
        self.send_response(status)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text.encode())
