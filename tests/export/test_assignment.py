from __future__ import annotations

import hashlib
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from impulse.config.params import ExportParams
from impulse.export.assignment import SPLITS, shard_of, split_of

PINNED = [("train", 0), ("train", 15), ("train", 7), ("train", 12), ("train", 1), ("train", 6)]
KEYS = [hashlib.md5(str(number).encode()).hexdigest() for number in range(20_000)]


def test_shares_of_the_splits_are_those_asked_for() -> None:
    """Over many matches the hash gives the shares of the settings, within four standard deviations."""
    params = ExportParams(train=0.7, val=0.2, test=0.1)
    counts = Counter(split_of(key, params) for key in KEYS)
    for split in SPLITS:
        share = getattr(params, split)
        assert counts[split] / len(KEYS) == pytest.approx(share, abs=4 * (share * (1 - share) / len(KEYS)) ** 0.5)


def test_shards_are_evenly_filled() -> None:
    """No shard gets more than its part, within four standard deviations."""
    params = ExportParams(shards=16)
    counts = Counter(shard_of(key, params) for key in KEYS)
    assert set(counts) == set(range(16))
    assert max(counts.values()) < len(KEYS) / 16 + 4 * (len(KEYS) / 16) ** 0.5


@given(st.text(min_size=1, max_size=40))
def test_shard_and_split_are_within_range(key: str) -> None:
    """Any key has a place."""
    params = ExportParams(shards=7)
    assert split_of(key, params) in SPLITS
    assert 0 <= shard_of(key, params) < 7


def test_a_match_keeps_its_split_when_the_test_share_stays() -> None:
    """Moving matches from train to val leaves the test split as it was."""
    before, after = ExportParams(train=0.8, val=0.1, test=0.1), ExportParams(train=0.6, val=0.3, test=0.1)
    assert all((split_of(key, before) == "test") == (split_of(key, after) == "test") for key in KEYS[:2000])


def test_another_salt_gives_another_assignment() -> None:
    """The salt is there to draw splits anew."""
    one, other = ExportParams(), ExportParams(split_salt="other")
    assert any(split_of(key, one) != split_of(key, other) for key in KEYS[:100])


def test_the_assignment_is_pinned() -> None:
    """A release of impulse must not move matches between splits."""
    params = ExportParams()
    pinned = [(split_of(key, params), shard_of(key, params)) for key in ("a", "b", "c", "d", "e", "f")]
    assert pinned == PINNED
