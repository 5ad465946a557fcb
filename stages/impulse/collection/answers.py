"""What an answer with another status than 200 means."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import UTC
from email.utils import parsedate_to_datetime
from typing import Any

from impulse.collection.config import KEY_VARIABLE
from impulse.errors import (
    AuthError,
    BadRequest,
    FetchError,
    ForbiddenError,
    NotFoundError,
    RateLimited,
    ServerError,
    UnexpectedResponse,
)

MAX_RETRY_AFTER_SECONDS = 3600.0
"""No window of the service is longer than an hour; a longer wait is a mistake or malice."""
MAX_TEXT = 200
LOOK_BYTES = 64
REPLAY_CLASS = b"TAGame.Replay"
"""What stands in the first bytes of every replay."""
_DAY = r"(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)[a-z]*"
_WHOLE = re.compile(rf"{_DAY}, [^,]+|[^,\s](?:[^,]*[^,\s])?")
"""One value of a header that came more than once: a date may have a comma of its own."""
_NUMBER = re.compile(r"[0-9]{1,15}(?:\.[0-9]*)?")


def error_of(status: int, what: str, body: bytes) -> FetchError:
    """Return the error for a status.

    Args:
        status: HTTP status.
        what: the call, for the message.
        body: start of the answer's body, without the key.
    """
    said = _said(body)
    message = f"{what}: HTTP {status}{f' ({said})' if said else ''}"
    if status == 400:
        return BadRequest(message)
    if status == 401:
        return AuthError(f"the server refuses the API key{f' ({said})' if said else ''}; check {KEY_VARIABLE}")
    if status == 403:
        return ForbiddenError(message)
    if status in (404, 410):
        return NotFoundError(message)
    if status == 429:
        return RateLimited(f"{message}; the quota of this key is used up, perhaps by another program; run again later")
    if status >= 500 or status in (408, 425):
        return ServerError(message)
    return UnexpectedResponse(message)


def retry_after(value: str | None, *, now: float) -> float | None:
    """Return the seconds that a Retry-After header asks for, an hour at most; None when it is absent or makes no sense.

    Args:
        value: seconds, also with a fraction, or a date in any of HTTP's three forms; a header that came twice has both,
            and the longer one counts.
        now: time in seconds since 1970.
    """
    found = [_seconds(text, now) for text in _WHOLE.findall(value or "")]
    waits = [seconds for seconds in found if seconds is not None]
    return min(max(waits), MAX_RETRY_AFTER_SECONDS) if waits else None


def _seconds(text: str, now: float) -> float | None:
    """Return the seconds that one value means."""
    if _NUMBER.fullmatch(text):
        return float(text)
    try:
        # A date without a zone is in UTC, as all of HTTP's are.
        found = parsedate_to_datetime(text)
        seconds = (found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp() - now
    except (ValueError, OverflowError):
        return None
    return seconds if seconds >= 0 else None


def is_text(content_type: str, body: bytes) -> bool:
    """Tell whether an answer is a page, a message or nothing, and so no replay file, good or bad.

    Args:
        content_type: the header of that name; many servers give none, or one of their own for replays.
        body: the answer. The first number of every replay is its header's length, whose upper bytes are zero.
    """
    kind = content_type.partition(";")[0].strip().lower()
    says_text = kind.startswith("text/") or kind.endswith(("json", "xml", "html"))
    return b"\0" not in body[:LOOK_BYTES] or (says_text and REPLAY_CLASS not in body[:LOOK_BYTES])


def error_in(content: Mapping[str, Any]) -> str:
    """Return the error that a JSON object tells of as one short line; one that is a list, or has an id, tells of none."""
    text = None if {"list", "id"} & content.keys() else content.get("error")
    return " ".join(text.split())[:MAX_TEXT] if isinstance(text, str) else ""


def _said(body: bytes) -> str:
    """Return the error text of a JSON answer; pages of a proxy say nothing worth showing."""
    try:
        content = json.loads(body)
    except ValueError:
        return ""
    return error_in(content) if isinstance(content, dict) else ""
