"""What deduplication knows of a recording: its ids, how complete it is, and the facts that its match shares."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from impulse.tables.accounts import account

IDENTIFIED_PLAYERS = 2
"""People with an id of a platform that a match needs to be known by its facts."""

_AS_THEY_ARE = (
    "replay_id", "source_path", "sha256", "recording_id", "match_guid", "recorded_seconds", "uploaded_at",
    "match_seconds", "playlist_id",
)  # fmt: skip
_REPLAY_COLUMNS = (
    *_AS_THEY_ARE, "date", "map_code", "match_type", "header_team_size", "blue_score", "orange_score",
)  # fmt: skip
_PLAYER_COLUMNS = ("replay_id", "team", "name", "platform", "player_id", "is_bot")
_GOAL_COLUMNS = ("replay_id", "goal", "team", "scorer", "time")


@dataclass(frozen=True, slots=True)
class Recording:
    """One recording. What is not known is None."""

    replay_id: str
    source_path: str
    sha256: str
    recording_id: str | None
    match_guid: str | None
    frames_shown: int
    """Distinct network frames in the frames."""
    recorded_seconds: float
    n_players: int
    uploaded_at: int | None
    """Seconds since 1970, UTC."""
    saved_at: int | None
    """Seconds since 1970 if the recorder's local time were UTC."""
    match_seconds: float | None
    playlist_id: int | None
    scene: str
    """Map, team size of the header, score and players as text; empty when nobody has an id of a platform."""
    facts: str
    """Everything that all whole recordings of a match share, as text; empty when that is too little to tell matches apart."""
    n_goals: int
    goal_seconds: tuple[float, ...] | None
    """Time of each goal in s after the first one, as the rows show it."""


def read_recordings(
    replays: pa.Table, players: pa.Table, goals: pa.Table, *, frames_shown: Mapping[str, int], min_goals: int
) -> list[Recording]:
    """Return the recordings that ``frames_shown`` names, sorted by replay id.

    Args:
        replays: the replays table of parse.
        players: the players table of parse.
        goals: the goals table of parse.
        frames_shown: by replay id, for the recordings to look at.
        min_goals: goals that a match needs to be known by its facts.
    """
    people = _by_replay(players, _PLAYER_COLUMNS)
    # Recorders who came late know less of what the header does not list.
    scored = _by_replay(goals.filter(pc.is_valid(goals["scorer"])), _GOAL_COLUMNS)
    recordings = [
        _recording(
            row,
            people.get(row["replay_id"], []),
            sorted(scored.get(row["replay_id"], []), key=lambda goal: goal["goal"]),
            frames_shown=frames_shown[row["replay_id"]],
            min_goals=min_goals,
        )
        for row in _rows(replays, _REPLAY_COLUMNS)
        if row["replay_id"] in frames_shown
    ]
    return sorted(recordings, key=lambda recording: recording.replay_id)


def _recording(
    row: Mapping[str, Any],
    players: Sequence[Mapping[str, Any]],
    goals: Sequence[Mapping[str, Any]],
    *,
    frames_shown: int,
    min_goals: int,
) -> Recording:
    map_code = (row["map_code"] or "").lower()
    identities = sorted([player["team"], *_identity(player)] for player in players)
    identified = sum(bool(platform) for _, platform, _ in identities)
    scene = [map_code, row["header_team_size"], row["blue_score"], row["orange_score"], identities]
    order = [[goal["team"], goal["scorer"]] for goal in goals]
    facts = [*scene, row["match_type"], order]
    is_enough = map_code and row["header_team_size"] and identified >= IDENTIFIED_PLAYERS and len(goals) >= min_goals
    times = [goal["time"] for goal in goals]
    return Recording(
        **{name: row[name] for name in _AS_THEY_ARE},
        frames_shown=frames_shown,
        n_players=len(players),
        saved_at=row["date"],
        scene=_text(scene) if identified else "",
        facts=_text(facts) if is_enough else "",
        n_goals=len(goals),
        goal_seconds=tuple(time - times[0] for time in times) if times and None not in times else None,
    )


def _identity(player: Mapping[str, Any]) -> tuple[str, str]:
    """Return platform and id of a player with an account; no platform and the name for others, whose ids name nobody."""
    return (player["platform"], player["player_id"]) if account(player) else ("", player["name"])


def _text(facts: Any) -> str:  # noqa: ANN401 - lists of texts and numbers
    return json.dumps(facts, ensure_ascii=True, separators=(",", ":"))


def _by_replay(table: pa.Table, columns: Sequence[str]) -> dict[str, list[dict[str, Any]]]:
    rows: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for row in _rows(table, columns):
        rows[row["replay_id"]].append(row)
    return rows


def _rows(table: pa.Table, columns: Sequence[str]) -> Iterable[dict[str, Any]]:
    """Return rows with these columns alone; times as whole seconds since 1970."""
    lists = []
    for name in columns:
        values = table[name]
        if pa.types.is_timestamp(values.type):  # Parquet files give them in milliseconds
            values = values.cast(pa.timestamp("s")).cast(pa.int64())
        lists.append(values.to_pylist())
    return (dict(zip(columns, values, strict=True)) for values in zip(*lists, strict=True))
