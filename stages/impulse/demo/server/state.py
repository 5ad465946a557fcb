"""The server's mind: what it has, how it is set to behave, what it saw, and what it answers to a call."""

from __future__ import annotations

import threading
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping
from fnmatch import fnmatchcase
from typing import Any
from urllib.parse import parse_qs, quote, unquote, urlsplit

from impulse.demo.server.answers import BYTES, Answer, Sending
from impulse.demo.server.catalog import Catalog, Query
from impulse.demo.server.faults import Call, spoiled
from impulse.demo.server.limits import TIERS, CallKind, Limit, Windows

KEY = "key-of-the-demo-server"
"""The key that is accepted unless others are set; no secret."""
API = "/api"
STORAGE = "/storage/"


class State(Catalog):
    """Everything but HTTP; threads share it."""

    def __init__(
        self,
        *,
        tier: str = "gc",
        clock: Callable[[], float] = time.time,
        page_size: int = 200,
        record: bool = True,
    ) -> None:
        """Make a server without replays.

        Args:
            tier: ``type`` of every key, which decides the limits; one that is not in :data:`TIERS` has those of gc.
            clock: gives the time in s, by which calls are limited.
            page_size: entries of a page, at most.
            record: keep calls and headers; False keeps only numbers, for runs of tens of thousands of calls.
        """
        super().__init__(page_size=page_size)
        self.tier = tier
        self.clock = clock
        self.record = record
        self.keys = {KEY}
        """Keys that are accepted."""
        self.limits: dict[str, Limit] = {}
        """Limits of this server in the place of its tier's, by kind of call: list, core, file."""
        self.faults: dict[str, list[str]] = defaultdict(list)
        """What the next calls of a path such as ``/replays/x/file`` get, one each; see :data:`FAULTS`. ``/groups?group=x`` and
        ``/replays?group=x`` are the lists of one group."""
        self.always: dict[str, str] = {}
        """What every call of a path gets, once ``faults`` has nothing for it; ``*`` in a path stands for anything."""
        self.outage: Callable[[float], str | None] | None = None
        """Gives the fault that all calls get at a time in s, None while all is well."""
        self.outage_of_files_only = False
        """The outage concerns downloads alone."""
        self.hide_file_length = False
        """Files are sent in chunks, without their length."""
        self.delay = 0.0
        """Seconds before each answer."""
        self.calls: list[str] = []
        """Path below the base URL and query of each call, in their order."""
        self.headers: list[dict[str, str]] = []
        """Headers of each call."""
        self.storage_headers: list[dict[str, str]] = []
        """Headers of each call that a redirect led to the storage, which must not see the key."""
        self.answered: Counter[tuple[str, int]] = Counter()
        """How many calls of each kind got each status."""
        self.files_sent: Counter[str] = Counter()
        """How often each file was sent whole and right."""
        self.violations: list[str] = []
        """Calls above the limits; each got status 429."""
        self.arrived = 0
        """Calls of the API so far."""
        self.lock = threading.Lock()
        self._windows: dict[CallKind, Windows] = defaultdict(Windows)

    def count(self, path: str) -> int:
        """Return how many recorded calls a path had, whatever their queries."""
        return sum(call.split("?")[0] == path for call in self.calls)

    def answer(self, target: str, headers: Mapping[str, str], *, storage: str) -> Answer:
        """Return what a call gets, and write it down.

        Args:
            target: path and query of the call as they were sent.
            headers: its headers.
            storage: another origin that leads to this server.
        """
        parts = urlsplit(target)
        raw = parts.path.removeprefix(API)
        path, kind = unquote(raw), _kind(raw)
        query, now = parse_qs(parts.query), self.clock()
        with self.lock:
            self._see(f"{path}?{parts.query}" if parts.query else path, headers, kind)
            too_many = self._too_many(kind, now)
            fault = self._fault(path, query)
        call = Call(path, parts.path, query, f"{storage}{STORAGE}{quote(_replay_of(path), safe='')}", self)
        given = self._given(call, kind, headers, now=now, too_many=too_many, fault=fault)
        with self.lock:
            self.answered[kind.value, given.status] += 1
            if given.file_of is not None:
                self.files_sent[given.file_of] += 1
        return given

    def _given(
        self, call: Call, kind: CallKind, headers: Mapping[str, str], *, now: float, too_many: bool, fault: str | None
    ) -> Answer:
        if (trouble := self._trouble(kind, now)) is not None:
            return spoiled(self._right(call, kind), trouble, call)
        key = headers.get("Authorization")
        if key not in self.keys and kind is not CallKind.STORAGE:
            return Answer.of(401, {"error": f"bad key {key}", "chat": {"Imp": "Sorry"}})
        if too_many:
            return Answer.of(429, None)
        right = self._right(call, kind)
        return right if fault is None else spoiled(right, fault, call)

    def _trouble(self, kind: CallKind, now: float) -> str | None:
        if self.outage is None or (self.outage_of_files_only and kind is not CallKind.FILE):
            return None
        return self.outage(now)

    def _right(self, call: Call, kind: CallKind) -> Answer:
        found: Any = None
        if kind in (CallKind.FILE, CallKind.STORAGE):
            return self._file(_replay_of(call.path))
        if kind is CallKind.PING:
            found = {"chaser": True, "type": self.tier, "name": "Can't Fly"}
        elif kind is CallKind.LIST:
            try:
                found = self.page(call.path.strip("/"), call.query)
            except ValueError as error:  # a number or a cursor that is none
                return Answer.of(400, {"error": f"bad parameter: {error}"})
        elif call.path.startswith("/groups/"):
            found = self.group(call.path.removeprefix("/groups/"))
        elif call.path.startswith("/replays/"):
            found = self.replay(call.path.removeprefix("/replays/"))
        return Answer.of(200, found) if found is not None else Answer.of(404, {"error": "not found"})

    def _file(self, replay_id: str) -> Answer:
        data = self.files.get(replay_id)
        if data is None:
            return Answer.of(404, {"error": "no such replay"})
        sending = Sending.CHUNKED if self.hide_file_length else Sending.LENGTH
        return Answer(200, data, BYTES, sending=sending, file_of=replay_id)

    def _see(self, call: str, headers: Mapping[str, str], kind: CallKind) -> None:
        self.arrived += kind is not CallKind.STORAGE
        if self.record:
            self.calls.append(call)
            self.headers.append(dict(headers.items()))
            if kind is CallKind.STORAGE:
                self.storage_headers.append(self.headers[-1])

    def _fault(self, path: str, query: Query) -> str | None:
        """Take the fault of a call; that of the one group whose list is asked for comes before that of all lists."""
        names = [f"{path}?group={group}" for group in query.get("group", ())] + [path]
        for name in names:
            if self.faults.get(name):
                return self.faults[name].pop(0)
        patterns = [pattern for pattern in self.always if "*" in pattern]
        for name in names:
            for pattern in (name, *(pattern for pattern in patterns if fnmatchcase(name, pattern))):
                if pattern in self.always:
                    return self.always[pattern]
        return None

    def _too_many(self, kind: CallKind, now: float) -> bool:
        limit = self.limits.get(kind) or TIERS.get(self.tier, TIERS["gc"]).get(kind)
        if limit is None:
            return False
        violation = self._windows[kind].add(now, limit)
        if violation is not None:
            self.violations.append(f"{kind} {violation}")
        return violation is not None


def _kind(path: str) -> CallKind:
    if path.startswith(STORAGE):
        return CallKind.STORAGE
    if path.endswith("/file"):
        return CallKind.FILE
    if path in ("/replays", "/groups"):
        return CallKind.LIST
    return CallKind.PING if path in ("", "/") else CallKind.CORE


def _replay_of(path: str) -> str:
    """Return the id in a path of a file, at the API or in the storage."""
    return path.removeprefix(STORAGE).removeprefix("/replays/").removesuffix("/file")
