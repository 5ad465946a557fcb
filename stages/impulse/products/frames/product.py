"""The product: the frames of a replay, and its rows of the tables of replays, players, stints, goals and demolitions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from impulse.decoding.attributes import DEMOLITIONS
from impulse.decoding.decode import decode
from impulse.decoding.decoded import DecodedReplay
from impulse.errors import CorruptReplay, UnsupportedReplay
from impulse.files.frames import write_frames
from impulse.products.frames import table_rows
from impulse.products.frames.build import Frames, build_frames
from impulse.products.frames.players import read_players
from impulse.replay.container import ReplayBody, check_integrity, read_body, read_header
from impulse.replay.reasons import Reason
from impulse.schema.features import FrameLayout, frame_layout
from impulse.schema.sampling import FrameSettings, Sampling

FRAMES = "frames.arrow"
"""Name of the product's file."""

LONGEST_FRAME_SECONDS = 0.1
"""How long a row of ``native`` may be: recordings have 30 network frames a second or more, and fewer where a server lags."""


@dataclass(frozen=True, slots=True)
class FramesProduct:
    """What is made of one replay."""

    table: pa.Table
    """The contract columns, and those of further features that were chosen."""
    layout: FrameLayout
    decoded: DecodedReplay
    """What the parser returned."""
    facts: Mapping[str, Any]
    """What a row of the replays table has beside the manifest's."""
    players: list[dict[str, Any]]
    player_ids: list[str]
    """Their ids as the parser writes them, in the same order."""
    stints: list[dict[str, Any]]
    goals: list[dict[str, Any]]
    demolitions: list[dict[str, Any]]

    def write(self, folder: Path) -> dict[str, Any]:
        """Write the frames into a folder and return all that is no frames."""
        write_frames(self.table, folder / FRAMES)
        return {
            "facts": self.facts,
            "players": self.players,
            "player_ids": self.player_ids,
            "stints": self.stints,
            "goals": self.goals,
            "demolitions": self.demolitions,
            "max_duplicate_error": duplicate_error(self.table, self.layout),
        }


def make_frames(path: Path, data: bytes, settings: FrameSettings, *, replay_id: str) -> FramesProduct:
    """Make the frames of one replay.

    Args:
        path: the file, for the parser.
        data: its bytes.
        settings: rows a second, sampling, slots a team, features.
        replay_id: identity of all rows.

    Raises:
        ReplayError: the replay cannot be used; carries the reason code.
    """
    check_integrity(data)
    header = read_header(data)
    body = read_body(data, header)
    if body.network_size == 0:
        raise UnsupportedReplay(Reason.NO_NETWORK_DATA, "the replay holds a header but no network frames")
    layout = frame_layout(settings.global_features, settings.player_features, slots_per_team=settings.slots_per_team)
    decoded = decode(path, data, header, body, layout, settings)
    everyone = read_players(decoded, header)
    demolitions_told = any(name in DEMOLITIONS for name in body.objects)
    frames = build_frames(
        decoded,
        layout,
        header,
        replay_id=replay_id,
        slots_per_team=settings.slots_per_team,
        names=body.names,
        demolitions_told=demolitions_told,
    )
    is_native = settings.sampling is Sampling.native
    _check_end(frames, body, longest_row=LONGEST_FRAME_SECONDS if is_native else 1.0 / settings.fps)
    stints = table_rows.stint_rows(replay_id, frames)
    players = table_rows.player_rows(replay_id, everyone, stints)
    return FramesProduct(
        table=frames.table,
        layout=layout,
        decoded=decoded,
        facts=table_rows.replay_facts(decoded, frames, header, objects=body.objects, demolitions_told=demolitions_told),
        players=players,
        player_ids=[player.id_text for player in everyone],
        stints=stints,
        goals=table_rows.goal_rows(replay_id, players, stints, frames.goals),
        demolitions=table_rows.demolition_rows(replay_id, frames) if demolitions_told else [],
    )


def duplicate_error(table: pa.Table, layout: FrameLayout) -> float | None:
    """Return the largest difference between a column and the one it is declared to repeat; None without such columns."""
    largest: float | None = None
    for column in layout.columns:
        if column.duplicate_of:
            difference = pc.max(pc.abs(pc.subtract(table[column.name], table[column.duplicate_of]))).as_py()
            largest = max(largest or 0.0, difference or 0.0)
    return largest


def _check_end(frames: Frames, body: ReplayBody, *, longest_row: float) -> None:
    """Refuse a replay whose frames end before its last keyframe: the parser stops silently at a zeroed stretch.

    Args:
        frames: the frames.
        body: tells when the last keyframe is.
        longest_row: s that the last row may be before it.
    """
    if not body.keyframes or not len(frames.frame_time):
        return
    end, expected = float(frames.frame_time[-1]), body.keyframes[-1][0]
    if end < expected - longest_row:
        raise CorruptReplay(
            Reason.FRAMES_MISSING, f"the frames end at {end:.1f} s, the last keyframe is at {expected:.1f} s"
        )
