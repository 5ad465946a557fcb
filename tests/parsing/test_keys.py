"""Keys of products: other settings, another key; what means nothing to a product is no part of its key."""

from __future__ import annotations

from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import pytest

from impulse.config.engine import EngineParams
from impulse.config.parse import ParseParams
from impulse.demo import Recording, edit_header
from impulse.errors import ReplayError
from impulse.files.records import Entry, StoredFile
from impulse.parsing import keys as keys_module
from impulse.parsing.keys import ProductKeys
from impulse.parsing.parsed_replay import parse_replay
from impulse.products.frames.product import FRAMES
from impulse.schema.sampling import Decoder, FrameSettings, GapRows, Sampling

MANIFEST = {"replay_id": "r", "sha256": "0" * 64}
OTHERS: dict[str, Any] = {
    "fps": 5.0,
    "sampling": Sampling.causal,
    "gap_rows": GapRows.keep,
    "slots_per_team": 3,
    "decoder": Decoder.exact,
    "global_features": ["BallRigidBodyBasis"],
    "player_features": ["PlayerRigidBodyBasis"],
}
"""Another value of each setting that decides about frames."""


def key_of(params: ParseParams) -> str:
    return ProductKeys.of(params, EngineParams()).frames(MANIFEST)


@pytest.mark.parametrize("setting", [field.name for field in fields(FrameSettings)])
def test_every_setting_of_frames_is_in_their_key(setting: str) -> None:
    """Also one that is added later, for which this test wants a value."""
    assert key_of(ParseParams()) != key_of(replace(ParseParams(), **{setting: OTHERS[setting]}))


def test_settings_that_change_no_frame_change_no_key() -> None:
    """Events are a product of their own; features that frames have anyway are no choice; native frames have their own rate."""
    assert (
        key_of(ParseParams())
        == key_of(ParseParams(events=True))
        == key_of(ParseParams(player_features=["PlayerBoost"]))
    )
    assert key_of(ParseParams()) != key_of(ParseParams(sampling=Sampling.native))
    causal = {key_of(ParseParams(sampling=Sampling.causal, gap_rows=gap_rows)) for gap_rows in GapRows}
    assert len(causal) == 1
    assert len({key_of(ParseParams(fps=fps, sampling=Sampling.native)) for fps in (1.0, 10.0, 120.0)}) == 1


def keys_of(
    *, manifest: dict[str, Any] | None = None, content: str = "f" * 64, facts: dict[str, Any] | None = None
) -> tuple[str, str, str]:
    """Return the keys of frames, measures and events of a replay."""
    keys = ProductKeys.of(ParseParams(events=True), EngineParams())
    row = {**MANIFEST, "blue_score": 1, "orange_score": 0, **(manifest or {})}
    entry = Entry(
        "k",
        Path("entry"),
        {FRAMES: StoredFile(bytes=1, sha256=content, mtime_ns=0)},
        {
            "players": [{"name": "a"}],
            "player_ids": ["Steam(1)"],
            "stints": [],
            "goals": [],
            "demolitions": [],
            **(facts or {}),
        },
    )
    return keys.frames(row), keys.measures(row, entry), keys.on_request("events", row, entry)


@pytest.mark.parametrize(
    ("changes", "products"),
    [
        ({"manifest": {"sha256": "1" * 64}}, (True, False, True)),
        ({"manifest": {"replay_id": "q"}}, (True, False, False)),
        ({"manifest": {"blue_score": 2}}, (False, True, False)),
        ({"manifest": {"orange_score": 2}}, (False, True, False)),
        ({"content": "0" * 64}, (False, True, True)),
        ({"facts": {"players": []}}, (False, True, True)),
        ({"facts": {"player_ids": ["Steam(2)"]}}, (False, True, True)),
        ({"facts": {"stints": [{"slot": 0}]}}, (False, True, True)),
        ({"facts": {"goals": [{"goal": 0}]}}, (False, True, True)),
    ],
    ids=str,
)
def test_inputs_are_in_the_keys_of_what_is_made_of_them(
    changes: dict[str, Any], products: tuple[bool, bool, bool]
) -> None:
    """Frames follow from the file, measures from frames and score, events from both."""
    assert tuple(one != other for one, other in zip(keys_of(), keys_of(**changes), strict=True)) == products


def test_another_parser_makes_frames_and_events_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """Measures follow from the frames that it made."""
    before = keys_of()
    monkeypatch.setattr(keys_module, "parser_version", lambda: "0.0.1")
    assert [one != other for one, other in zip(before, keys_of(), strict=True)] == [True, False, True]


def test_what_ended_at_its_limits_is_tried_again_with_others() -> None:
    """A worker with more time or memory may reach its end."""
    limits: list[dict[str, Any]] = [{}, {"timeout_seconds": 1.0}, {"memory_limit_mb": 2048}]
    assert len({ProductKeys.of(ParseParams(), EngineParams(**some)).at_limits("k") for some in limits}) == len(limits)


@pytest.mark.parametrize(("hidden", "reason"), [(6, "frames_missing"), (1, None)])
def test_native_frames_do_not_depend_on_the_rate(
    tmp_path: Path, synthetic: tuple[Path, Recording], hidden: int, reason: str | None
) -> None:
    """A header that hides the last keyframe and a few frames before it is refused at every rate or at none."""
    recording = synthetic[1]
    path = tmp_path / "short.replay"
    path.write_bytes(edit_header(recording.data, {"NumFrames": recording.keyframes[-1] + 1 - hidden}))
    for fps in (1.0, 10.0, 120.0):
        params = ParseParams(fps=fps, sampling=Sampling.native)
        if reason is None:
            assert parse_replay(path, params).frames.num_rows == recording.keyframes[-1] + 1 - hidden
        else:
            with pytest.raises(ReplayError, match=reason):
                parse_replay(path, params)
