"""Which split and which shard a match belongs to: decided by its key alone, so that other matches never move it."""

from __future__ import annotations

import hashlib

from impulse.config.params import ExportParams
from impulse.data_paths import SPLITS

__all__ = ["SPLITS", "shard_of", "split_of"]


def split_of(match_key: str, params: ExportParams) -> str:
    """Return the split of a match."""
    point = _fraction(f"{params.split_salt}/split/{match_key}")
    if point < params.train:
        return "train"
    return "val" if point < params.train + params.val else "test"


def shard_of(match_key: str, params: ExportParams) -> int:
    """Return the number of the file, inside its split, that holds a match."""
    return int(_fraction(f"shard/{match_key}") * params.shards)


def _fraction(text: str) -> float:
    """Return a number in [0, 1) that looks random and depends on the text alone."""
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:6], "big") / 2**48
