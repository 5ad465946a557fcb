"""One page of a list of the API, read with care."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qs, urlsplit

from impulse.collection.entries import ListedGroup, ListedReplay
from impulse.collection.listings import Page
from impulse.errors import UnexpectedResponse

log = logging.getLogger(__name__)


NO_LIST = "the answer holds no list"


class EndlessList(UnexpectedResponse):
    """A list that does not end; nothing that it says is believed."""


def page_of(answer: Mapping[str, Any], what: str, *, is_first: bool) -> Page:
    """Return what a page holds.

    Args:
        answer: the API's answer.
        what: ``replays`` or ``groups``.
        is_first: it is the first page of its list.

    Raises:
        UnexpectedResponse: it holds something else in the place of a list.
    """
    listed, counted = answer.get("list"), answer.get("count")
    if listed is not None and not isinstance(listed, list):
        raise UnexpectedResponse(f"GET /{what}: the answer holds no list")
    entries: list[ListedGroup | ListedReplay] = []
    unusable = 0
    for entry in listed or ():
        try:
            entries.append(ListedReplay.from_api(entry) if what == "replays" else ListedGroup.from_api(entry))
        except UnexpectedResponse as error:
            unusable += 1
            log.warning("GET /%s: %s; it is left out", what, error)
    # A later page without an entry is a fault, or what an upload in the meantime leaves; it counts nothing.
    is_count = what == "replays" and type(counted) is int and 0 <= counted < 2**31 and (is_first or bool(listed))
    return Page(entries, _cursor(answer.get("next")), counted if is_count else None, unusable, listed is not None)


def _cursor(link: object) -> str | None:
    if not isinstance(link, str):
        return None
    try:
        link.encode()  # halves of surrogate pairs are no text, and no address
        return parse_qs(urlsplit(link).query).get("after", [None])[-1]
    except ValueError:
        return None
