"""Answers of the server: what they say, and how their bytes are sent."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum, auto

JSON = "application/json"
BYTES = "application/octet-stream"
HTML = "text/html"


class Sending(Enum):
    """How the bytes of an answer are sent."""

    LENGTH = auto()
    """With their length, the connection stays open."""
    CHUNKED = auto()
    """In chunks, without a length."""
    CLOSE = auto()
    """Without a length; the end of the connection is their end."""
    TRUNCATED = auto()
    """Half of them, then the connection ends."""
    STALL = auto()
    """None of them, for five seconds."""
    TRICKLE = auto()
    """One of them every 0.05 s, for five seconds."""
    RESET = auto()
    """Not at all: the connection is reset."""


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer."""

    status: int
    body: bytes
    kind: str
    """Content type."""
    headers: Mapping[str, str] = field(default_factory=dict)
    """Further headers."""
    sending: Sending = Sending.LENGTH
    after_seconds: float = 0.0
    """How long the client waits for it."""
    file_of: str | None = None
    """Id of the replay whose good bytes these are."""

    @classmethod
    def of(cls, status: int, content: object) -> Answer:
        """Return an answer in JSON; None gives an empty body."""
        return cls(status, b"" if content is None else json.dumps(content).encode(), JSON)
