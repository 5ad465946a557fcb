"""Faults: what makes a wrong answer of the right one.

A fault is a name, with ``:`` and a detail where it takes one; a status such as ``503`` or ``429:30`` (with Retry-After) is
one too.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlencode

from impulse.demo.server.answers import BYTES, HTML, JSON, Answer, Sending
from impulse.demo.server.catalog import Catalog, Query

WHOLE = (Sending.LENGTH, Sending.CHUNKED, Sending.CLOSE)
"""Ways to send that bring every byte."""
SLOW_SECONDS = 0.2


@dataclass(frozen=True, slots=True)
class Call:
    """The call that gets the wrong answer."""

    path: str
    """Path below the base URL, unquoted."""
    raw_path: str
    """The same as it was sent, from the server's root on."""
    query: Query
    storage_url: str
    """Where the file of the call is, on another origin and without a key."""
    catalog: Catalog


Fault = Callable[[Answer, Call, str], Answer]
"""Makes an answer of the right one, of the call and of the fault's detail."""


def _sent(sending: Sending) -> Fault:
    return lambda right, call, detail: replace(
        right, sending=sending, file_of=right.file_of if sending in WHOLE else None
    )


def _instead(body: bytes, kind: str) -> Fault:
    return lambda right, call, detail: Answer(200, body, kind)


def _status(right: Answer, call: Call, detail: str) -> Answer:
    status, _, retry_after = detail.partition(":")
    return Answer(int(status), b"<html>go away</html>", HTML, {"Retry-After": retry_after} if retry_after else {})


def _moved(where: str) -> Answer:
    return Answer(302, b"", HTML, {"Location": where})


def _same(right: Answer, call: Call, detail: str) -> Answer:
    return _moved(f"{call.raw_path}?{urlencode({**call.query, 'again': '1'}, doseq=True)}")


def _garbage(right: Answer, call: Call, detail: str) -> Answer:
    damaged = bytearray(right.body or b"?")
    damaged[len(damaged) // 2] ^= 255
    return replace(right, body=bytes(damaged), file_of=None)


def _short(right: Answer, call: Call, detail: str) -> Answer:
    return replace(right, body=right.body[: len(right.body) // 2], sending=Sending.CHUNKED, file_of=None)


def _page(right: Answer, change: Callable[[dict[str, Any]], Any]) -> Answer:
    page = json.loads(right.body)
    change(page)
    return replace(right, body=json.dumps(page).encode())


def _loop(right: Answer, call: Call, detail: str) -> Answer:
    what, after = call.path.strip("/"), call.query.get("after", [""])[0]
    link = f"{call.catalog.url}/{what}?after={after}" if after else call.catalog.link(what, 0)
    return _page(right, lambda page: page.update(next=link))


def _drop(right: Answer, call: Call, detail: str) -> Answer:
    count = int(detail or 1)
    return _page(right, lambda page: page.update(list=page["list"][: max(len(page["list"]) - count, 0)]))


def _slow(right: Answer, call: Call, detail: str) -> Answer:
    return replace(right, after_seconds=float(detail or SLOW_SECONDS))


FAULTS: Mapping[str, tuple[Fault, str]] = {
    "fine": (lambda right, call, detail: right, "the right answer, as a pause in a list of faults"),
    "status": (
        _status,
        "an HTTP status with a page of HTML; with a second ':' Retry-After. Its number alone is enough",
    ),
    "html": (_instead(b"<html>welcome</html>", HTML), "status 200 with a page of HTML"),
    "json": (_instead(b'{"error": "ballchasing.com fault"}', JSON), "status 200 with an error in JSON"),
    "empty": (_instead(b"", BYTES), "status 200 and nothing"),
    "null": (_instead(b'{"list": null}', JSON), "a page whose list is null"),
    "nolist": (_instead(b"{}", JSON), "a page without a list"),
    "loop": (_loop, "a page whose next leads to itself"),
    "drop": (_drop, "a page without its last N entries, drop:N, and with the right count"),
    "garbage": (_garbage, "one wrong byte in the middle"),
    "short": (_short, "half of the bytes, well formed, without a length"),
    "wrongtype": (lambda right, call, detail: replace(right, kind=HTML), "the right bytes, called text/html"),
    "truncated": (_sent(Sending.TRUNCATED), "half of the bytes that were announced"),
    "stall": (_sent(Sending.STALL), "no byte for five seconds"),
    "trickle": (_sent(Sending.TRICKLE), "a byte every 0.05 s, for five seconds"),
    "slow": (_slow, "the right answer after so many seconds, slow:0.2"),
    "reset": (_sent(Sending.RESET), "the connection is reset"),
    "chunked": (_sent(Sending.CHUNKED), "the right bytes in chunks, without a length"),
    "close": (_sent(Sending.CLOSE), "the right bytes without a length; the connection ends them"),
    "same": (_same, "a redirect within the server, with the query of the call"),
    "redirect": (lambda right, call, detail: _moved(call.storage_url), "a redirect to a storage on another origin"),
    "foreign": (lambda right, call, detail: _moved(detail), "a redirect to the URL after ':'"),
    "location": (
        lambda right, call, detail: _moved(detail),
        "a redirect to the text after ':', which need not be a URL",
    ),
}
"""Every fault, and what it is."""


def is_fault(text: str) -> bool:
    """Tell whether there is such a fault."""
    name = text.partition(":")[0]
    return name.isdecimal() or name in FAULTS


def spoiled(right: Answer, fault: str, call: Call) -> Answer:
    """Return what a call gets by a fault in the place of the right answer."""
    name, _, detail = fault.partition(":")
    if name.isdecimal():
        name, detail = "status", fault
    if name not in FAULTS:
        return Answer.of(501, {"error": f"there is no fault {fault!r}"})
    try:
        return FAULTS[name][0](right, call, detail)
    except (ValueError, LookupError, TypeError, AttributeError):
        return Answer.of(501, {"error": f"the fault {fault!r} cannot be had at {call.path}"})
