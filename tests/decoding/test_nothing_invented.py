"""No value of the frames of a real replay stands where the file has sent nothing for it yet."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from tests.decoding.sent import MATCH, Flags, Sent
from tests.paths import HAZARDS, REPLAYS

from impulse.config.parse import ParseParams
from impulse.parsing.parsed_replay import ParsedReplay, parse_replay
from impulse.schema.sampling import Decoder, Sampling

BODY = [
    f"{part}_{axis}"
    for part, axes in (("pos", "xyz"), ("quat", "xyzw"), ("vel", "xyz"), ("angvel", "xyz"))
    for axis in axes
]
NO_FRAMES = ("corrupt", "no-network")
FILES = sorted(
    path for path in (*REPLAYS.glob("*/*.replay"), *HAZARDS.rglob("*.replay")) if path.parent.name not in NO_FRAMES
)


def sent_columns(parsed: ParsedReplay, sent: Sent) -> Iterator[tuple[str, Flags]]:
    """Yield each column with whether something was sent for it up to each row."""
    for column in MATCH:
        yield column, sent.of_match(column)
    ball = sent.of_ball()
    for part in BODY:
        yield f"ball_{part}", ball
    holders = defaultdict(list)
    for row in parsed.players:
        holders[row["slot"]].append(f"{row['platform']} {row['player_id']}")
    for slot, people in holders.items():
        body = sent.of_body(people)
        for part in BODY:
            yield f"p{slot}_{part}", body
        yield f"p{slot}_boost", sent.of_boost(people)
        yield f"p{slot}_demolished", sent.of_demolition(people)


def shown(column: pa.ChunkedArray) -> Flags:
    """Return (rows,) where a column says something: of demolitions, that there was one."""
    column = column.combine_chunks()
    flags = column.fill_null(False) if pa.types.is_boolean(column.type) else column.is_valid()
    return np.asarray(flags)


@pytest.mark.heavy
@pytest.mark.real_replays
@pytest.mark.parametrize("path", FILES, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_nothing_is_invented(path: Path) -> None:
    """Counted for each file and column; 0 everywhere."""
    params = ParseParams(sampling=Sampling.native, decoder=Decoder.auto, slots_per_team=8)  # one match is 8 against 8
    parsed = parse_replay(path, params)
    sent = Sent(path.read_bytes())
    assert parsed.frames.num_rows == sent.frames
    invented = {}
    for name, was_sent in sent_columns(parsed, sent):
        rows = np.flatnonzero(shown(parsed.frames[name]) & ~was_sent)
        if len(rows):
            invented[name] = f"{len(rows)} rows from {rows[0]} to {rows[-1]}"
    assert not invented


@pytest.mark.heavy
def test_there_are_replays_to_look_at(real_replays: Path) -> None:
    """Without them nothing was looked at."""
    assert len(FILES) > 60
