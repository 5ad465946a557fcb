"""Statistics of a match on request, as the parser sums them: one row a player, and one a team.

Owns: what of the parser's sums becomes a column, and what a column has where the parser tells nothing.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from impulse.decoding.array_call import call_stats, id_text, reading_raw_data
from impulse.decoding.parsed_file import ParsedFile
from impulse.replay.facts import TEAMS
from impulse.schema.column import Column

USES = ("decoding",)
"""What this product uses beside the ground rooms; its digest covers them."""

STATE = ("is_last_", "last_", "frames_since_", "time_since_", "current_")
"""How names of what was so at the end of the recording begin; it is no sum."""

CLASSES = {
    ("touch", "labeled_action_counts"): ("action",),
    ("touch", "labeled_possession_counts"): ("possession",),
    ("touch", "labeled_touch_counts"): ("dodge_state",),
    ("touch", "touch_counts_by_role"): ("role",),
    ("touch", "touch_counts_by_play_depth"): ("play_depth",),
    ("fifty_fifty", "labeled_event_counts"): ("dodge_state",),
    ("flick", "labeled_event_counts"): ("kind", "direction"),
    ("kickoff", "labeled_event_counts"): ("kickoff_approach", "kickoff_spawn"),
}
"""Module and statistic to the groups of classes that it is summed by. Other groups have sums of their own."""

KNOWN_BY_CLASS = {
    *((module, "labeled_event_counts") for module in ("air_dribble", "ball_carry", "ceiling_shot", "half_flip")),
    *((module, "labeled_event_counts") for module in ("speed_flip", "wavedash")),
    *((module, "labeled_time") for module in ("ball_half", "ball_third", "possession", "territorial_pressure")),
    ("boost", "labeled_amounts"),
    ("boost", "labeled_counts"),
    ("expected_goals", "labeled_sums"),
    ("kickoff", "labeled_player_counts"),
    ("movement", "labeled_tracked_time"),
    ("rush", "labeled_rush_counts"),
    ("territorial_pressure", "labeled_session_counts"),
    ("whiff", "labeled_whiff_counts"),
}
"""Module and statistic by class that gives no column: its classes have sums of their own, or are crossed too often."""

EXTREMES = {"best", "fastest", "furthest", "longest", "max", "min"}
"""Words in the name of what is no sum: null where there was nothing to choose of."""

FULL_TANK, BOOST_UNIT = 255, "% of a tank"

SUMS = {"player_stats", "stats", "team_zero"}
"""What a module has that sums; others only list events."""

XG, XG_TOUCHES = "expected_goals", ("evaluated_touch_count", "unavailable_touch_count")
"""The module whose model is of two against two, and its counts that are 0 in all other matches."""

Row = dict[str, Any]
Modules = Mapping[str, Mapping[str, Any]]


class Sums(NamedTuple):
    """What the parser tells, by column."""

    players: dict[str, Row]
    """By account; of everyone whom the parser knows."""
    teams: tuple[Row, Row]
    """Blue and orange."""


def make_stats(file: ParsedFile, *, tables: Mapping[str, Sequence[Column]]) -> dict[str, list[Row]]:
    """Return the replay's rows of the tables of statistics.

    Args:
        file: the replay.
        tables: columns of ``player_stats`` and ``team_stats``; ``feature`` of a column is the parser's module.

    Raises:
        ReplayError: the parser refused the replay, or what it gives is not of the form expected; the reason code says how.
    """
    alone = {account for account, _ in file.people()}
    told = call_stats(file.path)
    with reading_raw_data():
        modules = told["modules"]
        if not any(modules.get(XG, {}).get(team, {}).get(name) for team in _TEAM_KEYS for name in XG_TOUCHES):
            modules = {name: module for name, module in modules.items() if name != XG}
        sums = _sums(modules, [player for team in _TEAM_KEYS for player in told["replay_meta"][team]])
        players, teams = tables["player_stats"], tables["team_stats"]
        return {
            "player_stats": [
                {
                    **_row(sums.players[account] if account in alone & sums.players.keys() else None, players, modules),
                    **{name: player[name] for name in ("player", "slot", "team")},
                    "replay_id": file.replay_id,
                }
                for account, player in zip(file.player_ids, file.players, strict=True)
            ],
            "team_stats": [
                {**_row(mine, teams, modules), "team": team, "replay_id": file.replay_id}
                for team, mine in zip(TEAMS, sums.teams, strict=True)
            ],
        }


_TEAM_KEYS = ("team_zero", "team_one")


def _sums(modules: Modules, known: Sequence[Mapping[str, Any]]) -> Sums:
    """Return all that the parser sums; somebody without an entry in a module has nothing of it.

    Args:
        modules: by name.
        known: whom the parser knows.
    """
    found = Sums({id_text(player["remote_id"]): {} for player in known}, ({}, {}))
    goals = modules.get("core", {}).get("goal_context", ())
    for name, module in modules.items():
        for entry in module.get("player_stats", ()):
            found.players.setdefault(id_text(entry["player_id"]), {}).update(_flat(name, entry["stats"]))
        for team, key in zip(found.teams, _TEAM_KEYS, strict=True):
            team.update(_flat(name, module.get(key, {})))
            team.update(_flat(name, _of_team(module.get("stats", {}), key)))
        if not SUMS & module.keys():
            _count(module.get("events", ()), f"{name}_count", goals, found)
    return found


def _of_team(stats: Mapping[str, Any], key: str) -> Row:
    """Return a module's sums of the match as those of a team, where one of both has the same name as one of the match."""
    other = next(name for name in _TEAM_KEYS if name != key)
    of_match = {name: value for name, value in stats.items() if not any(team in name for team in _TEAM_KEYS)}
    return of_match | {
        name.replace(f"{key}_", ""): value for name, value in stats.items() if key in name and other not in name
    }


def _count(events: Sequence[Mapping[str, Any]], column: str, goals: Sequence[Mapping[str, Any]], found: Sums) -> None:
    """Count events of players that the parser does not count, and goals of a kind by their scorers."""
    counted: Counter[str] = Counter()
    for event in events:
        goal = goals[event["goal_index"]] if "goal_index" in event else None
        whose = goal["scorer"] if goal else event.get("player") or event.get("player_id")
        is_blue = goal["scoring_team_is_team_0"] if goal else event.get("is_team_0")
        if whose:
            counted[id_text(whose)] += 1
        if is_blue is not None:
            team = found.teams[not is_blue]
            team[column] = team.get(column, 0) + 1
    for account, number in counted.items():
        found.players.setdefault(account, {})[column] = number


def _flat(module: str, stats: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Yield what is a sum, or the most of something, by the name of its column."""
    for name, value in stats.items():
        if name.startswith(STATE) or (module, name) in KNOWN_BY_CLASS:
            continue
        groups = CLASSES.get((module, name))
        if groups is None:
            yield f"{module}_{name}", value
        else:
            yield from _by_class(module, value["entries"], groups)


def _by_class(module: str, entries: Sequence[Mapping[str, Any]], groups: Sequence[str]) -> Iterator[tuple[str, int]]:
    """Yield the number of each class of the groups."""
    counted: Counter[str] = Counter()
    for entry in entries:
        for label in entry["labels"]:
            if label["key"] in groups:
                counted[f"{module}_{label['key']}__{label['value']}"] += entry["count"]
    yield from counted.items()


def _row(told: Row | None, columns: Sequence[Column], modules: Modules) -> Row:
    """Return the values of a row; of somebody whom the parser does not know they are null."""
    if told is None:
        return {}
    further = dict(told)
    row: Row = {}
    for column in columns:
        if column.feature in modules:
            value = further.get(column.name)
            if value is None or _has_type(value, column):
                further.pop(column.name, None)
                row[column.name] = _value(value, column)
    row["further"] = json.dumps(further, sort_keys=True, separators=(",", ":")) if further else None
    return row


def _has_type(value: object, column: Column) -> bool:
    if column.dtype == "int32":
        return isinstance(value, int) and not isinstance(value, bool) and abs(value) < 2**31
    return isinstance(value, int | float) and not isinstance(value, bool)


def _value(value: float | None, column: Column) -> float | None:
    """Return a sum in the column's unit: 0 where nothing was summed, null where nothing could be the most."""
    words = column.name.removeprefix(f"{column.feature}_").split("_")
    if "cumulative" not in words and EXTREMES & {*words}:
        return None if value == 0 and "min" not in words else value
    if value is None:
        return 0
    return value * 100 / FULL_TANK if column.unit.startswith(BOOST_UNIT) else value
