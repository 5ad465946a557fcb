"""What is kept together when matches are divided into splits: the match, its group, or everyone whom players link."""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from urllib.parse import quote

from impulse.config.export import ExportParams, SplitBy
from impulse.errors import StageError
from impulse.export.assignment import fraction
from impulse.tables.accounts import account
from impulse.tables.linked import linked_sets

log = logging.getLogger(__name__)


def split_keys(
    recordings: Sequence[Mapping[str, Any]], players: Iterable[Mapping[str, Any]], params: ExportParams
) -> dict[str, str]:
    """Return what decides the split of each match, by match key.

    Args:
        recordings: match_key, kept, replay_id and group_ids of all recordings, also of those that are not kept.
        players: rows of the players table.
        params: what must not be divided.

    Raises:
        StageError: players link more of the matches than ``max_linked_share`` allows.
    """
    matches = sorted({row["match_key"] for row in recordings if row["kept"]})
    if params.split_by is SplitBy.group:
        return _by_group(matches, recordings)
    if params.split_by is SplitBy.player:
        return _by_player(matches, recordings, players, params)
    return {match: match for match in matches}


def _by_group(matches: Sequence[str], recordings: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    """Return the innermost group of each match; the same whichever of its recordings is kept."""
    paths: dict[str, list[str]] = defaultdict(list)
    for row in recordings:
        if row["group_ids"]:
            paths[row["match_key"]].append("/".join(quote(group_id, safe="") for group_id in row["group_ids"]))
    groups = {match: min(found).rsplit("/", 1)[-1] for match, found in paths.items()}
    alone = sum(match not in groups for match in matches)
    log.info("splits by group: %d groups, %d matches without one", len(set(groups.values())), alone)
    return {match: f"group/{groups[match]}" if match in groups else match for match in matches}


def _by_player(
    matches: Sequence[str],
    recordings: Sequence[Mapping[str, Any]],
    players: Iterable[Mapping[str, Any]],
    params: ExportParams,
) -> dict[str, str]:
    """Return the player who represents all that are linked with a match.

    It is the one whose hash is smallest, which has nothing to do with the order in which matches came. A new match
    changes it only where it links two sets of players, or brings a player with a smaller hash still.
    """
    match_of = {row["replay_id"]: row["match_key"] for row in recordings if row["kept"]}
    people: dict[str, set[str]] = {match: set() for match in matches}
    for row in players:
        if row["replay_id"] in match_of and (person := account(row)):
            people[match_of[row["replay_id"]]].add(person)
    pairs = ((person, min(group)) for group in people.values() for person in group)
    leader = {}
    for linked in linked_sets({person for group in people.values() for person in group}, pairs):
        smallest = min(linked, key=lambda name: (fraction(f"player/{name}"), name))
        leader.update(dict.fromkeys(linked, smallest))
    keys = {match: f"player/{leader[min(group)]}" if group else match for match, group in people.items()}
    _report_links(keys, params)
    return keys


def _report_links(keys: Mapping[str, str], params: ExportParams) -> None:
    sizes: dict[str, int] = defaultdict(int)
    for key in keys.values():
        sizes[key] += 1
    largest = max(sizes.values(), default=0)
    found = (
        f"players link {len(keys)} matches into {len(sizes)} sets that cannot be divided; "
        f"the largest holds {largest} ({largest / max(len(keys), 1):.0%})"
    )
    limit = params.max_linked_share
    if limit is not None and largest > limit * len(keys):
        raise StageError(
            f"{found}, more than export.max_linked_share ({limit:g}) allows; "
            "set export.split_by to group or match, or max_linked_share to null"
        )
    log.log(logging.WARNING if largest > len(keys) / 2 else logging.INFO, "splits by player: %s", found)
