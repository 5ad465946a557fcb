"""A Systems Manager of our own: GetParameter in its protocol, for one parameter that may be read and one that may not."""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self

NAME, DENIED = "/impulse/key", "/impulse/denied"


class FakeParameters:
    """The running server; use it as a context."""

    def __init__(self, value: str) -> None:
        self.value = value
        self.asked: list[dict[str, Any]] = []
        fake = self

        class Handler(_Handler):
            parameters = fake

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02})
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


class _Handler(BaseHTTPRequestHandler):
    parameters: FakeParameters

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        assert self.headers["X-Amz-Target"] == "AmazonSSM.GetParameter"
        self.parameters.asked.append(body)
        error = {DENIED: "AccessDeniedException", NAME: None}.get(body["Name"], "ParameterNotFound")
        value = self.parameters.value if body.get("WithDecryption") else "encrypted"
        answer = {"__type": error, "message": "no"} if error else {"Parameter": {"Name": body["Name"], "Value": value}}
        data = json.dumps(answer).encode()
        self.send_response(400 if error else 200)
        self.send_header("Content-Type", "application/x-amz-json-1.1")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_: Any) -> None:
        """Be quiet."""
