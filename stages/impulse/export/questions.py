"""Example questions for analysts: the SQL that asks them, and the answers for this dataset, printed in its card.

The answers are computed from the tables' rows and not by DuckDB, which building a dataset does not need; a test holds
them against it.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

Row = Mapping[str, Any]
Answer = list[tuple[Any, ...]]


@dataclass(frozen=True, slots=True)
class Question:
    """A question, how to ask it, and the columns of its answer."""

    text: str
    sql: str
    columns: tuple[str, ...]
    answer: Callable[[Sequence[Row], Sequence[Row], Sequence[Row]], Answer]
    """Computes the answer from the rows of replays, players and goals."""


def _goals_by_team_size(replays: Sequence[Row], players: Sequence[Row], goals: Sequence[Row]) -> Answer:
    scores: dict[int | None, list[int]] = defaultdict(list)
    for row in replays:
        scores[row["team_size"]].append(row["blue_score"] + row["orange_score"])
    ordered = sorted(scores.items(), key=lambda item: (item[0] is None, item[0] or 0))
    return [(size, len(found), sum(found), _rounded(sum(found) / len(found), 2)) for size, found in ordered]


def _shots_by_platform(replays: Sequence[Row], players: Sequence[Row], goals: Sequence[Row]) -> Answer:
    people: dict[str, set[str]] = defaultdict(set)
    shots: dict[str, int] = defaultdict(int)
    scored: dict[str, int] = defaultdict(int)
    for row in players:
        if not row["is_bot"] and row["shots"] is not None and row["goals"] is not None:
            people[row["platform"]].add(row["player_id"])
            shots[row["platform"]] += row["shots"]
            scored[row["platform"]] += row["goals"]
    return [
        (name, len(people[name]), shots[name], scored[name], _percent(scored[name], shots[name]))
        for name in sorted(people)
    ]


def _first_goals(replays: Sequence[Row], players: Sequence[Row], goals: Sequence[Row]) -> Answer:
    winner = {
        row["replay_id"]: "blue" if row["blue_score"] > row["orange_score"] else "orange"
        for row in replays
        if row["blue_score"] != row["orange_score"]
    }
    first: dict[str, Row] = {}
    for row in goals:
        if row["replay_id"] in winner:
            first[row["replay_id"]] = min(row, first.get(row["replay_id"], row), key=lambda goal: goal["goal"])
    won = sum(row["team"] == winner[replay_id] for replay_id, row in first.items())
    return [(len(first), won, _percent(won, len(first)))]


QUESTIONS: tuple[Question, ...] = (
    Question(
        "How many goals does a match have, by team size?",
        """\
SELECT team_size, count(*) AS matches, sum(goals)::BIGINT AS goals, round(avg(goals), 2) AS goals_a_match
FROM matches
GROUP BY team_size
ORDER BY team_size NULLS LAST;""",
        ("team_size", "matches", "goals", "goals_a_match"),
        _goals_by_team_size,
    ),
    Question(
        "How many shots become goals, by platform?",
        """\
SELECT platform, count(DISTINCT player_id) AS players, sum(shots)::BIGINT AS shots, sum(goals)::BIGINT AS goals,
       round(100.0 * sum(goals)::DOUBLE / nullif(sum(shots), 0), 1) AS percent
FROM match_players
WHERE NOT is_bot AND shots IS NOT NULL AND goals IS NOT NULL
GROUP BY platform
ORDER BY platform;""",
        ("platform", "players", "shots", "goals", "percent"),
        _shots_by_platform,
    ),
    Question(
        "How often does the team win that scores first?",
        """\
SELECT count(*) AS matches, count(*) FILTER (WHERE team = winner) AS won,
       round(100.0 * (count(*) FILTER (WHERE team = winner))::DOUBLE / nullif(count(*), 0), 1) AS percent
FROM match_goals
WHERE is_first AND winner IS NOT NULL;""",
        ("matches", "won", "percent"),
        _first_goals,
    ),
)
"""What the card asks, in its order."""


def answers(replays: Iterable[Row], players: Iterable[Row], goals: Iterable[Row]) -> list[Answer]:
    """Return the rows of each question's answer.

    Args:
        replays: rows of the exported replays table.
        players: rows of the exported players table.
        goals: rows of the exported goals table.
    """
    tables = list(replays), list(players), list(goals)
    return [question.answer(*tables) for question in QUESTIONS]


def _percent(part: int, whole: int) -> float | None:
    return _rounded(100.0 * part / whole, 1) if whole else None


def _rounded(value: float, digits: int) -> float:
    """Round halves up, as SQL does."""
    scale = 10.0**digits
    return math.floor(value * scale + 0.5) / scale
