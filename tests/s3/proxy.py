"""A proxy in front of a server that counts what is asked for and what comes back."""

from __future__ import annotations

import re
import socket
from threading import Thread
from typing import Self
from urllib.parse import urlsplit

_HEADER = re.compile(rb"\r\n([A-Za-z0-9-]+): ")
_REQUEST = re.compile(rb"(GET|HEAD|PUT|POST|DELETE) (\S+) HTTP/1\.1\r\n")


class CountingProxy:
    """Passes bytes on both ways; use it as a context, with ``url`` as the endpoint."""

    def __init__(self, url: str) -> None:
        self._target = (urlsplit(url).hostname, urlsplit(url).port)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._threads: list[Thread] = []
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self.requests: list[str] = []
        """Method and path of each request."""
        self.headers: set[str] = set()
        """Names of all headers of requests, in small letters."""
        self.bytes_received = 0
        """What the server sent, headers included."""

    def reset(self) -> None:
        """Forget what was counted."""
        self.requests.clear()
        self.headers.clear()
        self.bytes_received = 0

    def __enter__(self) -> Self:
        self._start(self._accept)
        return self

    def __exit__(self, *_: object) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _start(self, work: object, *arguments: object) -> None:
        thread = Thread(target=work, args=arguments, daemon=True)  # type: ignore[arg-type]
        thread.start()
        self._threads.append(thread)

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            server = socket.create_connection(self._target)
            self._start(self._ask, client, server)
            self._start(self._answer, server, client)

    def _ask(self, client: socket.socket, server: socket.socket) -> None:
        while content := _receive(client):
            self.requests += [f"{method.decode()} {path.decode()}" for method, path in _REQUEST.findall(content)]
            self.headers |= {name.decode().lower() for name in _HEADER.findall(content)}
            server.sendall(content)
        _close(server)

    def _answer(self, server: socket.socket, client: socket.socket) -> None:
        while content := _receive(server):
            self.bytes_received += len(content)
            client.sendall(content)
        _close(client)


def _receive(source: socket.socket) -> bytes:
    try:
        return source.recv(1 << 16)
    except OSError:
        return b""


def _close(connection: socket.socket) -> None:
    try:
        connection.shutdown(socket.SHUT_RDWR)
    except OSError:
        return
    finally:
        connection.close()
