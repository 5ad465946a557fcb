"""What lists held, and what they lack by the API's own counts."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from impulse.collection.entries import ListedGroup
from impulse.collection.listings import Listing


@dataclass(slots=True)
class ListedScope:
    """One group or query: what the API says of it, and what its lists held."""

    scope: str
    """Name of its list of replays in the ledger."""
    group: ListedGroup | None
    """None for a query."""
    query: str | None
    path: str | None
    """Ids of the groups from the one that was asked for down to this one, quoted and joined by ``/``."""
    parent: str | None = None
    """Group above it."""
    delisted_at: float | None = None
    """Since when the group is not in its parent's list any more, in seconds since 1970."""
    counted: int | None = None
    """Replays that the list itself announces; None where it does not, or stops counting."""
    unusable: int = 0
    members: Mapping[str, float | None] = field(default_factory=dict)
    """Replays by id, with the time since when each is not in the list any more."""
    children: tuple[str, ...] | None = None
    """Groups directly below; None where counts prove that nothing is below."""
    problem: str | None = None
    """Why it is not known to be whole."""
    may_pass: bool = True
    """Another reading may solve the problem."""

    @property
    def listed(self) -> int:
        """Entries that the list of replays held."""
        return sum(at is None for at in self.members.values()) + self.unusable

    @property
    def name(self) -> str:
        """What messages and ``fetch.accept_incomplete`` call it."""
        return self.group.id if self.group is not None else "query"


@dataclass(frozen=True, slots=True)
class Listed:
    """Everything that was asked for."""

    scopes: list[ListedScope]
    paths: dict[str, str | None]
    """Path of groups of every replay, None for one that only a query has."""
    delisted: dict[str, float]
    """Replays that are in no list any more, with the time since when."""
    new: frozenset[str]
    """Replays that no list had before, of those that were read now."""
    changed: frozenset[str]
    """Replays of which a list now says something else."""

    def incomplete(self, accepted: Collection[str]) -> list[ListedScope]:
        """Return what is not known to be whole, and that nobody has accepted."""
        return [scope for scope in self.scopes if scope.problem and scope.name not in accepted]


def listed_in(scopes: list[ListedScope], *, new: Collection[str], changed: Collection[str]) -> Listed:
    """Return everything that lists hold: each replay once, with its first path, and as delisted where no list has it any more.

    Args:
        scopes: the lists, those with shorter paths first.
        new: replays that no list had before.
        changed: replays of which a list now says something else.
    """
    paths: dict[str, str | None] = {}
    left: dict[str, tuple[str | None, float]] = {}
    for scope in scopes:
        for replay_id, at in scope.members.items():
            since = scope.delisted_at if at is None else at
            if since is None:
                paths.setdefault(replay_id, scope.path)
            else:
                left.setdefault(replay_id, (scope.path, since))
    delisted = {replay_id: at for replay_id, (_, at) in left.items() if replay_id not in paths}
    paths.update((replay_id, left[replay_id][0]) for replay_id in delisted)
    return Listed(scopes, paths, delisted, frozenset(new), frozenset(changed))


def missing(listing: Listing, seen: int, group: ListedGroup | None, *, ending: str | None) -> str | None:
    """Return what a list of replays lacks by the counts that there are, None if nothing."""
    listed = seen + listing.unusable
    direct = group.direct if group is not None else None
    for wanted, source in ((listing.announced, "the list"), (direct, "the list of groups")):
        if wanted is not None and listed < wanted:
            return f"{listed} replays came, {source} says {wanted}"
    return ending if listing.announced is None and direct is None else None


def check_sums(scopes: list[ListedScope]) -> None:
    """Note which groups have fewer replays below them than their parents' lists say."""
    by_id = {scope.group.id: scope for scope in scopes if scope.group is not None}
    for scope in by_id.values():
        indirect = scope.group.indirect if scope.group is not None else None
        if indirect is None or scope.problem or scope.delisted_at is not None:
            continue
        below = _below(scope, by_id)
        total = sum(item.listed for item in below)
        if total < indirect and not any(item.problem for item in below):
            scope.problem = f"{total} replays came in it and below, the list of groups says {indirect}"
            scope.may_pass = True  # also where all lists were read by an earlier run, and were whole as far as it saw


def _below(scope: ListedScope, by_id: Mapping[str, ListedScope]) -> list[ListedScope]:
    """Return a group and all groups below it, each once."""
    found: dict[str, ListedScope] = {}
    todo = [scope]
    while todo:
        item = todo.pop()
        if item.scope not in found:
            found[item.scope] = item
            todo += [by_id[child] for child in item.children or () if child in by_id]
    return list(found.values())
