"""Decisions about recordings whose ids, facts and times collide as often as possible."""

from __future__ import annotations

import random
from collections import defaultdict
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from impulse.config.dedupe import DedupeParams, Keep
from impulse.dedupe.fingerprint import Tolerances, compare
from impulse.dedupe.linking import Pair, Step, connected
from impulse.dedupe.matches import Decided, decide
from impulse.dedupe.recordings import Recording
from impulse.errors import ConfigError

PARAMS = DedupeParams()
ROW_SECONDS = 0.1
TOLERANCES = Tolerances.of(PARAMS, row_seconds=ROW_SECONDS)
NOW = 1_683_000_000


def recording(number: int, **values: Any) -> Recording:
    """Return a recording that is like all others but for the given values."""
    alike: dict[str, Any] = {
        "replay_id": f"{number:032x}",
        "source_path": f"{number}.replay",
        "sha256": f"{number:032x}" * 2,
        "recording_id": None,
        "match_guid": None,
        "frames_shown": 100,
        "recorded_seconds": 300.0,
        "n_players": 4,
        "uploaded_at": None,
        "saved_at": NOW,
        "match_seconds": None,
        "playlist_id": None,
        "scene": "scene",
        "facts": "",
        "n_goals": 3,
        "goal_seconds": (0.0, 60.0, 120.0),
    }
    return Recording(**{**alike, **values})


@st.composite
def recordings(draw: st.DrawFn, *, with_recording_ids: bool = True) -> list[Recording]:
    """Recordings whose values lie just within and just outside of the tolerances, so that groups and chains occur."""
    ids = st.sampled_from([None, "A", "B", "C"])
    return [
        recording(
            number,
            recording_id=draw(ids) if with_recording_ids else None,
            match_guid=draw(ids),
            frames_shown=draw(st.integers(1, 3)),
            recorded_seconds=draw(st.sampled_from([200.0, 290.0, 300.0, 350.0])),
            uploaded_at=draw(st.sampled_from([None, 1, 2])),
            saved_at=draw(st.sampled_from([None, NOW, NOW + 100, NOW + 200, NOW + 3600, NOW + 200_000])),
            playlist_id=draw(st.sampled_from([None, None, 1, 2])),
            facts=draw(st.sampled_from(["", "facts", "facts", "others"])),
            goal_seconds=draw(
                st.sampled_from([None, (0.0, 60.0, 120.0), (0.0, 60.6, 120.0), (0.0, 61.2, 120.0), (0.0, 60.0, 90.0)])
            ),
        )
        for number in range(draw(st.integers(0, 12)))
    ]


def decided(rows: list[Recording], params: DedupeParams = PARAMS) -> Decided:
    return decide(rows, params, row_seconds=ROW_SECONDS)


def groups_of(outcome: Decided) -> set[frozenset[str]]:
    groups = defaultdict(set)
    for decision in outcome.decisions:
        groups[decision.match_key].add(decision.replay_id)
    return {frozenset(group) for group in groups.values()}


@given(rows=recordings(), seed=st.integers(0, 99))
def test_decisions_do_not_depend_on_order(rows: list[Recording], seed: int) -> None:
    """Shuffled recordings have the same decisions and the same evidence."""
    assert decided(random.Random(seed).sample(rows, len(rows))) == decided(rows)


@given(rows=recordings(), switches=st.tuples(st.booleans(), st.booleans(), st.booleans()))
def test_one_recording_of_each_match_is_kept(rows: list[Recording], switches: tuple[bool, bool, bool]) -> None:
    """Every recording has a decision, every match key one kept recording, whatever counts as an identity."""
    by_recording, by_match_guid, by_fingerprint = switches
    params = DedupeParams(by_recording=by_recording, by_match_guid=by_match_guid, by_fingerprint=by_fingerprint)
    decisions = decided(rows, params).decisions
    kept = {decision.match_key: decision.replay_id for decision in decisions if decision.reason is None}

    assert [decision.replay_id for decision in decisions] == sorted(row.replay_id for row in rows)
    assert len(kept) == sum(decision.reason is None for decision in decisions)
    assert all(kept[decision.match_key] == decision.kept_replay_id for decision in decisions)
    assert all((decision.evidence == "") == (decision.reason is None) for decision in decisions)


@given(rows=recordings(), by_match_guid=st.booleans())
def test_deduplication_is_idempotent(rows: list[Recording], by_match_guid: bool) -> None:
    """Kept recordings are all kept when looked at again, with the same keys."""
    params = DedupeParams(by_match_guid=by_match_guid)
    kept = {decision.replay_id: decision for decision in decided(rows, params).decisions if decision.reason is None}
    again = decided([row for row in rows if row.replay_id in kept], params).decisions
    assert {decision.replay_id: decision for decision in again} == kept


@given(recordings())
def test_recordings_that_share_an_id_share_a_match(rows: list[Recording]) -> None:
    """Sharing a recording id or a match guid is enough, also through a third recording."""
    keys = {decision.replay_id: decision.match_key for decision in decided(rows).decisions}
    for one in rows:
        for other in rows:
            same_recording = one.recording_id is not None and one.recording_id == other.recording_id
            same_guid = one.match_guid is not None and one.match_guid == other.match_guid
            if same_recording or same_guid:
                assert keys[one.replay_id] == keys[other.replay_id]


@given(recordings(with_recording_ids=False))
def test_no_chain_joins_different_match_guids(rows: list[Recording]) -> None:
    """However alike recordings are, those of two guids are two matches, also with others between them."""
    guids = {row.replay_id: row.match_guid for row in rows}
    for group in groups_of(decided(rows)):
        assert len({guids[replay_id] for replay_id in group} - {None}) <= 1


@given(recordings())
def test_every_pair_of_a_fingerprint_agrees(rows: list[Recording]) -> None:
    """No merged pair lies further apart than the tolerances, or has different facts."""
    known = {row.replay_id: row for row in rows}
    for pair in decided(rows).pairs:
        if pair.step is Step.FINGERPRINT and pair.is_merged:
            one, other = known[pair.other_replay_id], known[pair.replay_id]
            compared = compare(one, other)
            assert pair.comparison == compared
            assert one.facts == other.facts != ""
            assert compared.goal_difference_seconds <= TOLERANCES.goal_seconds
            assert abs(compared.saved_difference_seconds) <= PARAMS.window_seconds
            assert abs(compared.length_difference_seconds) <= PARAMS.window_seconds
            assert abs(compared.zone_difference_minutes) <= 27 * 60


@given(recordings())
def test_the_evidence_explains_every_group(rows: list[Recording]) -> None:
    """Merged pairs alone lead to the same groups, and pairs that are not merged lie in different ones."""
    outcome = decided(rows)
    merged = [pair for pair in outcome.pairs if pair.is_merged]
    explained = {frozenset(row.replay_id for row in group) for group in connected(rows, merged)}
    assert explained == groups_of(outcome)
    for pair in outcome.pairs:
        together = any({pair.replay_id, pair.other_replay_id} <= group for group in explained)
        assert together == pair.is_merged


@given(recordings())
def test_switched_off_nothing_is_merged(rows: list[Recording]) -> None:
    """Without identities every recording stays, and none shares a key."""
    decisions = decided(rows, DedupeParams(by_recording=False, by_match_guid=False, by_fingerprint=False)).decisions
    assert all(decision.reason is None for decision in decisions)


def test_the_same_bytes_are_one_recording_whatever_is_switched_off() -> None:
    """Sources may list one file under several ids."""
    rows = [recording(1), recording(2, sha256=recording(1).sha256)]
    params = DedupeParams(by_recording=False, by_match_guid=False, by_fingerprint=False)
    (kept, left) = decided(rows, params).decisions
    assert kept.reason is None
    assert left.reason == "duplicate_bytes"
    assert left.evidence.startswith(f"same bytes, SHA-256 {1:032x}")


def test_the_reason_names_what_is_shared() -> None:
    """Match guid, recording id, a third recording that links, or the goals and times."""
    rows = [
        recording(1, match_guid="M", frames_shown=90),
        recording(2, match_guid="M", recording_id="R", frames_shown=80),
        recording(3, recording_id="R"),
        recording(4, match_guid="M"),
        recording(5, facts="facts"),
        recording(6, facts="facts", goal_seconds=(0.0, 60.25, 120.0), saved_at=NOW - 7200 + 30, frames_shown=50),
    ]
    decisions = {int(decision.replay_id, 16): decision for decision in decided(rows).decisions}

    assert [number for number, decision in decisions.items() if decision.reason is None] == [4, 5]
    assert decisions[1].evidence == decisions[2].evidence == "match guid M"
    assert decisions[3].reason == "same_match"
    assert decisions[3].evidence == f"recording id R (with {2:032x}); then match guid M (with {4:032x})"
    assert decisions[6].evidence == (
        "same map, players, teams, score and scorers; 3 goals at the same times within 0.25 s, "
        "saved 30 s apart (clocks differ by -120 min as time zones do), lengths 0 s apart"
    )


@pytest.mark.parametrize(
    ("keep", "expected"),
    [
        (["most_frames"], 2),
        (["longest"], 3),
        (["most_players"], 4),
        (["earliest_upload"], 5),
        (["smallest_id"], 1),
        ([], 1),
    ],
    ids=str,
)
def test_the_policy_chooses(keep: list[str], expected: int) -> None:
    """The criteria count in their order, and the smallest id decides in the end."""
    rows = [
        recording(1, match_guid="M", uploaded_at=9),
        recording(2, match_guid="M", frames_shown=200, uploaded_at=8),
        recording(3, match_guid="M", recorded_seconds=400.0, frames_shown=150),
        recording(4, match_guid="M", n_players=5, uploaded_at=7),
        recording(5, match_guid="M", uploaded_at=3),
    ]
    params = DedupeParams(keep=[Keep(name) for name in keep])
    (kept,) = [int(decision.replay_id, 16) for decision in decided(rows, params).decisions if decision.reason is None]
    assert kept == expected


def test_match_key_rests_on_the_surest_identity() -> None:
    """The match guid where there is one, then the shared facts, then the recording id, then the bytes."""
    decisions = decided(
        [
            recording(1, match_guid="M", recording_id="R", facts="facts"),
            recording(2, recording_id="S", facts="other facts"),
            recording(3, recording_id="T"),
            recording(4),
        ]
    ).decisions
    assert [decision.match_key_source for decision in decisions] == [
        "match_guid",
        "fingerprint",
        "recording_id",
        "sha256",
    ]
    assert decisions[0].match_key == "m"
    assert decisions[1].match_key.startswith("facts-")
    assert [decision.match_key for decision in decisions[2:]] == ["recording-t", f"sha256-{4:032x}"]


def test_a_second_recording_does_not_change_the_key() -> None:
    """Whatever its ids and however complete it is, the match stays in its split."""
    first = recording(5, recording_id="M", facts="facts")
    for other in ("A", "Z"):
        second = recording(1, recording_id=other, facts="facts", frames_shown=500, saved_at=NOW + 3605)
        decisions = decided([first, second]).decisions
        assert {decision.match_key for decision in decisions} == {decided([first]).decisions[0].match_key}
        assert [decision.reason for decision in decisions] == [None, "same_match"]


def test_matches_with_equal_facts_by_chance_have_keys_of_their_own() -> None:
    """The goals fell at other times, so these are two matches, and each takes the next identity as its key."""
    decisions = decided(
        [
            recording(1, recording_id="A", facts="facts"),
            recording(2, recording_id="B", facts="facts", goal_seconds=(0.0, 90.0, 120.0)),
        ]
    ).decisions
    assert [decision.match_key for decision in decisions] == ["recording-a", "recording-b"]


def test_a_recording_that_knows_its_match_represents_it() -> None:
    """One with a match guid is kept before a longer one without: the key follows from the kept recording alone."""
    rows = [recording(1, match_guid="M", facts="facts"), recording(2, facts="facts", frames_shown=900)]
    decisions = decided(rows).decisions
    assert [decision.kept_replay_id for decision in decisions] == [rows[0].replay_id] * 2
    assert {decision.match_key for decision in decisions} == {"m"}


@pytest.mark.parametrize(
    ("values", "why"),
    [
        ({"goal_seconds": (0.0, 60.0, 121.0)}, "within 1.00 s"),
        ({"saved_at": NOW + 200}, "saved 200 s apart"),
        ({"recorded_seconds": 100.0}, "lengths 200 s apart"),
        ({"saved_at": NOW + 27 * 3600}, "clocks differ by +1620 min"),
        ({"playlist_id": 2}, "playlists differ"),
        ({"match_seconds": 500.0}, "playing times differ by 200 s"),
        ({"facts": "other"}, "kind of match, order of goals or scorers differ"),
        ({"facts": ""}, "says too little: fewer than two players with an id"),
        ({"goal_seconds": None}, "says too little: the rows do not show every goal"),
        ({"saved_at": None}, "says too little: the header has no date"),
        ({"n_goals": 2, "facts": ""}, "says too little: 2 goals, at least 3 needed"),
    ],
    ids=lambda value: str(value) if isinstance(value, dict) else "",
)
def test_whatever_differs_keeps_two_matches_apart(values: dict[str, Any], why: str) -> None:
    """One difference is enough, and the pair is listed with it."""
    first = recording(1, facts="facts", playlist_id=1, match_seconds=300.0)
    second = replace(first, replay_id=f"{2:032x}", sha256="2" * 64)
    assert len(groups_of(decided([first, second]))) == 1

    outcome = decided([first, replace(second, **values)])
    assert len(groups_of(outcome)) == 2
    (near_miss,) = outcome.pairs
    assert not near_miss.is_merged
    assert why in near_miss.evidence


@pytest.mark.parametrize(("other", "listed"), [("M", 1), ("N", 0)])
def test_only_different_match_guids_say_enough_to_list_nothing(other: str, listed: int) -> None:
    """Where guids do not merge, two recordings with the same one that differ otherwise are worth a look."""
    rows = [
        recording(1, facts="facts", match_guid="M"),
        recording(2, facts="facts", match_guid=other, goal_seconds=(0.0, 90.0, 120.0)),
    ]
    pairs = decided(rows, DedupeParams(by_match_guid=False)).pairs
    assert [pair.is_merged for pair in pairs] == [False] * listed


def test_a_chain_of_similar_recordings_is_not_merged() -> None:
    """Each differs little from the next, but the ends are too far apart: then it is not sure which belong together."""
    rows = [recording(number, facts="facts", goal_seconds=(0.0, 60.0, 120.0 + 0.6 * number)) for number in range(3)]
    assert len(groups_of(decided(rows[:2]))) == 1
    assert len(groups_of(decided(rows))) == 3


@pytest.mark.parametrize("minutes", [-12 * 60, -45, 15, 5 * 60 + 45, 14 * 60])
@pytest.mark.parametrize("seconds", [-20, 0, 20])
def test_times_of_saving_are_compared_apart_from_time_zones(minutes: int, seconds: int) -> None:
    """Also just before and after a full quarter of an hour."""
    rows = [recording(1, facts="facts", saved_at=NOW + 10)]
    rows.append(recording(2, facts="facts", saved_at=NOW + 10 + minutes * 60 + seconds))
    assert len(groups_of(decided(rows))) == 1


def test_a_chain_of_times_of_saving_is_not_merged() -> None:
    """Each is within the window of the next, the ends are not."""
    rows = [recording(number, facts="facts", saved_at=NOW + 80 * number) for number in range(3)]
    assert len(groups_of(decided(rows[:2]))) == 1
    assert len(groups_of(decided(rows))) == 3


def test_coarse_rows_need_one_goal_more() -> None:
    """At one row a second the times of goals say less."""
    rows = [recording(number, facts="facts") for number in range(2)]
    assert len(groups_of(decide(rows, PARAMS, row_seconds=1.0))) == 2
    rows = [replace(row, n_goals=4, goal_seconds=(0.0, 60.0, 120.0, 180.0)) for row in rows]
    assert len(groups_of(decide(rows, PARAMS, row_seconds=1.0))) == 1


def test_pairs_that_are_not_merged_are_listed_within_bounds() -> None:
    """A thousand matches that look alike give ten lines, not a million."""
    pairs: list[Pair] = decided([recording(number) for number in range(1000)]).pairs
    assert len(pairs) == 10


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"min_goals": 2}, "dedupe.min_goals: 2 is out of range"),
        ({"goal_tolerance_seconds": 3.0}, "dedupe.goal_tolerance_seconds: 3 is out of range"),
        ({"window_seconds": 450.0}, "dedupe.window_seconds: 450 is out of range"),
        ({"keep": [Keep.longest, Keep.longest]}, "dedupe.keep: names a criterion twice"),
    ],
)
def test_unsafe_settings_are_refused(values: dict[str, Any], message: str) -> None:
    """Windows as wide as a time zone's quarter of an hour would say nothing."""
    with pytest.raises(ConfigError, match=message):
        DedupeParams(**values)
