"""Lists of the API: all pages of a query, and all groups and replays below a group. What was read once is in the ledger."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import parse_qs, quote, urlencode, urlsplit

from impulse.collection.client import BallchasingClient
from impulse.collection.entries import ListedGroup, ListedReplay
from impulse.collection.ledger import Ledger
from impulse.collection.pacing import Call
from impulse.errors import BadRequest, ConfigError, ForbiddenError, NotFoundError, UnexpectedResponse

log = logging.getLogger(__name__)

PAGE_SIZE = "200"
"""The most that the API gives; without it a page has 50 or 150 entries."""
MAX_PAGES = 5000
"""A million entries; more can only be a server that does not end."""
MAX_GROUPS = 20_000
"""Groups below those that were asked for; the largest known trees have a few thousand."""


class Lister:
    """Reads lists through one client into one ledger."""

    def __init__(self, client: BallchasingClient, ledger: Ledger) -> None:
        self._client = client
        self._ledger = ledger

    def refresh(self) -> None:
        """Let everything be read again from now on."""
        self._ledger.forget_listings(f"{self._client.base_url}/")

    def replays_of(self, groups: Iterable[str], filters: Mapping[str, list[str]]) -> dict[str, str | None]:
        """Return the path of groups of every replay that is in one of the groups, below one, or in the query.

        Raises:
            NotFoundError: one of the groups does not exist.
            FetchError: the server cannot be read.
        """
        found: dict[str, str | None] = {}
        for path, group in self._tree(groups):
            for replay_id in self._all("replays", {"group": [group]}):
                found.setdefault(replay_id, path)
        if filters:
            for replay_id in self._all("replays", filters):
                found.setdefault(replay_id, None)
        return found

    def _tree(self, roots: Iterable[str]) -> list[tuple[str, str]]:
        """Return path and id of every group, each once with its shortest path, in an order that ids alone decide."""
        level = []
        for root in sorted(set(roots)):
            self._check_exists(root)
            level.append((quote(root, safe=""), root))
        seen: set[str] = set()
        found: list[tuple[str, str]] = []
        while level:
            below = []
            for path, group in sorted(level):
                if group in seen:
                    continue
                seen.add(group)
                found.append((path, group))
                if len(found) > MAX_GROUPS:
                    raise UnexpectedResponse(f"more than {MAX_GROUPS} groups below the ones that were asked for")
                children = self._all("groups", {"group": [group]})
                below += [(f"{path}/{quote(child, safe='')}", child) for child in children]
            level = below
        return found

    def _check_exists(self, group: str) -> None:
        if self._ledger.group_name(group) is not None:
            return
        if not group.strip(". "):
            raise NotFoundError(f"{group!r} is not the id of a group")
        try:
            answer = self._client.get_json(Call.CORE, f"/groups/{quote(group, safe='')}", {})
        except NotFoundError as error:
            raise NotFoundError(f"there is no group {group!r}; its id is the last part of its address") from error
        self._ledger.add_groups([ListedGroup(group, str(answer.get("name") or ""))])

    def _all(self, what: str, filters: Mapping[str, list[str]]) -> list[str]:
        """Return the ids of all entries of a list, reading the pages that the ledger does not have."""
        params = {name: list(values) for name, values in sorted(filters.items())}
        scope = f"{self._client.base_url}/{what}?{urlencode(params, doseq=True)}"
        while not (read := self._ledger.listing(scope)).is_done:
            if read.pages >= MAX_PAGES:
                raise UnexpectedResponse(f"GET /{what}: the list does not end after {MAX_PAGES} pages")
            # The server's own link for the next page is known to lose parameters, and may point anywhere: the
            # cursor is all that is taken from it.
            asked = {**params, "count": [PAGE_SIZE], **({"after": [read.after]} if read.after else {})}
            try:
                page = self._client.get_json(Call.LIST, f"/{what}", asked)
            except (NotFoundError, ForbiddenError) as error:
                log.warning("%s; taken as empty: deleted since its parent was listed, or private", error)
                page = {"list": []}
            except BadRequest as error:
                raise ConfigError("fetch.query" if what == "replays" else "fetch.groups", str(error)) from error
            entries, after = _entries(page, what), _cursor(page.get("next"))
            self._ledger.add_page(scope, entries, after=after, is_done=after is None or after == read.after)
        return self._ledger.members(scope)


def _entries(page: Mapping[str, Any], what: str) -> list[ListedGroup | ListedReplay]:
    listed = page.get("list")
    if listed is not None and not isinstance(listed, list):
        raise UnexpectedResponse(f"GET /{what}: the answer holds no list")
    entries: list[ListedGroup | ListedReplay] = []
    for entry in listed or ():
        try:
            entries.append(ListedReplay.from_api(entry) if what == "replays" else ListedGroup.from_api(entry))
        except UnexpectedResponse as error:
            log.warning("GET /%s: %s; it is left out", what, error)
    return entries


def _cursor(link: object) -> str | None:
    if not isinstance(link, str):
        return None
    try:
        return parse_qs(urlsplit(link).query).get("after", [None])[-1]
    except ValueError:
        return None
