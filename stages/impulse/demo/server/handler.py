"""HTTP: takes calls, and sends answers as they are meant to arrive."""

from __future__ import annotations

import contextlib
import io
import socket
import struct
import sys
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from impulse.demo.server.answers import Answer, Sending
from impulse.demo.server.state import State

IDLE_SECONDS = 5
"""How long a connection may be idle."""
PART_BYTES = 4096
"""Bytes of a chunk."""
STEP_SECONDS = 0.05
STEPS = 100
"""A stall or trickle takes so many steps of so many seconds."""


class LoopbackServer(ThreadingHTTPServer):
    """Serves a state to several clients at a time, over connections that they keep."""

    daemon_threads = False
    block_on_close = True
    request_queue_size = 64

    def __init__(self, address: tuple[str, int], state: State) -> None:
        super().__init__(address, Handler)
        self.state = state
        self.connections: set[socket.socket] = set()
        self.stopping = threading.Event()

    def handle_error(self, request: object, client_address: object) -> None:
        """Say what is wrong with the server; a client that was killed is not worth a traceback."""
        if not isinstance(sys.exception(), OSError):
            super().handle_error(request, client_address)  # type: ignore[arg-type]  # as it was given

    def end(self) -> None:
        """Stop serving, and end the connections that clients keep."""
        self.stopping.set()
        self.shutdown()
        for connection in list(self.connections):
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)


class Handler(BaseHTTPRequestHandler):
    """One connection."""

    server: LoopbackServer
    protocol_version = "HTTP/1.1"
    timeout = IDLE_SECONDS
    disable_nagle_algorithm = True  # headers and body go out at once, not when the client has confirmed the headers

    def setup(self) -> None:
        """Remember the connection, so that the server can end it."""
        super().setup()
        self.server.connections.add(self.connection)

    def finish(self) -> None:
        """Forget the connection."""
        self.server.connections.discard(self.connection)
        with contextlib.suppress(OSError):
            super().finish()

    def log_message(self, *_: object) -> None:
        """Be quiet."""

    def do_GET(self) -> None:
        """Answer a call."""
        state = self.server.state
        # Another name of this machine is another origin, which no key belongs to.
        storage = f"http://localhost:{self.server.server_address[1]}"
        answer = state.answer(self.path, dict(self.headers.items()), storage=storage)
        if state.delay:
            time.sleep(state.delay)
        if answer.after_seconds:
            self.server.stopping.wait(answer.after_seconds)
        self._send(answer)

    def _send(self, answer: Answer) -> None:
        if answer.sending is Sending.RESET:
            self._reset()
            return
        self.send_response(answer.status)
        self.send_header("Content-Type", answer.kind)
        for name, value in answer.headers.items():
            self.send_header(name, value)
        if answer.sending is Sending.CHUNKED:
            self.send_header("Transfer-Encoding", "chunked")
        elif answer.sending is Sending.CLOSE:
            self.send_header("Connection", "close")
        else:
            self.send_header("Content-Length", str(len(answer.body)))
        self.end_headers()
        if answer.sending is not Sending.LENGTH and answer.sending is not Sending.CHUNKED:
            self.close_connection = True
        for part in self._parts(answer):
            self.wfile.write(part)

    def _parts(self, answer: Answer) -> Iterator[bytes]:
        """Yield what goes over the wire after the headers."""
        body = answer.body
        if answer.sending in (Sending.LENGTH, Sending.CLOSE):
            yield body
        elif answer.sending is Sending.TRUNCATED:
            yield body[: len(body) // 2]
        elif answer.sending is Sending.CHUNKED:
            for start in range(0, len(body), PART_BYTES):
                part = body[start : start + PART_BYTES]
                yield f"{len(part):x}\r\n".encode() + part + b"\r\n"
            yield b"0\r\n\r\n"
        else:
            for step in range(STEPS):
                if self.server.stopping.wait(STEP_SECONDS):
                    break
                if answer.sending is Sending.TRICKLE:
                    yield body[step : step + 1]

    def _reset(self) -> None:
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.close_connection = True
        self.rfile.close()
        self.connection.close()
        self.rfile = self.wfile = io.BytesIO()  # closed by the handler
