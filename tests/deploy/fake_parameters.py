"""A Systems Manager of our own: GetParameter in its protocol, for one parameter that may be read and one that may not."""

from __future__ import annotations

import json
from typing import Any

from tests.local_server import LocalServer, QuietHandler

NAME, DENIED = "/impulse/key", "/impulse/denied"


class FakeParameters(LocalServer):
    """The running server; use it as a context."""

    def __init__(self, value: str) -> None:
        super().__init__(_Handler)
        self.value = value
        self.asked: list[dict[str, Any]] = []


class _Handler(QuietHandler):
    owner: FakeParameters

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        assert self.headers["X-Amz-Target"] == "AmazonSSM.GetParameter"
        self.owner.asked.append(body)
        error = {DENIED: "AccessDeniedException", NAME: None}.get(body["Name"], "ParameterNotFound")
        value = self.owner.value if body.get("WithDecryption") else "encrypted"
        answer = {"__type": error, "message": "no"} if error else {"Parameter": {"Name": body["Name"], "Value": value}}
        data = json.dumps(answer).encode()
        self.send_response(400 if error else 200)
        self.send_header("Content-Type", "application/x-amz-json-1.1")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)
