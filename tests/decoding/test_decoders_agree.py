from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.compute as pc
import pytest
import subtr_actor
from tests.products.truth_cases import BY_NAME

from impulse.config.parse import ParseParams
from impulse.config.parsing_config import ParsingConfig
from impulse.decoding import doubts
from impulse.demo import MatchPlan, Recording, RecordingPlan, generate
from impulse.errors import ConfigError, ReplayError
from impulse.parsing.parsed_replay import ParsedReplay, parse_replay
from impulse.schema.sampling import Decoder, Sampling

BOOST_ROUNDING = 0.01
"""Boost that is burned is added up in float32 by the parser, and in float64 by the exact decoder."""


def settings(decoder: Decoder, fps: float = 10.0, **others: Any) -> ParseParams:
    return replace(ParsingConfig.get_preset("standard", fps=fps).params(), decoder=decoder, **others)


def assert_same(one: ParsedReplay, other: ParsedReplay, *, boost: float | None = None) -> None:
    """Hold two parses of one replay against each other, to the bit but for boost.

    Args:
        one: one of them.
        other: the other.
        boost: by how much boost may differ where it is told; None by anything, as in files that send a value again.
    """
    assert one.frames.num_rows == other.frames.num_rows
    for name in one.frames.column_names:
        mine, its = one.frames[name], other.frames[name]
        if name.endswith("_boost"):
            assert mine.is_null().equals(its.is_null()), name
            off = np.abs(mine.drop_null().to_numpy() - its.drop_null().to_numpy())
            assert boost is None or off.max(initial=0) <= boost, name
        else:
            assert mine.equals(its), name
    assert_same_players(one, other)
    assert one.stints == other.stints
    assert one.goals == other.goals
    assert one.demolitions == other.demolitions
    decides = {"decoder", "why_exact", "is_forfeit"}
    assert one.facts.keys() == other.facts.keys() >= decides
    assert all(value == other.facts[name] for name, value in one.facts.items() if name not in decides)
    # Where the header does not tell, only the exact decoder reads as far as a forfeit.
    forfeits = {parsed.facts["decoder"]: parsed.facts["is_forfeit"] for parsed in (one, other)}
    assert forfeits.get("array") in (None, *forfeits.values())
    assert len({*forfeits.values()} - {None}) <= 1


ONLY_A_WALK_TELLS = ("stats_differ", "demolitions", "is_mvp")
"""Columns of players that are null where the array call made the frames."""


def assert_same_players(one: ParsedReplay, other: ParsedReplay) -> None:
    """Hold tables of players against each other, but for what the array call leaves null: it alone, and only to null."""
    for mine, its in zip(one.players, other.players, strict=True):
        if one.facts["decoder"] == "array" != other.facts["decoder"]:
            untold = [*ONLY_A_WALK_TELLS]
            if mine["stats_source"] is None:  # whom the header does not list: asked for the array alone
                untold += ["stats_source", "score", "goals", "assists", "saves", "shots"]
            # A camera that is told late.
            untold += [name for name in mine if name.startswith("camera_") and mine[name] is None]
            assert {mine[name] for name in untold} == {None}
            its = {**its, **dict.fromkeys(untold)}
        assert mine == its


@pytest.mark.parametrize("fps", [10.0, 30.0, 60.0])
@pytest.mark.parametrize(
    ("plan", "how"),
    [
        ({"team_size": 3, "demolitions": 2}, {}),
        ({"team_size": 1, "demolitions": 1}, {"dropped_updates": 0.9}),
        ({"team_size": 2, "join_frame": 60}, {}),
        ({"team_size": 2, "leave_frame": 250}, {"dropped_updates": 0.0}),
        ({"team_size": 2}, {"version": BY_NAME["868.32.10"]}),
    ],
    ids=["3v3", "few updates", "joiner", "leaver", "2025"],
)
def test_where_both_decoders_work_they_give_the_same(
    tmp_path: Path, plan: dict[str, Any], how: dict[str, Any], fps: float
) -> None:
    """To the bit, also for a replay whose players come and go while the array call still takes it."""
    path = tmp_path / "match.replay"
    path.write_bytes(
        Recording(generate(MatchPlan(seed=6, duration_seconds=16, goals=1, **plan)), RecordingPlan(**how)).data
    )
    array, exact = (parse_replay(path, settings(decoder, fps)) for decoder in (Decoder.array, Decoder.exact))
    assert (array.facts["decoder"], exact.facts["decoder"]) == ("array", "exact")
    assert_same(array, exact, boost=BOOST_ROUNDING)


def test_what_follows_from_bodies_is_what_the_parser_makes_of_them(tmp_path: Path) -> None:
    """Further features, computed by the exact decoder, are the array's; those that interpolate or count are not told."""
    path = tmp_path / "match.replay"
    path.write_bytes(Recording(generate(MatchPlan(seed=6, duration_seconds=16, team_size=2, goals=1))).data)
    everything = ParsingConfig.get_preset("all", fps=10.0).params()
    array, exact = (
        parse_replay(path, replace(everything, decoder=decoder, slots_per_team=2)).frames
        for decoder in (Decoder.array, Decoder.exact)
    )
    contract = parse_replay(path, settings(Decoder.array, slots_per_team=2)).frames.column_names
    further = sorted({*array.column_names} - {*contract})
    told = [name for name in further if exact[name].null_count < exact.num_rows]
    assert {*further} > {*told} != set()
    for name in told:
        shown = pc.and_(array[name].is_valid(), exact[name].is_valid())
        one, other = (np.asarray(table[name].filter(shown), dtype=float) for table in (array, exact))
        assert len(one) > 0.5 * len(array)
        assert np.quantile(np.abs(one - other), 0.99) <= 0.02, name


def test_the_array_call_takes_ordinary_matches(tmp_path: Path) -> None:
    """It is the faster one; other samplings it does not have."""
    path = tmp_path / "match.replay"
    path.write_bytes(Recording(generate(MatchPlan(seed=6, duration_seconds=16, team_size=2, demolitions=1))).data)
    assert parse_replay(path, settings(Decoder.auto)).facts["why_exact"] is None
    assert parse_replay(path, settings(Decoder.auto, sampling=Sampling.causal)).facts["why_exact"] == "sampling"
    with pytest.raises(ConfigError, match=r"parse\.decoder: .*array gives no rows with sampling native"):
        settings(Decoder.array, sampling=Sampling.native)


def test_a_doubt_about_the_array_brings_the_exact_decoder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Found in the array itself, or in how the parser refuses; asked for the array alone, it is the array's."""
    path = tmp_path / "match.replay"
    path.write_bytes(Recording(generate(MatchPlan(seed=6, duration_seconds=16, team_size=2, join_frame=400))).data)
    assert parse_replay(path, settings(Decoder.auto)).facts["why_exact"] == "players_changed"
    with pytest.raises(ReplayError, match="players_changed"):
        parse_replay(path, settings(Decoder.array))

    path.write_bytes(Recording(generate(MatchPlan(seed=6, duration_seconds=16, team_size=2))).data)
    monkeypatch.setattr(doubts, "START_BOOST", 84)
    assert parse_replay(path, settings(Decoder.auto)).facts["why_exact"] == "boost_of_another_start"
    assert parse_replay(path, settings(Decoder.array)).facts["why_exact"] is None


def real_files(real_replays: Path) -> list[Path]:
    """Return all real replays that the parser decodes, of both folders, and the synthetic ones about people."""
    files = [*real_replays.rglob("*.replay"), *real_replays.parent.glob("replays-hazards/**/*.replay")]
    return sorted(path for path in files if path.parent.name not in ("corrupt", "no-network"))


UNNOTICED = {"team_change.replay"}
"""Synthetic: its header still has the first team of who changes sides, and no kickoff follows, so that only a whole walk tells."""


@pytest.mark.heavy
@pytest.mark.parametrize("fps", [10.0, 30.0, 120.0])
def test_the_choice_changes_no_real_frame(real_replays: Path, fps: float) -> None:
    """What the array call decides of real files is what the exact decoder makes of them, to the bit but for boost."""
    chosen: dict[str, int] = {"array": 0, "exact": 0}
    for path in real_files(real_replays):
        auto = parse_replay(path, settings(Decoder.auto, fps, slots_per_team=8))
        chosen[auto.facts["decoder"]] += 1
        if auto.facts["decoder"] == "array":
            exact = parse_replay(path, settings(Decoder.exact, fps, slots_per_team=8))
            if path.name in UNNOTICED:
                assert auto.stints != exact.stints  # else it is noticed now, and no longer one of these
            else:
                assert_same(auto, exact)
    assert min(chosen.values()) > 0


@pytest.mark.heavy
def test_every_real_replay_is_decoded(real_replays: Path) -> None:
    """Only what is damaged or has no network data is a reject, and a team that is larger than the slots."""
    refused = {}
    for path in real_files(real_replays):
        try:
            parse_replay(path, settings(Decoder.auto))
        except ReplayError as error:
            refused[path.name] = error.reason
    assert refused == (
        {"f770.replay": "team_too_large"} if "f770.replay" in map(_name, real_files(real_replays)) else {}
    )


def _name(path: Path) -> str:
    return path.name


@pytest.mark.real_replays
def test_goals_of_a_real_match_are_where_its_score_changes(real_replays: Path) -> None:
    """The header misses some of this private match; the score in the network data is held against the table of goals."""
    path = real_replays / "match" / "post-eac-private-2026-04-28.replay"
    parsed = parse_replay(path, settings(Decoder.auto))
    frames = subtr_actor.parse_replay(path.read_bytes())
    names = frames["objects"]
    changes: dict[int, int] = {}
    last: dict[int, int] = {}
    for number, frame in enumerate(frames["network_frames"]["frames"]):
        for update in frame["updated_actors"]:
            if names[update["object_id"]] == "Engine.TeamInfo:Score":
                score = update["attribute"]["Int"]
                if score == last.get(update["actor_id"], 0) + 1:
                    changes[number] = score
                last[update["actor_id"]] = score
    timed = [goal for goal in parsed.goals if goal["time"] is not None]
    assert len(timed) == len(changes)
