"""A fingerprint of what parsing gives, so that no change of values goes unnoticed or keeps the old version number."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

from impulse.config.parsing_config import ParsingConfig
from impulse.demo import write_replay
from impulse.parsing.parsed_replay import parse_replay
from impulse.parsing.store import PARSE_VERSION
from impulse.schema.column import SCHEMA_VERSION

GOLDEN = (1, 2, "9c699130eb69c4cc727efc015b924c6a5e70ae300803993b96f2afbfab57e3e0")
"""SCHEMA_VERSION, PARSE_VERSION, fingerprint: when the values change, raise a version and renew all three."""


def fingerprint(folder: Path) -> str:
    digest = hashlib.sha256()
    for name, join_frame in (("ordinary", None), ("joiner", 330)):
        path = folder / f"{name}.replay"
        write_replay(path, seed=9, team_size=2, duration_seconds=20.0, goals=1, demolitions=2, join_frame=join_frame)
        parsed = parse_replay(path, ParsingConfig.get_preset("all").params())
        for column in parsed.frames.column_names:
            digest.update(json.dumps([column, parsed.frames[column].to_pylist()]).encode())
        digest.update(json.dumps(parsed.records(), sort_keys=True).encode())
    return digest.hexdigest()


def test_parsed_values_are_those_of_this_version(tmp_path: Path) -> None:
    """The same replays give the same values as when the version was given out."""
    assert (SCHEMA_VERSION, PARSE_VERSION, fingerprint(tmp_path)) == GOLDEN
