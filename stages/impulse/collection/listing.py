"""Lists of the API: all replays of a query, and of groups with all that is below them, held against the API's own counts.

What was read once is in the ledger. A list that holds less than the API says is read again, and then named.
"""

from __future__ import annotations

import logging
from collections.abc import Collection, Iterable, Mapping
from functools import partial
from typing import Any
from urllib.parse import quote, urlencode

from impulse.collection.client import BallchasingClient
from impulse.collection.completeness import Listed, ListedScope, check_sums, listed_in, missing
from impulse.collection.entries import ListedGroup
from impulse.collection.listings import Listings, Page
from impulse.collection.pacing import Call, Clock
from impulse.collection.pages import NO_LIST, EndlessList, page_of
from impulse.collection.patience import TROUBLE, Patience
from impulse.errors import BadRequest, ConfigError, ForbiddenError, NotFoundError, UnexpectedResponse

log = logging.getLogger(__name__)

PAGE_SIZE = "200"
"""The most that the API gives; without it a page has 50 or 150 entries."""
MAX_PAGES = 5000
"""A million entries; more can only be a server that does not end."""
MAX_GROUPS = 20_000
"""Groups below those that were asked for; the largest known trees have a few thousand."""
READINGS = 3
"""Readings of a list that lacks something until it is named."""
WAIT_SECONDS = 30.0
"""Between two of them."""

_Found = tuple[str, str, str | None, float | None]
"""Path and id of a group, the group above it, and since when that one lists it no more."""


class Lister:
    """Reads lists through one client into one ledger."""

    def __init__(
        self,
        client: BallchasingClient,
        listings: Listings,
        patience: Patience,
        clock: Clock,
        *,
        accepted: Collection[str] = (),
        server: str,
    ) -> None:
        """Prepare.

        Args:
            client: makes the calls.
            listings: what was read before.
            patience: waits for a service that does not work.
            clock: time.
            accepted: groups whose lists may lack something.
            server: what the ledger knows the server by, such as its URL.
        """
        self._client = client
        self._listings = listings
        self._patience = patience
        self._clock = clock
        self._accepted = accepted
        self.place = f"{server}/"
        """Start of the names of this server's lists in the ledger."""
        self._is_refresh = False
        self._read_now: dict[str, tuple[str | None, bool]] = {}
        """Lists that this run has read, with what they lack and whether another reading may help."""
        self._bare: set[str] = set()
        """Lists that were answered without one."""
        self._new: set[str] = set()
        self._changed: set[str] = set()

    def refresh(self) -> None:
        """Let everything be read again from now on."""
        self._is_refresh = True
        self._listings.forget(self.place, below=True)

    def read(self, groups: Iterable[str], filters: Mapping[str, list[str]]) -> Listed:
        """Return every replay that is in one of the groups, below one, or in the query.

        Raises:
            NotFoundError: one of the groups does not exist.
            Outage: the service has not worked for too long.
            FetchError: the server cannot be read.
        """
        roots = sorted(set(groups))
        for root in roots:
            self._check_exists(root)
        for reading in range(READINGS):
            scopes = self._walk(roots)
            if filters:
                scopes.append(self._query(filters))
            check_sums(scopes)
            again = [scope for scope in scopes if scope.problem and scope.may_pass and scope.name not in self._accepted]
            if not again or reading == READINGS - 1:
                break
            log.info(
                "%d lists lack something (%s: %s); they are read again", len(again), again[0].name, again[0].problem
            )
            self._patience.pause(WAIT_SECONDS)
            for scope in again:
                self._forget(scope)
        return listed_in(scopes, new=self._new, changed=self._changed)

    def _walk(self, roots: list[str]) -> list[ListedScope]:
        """Return every group, each once with its shortest path, in an order that ids alone decide.

        Groups that their parents list no more come last, with what was known of them.
        """
        level: list[_Found] = [(quote(root, safe=""), root, None, None) for root in roots]
        seen: set[str] = set()
        found: list[ListedScope] = []
        gone: list[_Found] = []
        while level or gone:
            if not level:
                level, gone = gone, []
            below: list[_Found] = []
            for path, group_id, parent, since in sorted(level, key=lambda item: item[:2]):
                if group_id in seen:
                    continue
                seen.add(group_id)
                if len(seen) > MAX_GROUPS:
                    raise UnexpectedResponse(f"more than {MAX_GROUPS} groups below the ones that were asked for")
                scope, children = self._group(group_id, path, parent, since)
                found.append(scope)
                for child, left_at in children.items():
                    item = (f"{path}/{quote(child, safe='')}", child, group_id, left_at if since is None else since)
                    (below if item[3] is None or since is not None else gone).append(item)
            level = below
        return found

    def _group(
        self, group_id: str, path: str, parent: str | None, since: float | None
    ) -> tuple[ListedScope, dict[str, float | None]]:
        """Return a group, and the groups below it with the time since when each is listed no more."""
        listings = self._listings
        group = listings.group(group_id) or ListedGroup(group_id, "")
        params = {"group": [group_id]}
        replays, groups = self._scope("replays", params), self._scope("groups", params)
        scope = ListedScope(replays, group, None, path, parent, since)
        if since is None:
            self._fill(scope, params)
        scope.members = listings.members(replays)
        is_leaf = group.direct is not None and group.direct == group.indirect == scope.listed and scope.problem is None
        known = listings.members(groups)
        if since is None and not (is_leaf and not known):
            problem, may_pass = self._read("groups", groups, params, below=group)
            known = listings.members(groups)
            scope.children = tuple(child for child, at in known.items() if at is None)
            if scope.problem is None:
                scope.problem, scope.may_pass = problem, may_pass
        return scope, known

    def query_scope(self, filters: Mapping[str, list[str]]) -> str | None:
        """Return the name of a query's list in the ledger, None for no query."""
        return self._scope("replays", dict(sorted(filters.items()))) if filters else None

    def _query(self, filters: Mapping[str, list[str]]) -> ListedScope:
        params = {name: list(values) for name, values in sorted(filters.items())}
        scope = ListedScope(self._scope("replays", params), None, urlencode(params, doseq=True), None)
        self._fill(scope, params)
        scope.members = self._listings.members(scope.scope)
        return scope

    def _fill(self, scope: ListedScope, params: Mapping[str, list[str]]) -> None:
        """Read the list of replays of a scope unless the ledger has it, and hold it against the counts."""
        scope.problem, scope.may_pass = self._read("replays", scope.scope, params, below=scope.group)
        listing = self._listings.get(scope.scope)
        scope.counted = listing.announced
        scope.unusable = listing.unusable

    def _scope(self, what: str, params: Mapping[str, list[str]]) -> str:
        return f"{self.place}{what}?{urlencode(params, doseq=True)}"

    def _forget(self, scope: ListedScope) -> None:
        """Let the lists of a group be read again, and that of its parent, which may not have it any more."""
        self._listings.forget(scope.scope)
        for group in (scope.group and scope.group.id, scope.parent):
            if group:
                self._listings.forget(self._scope("groups", {"group": [group]}))

    def _check_exists(self, group: str) -> None:
        is_known = self._listings.is_there(self._scope("replays", {"group": [group]}))
        if is_known and not self._is_refresh:
            return
        if not group.strip(". "):
            raise NotFoundError(f"{group!r} is not the id of a group")
        try:
            answer = self._patience.call(partial(self._page_of, group), ping=self._client.ping)
        except NotFoundError as error:
            if is_known:  # what becomes of a group that was there is for its lists to say
                return
            raise NotFoundError(f"there is no group {group!r}; its id is the last part of its address") from error
        self._listings.add_group(ListedGroup.from_api({**answer, "id": group}))

    def _page_of(self, group: str) -> dict[str, Any]:
        what = f"/groups/{quote(group, safe='')}"
        answer = self._client.get_json(Call.CORE, what, {})
        if not answer.get("id"):
            raise UnexpectedResponse(f"GET {what}: the answer holds no group")
        return answer

    def _read(
        self, what: str, scope: str, params: Mapping[str, list[str]], *, below: ListedGroup | None = None
    ) -> tuple[str | None, bool]:
        """Read the pages of a list that the ledger does not have.

        Args:
            what: ``replays`` or ``groups``.
            scope: name of the list in the ledger.
            params: what is asked for.
            below: the group that the list is of.

        Returns:
            Why the list is not known to be whole, None if it is, and whether another reading may help.
        """
        listing = self._listings.get(scope)
        if listing.is_done and scope in self._read_now:
            return self._read_now[scope]
        if listing.is_done and (listing.problem is None or self._is_accepted(params)):
            return listing.problem, False
        if listing.is_done:
            self._listings.forget(scope)
        try:
            problem, may_pass = self._pages(what, scope, params, below), True
            if problem is None and what == "groups" and (below is None or below.indirect is None):
                problem = self._differs(scope, params, below)
        except (NotFoundError, ForbiddenError) as error:
            problem, may_pass = str(error), True
        except BadRequest as error:
            raise ConfigError("fetch.query" if below is None else "fetch.groups", str(error)) from error
        except EndlessList:
            raise
        except TROUBLE as error:
            problem, may_pass = str(error), False
        # A list that is no list is believed for this run, and read again by the next.
        self._listings.finish(
            scope, problem=problem or (NO_LIST if scope in self._bare else None), at=self._clock.now()
        )
        self._read_now[scope] = problem, may_pass
        return problem, may_pass

    def _differs(self, scope: str, params: Mapping[str, list[str]], below: ListedGroup | None) -> str | None:
        """Read a list of groups that no count proves once more, and return what it says otherwise then."""
        first = self._listings.seen(scope)
        self._listings.forget(scope)
        problem, second = self._pages("groups", scope, params, below), self._listings.seen(scope)
        return problem or (None if first == second else f"{len(first)} groups came, then {len(second)}")

    def _is_accepted(self, params: Mapping[str, list[str]]) -> bool:
        return params.get("group", [""])[0] in self._accepted

    def _pages(self, what: str, scope: str, params: Mapping[str, list[str]], below: ListedGroup | None) -> str | None:
        """Read all pages that are missing, and return why they are not known to be all."""
        while True:
            read = self._listings.get(scope)
            if read.pages >= MAX_PAGES:
                raise EndlessList(f"GET /{what}: the list does not end after {MAX_PAGES} pages")
            # The server's own link for the next page is known to lose parameters, and may point anywhere: the
            # cursor is all that is taken from it.
            asked = {**params, "count": [PAGE_SIZE], **({"after": [read.after]} if read.after else {})}
            call = partial(self._client.get_json, Call.LIST, f"/{what}", asked)
            answer = self._patience.call(call, ping=self._client.ping)
            page = page_of(answer, what, is_first=read.after is None)
            new, changed, is_new = self._listings.add_page(scope, page)
            self._new |= new
            self._changed |= changed - self._new
            if page.after is None or page.after == read.after or not is_new:
                break
        seen, listing = len(self._listings.seen(scope)), self._listings.get(scope)
        if what == "replays":
            return missing(listing, seen, below, ending=self._ending(scope, answer, page, may_be_bare=False))
        # Of groups the API gives no count; what lacks a group lacks its replays, which the sums show.
        if below is not None and below.indirect is not None:
            return None
        own = self._listings.seen(self._scope("replays", params))
        return self._ending(scope, answer, page, may_be_bare=bool(own))

    def _ending(self, scope: str, answer: Mapping[str, Any], page: Page, *, may_be_bare: bool) -> str | None:
        """Return why the last page may not be the last, where no count says so.

        ``may_be_bare``: an answer without a list may mean that there is nothing, as below a group with replays of its own.
        """
        if answer.get("next") is not None and page.entries:
            return "its last page names a next one that leads nowhere"
        if page.has_list:
            self._bare.discard(scope)
            return None
        # An empty list may be written as null, which a fault looks like as well: where it may be, twice is taken for a fact.
        is_first = scope not in self._bare
        self._bare.add(scope)
        return NO_LIST if is_first or not may_be_bare else None
