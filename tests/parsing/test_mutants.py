"""Damaged copies of real replays: none of them gives frames."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from impulse.config.parsing_config import ParsingConfig
from impulse.errors import ReplayError
from impulse.parsing.parsed_replay import parse_replay

SOURCES = (
    "post-eac-ranked-duel-2026-04-28-a.replay",
    "replay-format-2026-06-02-v868-32-net11-worldcup-ball.replay",
    "replay-format-2018-03-15-v868-20-net5-modern-vectors-legacy-rotation.replay",
    "replay-format-2016-07-21-v868-12-net-none-lan.replay",
)
MUTANTS = 200


def mutate(data: bytes, other: bytes, draws: random.Random) -> bytes:
    """Return a truncated, flipped, spliced or zeroed copy that differs from the original."""
    damaged = bytearray(data)
    match draws.randrange(4):
        case 0:
            del damaged[draws.randrange(len(data)) :]
        case 1:
            for _ in range(draws.choice((1, 4, 64))):
                damaged[draws.randrange(len(data))] ^= 1 << draws.randrange(8)
        case 2:
            size, at, source = draws.randrange(1, 20_000), draws.randrange(len(data)), draws.randrange(len(other))
            damaged[at : at + size] = other[source : source + size]
        case _:
            at = draws.randrange(len(data) - 16)
            size = min(draws.randrange(16, 65_536), len(data) - at)
            damaged[at : at + size] = bytes(size)
    return bytes(damaged)


@pytest.mark.slow
def test_no_damage_passes_silently(real_replays: Path, tmp_path: Path) -> None:
    """200 mutants of real replays, 200 rejects: also those that the parser itself would accept."""
    originals = [(real_replays / "match" / name).read_bytes() for name in SOURCES]
    draws = random.Random(20251122)
    params = ParsingConfig.get_preset("minimal").params()
    reasons = set()
    for number in range(MUTANTS):
        data = originals[number % len(originals)]
        mutant = mutate(data, originals[(number + 1) % len(originals)], draws)
        if mutant == data:  # a zeroed stretch that was zero before
            mutant = data[:-1]
        path = tmp_path / "mutant.replay"
        path.write_bytes(mutant)
        with pytest.raises(ReplayError) as caught:
            parse_replay(path, params)
        reasons.add(caught.value.reason)
    assert {"truncated", "header_crc_mismatch", "body_crc_mismatch"} <= reasons
