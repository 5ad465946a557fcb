"""Results of parsing, kept by what determines them, so that nothing is ever parsed twice.

One result is an Arrow file of frames and a JSON record, the record written last: where it stands, the result is
complete. The store is local state outside every DVC output; deleting it costs time and nothing else.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa

from impulse.config.parse import ParseParams
from impulse.decoding.array_call import parser_version
from impulse.files.frames import write_frames
from impulse.files.output import output_file
from impulse.schema.column import SCHEMA_VERSION
from impulse.schema.sampling import Sampling

PARSE_VERSION = 2
"""Raised whenever the code of this package gives other values or other bytes for the same replay."""


@dataclass(frozen=True, slots=True)
class ParseStore:
    """A folder of results."""

    folder: Path

    def key(self, replay_id: str, sha256: str, params: ParseParams) -> str:
        """Return the name of the result for a replay and settings."""
        parts = {
            "replay_id": replay_id,
            "sha256": sha256,
            "sampling": params.sampling.value,
            "fps": None if params.sampling is Sampling.native else params.fps,
            "slots_per_team": params.slots_per_team,
            "recover": params.recover,
            "events": params.events,
            "global_features": list(params.global_features),
            "player_features": list(params.player_features),
            "parser": parser_version(),
            "schema": SCHEMA_VERSION,
            "parse": PARSE_VERSION,
            "pyarrow": pa.__version__,  # another release may write other bytes
        }
        return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()

    def read(self, key: str) -> dict[str, Any] | None:
        """Return a result's record, or None when there is no complete result."""
        try:
            record = json.loads(self._record(key).read_text(encoding="utf-8"))
        except (FileNotFoundError, json.JSONDecodeError):
            return None
        if "rejected" not in record and not self._has_frames(key, record.get("frames")):
            return None
        return dict(record)

    def write_parsed(self, key: str, frames: pa.Table, records: Mapping[str, Any]) -> None:
        """Keep the result of a replay that was parsed."""
        target = self._frames(key)
        with output_file(target) as partial:
            write_frames(frames, partial)
            with partial.open("rb") as file:
                digest = hashlib.file_digest(file, "sha256").hexdigest()
        self._write(key, {**records, "frames": {"bytes": target.stat().st_size, "sha256": digest}})

    def write_rejected(self, key: str, reason: str, detail: str) -> None:
        """Keep the outcome of a replay that cannot be used, so that it is not tried again."""
        self._write(key, {"rejected": {"reason": reason, "detail": detail}})

    def place_frames(self, key: str, target: Path) -> None:
        """Put a result's frames under another name, without copying where the file system allows it."""
        target.parent.mkdir(parents=True, exist_ok=True)
        try:
            os.link(self._frames(key), target)
        except OSError:
            shutil.copyfile(self._frames(key), target)

    def _frames(self, key: str) -> Path:
        return self.folder / key[:2] / f"{key}.arrow"

    def _record(self, key: str) -> Path:
        return self.folder / key[:2] / f"{key}.json"

    def _has_frames(self, key: str, file: Mapping[str, Any] | None) -> bool:
        try:
            return file is not None and self._frames(key).stat().st_size == file["bytes"]
        except FileNotFoundError:
            return False

    def _write(self, key: str, record: Mapping[str, Any]) -> None:
        # A record that a power cut emptied cannot be read and counts as none, so the disk need not be waited for.
        with output_file(self._record(key), sync=False) as partial:
            partial.write_text(json.dumps(record, ensure_ascii=False), encoding="utf-8")
