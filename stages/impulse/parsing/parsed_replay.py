"""One replay from file to frames and table rows: the core that the parse stage and the library share."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa

from impulse.config.parse import ParseParams
from impulse.decoding import array_call
from impulse.decoding.recovery import recover_replay
from impulse.decoding.sampling import decode_sampled
from impulse.errors import CorruptReplay, UnsupportedReplay
from impulse.products.events import event_rows
from impulse.products.frames import table_rows
from impulse.products.frames.build import Frames, build_frames
from impulse.products.frames.players import Player, read_players
from impulse.products.measures import measure
from impulse.replay.container import (
    ReplayBody,
    ReplayHeader,
    check_integrity,
    read_body,
    read_header,
)
from impulse.replay.facts import content_id, header_facts
from impulse.replay.reasons import Reason
from impulse.schema.features import FrameLayout, frame_layout

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
    events: list[dict[str, Any]]
    """Empty unless the settings ask for them."""
    decoded: array_call.DecodedReplay
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
            "events": self.events,
        }


def parse_replay(
    path: Path, params: ParseParams, *, manifest: Mapping[str, Any] | None = None, address: str | None = None
) -> ParsedReplay:
    """Parse one replay file.

    Args:
        path: the file.
        params: features, rows a second, slots a team.
        manifest: the replay's row of the manifest; without it one is made from the file.
        address: what to call the file when its bytes are not those of the manifest.

    Raises:
        ReplayError: the replay cannot be used; carries the reason code.
        OSError: the file cannot be read.
    """
    data = path.read_bytes()
    if manifest is not None and hashlib.sha256(data).hexdigest() != manifest["sha256"]:
        raise CorruptReplay(
            Reason.BYTES_CHANGED,
            f"the SHA-256 of {address or path.name} is not the one that fetch recorded; remove it and run fetch again",
        )
    check_integrity(data)
    header = read_header(data)
    body = read_body(data, header)
    if body.network_size == 0:
        raise UnsupportedReplay(Reason.NO_NETWORK_DATA, "the replay holds a header but no network frames")
    row = dict(manifest) if manifest is not None else describe(data, header, path)
    layout = frame_layout(
        tuple(params.global_features), tuple(params.player_features), slots_per_team=params.slots_per_team
    )
    decoded = decode_sampled(
        lambda rate: _decode(path, layout, rate, recover=params.recover),
        sampling=params.sampling,
        fps=params.fps,
        layout=layout,
        network_frames=row["network_frames"],
    )
    blue, orange = read_players(decoded.meta)
    demolitions_known = tells_demolitions(body)
    frames = build_frames(
        decoded,
        layout,
        replay_id=row["replay_id"],
        n_blue=len(blue),
        slots_per_team=params.slots_per_team,
        names=body.names,
        demolitions_known=demolitions_known,
    )
    _check_end(frames, body, longest_row=1.0 / params.fps)
    players = table_rows.player_rows(row["replay_id"], [*blue, *orange], frames)
    return ParsedReplay(
        frames=frames.table,
        manifest=row,
        facts=table_rows.replay_facts(decoded, frames, objects=body.objects, demolitions_known=demolitions_known),
        measures=measure(frames, layout, header, n_blue=len(blue), players=players),
        players=players,
        goals=table_rows.goal_rows(row["replay_id"], header, players, frames),
        demolitions=table_rows.demolition_rows(row["replay_id"], frames) if demolitions_known else [],
        events=_event_rows(path, row["replay_id"], [*blue, *orange], frames) if params.events else [],
        decoded=decoded,
        layout=layout,
    )


def _event_rows(path: Path, replay_id: str, players: Sequence[Player], frames: Frames) -> list[dict[str, Any]]:
    return event_rows(
        replay_id,
        array_call.decode_frames(path),
        slots={player.id_text: slot for player, slot in zip(players, frames.slots, strict=True)},
        teams={player.id_text: player.team for player in players},
        frame_time=frames.frame_time,
    )


def _check_end(frames: Frames, body: ReplayBody, *, longest_row: float) -> None:
    """Refuse a replay whose frames end before its last keyframe: the parser stops silently at a zeroed stretch."""
    if not body.keyframes or not len(frames.frame_time):
        return
    end, expected = float(frames.frame_time[-1]), body.keyframes[-1][0]
    if end < expected - longest_row:
        raise CorruptReplay(
            Reason.FRAMES_MISSING, f"the frames end at {end:.1f} s, the last keyframe stands at {expected:.1f} s"
        )


def _decode(path: Path, layout: FrameLayout, fps: float, *, recover: bool) -> array_call.DecodedReplay:
    try:
        return array_call.decode_replay(
            path, global_features=layout.global_features, player_features=layout.player_features, fps=fps
        )
    except UnsupportedReplay as error:
        if error.reason != Reason.PLAYERS_CHANGED or not recover:
            raise
        return recover_replay(path, layout, fps=fps)


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
    return any(name.startswith(_DEMOLITION_ATTRIBUTE) and name != _DEMOLITION_ATTRIBUTE for name in body.objects)
