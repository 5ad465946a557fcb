"""What an answer with another status than 200 means."""

from __future__ import annotations

import json
from email.utils import parsedate_to_datetime

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
    """Return the seconds that a Retry-After header asks for, None when it is absent or makes no sense.

    Args:
        value: whole seconds or an HTTP date.
        now: time in seconds since 1970.
    """
    if value is None:
        return None
    text = value.strip()
    if text.isascii() and text.isdecimal():
        seconds = float(text)
    else:
        try:
            seconds = parsedate_to_datetime(text).timestamp() - now
        except (ValueError, OverflowError):
            return None
    return seconds if 0 <= seconds <= MAX_RETRY_AFTER_SECONDS else None


def _said(body: bytes) -> str:
    """Return the error text of a JSON answer as one short line; pages of a proxy say nothing worth showing."""
    try:
        content = json.loads(body)
    except ValueError:
        return ""
    text = content.get("error") if isinstance(content, dict) else None
    return " ".join(text.split())[:MAX_TEXT] if isinstance(text, str) else ""
