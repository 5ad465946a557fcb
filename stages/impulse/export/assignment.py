"""Which split and which shard a match belongs to: decided by keys alone, so that other matches never move it."""

from __future__ import annotations

import hashlib

from impulse.config.export import ExportParams
from impulse.tables.paths import SPLITS


def split_of(key: str, params: ExportParams) -> str:
    """Return the split of a match, or of whatever else is kept together, by its key."""
    point = fraction(f"{params.split_salt}/split/{key}")
    if point < params.train:
        return "train"
    return "val" if point < params.train + params.val else "test"


def shards_of(split: str, params: ExportParams) -> int:
    """Return how many files a split is spread over: its part of all, so that files of all splits have one size."""
    small = {name: max(1, int(getattr(params, name) * params.shards)) for name in SPLITS[1:]}
    return small.get(split) or max(1, params.shards - sum(small.values()))


def shard_of(match_key: str, split: str, params: ExportParams) -> int:
    """Return the number of the file, inside its split, that holds a match."""
    return int(fraction(f"shard/{match_key}") * shards_of(split, params))


def fraction(text: str) -> float:
    """Return a number in [0, 1) that looks random and depends on the text alone."""
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:6], "big") / 2**48
