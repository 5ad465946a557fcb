"""A Ballchasing of our own: a real HTTP server on loopback with keys, limits, group trees, pages and faults."""

from __future__ import annotations

import base64
import contextlib
import json
import socket
import struct
import threading
import time
from collections import Counter, defaultdict, deque
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self
from urllib.parse import parse_qs, unquote, urlsplit

from impulse.collection.pacing import TIERS

KEY = "k3y-of-the-tests-7f21"
HOST = "127.0.0.1"


class FakeBallchasing:
    """The server's data and what it saw. Use it as a context manager.

    ``faults`` maps a path such as ``/replays/x/file`` to what its next calls get, one each: ``429``, ``429:5`` (with
    Retry-After), a status, ``reset``, ``truncated``, ``stall``, ``trickle``, ``html``, ``empty``, ``garbage``,
    ``chunked``, ``close`` (no length), ``foreign`` or ``same`` (redirects). ``always`` maps to one for every call.
    """

    def __init__(self, *, tier: str = "gc", clock: Callable[[], float] = time.time, page_size: int = 200) -> None:
        self.tier = tier
        self.clock = clock
        self.page_size = page_size
        self.files: dict[str, bytes] = {}
        self.entries: dict[str, dict[str, Any]] = {}
        self.groups: dict[str, str] = {}
        self.children: dict[str, list[str]] = defaultdict(list)
        self.members: dict[str, list[str]] = defaultdict(list)
        self.faults: dict[str, list[str]] = defaultdict(list)
        self.always: dict[str, str] = {}
        self.next_link: Callable[[str, str], str] | None = None
        self.hide_file_length = False
        self.delay = 0.0
        self.calls: list[str] = []
        self.files_sent: Counter[str] = Counter()
        self.headers: list[dict[str, str]] = []
        self.violations: list[str] = []
        self.arrived = 0
        self.connections: set[socket.socket] = set()
        self.lock = threading.Lock()
        self.stopping = threading.Event()
        self._windows: dict[str, deque[float]] = defaultdict(deque)
        fake = self

        class Handler(_Handler):
            server_data = fake

        self.server = _Server((HOST, 0), Handler)
        self.thread = threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.02})

    @property
    def url(self) -> str:
        return f"http://{HOST}:{self.server.server_address[1]}/api"

    def __enter__(self) -> Self:
        self.thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stopping.set()
        self.server.shutdown()
        self.thread.join()
        for connection in list(self.connections):
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)  # a client may keep idle ones open
        self.server.server_close()

    def add_group(self, group_id: str, parent: str | None = None) -> str:
        self.groups[group_id] = f"Group / {group_id}"
        if parent is not None:
            self.children[parent].append(group_id)
        return group_id

    def add_replay(self, replay_id: str, data: bytes, *groups: str, **fields: Any) -> str:
        number = len(self.files)
        self.files[replay_id] = data
        self.entries[replay_id] = {
            "id": replay_id,
            "rocket_league_id": f"{number + 1:032X}",
            "replay_title": "../title",
            "playlist_id": "ranked-standard",
            "season": 17,
            "season_type": "free2play",
            "created": f"2025-01-01T{number // 3600:02d}:{number // 60 % 60:02d}:{number % 60:02d}.123456Z",
            "uploader": {"steam_id": "76561198141161044", "name": "Can't Fly"},
            "min_rank": {"tier": 9, "division": 3, "id": "gold-3"},
            "max_rank": {"tier": 10, "division": 1, "id": "platinum-1"},
            "blue": {"players": [{"name": "a", "id": {"platform": "steam", "id": "1"}, "rank": {"id": "gold-3"}}]},
            "orange": {"players": [{"name": "bot", "id": {}}]},
            **fields,
        }
        for group in groups:
            self.members[group].append(replay_id)
        return replay_id

    def count(self, path: str) -> int:
        return sum(call.split("?")[0] == path for call in self.calls)

    def admit(self, kind: str) -> bool:
        """Count a call in the sliding second and hour; refuse it above the tier's limits."""
        now = self.clock()
        per_second, per_hour = TIERS[self.tier][("list", "core", "file").index(kind)]
        window = self._windows[kind]
        while window and window[0] <= now - 3600:
            window.popleft()
        window.append(now)
        in_second = sum(at > now - 1 for at in window)
        if in_second > per_second or (per_hour is not None and len(window) > per_hour):
            self.violations.append(f"{kind} at {now:.2f}: {in_second} in a second, {len(window)} in an hour")
            return False
        return True


class _Server(ThreadingHTTPServer):
    daemon_threads = False
    block_on_close = True
    request_queue_size = 64

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that was killed is not worth a traceback."""


class _Handler(BaseHTTPRequestHandler):
    server_data: FakeBallchasing
    protocol_version = "HTTP/1.1"
    timeout = 5

    def setup(self) -> None:
        super().setup()
        self.server_data.connections.add(self.connection)

    def finish(self) -> None:
        self.server_data.connections.discard(self.connection)
        with contextlib.suppress(OSError):
            super().finish()

    def log_message(self, *_: Any) -> None:
        """Be quiet."""

    def do_GET(self) -> None:
        fake = self.server_data
        parts = urlsplit(self.path)
        path = unquote(parts.path.removeprefix("/api"))
        raw = parts.path.removeprefix("/api")
        query = parse_qs(parts.query)
        with fake.lock:
            fake.calls.append(f"{path}?{parts.query}" if parts.query else path)
            fake.headers.append(dict(self.headers.items()))
            kind = "file" if raw.endswith("/file") else "list" if raw in ("/replays", "/groups") else "core"
            is_admitted = raw == "/" or fake.admit(kind)
            fake.arrived += 1
            fault = fake.faults[path].pop(0) if fake.faults.get(path) else fake.always.get(path)
        if fake.delay:
            time.sleep(fake.delay)
        if self.headers.get("Authorization") != KEY:
            self.reply(401, {"error": f"bad key {self.headers.get('Authorization')}", "chat": {"Imp": "Sorry"}})
        elif not is_admitted:
            self.reply(429, None)
        elif fault is not None and self.fail(fault, path):
            pass
        elif raw == "/":
            self.reply(200, {"chaser": True, "type": fake.tier, "name": "Can't Fly"})
        elif kind == "file":
            self.send_file(path.removeprefix("/replays/").removesuffix("/file"))
        elif kind == "list":
            self.send_page(raw.removeprefix("/"), query)
        elif raw.startswith("/groups/") and path.removeprefix("/groups/") in fake.groups:
            group = path.removeprefix("/groups/")
            self.reply(200, {"id": group, "name": fake.groups[group], "status": "ok"})
        else:
            self.reply(404, {"error": "not found"})

    def send_file(self, replay_id: str) -> None:
        fake = self.server_data
        if replay_id not in fake.files:
            self.reply(404, {"error": "no such replay"})
            return
        with fake.lock:
            fake.files_sent[replay_id] += 1
        self.send_bytes(200, fake.files[replay_id], "application/octet-stream", chunked=fake.hide_file_length)

    def send_page(self, what: str, query: dict[str, list[str]]) -> None:
        fake = self.server_data
        group = query.get("group", [""])[0]
        if what == "groups":
            ids = fake.children.get(group, [])
            entries = [{"id": item, "name": fake.groups.get(item, ""), "direct_replays": 0} for item in ids]
        else:
            ids = fake.members.get(group, []) if group else sorted(fake.entries)
            entries = [fake.entries[item] for item in ids]
        for name in ("playlist",):
            if name in query:
                entries = [entry for entry in entries if entry.get("playlist_id") in query[name]]
        size = min(int(query.get("count", ["50"])[0]), fake.page_size)
        after = query.get("after", [""])[0]
        start = int(base64.b64decode(after).decode()) if after.endswith("==") else 0
        page: dict[str, Any] = {"count": len(entries), "list": entries[start : start + size]}
        if start + size < len(entries):
            after = base64.b64encode(f"{start + size:04d}".encode()).decode()
            page["next"] = f"{fake.url}/{what}?after={after}&max-rank="
        if fake.next_link is not None:
            page["next"] = fake.next_link(what, str(start + size))
        self.reply(200, page)

    def fail(self, fault: str, path: str) -> bool:
        """Give the faulty answer; return False when the right one should follow."""
        fake = self.server_data
        name, _, detail = fault.partition(":")
        if name.isdecimal():
            headers = {"Retry-After": detail} if detail else {}
            self.send_bytes(int(name), b"<html>go away</html>", "text/html", headers=headers)
        elif name == "reset":
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.close_connection = True
            self.connection.close()
            self.rfile = self.wfile = open("/dev/null", "w+b")  # noqa: PTH123, SIM115 - closed by the handler
        elif name in ("truncated", "stall", "trickle"):
            data = fake.files.get(path.split("/")[2], b"x" * 100_000) if path.endswith("/file") else b'{"list": []}'
            self.send_response(200)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.close_connection = True
            for number in range(len(data) // 2 if name == "truncated" else 100):
                if name == "truncated":
                    self.wfile.write(data[: len(data) // 2])
                    break
                if fake.stopping.wait(0.05):
                    break
                if name == "trickle":
                    self.wfile.write(data[number : number + 1])
                    self.wfile.flush()
        elif name == "html":
            self.send_bytes(200, b"<html>welcome</html>", "text/html")
        elif name == "empty":
            self.send_bytes(200, b"", "application/octet-stream")
        elif name == "garbage":
            damaged = bytearray(fake.files[path.split("/")[2]])
            damaged[len(damaged) // 2] ^= 255
            self.send_bytes(200, bytes(damaged), "application/octet-stream")
        elif name == "short":
            data = fake.files[path.split("/")[2]]
            self.send_bytes(200, data[: len(data) // 2], "application/octet-stream", chunked=True)
        elif name == "chunked":
            self.send_bytes(200, fake.files[path.split("/")[2]], "application/octet-stream", chunked=True)
        elif name == "close":
            self.send_response(200)
            self.send_header("Connection", "close")
            self.end_headers()
            self.close_connection = True
            self.wfile.write(fake.files[path.split("/")[2]])
        elif name == "foreign":
            self.send_bytes(302, b"", "text/html", headers={"Location": detail})
        elif name == "same":
            self.send_bytes(302, b"", "text/html", headers={"Location": f"{urlsplit(self.path).path}?again=1"})
        else:
            return False
        return True

    def reply(self, status: int, content: object) -> None:
        data = b"" if content is None else json.dumps(content).encode()
        self.send_bytes(status, data, "application/json")

    def send_bytes(
        self,
        status: int,
        data: bytes,
        kind: str,
        *,
        headers: dict[str, str] | None = None,
        chunked: bool = False,
    ) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        if not chunked:
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)
            return
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        for start in range(0, len(data), 4096):
            part = data[start : start + 4096]
            self.wfile.write(f"{len(part):x}\r\n".encode() + part + b"\r\n")
        self.wfile.write(b"0\r\n\r\n")
