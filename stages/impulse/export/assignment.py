"""Which split and which shard a match belongs to.

The split follows from its key alone, so other matches never move it. So does the shard where their number is set; where it is
not, a shard that grows too large becomes two, and no other changes.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from impulse.config.export import ExportParams
from impulse.tables.paths import SPLITS


def split_of(key: str, params: ExportParams) -> str:
    """Return the split of a match, or of whatever else is kept together, by its key."""
    point = fraction(f"{params.split_salt}/split/{key}")
    if point < params.train:
        return "train"
    return "val" if point < params.train + params.val else "test"


MOST_VALUES = 2 * 10**8
"""Values of a shard, rows by columns, beyond which it becomes two. Real matches take 0.6 to 1.5 bytes a value, so files have 60 to
300 MB: few enough for any tool, and small enough that one match more, whose shard is written again, takes seconds."""

MOST_MATCHES = 2**10
"""The same of its matches: many short ones take as long to write, and are small."""

_DEPTH = 14
"""How often a shard becomes two; the table of replays has 16 bits for its number."""


def shards_of(split: str, shards: int, params: ExportParams) -> int:
    """Return over how many of ``shards`` files a split is spread: its part of all, so that files of all splits have one size."""
    small = {name: max(1, int(getattr(params, name) * shards)) for name in SPLITS[1:]}
    return small.get(split) or max(1, shards - sum(small.values()))


def shard_numbers(matches: Sequence[tuple[str, int]], split: str, params: ExportParams) -> dict[str, int]:
    """Return the number of the file that holds each match of a split, by its key.

    Args:
        matches: key and number of values of each.
        split: the split.
        params: the number of files, if it is set.
    """
    if params.shards is not None:
        count = shards_of(split, params.shards, params)
        return {key: int(fraction(f"shard/{key}") * count) for key, _ in matches}
    numbers: dict[str, int] = {}
    waiting = [([(point(f"shard/{key}"), key, values) for key, values in matches], 0, 0)]
    while waiting:
        members, number, depth = waiting.pop()
        is_full = len(members) > MOST_MATCHES or sum(values for *_, values in members) > MOST_VALUES
        if not is_full or len(members) == 1 or depth == _DEPTH - 1:
            numbers |= {key: number for _, key, _ in members}
            continue
        for half in (
            0,
            1,
        ):  # by the next bit; numbers as in a heap, so that a shard is called the same whatever others do
            part = [member for member in members if member[0] >> (47 - depth) & 1 == half]
            waiting.append((part, 2 * number + 1 + half, depth + 1))
    return numbers


def fraction(text: str) -> float:
    """Return a number in [0, 1) that looks random and depends on the text alone."""
    return point(text) / 2**48


def point(text: str) -> int:
    """Return a number of 48 bits that looks random and depends on the text alone."""
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:6], "big")
