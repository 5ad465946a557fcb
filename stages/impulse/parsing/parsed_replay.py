"""One replay from file to frames and table rows, for users of the library; the parse stage makes the same by products."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa

from impulse.config.parse import ParseParams
from impulse.decoding.decoded import DecodedReplay
from impulse.decoding.parsed_file import ParsedFile
from impulse.parsing.fitting import check_product
from impulse.parsing.on_request import PAD_ROWS, OnRequest, asked_for, controls_with, one_walk_for
from impulse.products.frames.product import make_frames
from impulse.products.measures import measure
from impulse.replay.container import ReplayHeader, read_header
from impulse.replay.facts import content_id, file_facts
from impulse.replay.modes import playlist_name
from impulse.schema.features import FrameLayout
from impulse.tables.fitting import check_fits
from impulse.tables.manifest import MANIFEST_COLUMNS
from impulse.tables.on_request import REFUSED


@dataclass(frozen=True, slots=True)
class ParsedReplay:
    """Everything that parse makes of one replay."""

    frames: pa.Table
    """The contract columns, and those of further features that were chosen."""
    manifest: dict[str, Any]
    """The replay's row of the manifest."""
    facts: dict[str, Any]
    """What parsing adds to the manifest's row to make a row of the replays table."""
    measures: dict[str, Any]
    """One row of the measures table, without the replay id."""
    players: list[dict[str, Any]]
    stints: list[dict[str, Any]]
    goals: list[dict[str, Any]]
    demolitions: list[dict[str, Any]]
    on_request: dict[str, list[dict[str, Any]]]
    """Rows by table of what the settings ask for, ``events`` and the like."""
    controls: pa.Table | None
    """Columns of controls, row by row of the frames; None where the settings ask for none."""
    pad_rows: pa.Table | None
    """How long each big pad is empty, in the same way."""
    decoded: DecodedReplay
    layout: FrameLayout

    @property
    def replay(self) -> dict[str, Any]:
        """The replay's row of the replays table."""
        return replay_row(self.manifest, self.facts)


def replay_row(manifest: Mapping[str, Any], facts: Mapping[str, Any]) -> dict[str, Any]:
    """Return a row of the replays table: the manifest's, what parsing found, and the playlist's name where no API told it."""
    playlist = manifest.get("playlist") or playlist_name(facts["playlist_id"])
    return {**manifest, **facts, "playlist": playlist}


def parse_replay(path: Path, params: ParseParams) -> ParsedReplay:
    """Parse one replay file.

    Args:
        path: the file.
        params: features, rows a second, slots a team.

    Raises:
        ReplayError: the replay cannot be used; carries the reason code.
        OSError: the file cannot be read.
    """
    with one_walk_for(params):
        return _parsed(path, params)


def _parsed(path: Path, params: ParseParams) -> ParsedReplay:
    data = path.read_bytes()
    digest = hashlib.sha256(data).hexdigest()
    replay_id = content_id(digest)
    manifest = describe(path, read_header(data), size=len(data), sha256=digest)
    check_fits([manifest], MANIFEST_COLUMNS)
    product = make_frames(path, data, params, replay_id=replay_id)
    check_product(product)
    file = ParsedFile(
        path,
        replay_id,
        players=product.players,
        player_ids=product.player_ids,
        stints=product.stints,
        frame_time=product.table["frame_time"].to_numpy(),
        frames=product.table,
    )
    on_request: dict[str, list[dict[str, Any]]] = {}
    facts: dict[str, Any] = {}
    for asked in asked_for(params):
        if isinstance(asked, OnRequest):
            made = asked.make(file)
            facts |= asked.facts(made, file)
            on_request |= {name: [dict(row) for row in rows] for name, rows in made.items()}
    return ParsedReplay(
        frames=product.table,
        manifest=manifest,
        facts={**product.facts, **facts, REFUSED.name: []},
        measures=measure(
            product.table, header=manifest, players=product.players, stints=product.stints, goals=product.goals
        ),
        players=product.players,
        stints=product.stints,
        goals=product.goals,
        demolitions=product.demolitions,
        on_request=on_request,
        controls=controls_with(params).make(file) if params.controls else None,
        pad_rows=PAD_ROWS.make(file) if params.pad_rows else None,
        decoded=product.decoded,
        layout=product.layout,
    )


def describe(path: Path, header: ReplayHeader, *, size: int, sha256: str) -> dict[str, Any]:
    """Return the manifest row of a file that was not fetched."""
    return {
        "replay_id": content_id(sha256),
        "path": path.name,
        "bytes": size,
        "sha256": sha256,
        "source": "local",
        "source_path": path.name,
        **file_facts(header, size=size),
    }
