"""Who is told of a run: a server that keeps what it gets, and answers as it is asked to."""

from __future__ import annotations

import json
from typing import Any

from tests.local_server import LocalServer, QuietHandler


class Receiver(LocalServer):
    """The running server; use it as a context."""

    def __init__(self) -> None:
        super().__init__(_Handler)
        self.bodies: list[dict[str, Any]] = []
        self.paths: list[str] = []
        self.answers: list[int] = []
        """Status codes of the next answers; then 200."""


class _Handler(QuietHandler):
    owner: Receiver

    def do_POST(self) -> None:
        assert self.headers["Content-Type"] == "application/json"
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        status = self.owner.answers.pop(0) if self.owner.answers else 200
        self.owner.paths.append(self.path)
        if status == 200:
            self.owner.bodies.append(body)
        self.send_response(status)
        if status == 302:
            self.send_header("Location", f"{self.owner.url}/elsewhere")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def do_GET(self) -> None:
        self.owner.paths.append(f"GET {self.path}")
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()
