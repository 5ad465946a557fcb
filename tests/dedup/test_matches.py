from __future__ import annotations

import random
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from impulse.config.params import DedupeParams
from impulse.dedup.matches import decide_fates
from impulse.rejects import Reason

IDS = st.sampled_from([None, "A", "B", "C", "D"])
PARAMS = DedupeParams()


@st.composite
def recordings(draw: st.DrawFn) -> list[dict[str, Any]]:
    """Recordings whose ids collide often, so that groups, chains and ties occur."""
    return [
        {
            "replay_id": f"{number:032x}",
            "sha256": f"{number:x}".ljust(64, "0"),
            "recording_id": draw(IDS),
            "match_guid": draw(IDS),
            "frames_shown": draw(st.integers(1, 3)),
            "recorded_seconds": float(draw(st.integers(1, 3))),
        }
        for number in range(draw(st.integers(0, 12)))
    ]


@given(rows=recordings(), seed=st.integers(0, 99))
def test_fates_do_not_depend_on_order(rows, seed: int) -> None:
    """Shuffled recordings have the same fates."""
    shuffled = rows.copy()
    random.Random(seed).shuffle(shuffled)
    assert decide_fates(shuffled, PARAMS) == decide_fates(rows, PARAMS)


@given(recordings())
def test_one_recording_of_each_match_is_kept(rows) -> None:
    """Every recording has a fate, every match key one kept recording, and keys name matches uniquely."""
    fates = decide_fates(rows, PARAMS)
    kept = [fate for fate in fates if fate.reason is None]

    assert [fate.replay_id for fate in fates] == sorted(row["replay_id"] for row in rows)
    assert len({fate.match_key for fate in fates}) == len(kept)
    for fate in fates:
        assert fate.kept_replay_id in {other.replay_id for other in kept if other.match_key == fate.match_key}


@given(recordings())
def test_deduplication_is_idempotent(rows) -> None:
    """Kept recordings are all kept when looked at again, with the same keys."""
    fates = {fate.replay_id: fate for fate in decide_fates(rows, PARAMS)}
    survivors = [row for row in rows if fates[row["replay_id"]].reason is None]
    again = decide_fates(survivors, PARAMS)
    assert all(fate.reason is None for fate in again)


@given(recordings())
def test_recordings_that_share_an_id_share_a_match(rows) -> None:
    """Sharing a recording id or a match guid is enough, also through a third recording."""
    keys = {fate.replay_id: fate.match_key for fate in decide_fates(rows, PARAMS)}
    for one in rows:
        for other in rows:
            if any(one[name] is not None and one[name] == other[name] for name in ("recording_id", "match_guid")):
                assert keys[one["replay_id"]] == keys[other["replay_id"]]


@given(recordings())
def test_switched_off_nothing_is_merged(rows) -> None:
    """Without identities every recording stays."""
    fates = decide_fates(rows, DedupeParams(by_recording=False, by_match_guid=False))
    assert all(fate.reason is None for fate in fates)


def recording(number: int, **values: Any) -> dict[str, Any]:
    base = {"recording_id": None, "match_guid": None, "frames_shown": 100, "recorded_seconds": 10.0}
    return {"replay_id": f"{number:032x}", "sha256": f"{number:064x}", **base, **values}


def test_the_most_complete_recording_is_kept() -> None:
    """More network frames win, then more seconds, then the smallest id; the reason names the shared id."""
    rows = [
        recording(1, match_guid="M", frames_shown=90),
        recording(2, match_guid="M", recorded_seconds=9.0),
        recording(3, match_guid="M"),
        recording(4, match_guid="M"),
        recording(5, recording_id="R"),
        recording(6, recording_id="R"),
    ]
    fates = {int(fate.replay_id, 16): fate for fate in decide_fates(rows, PARAMS)}

    assert [number for number, fate in fates.items() if fate.reason is None] == [3, 5]
    assert fates[1].reason is Reason.SAME_MATCH
    assert fates[1].evidence == "match guid M"
    assert fates[6].reason is Reason.SAME_RECORDING
    assert fates[6].evidence == "recording id R"


def test_match_key_rests_on_the_surest_identity() -> None:
    """The match guid where there is one, then the recording id, then the bytes."""
    fates = decide_fates(
        [recording(1, match_guid="M", recording_id="R"), recording(2, recording_id="S"), recording(3)], PARAMS
    )
    assert [(fate.match_key, fate.match_key_source) for fate in fates] == [
        ("m", "match_guid"),
        ("recording-s", "recording_id"),
        ("sha256-" + f"{3:064x}"[:32], "sha256"),
    ]
