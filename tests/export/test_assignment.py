from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from impulse.config.export import ExportParams
from impulse.export.assignment import MOST_MATCHES, MOST_VALUES, shard_numbers, shards_of, split_of
from impulse.tables.paths import SPLITS

PINNED = [("train", shard) for shard in (0, 5, 2, 4, 0, 2, 5, 0)]
PINNED_BY_SIZE = [7, 14, 4, 13, 7, 4, 14, 8]
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
    counts = Counter(shard_numbers([(key, 1) for key in KEYS], "train", params).values())
    assert set(counts) == set(range(16))
    assert max(counts.values()) < len(KEYS) / 16 + 4 * (len(KEYS) / 16) ** 0.5


@given(st.integers(1, 4096), st.floats(0, 1), st.floats(0, 1))
def test_splits_share_the_files(shards: int, first: float, second: float) -> None:
    """Each split has a file at least; all have what was asked for, and a file more for a share of next to nothing."""
    train, val = sorted((first, second))[0], abs(first - second)
    params = ExportParams(train=train, val=val, test=1 - train - val, shards=shards)
    counts = [shards_of(split, shards, params) for split in SPLITS]
    assert min(counts) >= 1
    assert sum(counts) <= shards + 2


def test_eight_files_are_six_one_and_one() -> None:
    """Any addition then changes at most 15 files: these, four tables, schema, card, plot and checksums."""
    assert [shards_of(split, 8, ExportParams()) for split in SPLITS] == [6, 1, 1]


def by_size(matches: Sequence[tuple[str, int]]) -> dict[str, int]:
    return shard_numbers(matches, "train", ExportParams())


@pytest.mark.parametrize(
    ("values", "matches"),
    [(1, 4000), (MOST_VALUES // 100, 4000), (MOST_VALUES // 2, 60), (3 * MOST_VALUES, 60)],
)
def test_no_shard_is_too_large(values: int, matches: int) -> None:
    """Neither by values nor by matches, but for one of a single match; and none is much smaller than half of that."""
    keys = KEYS[:matches]
    members = defaultdict(list)
    for key, number in by_size([(key, values) for key in keys]).items():
        members[number].append(key)
    most = max(1, min(MOST_MATCHES, MOST_VALUES // values))
    sizes = sorted(map(len, members.values()))
    assert sizes[-1] <= most
    assert sum(sizes) == len(keys)
    if most > 50:
        assert sizes[0] > 0.35 * most
    assert max(members) < 2**15  # the table of replays has 16 bits
    assert [by_size([(key, 1)]) for key in keys[:3]] == [{key: 0} for key in keys[:3]]
    assert by_size([]) == {}


def test_growth_divides_one_shard_and_moves_nothing_else() -> None:
    """Match by match: either the new one joins a file, or that file becomes two, which nothing had been called before."""
    values, before = MOST_VALUES // 40, by_size([])
    divided = 0
    for count in range(1, 500):
        after = by_size([(key, values) for key in KEYS[:count]])
        moved = {before[key] for key in before if after[key] != before[key]}
        divided += bool(moved)
        if moved:
            (old,) = moved
            assert {after[key] for key in before if before[key] == old} <= {2 * old + 1, 2 * old + 2}
            assert after[KEYS[count - 1]] in (2 * old + 1, 2 * old + 2)
        before = after
    assert divided == len(set(before.values())) - 1


def test_the_order_of_matches_does_not_show() -> None:
    """Nor does it matter which came first."""
    matches = [(key, MOST_VALUES // 30) for key in KEYS[:300]]
    assert by_size(matches) == by_size(matches[::-1])


@given(st.text(min_size=1, max_size=40), st.integers(1, 64))
def test_shard_and_split_are_within_range(key: str, shards: int) -> None:
    """Any key has a place."""
    params = ExportParams(shards=shards)
    split = split_of(key, params)
    assert split in SPLITS
    assert 0 <= shard_numbers([(key, 1)], split, params)[key] < shards_of(split, shards, params)


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
    params = ExportParams(shards=8)
    pinned = [(split := split_of(key, params), shard_numbers([(key, 1)], split, params)[key]) for key in "abcdefgh"]
    assert pinned == PINNED
    values = MOST_VALUES // 2
    numbers = by_size([(key, values) for key in "abcdefgh"])
    assert [numbers[key] for key in "abcdefgh"] == PINNED_BY_SIZE
