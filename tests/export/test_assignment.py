from __future__ import annotations

import hashlib
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from impulse.config.export import ExportParams
from impulse.export.assignment import shard_of, shards_of, split_of
from impulse.tables.paths import SPLITS

PINNED = [("train", shard) for shard in (0, 5, 2, 4, 0, 2, 5, 0)]
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
    params = ExportParams(shards=20)
    counts = Counter(shard_of(key, "train", params) for key in KEYS)
    assert set(counts) == set(range(16))
    assert max(counts.values()) < len(KEYS) / 16 + 4 * (len(KEYS) / 16) ** 0.5


@given(st.integers(1, 4096), st.floats(0, 1), st.floats(0, 1))
def test_splits_share_the_files(shards: int, first: float, second: float) -> None:
    """Each split has a file at least; all have what was asked for, and a file more for a share of next to nothing."""
    train, val = sorted((first, second))[0], abs(first - second)
    params = ExportParams(train=train, val=val, test=1 - train - val, shards=shards)
    counts = [shards_of(split, params) for split in SPLITS]
    assert min(counts) >= 1
    assert sum(counts) <= shards + 2


def test_by_default_all_splits_together_have_eight_files() -> None:
    """So that any addition changes at most 15 files: these, four tables, schema, card, plot and checksums."""
    assert [shards_of(split, ExportParams()) for split in SPLITS] == [6, 1, 1]


@given(st.text(min_size=1, max_size=40), st.integers(1, 64))
def test_shard_and_split_are_within_range(key: str, shards: int) -> None:
    """Any key has a place."""
    params = ExportParams(shards=shards)
    split = split_of(key, params)
    assert split in SPLITS
    assert 0 <= shard_of(key, split, params) < shards_of(split, params)


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
    pinned = [(split := split_of(key, params), shard_of(key, split, params)) for key in "abcdefgh"]
    assert pinned == PINNED
