"""Every rule on a replay that violates it and on one that does not."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from tests.validation.conftest import GOOD, QUALITY, judged, measured_file, quality, reasons, tables

from impulse.config.parsing_config import ParsingConfig
from impulse.config.validate import Rule, Severity
from impulse.demo import ExtraBall, MatchPlan, Recording, RecordingPlan, edit_header, generate, with_flipped_bits
from impulse.demo.writer import casting
from impulse.errors import CorruptReplay
from impulse.parsing.parsed_replay import parse_replay
from impulse.products.measures import HEADER_FACTS, measure
from impulse.replay.container import read_header
from impulse.replay.reasons import Reason
from impulse.schema.frames import PLAY_STATE
from impulse.validation.comparisons import compare
from impulse.validation.rules import is_flag
from impulse.validation.verdicts import violating_rows

PLAN = MatchPlan(seed=5, team_size=2, duration_seconds=20.0, goals=1, demolitions=0)


def _file(folder: Path, data: bytes) -> dict[str, Any]:
    path = folder / "case.replay"
    path.write_bytes(data)
    return measured_file(path)


def _planned(**changes: Any) -> Callable[[Path, pytest.MonkeyPatch], dict[str, Any]]:
    return lambda folder, _: _file(folder, Recording(generate(replace(PLAN, **changes))).data)


def _edited(**changes: Any) -> Callable[[Path, pytest.MonkeyPatch], dict[str, Any]]:
    return lambda folder, _: _file(folder, edit_header(Recording(generate(PLAN)).data, changes))


def _moved(body: str, quantity: str, value: tuple[float, float, float]) -> Callable[..., dict[str, Any]]:
    """Return a case in which the ball or a car has another position, velocity or spin for a while."""

    def case(folder: Path, _: pytest.MonkeyPatch) -> dict[str, Any]:
        match = generate(PLAN)
        bodies = getattr(match, body)
        values = getattr(bodies, quantity).copy()
        values[200:400] = np.where(np.isnan(values[200:400]), np.nan, value)
        asleep = bodies.asleep.copy()
        asleep[200:400] = False
        changed = replace(match, **{body: replace(bodies, **{quantity: values, "asleep": asleep})})
        return _file(folder, Recording(changed).data)

    return case


def _stopped(folder: Path, _: pytest.MonkeyPatch) -> dict[str, Any]:
    """Return a match whose cars keep all of their state for a while, speed included."""
    match = generate(PLAN)
    cars = {name: getattr(match.cars, name).copy() for name in ("position", "rotation", "velocity", "spin", "asleep")}
    for values in cars.values():
        values[200:400] = values[200]
    return _file(folder, Recording(replace(match, cars=replace(match.cars, **cars))).data)


def _in_playlist(number: int) -> Callable[[Path, pytest.MonkeyPatch], dict[str, Any]]:
    def case(folder: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
        monkeypatch.setitem(casting.PLAYLISTS, PLAN.team_size, number)
        return _file(folder, Recording(generate(PLAN)).data)

    return case


def _without_counts_of_players(name: str, **changes: Any) -> Callable[[Path, pytest.MonkeyPatch], dict[str, Any]]:
    """Return a case whose header lists 0 of something for everyone."""

    def case(folder: Path, _: pytest.MonkeyPatch) -> dict[str, Any]:
        data = Recording(generate(replace(PLAN, **changes))).data
        listed = read_header(data).get("PlayerStats")
        assert isinstance(listed, tuple)
        without = tuple(
            tuple(replace(item, value=0) if item.name == name else item for item in player) for player in listed
        )
        return _file(folder, edit_header(data, {"PlayerStats": without}))

    return case


def _with_somebody_listed(folder: Path, _: pytest.MonkeyPatch) -> dict[str, Any]:
    """Return a match whose header lists somebody of whom the network data tells nothing."""
    data = Recording(generate(PLAN)).data
    stranger = read_header(Recording(generate(replace(PLAN, seed=99))).data).get("PlayerStats")
    listed = read_header(data).get("PlayerStats")
    assert isinstance(listed, tuple)
    assert isinstance(stranger, tuple)
    return _file(folder, edit_header(data, {"PlayerStats": (*listed, stranger[0])}))


def _on_the_wrong_side(folder: Path, _: pytest.MonkeyPatch) -> dict[str, Any]:
    """Return a match in which one car starts in the other half."""
    match = generate(PLAN)
    position = match.cars.position.copy()
    position[:, 0, 1] *= -1
    return _file(folder, Recording(replace(match, cars=replace(match.cars, position=position))).data)


def _sampled_too_often(folder: Path, _: pytest.MonkeyPatch) -> dict[str, Any]:
    path = folder / "case.replay"
    path.write_bytes(Recording(generate(PLAN)).data)
    return measured_file(path, fps=120.0)


def _row(**changes: Any) -> Callable[[Path, pytest.MonkeyPatch], dict[str, Any]]:
    """Return a case that the parser does not deliver, as a row of measures."""
    return lambda _folder, _monkeypatch: {**GOOD, **changes}


def _two_balls(folder: Path, _: pytest.MonkeyPatch) -> dict[str, Any]:
    how = RecordingPlan(extra_ball=ExtraBall.SECOND)
    return _file(folder, Recording(generate(PLAN), how).data)


def _mutated(folder: Path, _: pytest.MonkeyPatch) -> dict[str, Any]:
    how = RecordingPlan(rules=(("TAGame.Ball_TA:ReplicatedBallScale", 0.5),))
    return _file(folder, Recording(generate(PLAN), how).data)


CASES: dict[str, Callable[[Path, pytest.MonkeyPatch], dict[str, Any]]] = {
    "too_few_frames": _planned(duration_seconds=1.0, goals=0),
    "too_many_frames": _row(rows=100_001),
    "too_few_players": _row(n_players=1),
    "too_many_players": _row(players_at_once=9),
    "non_finite_values": _row(non_finite=1),
    "time_not_monotonic": _row(time_steps_back=1),
    "restarted": _row(clock_restarts=1),
    "bad_quaternions": _row(max_quat_error=0.01),
    "ball_outside_arena": _moved("ball", "position", (0.0, 0.0, 2500.0)),
    "ball_too_fast": _moved("ball", "velocity", (0.0, 6500.0, 0.0)),
    "ball_spins_too_fast": _moved("ball", "spin", (0.0, 0.0, 7.0)),
    "car_outside_arena": _moved("cars", "position", (4500.0, 0.0, 20.0)),
    "car_too_fast": _moved("cars", "velocity", (2000.0, 2000.0, 0.0)),
    "car_spins_too_fast": _moved("cars", "spin", (0.0, 5.0, 5.0)),
    "several_balls": _two_balls,
    "no_ball": _row(share_ball_missing=0.3),
    "frozen_ball": _moved("ball", "position", (500.0, 0.0, 93.0)),
    "frozen_bodies": _stopped,
    "mostly_held": _sampled_too_often,
    "roster_incomplete": _edited(TeamSize=3),
    "roster_unbalanced": _planned(leave_frame=350),
    "people_missing": _with_somebody_listed,
    "wrong_half": _on_the_wrong_side,
    "bots": _planned(bots=1, goals=0),
    "score_mismatch": _edited(Goals=()),
    "goals_not_shown": _edited(Goals=()),
    "player_goals_mismatch": _without_counts_of_players("Goals"),
    "stats_disagree": _without_counts_of_players("Shots", join_frame=150),  # which takes the exact decoder
    "duration_mismatch": _edited(TotalSecondsPlayed=300.0),
    "trailing_bytes": lambda folder, _: _file(folder, Recording(generate(PLAN)).data + b"more"),
    "mutated": _mutated,
    "forfeit": _planned(is_forfeit=True, goals=0, duration_seconds=40.0),
    "unknown_map": _edited(MapName="my_workshop_map_p"),
    "unknown_mode": _in_playlist(9999),
    "other_mode": _in_playlist(27),
}
"""A replay that violates each rule: a file where the parser delivers such a thing, else a row of measures."""

ALLOWED_BESIDE = {
    "ball_outside_arena": {"frozen_ball"},
    "goals_not_shown": {"score_mismatch"},
    "several_balls": {"no_ball"},
    "other_mode": {"mutated"},  # with the ball of soccer
    "score_mismatch": {"goals_not_shown"},
}
"""What a case violates beside its own rule."""


@pytest.fixture(scope="module")
def good_file(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """The match that the cases were changed from."""
    return _file(tmp_path_factory.mktemp("good"), Recording(generate(PLAN)).data)


@pytest.mark.parametrize("code", QUALITY.rules)
def test_every_rule_finds_the_replay_that_violates_it(
    code: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, good_file: dict[str, Any]
) -> None:
    """The one gets exactly the rule's reason, with value and bound; the other gets none."""
    warns = quality(**{rule: {"severity": Severity.warn} for rule in QUALITY.rules})
    bad = CASES[code](tmp_path, monkeypatch)
    judgement = judged({**bad, "replay_id": "a"}, {**good_file, "replay_id": "b"}, {"replay_id": "c"}, params=warns)

    assert reasons(judgement) - ALLOWED_BESIDE.get(code, set()) == {code}
    assert reasons(judgement, 1) == reasons(judgement, 2) == set()
    (found,) = [row for row in judgement.violations.to_pylist() if row["reason"] == code]
    rule = QUALITY.rules[code]
    bound, limit = rule.bound
    assert (found["measure"], found["bound"], found["threshold"]) == (rule.measure, bound.replace("_", " "), limit)
    assert not (found["value"] >= limit if bound == "at_least" else found["value"] <= limit)
    assert rule.because in judgement.verdicts["findings"][0].as_py() or rule.measure in str(
        judgement.verdicts["findings"][0]
    )


@pytest.mark.parametrize(("seconds", "share"), [(42.0, 0.42), (0.9, 0.0), (0.0, 0.0)])
def test_a_ball_that_stops_in_mid_play_is_frozen(tmp_path: Path, seconds: float, share: float) -> None:
    """Its share is that of the time on the clock; a ball that waits for its kickoff or for an update is not frozen."""
    path = tmp_path / "match.replay"
    path.write_bytes(Recording(generate(replace(PLAN, duration_seconds=100.0))).data)
    parsed = parse_replay(path, ParsingConfig.get_preset("standard").params())
    frames = parsed.frames
    hit = np.asarray(frames["ball_has_been_hit"]) & (np.asarray(frames["game_state"].cast(pa.string())) == PLAY_STATE)
    first = int(np.flatnonzero(hit)[20])
    stops = np.arange(len(hit))
    stops[first : first + round(seconds * 10)] = first
    for axis in "xyz":
        name = f"ball_pos_{axis}"
        at = frames.schema.get_field_index(name)
        frames = frames.set_column(at, frames.schema.field(name), frames[name].take(pa.array(stops)))
    header = {name: parsed.replay[name] for name in HEADER_FACTS}
    measures = measure(frames, header=header, players=parsed.players, stints=parsed.stints, goals=parsed.goals)
    assert measures["share_frozen_ball"] == pytest.approx(share, abs=0.02)
    assert measures["seconds_played"] == pytest.approx(100.0, abs=2.0)


@pytest.mark.real_replays
def test_a_real_recording_of_two_matches_shows_the_ball_that_is_played(real_replays: Path) -> None:
    """The other match is over, and its ball lies on its spot in all rows; the parser's array takes that one."""
    row = measured_file(real_replays / "recoverable" / "c62cb.replay")
    assert row["share_frozen_ball"] < 0.01
    assert not judged(row).rejects


@pytest.mark.real_replays
def test_a_real_recording_whose_cars_are_often_frozen_is_rejected(real_replays: Path, hazards: Path) -> None:
    """In the one a tenth of the moving cars shows a state of a third of a second ago or more; the other is sound."""
    frozen = measured_file(hazards / "ae466.replay")
    assert frozen["share_frozen_bodies"] == pytest.approx(0.066, abs=0.01)
    assert [reject.reason for reject in judged(frozen).rejects] == ["frozen_bodies"]
    sound = measured_file(real_replays / "match" / "rlcs-2025-worlds-grand-final-flcn-nrg-g5.replay")
    assert sound["share_frozen_bodies"] == sound["share_frozen_ball"] == 0


@pytest.mark.parametrize(
    ("measure", "mutators", "mode", "expected"),
    [
        ("outside_ball_vel", None, "soccer", {"ball_too_fast"}),
        ("outside_ball_vel", ["ball_scale=0.5"], "soccer", {"ball_too_fast", "mutated"}),
        ("outside_ball_vel", ["ball_max_speed_scale=2.5", "ball_scale=0.5"], "soccer", {"mutated"}),
        ("outside_ball_angvel", ["ball_hit_spin_scale=1"], "special", {"other_mode"}),
        ("outside_car_vel", ["car_max_speed_scale=2"], "soccer", {"mutated"}),
        ("outside_car_vel", [], "soccer", {"car_too_fast"}),
    ],
)
def test_mutators_lift_the_bounds_that_they_change(
    measure: str, mutators: list[str] | None, mode: str, expected: set[str]
) -> None:
    """A fast ball is no finding where the game lets it be fast; of modes whose own rules are not known nothing is mutated."""
    judgement = judged({measure: 0.5, "mutators": mutators, "mode": mode})
    assert reasons(judgement) == expected
    if "mutated" in expected:
        assert ", ".join(mutators or ()) in judgement.verdicts["findings"][0].as_py()


def test_every_rule_has_a_case() -> None:
    """A new rule needs a replay that violates it."""
    assert set(CASES) == set(QUALITY.rules)


def test_a_flipped_bit_is_refused_before_anything_is_measured(tmp_path: Path) -> None:
    """Integrity is a rule of the stages before: the parser would have read the file without complaint."""
    path = tmp_path / "flipped.replay"
    path.write_bytes(with_flipped_bits(Recording(generate(PLAN)).data, count=1))
    with pytest.raises(CorruptReplay) as caught:
        parse_replay(path, ParsingConfig.get_preset("standard").params())
    assert caught.value.reason is Reason.BODY_CRC


@pytest.mark.parametrize("code", [code for code, rule in QUALITY.rules.items() if not is_flag(rule)])
def test_a_value_at_the_bound_is_good(code: str) -> None:
    """Bounds include their ends, also for shares that are stored with fewer digits than the setting."""
    rule = QUALITY.rules[code]
    bound, limit = rule.bound
    rows = compare(*tables([{}]))
    at, field = rows.schema.get_field_index(rule.measure), rows.schema.field(rule.measure)
    step = (-1 if bound == "at_least" else 1) * (1 if pa.types.is_integer(field.type) else 1e-6)
    for value, holds in ((limit, True), (limit + step, False)):
        changed = rows.set_column(at, field, pa.array([value], pa.float64()).cast(field.type))
        assert (list(violating_rows(rule, changed)) == []) == holds


@pytest.mark.parametrize("severity", Severity)
def test_severity_decides_what_follows(severity: Severity) -> None:
    """Any rule can reject, warn, or be ignored; what is ignored is measured all the same."""
    params = quality(mostly_held={"severity": severity})
    row = judged({"share_held": 0.9}, params=params).verdicts.to_pylist()[0]
    expected = {Severity.reject: "reject", Severity.warn: "warn", Severity.ignore: "accept"}
    assert row["verdict"] == expected[severity]
    assert row["share_held"] == pytest.approx(0.9)


def test_a_flag_is_explained_by_the_fact_behind_it() -> None:
    """What is only yes or no is told by what the replay is and what was expected."""
    row = judged({"map_code": "workshop_p", "mode": None}).verdicts.to_pylist()[0]
    assert row["findings"] == (
        "map_code is workshop_p, expected: a map of the game, not a custom one; "
        "mode is unknown, expected: a mode that the playlist or the class of the game tells"
    )


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"match_type": "Private", "header_team_size": 4}, set()),
        ({"match_type": "Online", "header_team_size": 4}, {"roster_incomplete"}),
        ({"header_team_size": None}, set()),
        ({"match_seconds": None, "seconds_played": 3.0}, set()),
        ({"match_seconds": 0.0}, set()),
        ({"goals_of_players": None}, set()),
        ({"map_code": None}, {"unknown_map"}),
        ({"map_code": "STADIUM_P"}, set()),
        ({"mode": None}, {"unknown_mode"}),
        ({"max_quat_error": float("nan")}, {"bad_quaternions"}),
    ],
)
def test_what_is_not_known_is_not_judged(changes: dict[str, Any], expected: set[str]) -> None:
    """A fact that the header lacks violates nothing; a private room's size is no roster; NaN is never right."""
    assert reasons(judged(changes)) == expected


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"goals_shown": 2}, "goals_not_shown"),
        ({"goals_shown": 4}, "goals_not_shown"),
        ({"goals_of_players": 2}, "player_goals_mismatch"),
        ({"goals_of_players": 4}, "player_goals_mismatch"),
        ({"seconds_played": 200.0}, "duration_mismatch"),
        ({"seconds_played": 400.0}, "duration_mismatch"),
    ],
    ids=str,
)
def test_a_difference_counts_both_ways(changes: dict[str, Any], expected: str) -> None:
    """Too few and too many, too short and too long."""
    assert reasons(judged(changes)) == {expected}


def test_what_is_not_known_keeps_every_bound() -> None:
    """A null stands for no number, neither a small nor a large one."""
    rows = compare(*tables([{"players_a_side": None}, {"players_a_side": 1}, {"players_a_side": 2}]))
    assert list(violating_rows(Rule("players_a_side", at_least=2.0), rows)) == [(1, 1.0)]
    assert list(violating_rows(Rule("players_a_side", at_most=1.0), rows)) == [(2, 2.0)]
