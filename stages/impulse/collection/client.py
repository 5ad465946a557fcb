"""The client of the Ballchasing API: reads only, and owns the key, timeouts, redirects, retries and the pace of calls."""

from __future__ import annotations

import json
import random
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self
from urllib.parse import quote, urljoin, urlsplit

import requests
import urllib3

from impulse.collection.answers import error_in, error_of, is_text, retry_after
from impulse.collection.causes import cause_of, is_unreachable
from impulse.collection.config import origin
from impulse.collection.pacing import Call, Clock, Pacer
from impulse.collection.session import session_for
from impulse.config.fetch import LOOPBACK
from impulse.errors import (
    FetchError,
    ForbiddenError,
    NotFoundError,
    RateLimited,
    ServerError,
    TooLong,
    UnexpectedResponse,
    Unreachable,
)

Params = Mapping[str, Sequence[str]]

MAX_REDIRECTS = 3
MAX_JSON_BYTES = 64 * 2**20
"""A page of 200 entries has about 1 MB."""
CHUNK_BYTES = 2**16
MAX_DIGITS = 18
"""Of a length that makes sense."""


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """How long a call may take, and how often it is made again."""

    connect_seconds: float = 10.0
    idle_seconds: float = 30.0
    """Longest time between two parts of an answer."""
    total_seconds: float = 300.0
    """Longest time from the first to the last byte of an answer's body."""
    tries: int = 5
    """Calls made until a fault of the server or of the connection is final."""
    backoff_seconds: float = 1.0
    """Wait before the second try; each later one is twice as long."""
    max_backoff_seconds: float = 60.0
    max_rate_limit_seconds: float = 4200.0
    """Waits for 429 altogether until they are final: the hour's window, and a little more."""


class BallchasingClient:
    """Calls of one key to one server; threads share it. Use it as a context manager."""

    def __init__(
        self,
        key: str,
        *,
        base_url: str,
        pacer: Pacer,
        clock: Clock,
        retries: RetryPolicy | None = None,
        connections: int = 8,
        max_file_bytes: int = 64 * 2**20,
    ) -> None:
        self.base_url = base_url
        self.pacer = pacer
        self._clock = clock
        self._retries = retries or RetryPolicy()
        self._key = key
        self._max_file_bytes = max_file_bytes
        self._session = session_for(key, base_url, connections=connections)

    def __repr__(self) -> str:
        """Show the server and not the key."""
        return f"BallchasingClient({self.base_url!r})"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._session.close()

    def ping(self) -> dict[str, Any]:
        """Return who the key belongs to; ``type`` is its tier.

        Raises:
            FetchError: as for :meth:`get_json`.
        """
        return self.get_json(Call.PING, "/", {})

    def get_json(self, kind: Call, path: str, params: Params) -> dict[str, Any]:
        """Return the object that a call answers with.

        Args:
            kind: which limits the call counts for.
            path: path below the base URL, its variable parts quoted.
            params: parameters of the query.

        Raises:
            AuthError: the key is refused.
            ForbiddenError: the key may not read the object.
            NotFoundError: the object does not exist.
            RateLimited: the server kept asking to wait for over an hour.
            ServerError: the server or the connection failed in every try; Unreachable where there was no connection at all.
            UnexpectedResponse: the answer is not a JSON object, or one that holds nothing but an error, in every try.
        """
        what = f"GET {path}"
        for answer in self._tries(kind, path, params, "application/json", MAX_JSON_BYTES):
            try:
                content = json.loads(answer)
            except (ValueError, RecursionError):  # no JSON, no text, or nested without end
                content = None
            if isinstance(content, dict) and content and not (said := error_in(content)):
                return content
        raise UnexpectedResponse(f"{what}: the answer is {f'an error ({said})' if content else 'not a JSON object'}")

    def get_file(self, replay_id: str) -> bytes:
        """Return the bytes of a replay file, complete by the length that the server gives, otherwise unchecked.

        Raises:
            TooLong: it is larger than replays may be.
            FetchError: as for :meth:`get_json`; a page or a message in the place of a file is a fault of the server.
        """
        path = f"/replays/{quote(replay_id, safe='')}/file"
        return next(self._tries(Call.FILE, path, {}, "application/octet-stream", self._max_file_bytes))

    def is_known(self, replay_id: str) -> bool:
        """Tell whether the server knows a replay, whatever it says of its file.

        Raises:
            FetchError: as for :meth:`get_json`, but for NotFoundError and ForbiddenError.
        """
        try:
            self.get_json(Call.CORE, f"/replays/{quote(replay_id, safe='')}", {})
        except (NotFoundError, ForbiddenError):
            return False
        return True

    def _tries(self, kind: Call, path: str, params: Params, accept: str, limit: int) -> Iterator[bytes]:
        """Yield the body of the answer to each try; the caller asks for the next one if it cannot use it."""
        failures, refusals, waited = 0, 0, 0.0
        while True:
            try:
                yield self._once(kind, path, params, accept, limit)
            except RateLimited as error:
                self.pacer.refused(kind)
                wait = self._rate_limit_wait(kind, error, refusals)
                refusals, waited = refusals + 1, waited + wait
                if waited > self._retries.max_rate_limit_seconds:
                    raise
                self.pacer.pause(kind, wait)
                continue
            except ServerError as error:
                if failures + 1 >= self._retries.tries:
                    raise
                asked = error.retry_after or 0.0
            else:
                asked = 0.0
            failures += 1
            if failures >= self._retries.tries:
                return
            backoff = max(self._retries.backoff_seconds * 2 ** (failures - 1), asked)
            self._clock.sleep(min(backoff, self._retries.max_backoff_seconds) * random.uniform(0.75, 1.25))

    def _rate_limit_wait(self, kind: Call, error: RateLimited, refusals: int) -> float:
        """Return how long to leave the server alone: as it asks, or twice as long each time.

        An answer does not say whether the second's or the hour's limit was hit. When short waits did not help it was
        the hour's, so the wait is then no shorter than the hour's spacing, whatever the server asks for.
        """
        own: float = min(2.0 ** (refusals + 1), 600.0)
        if refusals > 2 and (per_hour := self.pacer.limit(kind).per_hour):
            own = max(own, 3600.0 / per_hour)
        if error.retry_after is None:
            return own * random.uniform(1.0, 1.25)
        asked = error.retry_after + random.uniform(0.05, 0.5)
        return max(asked, own) if refusals > 2 else asked

    def _once(self, kind: Call, path: str, params: Params, accept: str, limit: int) -> bytes:
        url, what = self.base_url + path, f"GET {path}"
        for _ in range(MAX_REDIRECTS + 1):
            if self._is_own(url):
                self.pacer.take(kind)
            try:
                with self._get(url, params, accept) as response:
                    if response.status_code == 200:
                        body = self._body(what, response, limit)
                        if kind is Call.FILE and is_text(response.headers.get("Content-Type", ""), body):
                            raise ServerError(f"{what}: the answer is no file but {_shown(response, body)}")
                        return body
                    if not response.is_redirect:
                        text = self._body(what, response, CHUNK_BYTES, is_partial=True)
                        raise self._error(what, response, text, is_own=self._is_own(url))
                    url, params = self._redirect(what, kind, url, response.headers["location"]), {}
            except (requests.RequestException, urllib3.exceptions.HTTPError, OSError) as error:
                kind_of_error = Unreachable if is_unreachable(error) else ServerError
                raise kind_of_error(f"{what}: {cause_of(error)}") from error
        raise UnexpectedResponse(f"{what}: more than {MAX_REDIRECTS} redirects")

    def _get(self, url: str, params: Params, accept: str) -> requests.Response:
        return self._session.get(
            url,
            params={name: list(values) for name, values in params.items()},
            # Without compression the length of the body is the length of the file.
            headers={"Accept": accept, "Accept-Encoding": "identity"},
            timeout=(self._retries.connect_seconds, self._retries.idle_seconds),
            allow_redirects=False,
            stream=True,
        )

    def _body(self, what: str, response: requests.Response, limit: int, *, is_partial: bool = False) -> bytes:
        """Read a body part by part, so that neither a stall nor a trickle nor an endless one holds the thread."""
        started = time.monotonic()
        announced = response.headers.get("Content-Length", "")
        # Python refuses to read numbers of thousands of digits.
        announced = announced if announced.isdecimal() and len(announced) <= MAX_DIGITS else ""
        if not is_partial and announced and int(announced) > limit:
            raise TooLong(f"{what}: {announced} bytes, at most {limit} are read", size=int(announced))
        parts: list[bytes] = []
        size = 0
        while part := response.raw.read1(CHUNK_BYTES, decode_content=True):
            self._clock.check()
            parts.append(part)
            size += len(part)
            if size > limit:
                if is_partial:
                    break
                raise TooLong(f"{what}: {size} bytes and more, at most {limit} are read", size=size)
            if time.monotonic() - started > self._retries.total_seconds:
                raise ServerError(f"{what}: the answer took longer than {self._retries.total_seconds:g} s")
        is_whole = is_partial or "Content-Encoding" in response.headers or not announced
        if not is_whole and size != int(announced):
            raise ServerError(f"{what}: the answer has {size} bytes, {announced} were announced")
        return b"".join(parts)

    def _redirect(self, what: str, kind: Call, url: str, location: str) -> str:
        """Return where an answer leads.

        A file may be kept elsewhere: its length and two CRCs tell whether it is the right one, and it is asked for without
        the key. Nothing protects a list but its origin.
        """
        try:
            target = urljoin(url, location)
            parts = urlsplit(target)
            is_own, host = self._is_own(target), parts.hostname
        except ValueError as error:
            raise UnexpectedResponse(f"{what}: the server redirects to what is no address") from error
        if is_own:
            return target
        if kind is not Call.FILE:
            raise UnexpectedResponse(f"{what}: the server redirects to another origin, which is not followed")
        # A server on this machine, as in a rehearsal, may have its storage there too.
        is_here = host in LOOPBACK and urlsplit(self.base_url).hostname in LOOPBACK
        if not host or "@" in parts.netloc or not (parts.scheme == "https" or (parts.scheme == "http" and is_here)):
            raise UnexpectedResponse(f"{what}: the server redirects to what is no https address, which is not followed")
        return target

    def _is_own(self, url: str) -> bool:
        """Tell whether a URL belongs to the server that the key is for."""
        return origin(url) == origin(self.base_url)

    def _error(self, what: str, response: requests.Response, text: bytes, *, is_own: bool) -> FetchError:
        if not is_own and response.status_code != 429:
            # What a storage says of its own, such as an address that is too old, is no word of the server about the replay.
            return ServerError(f"{what}: HTTP {response.status_code} of the storage that the server redirects to")
        error = error_of(response.status_code, what, text.replace(self._key.encode(), b"***"))
        if isinstance(error, RateLimited | ServerError):
            error.retry_after = retry_after(response.headers.get("Retry-After"), now=self._clock.now())
        return error


def _shown(response: requests.Response, body: bytes) -> str:
    """Return what an answer is, for a message."""
    kind = response.headers.get("Content-Type", "").partition(";")[0].strip()[:40]
    return f"{len(body)} bytes of {kind if kind.isprintable() and kind else 'no type'}"
