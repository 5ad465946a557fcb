"""One replay from file to frames and table rows: the core that the parse stage and the library share."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from impulse.config.params import ParseParams
from impulse.errors import CorruptReplay, UnsupportedReplay
from impulse.features import FrameLayout, frame_layout
from impulse.parsing import decoder
from impulse.parsing.frames import Frames, Roster, build_frames
from impulse.parsing.measures import measure
from impulse.parsing.players import Player, read_players
from impulse.rejects import Reason
from impulse.replay_facts import content_id, header_facts
from impulse.replay_file import ReplayBody, ReplayHeader, check_integrity, read_body, read_header

GOAL_STATE = "PostGoalScored"
"""The game's name for the seconds after a goal."""

# The parser reads these attributes of a car; the one that older recordings have instead it does not know.
_DEMOLITION_ATTRIBUTE = "TAGame.Car_TA:ReplicatedDemolish"


@dataclass(frozen=True, slots=True)
class ParsedReplay:
    """Everything that parse makes of one replay."""

    frames: pa.Table
    manifest: dict[str, Any]
    """The replay's row of the manifest."""
    facts: dict[str, Any]
    """What parsing adds to the manifest's row to make a row of the replays table."""
    measures: dict[str, Any]
    """One row of the measures table, without the replay id."""
    players: list[dict[str, Any]]
    goals: list[dict[str, Any]]
    demolitions: list[dict[str, Any]]
    decoded: decoder.DecodedReplay
    layout: FrameLayout

    @property
    def replay(self) -> dict[str, Any]:
        """The replay's row of the replays table."""
        return {**self.manifest, **self.facts}

    def records(self) -> dict[str, Any]:
        """Return the rows of all tables, as far as parsing made them."""
        return {
            "facts": self.facts,
            "measures": self.measures,
            "players": self.players,
            "goals": self.goals,
            "demolitions": self.demolitions,
        }


def parse_replay(path: Path, params: ParseParams, *, manifest: Mapping[str, Any] | None = None) -> ParsedReplay:
    """Parse one replay file.

    Args:
        path: the file.
        params: features, rows a second, slots a team.
        manifest: the replay's row of the manifest; without it one is made from the file.

    Raises:
        ReplayError: the replay cannot be used; carries the reason code.
        OSError: the file cannot be read.
    """
    data = path.read_bytes()
    if manifest is not None and hashlib.sha256(data).hexdigest() != manifest["sha256"]:
        raise CorruptReplay(Reason.BYTES_CHANGED, "the file's SHA-256 is not the one that fetch recorded; fetch it again")
    check_integrity(data)
    header = read_header(data)
    body = read_body(data, header)
    if body.network_size == 0:
        raise UnsupportedReplay(Reason.NO_NETWORK_DATA, "the replay holds a header but no network frames")
    row = dict(manifest) if manifest is not None else describe(data, header, path)
    layout = frame_layout(
        tuple(params.global_features), tuple(params.player_features), slots_per_team=params.slots_per_team
    )
    decoded = decoder.decode_replay(
        path, global_features=layout.global_features, player_features=layout.player_features, fps=params.fps
    )
    blue, orange = read_players(decoded.meta)
    roster = Roster(len(blue), len(orange), params.slots_per_team)
    demolitions_known = tells_demolitions(body)
    frames = build_frames(
        decoded, layout, replay_id=row["replay_id"], roster=roster, names=body.names, demolitions_known=demolitions_known
    )
    players = _player_rows(row["replay_id"], [*blue, *orange], roster, frames, fps=params.fps)
    return ParsedReplay(
        frames=frames.table,
        manifest=row,
        facts=_replay_facts(decoded, frames, demolitions_known),
        measures=measure(decoded, frames, layout, roster, header, sum(player["is_bot"] for player in players)),
        players=players,
        goals=_goal_rows(row["replay_id"], header, players, frames),
        demolitions=_demolition_rows(row["replay_id"], roster, frames) if demolitions_known else [],
        decoded=decoded,
        layout=layout,
    )


def describe(data: bytes, header: ReplayHeader, path: Path) -> dict[str, Any]:
    """Return the manifest row of a file that was not fetched."""
    digest = hashlib.sha256(data).hexdigest()
    return {
        "replay_id": content_id(digest),
        "path": path.name,
        "bytes": len(data),
        "sha256": digest,
        "source": "local",
        "source_path": path.name,
        **header_facts(header),
    }


def tells_demolitions(body: ReplayBody) -> bool:
    """Tell whether the recording has a demolition attribute that the parser reads; before 2020 it has none."""
    return any(
        name.startswith(_DEMOLITION_ATTRIBUTE) and name != _DEMOLITION_ATTRIBUTE for name in body.objects
    )


def _replay_facts(decoded: decoder.DecodedReplay, frames: Frames, demolitions_known: bool) -> dict[str, Any]:
    season = decoded.meta.get("season") or {}
    era, number = season.get("era"), season.get("number")
    return {
        "playlist_id": (decoded.meta.get("game_type") or {}).get("playlist_id"),
        "season": f"{era} {number}" if era else None,
        "recorded_seconds": float(frames.time[-1] - frames.time[0]) if len(frames.time) else 0.0,
        "demolitions_known": demolitions_known,
        "is_recovered": False,
        "parser_version": decoder.parser_version(),
    }


def _player_rows(
    replay_id: str, players: Sequence[Player], roster: Roster, frames: Frames, *, fps: float
) -> list[dict[str, Any]]:
    rows = []
    for player, slot in zip(players, roster.slots, strict=True):
        present = frames.players[slot].present
        where = np.flatnonzero(present)
        rows.append(
            {
                "replay_id": replay_id,
                "slot": slot,
                "team": player.team,
                "name": player.name,
                "platform": player.platform,
                "player_id": player.player_id,
                "is_bot": player.is_bot,
                "rows_present": len(where),
                "first_row": int(where[0]) if len(where) else None,
                "last_row": int(where[-1]) if len(where) else None,
                "seconds_on_field": float(np.count_nonzero(present & ~frames.held) / fps),
                **player.stats,
            }
        )
    return rows


def _goal_rows(
    replay_id: str, header: ReplayHeader, players: Sequence[dict[str, Any]], frames: Frames
) -> list[dict[str, Any]]:
    listed = header.get("Goals")
    goals = [{item.name: item.value for item in goal} for goal in listed] if isinstance(listed, tuple) else []
    goals.sort(key=lambda goal: goal.get("frame", 0))
    seen = _goal_row_numbers(frames)
    rows = []
    for number, goal in enumerate(goals):
        team = "orange" if goal.get("PlayerTeam") == 1 else "blue"
        scorer = str(goal.get("PlayerName", ""))
        slots = [player["slot"] for player in players if player["team"] == team and player["name"] == scorer]
        # Only when both lists have the same length is the n-th goal of one the n-th of the other.
        at = int(seen[number]) if len(seen) == len(goals) else None
        rows.append(
            {
                "replay_id": replay_id,
                "goal": number,
                "frame": goal.get("frame", 0),
                "team": team,
                "scorer": scorer,
                "slot": slots[0] if len(slots) == 1 else None,
                "row": at,
                "time": float(frames.time[at]) if at is not None else None,
            }
        )
    return rows


def _goal_row_numbers(frames: Frames) -> npt.NDArray[np.intp]:
    if GOAL_STATE not in frames.state_names:
        return np.empty(0, dtype=np.intp)
    after = frames.states == frames.state_names.index(GOAL_STATE)
    return np.flatnonzero(after & ~np.concatenate(([False], after[:-1])))


def _demolition_rows(replay_id: str, roster: Roster, frames: Frames) -> list[dict[str, Any]]:
    slots = roster.slots
    rows = []
    for victim, presence in frames.players.items():
        for onset in presence.onsets:
            attacker = int(presence.attacker[onset])
            rows.append(
                {
                    "replay_id": replay_id,
                    "row": int(onset),
                    "time": float(frames.time[onset]),
                    "victim_slot": victim,
                    "attacker_slot": slots[attacker] if 0 <= attacker < len(slots) else None,
                }
            )
    return sorted(rows, key=lambda row: (row["row"], row["victim_slot"]))
