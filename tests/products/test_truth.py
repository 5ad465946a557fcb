"""Frames and tables of synthetic matches against what happened in them: every column, in every sampling and era."""

from __future__ import annotations

import itertools
import json
import re
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from functools import cache
from importlib.metadata import version
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from numpy.typing import ArrayLike
from tests.products.match_truth import BOOST, Truth, quaternion_bound, shown_frames, steps_bounds
from tests.products.truth_cases import CASES, LIMITS, Case

from impulse.config.parse import ParseParams
from impulse.demo import (
    LATEST,
    VERSIONS,
    FormatVersion,
    GuidPlace,
    Match,
    MatchPlan,
    Platform,
    Recording,
    RecordingPlan,
    generate,
)
from impulse.demo.match.equipment import equipment
from impulse.demo.writer.casting import SERVER_NAME
from impulse.demo.writer.version import DemolishFormat
from impulse.errors import ReplayError
from impulse.parsing.parsed_replay import ParsedReplay, parse_replay
from impulse.schema.controls import control_columns, is_control
from impulse.schema.features import FEATURE_PRESETS, frame_layout
from impulse.schema.sampling import Decoder, GroundControls, Sampling
from impulse.tables.manifest import LISTED_RANK, MANIFEST_COLUMNS
from impulse.tables.parsed import DEMOLITION_COLUMNS, GOAL_COLUMNS, PLAYER_COLUMNS, REPLAY_COLUMNS, STINT_COLUMNS

DECODERS = (Decoder.auto, Decoder.exact)
"""Values of ``parse.decoder``."""
SLOTS = 4
"""Slots of a team."""
KINDS = {
    Platform.BOT: "splitscreen",
    Platform.PLAYSTATION: "playstation",
    Platform.XBOX: "xbox",
    Platform.SWITCH: "switch",
}
CARS = {
    23: ("Octane", "octane"),
    4284: ("Fennec", "octane"),
    29: ("Hotshot", "dominus"),
    403: ("Dominus", "dominus"),
    803: ("Batmobile (2016)", "plank"),
    22: ("Breakout", "breakout"),
    28: ("X-Devil", "hybrid"),
    30: ("Merc", "merc"),
}
"""Bodies of synthetic matches, with name and hitbox as the game's own pages have them."""
CAMERA = {
    "camera_fov": "fov",
    "camera_height": "height",
    "camera_angle": "angle",
    "camera_distance": "distance",
    "camera_stiffness": "stiffness",
    "camera_swivel_speed": "swivel",
    "camera_transition_speed": "transition",
}
MOVING_UU_S = 30.0
"""From this speed on a state that is repeated is stale."""
HELD, HELD_IN_OLD_FILES = 0.02, 0.1
"""How far an inferred input may be off that was held from one update of the car to the next."""
SEASONS = {"2022-09-29": 8}
"""Season of a day, by the game's own announcements."""
TEAMS = ("blue", "orange")
MODES_OF_ITEMS = {None: "soccer", "ItemsMode": "rumble", "ItemsMode_HauntedBallBeam": "special"}
PLAYLISTS = {1: 10, 2: 11, 3: 13, 4: 6}


@dataclass
class Shown:
    """What was made of a recording, beside the truth; it remembers which columns were looked at."""

    truth: Truth
    parsed: ParsedReplay
    case: Case
    looked_at: set[str] = field(default_factory=set)

    def column(self, name: str) -> tuple[np.ndarray, np.ndarray]:
        """Return the values of a column of the frames, and where it has any."""
        self.looked_at.add(re.sub(r"^p\d+_", "p{slot}_", name))
        assert self.parsed.controls is not None
        table = self.parsed.controls if is_control(name) else self.parsed.frames
        column = table[name].combine_chunks()
        if pa.types.is_dictionary(column.type):
            column = column.cast(pa.string())
        return column.to_numpy(zero_copy_only=False), column.is_valid().to_numpy(zero_copy_only=False)

    def is_equal(self, name: str, expected: ArrayLike, there: ArrayLike = True, *, off: float = 0.0) -> None:
        """Hold a column against its truth: null where it is not there, and nowhere else off by more than ``off``."""
        found, is_valid = self.column(name)
        np.testing.assert_array_equal(is_valid, np.broadcast_to(there, is_valid.shape), err_msg=f"{name}: nulls")
        found, values = found[is_valid], np.broadcast_to(expected, is_valid.shape)[is_valid]
        if off:
            np.testing.assert_allclose(found.astype(np.float64), values, rtol=0, atol=off, err_msg=name)
        else:
            np.testing.assert_array_equal(found, values, err_msg=name)

    def is_nothing(self, name: str) -> None:
        """Hold a column against there being nothing: null, or false where it cannot be null."""
        found, is_valid = self.column(name)
        assert not found[is_valid].any(), name
        assert not is_valid.any() or found.dtype == bool, name

    def rows(self, table: list[dict[str, Any]], kind: str) -> list[dict[str, Any]]:
        """Return the rows of a table of the replay, each of whose values remembers that it was looked at."""
        assert {row["replay_id"] for row in table} <= {self.parsed.replay["replay_id"]}
        self.looked_at.add(f"{kind}.replay_id")
        return [_Row(row, kind, self.looked_at) for row in table]


class _Row(dict[str, Any]):
    def __init__(self, row: dict[str, Any], kind: str, looked_at: set[str]) -> None:
        super().__init__(row)
        self.kind, self.looked_at = kind, looked_at

    def __getitem__(self, name: str) -> Any:
        self.looked_at.add(f"{self.kind}.{name}")
        return super().__getitem__(name)


@cache
def record(name: str) -> Recording:
    case = CASES[name]
    return Recording(generate(MatchPlan(**case.plan)), case.how)


def parse(recording: Recording, case: Case, sampling: Sampling, decoder: Decoder) -> Shown:
    """Parse a recording and find out which slot each of its players has."""
    preset = FEATURE_PRESETS["standard"]
    params = ParseParams(
        fps=case.fps,
        sampling=sampling,
        slots_per_team=SLOTS,
        global_features=list(preset.global_features),
        player_features=list(preset.player_features),
        decoder=decoder,
        controls=True,
        ground_controls=GroundControls.recorded,
    )
    with TemporaryDirectory() as folder:
        path = Path(folder) / "match.replay"
        path.write_bytes(recording.data)
        parsed = parse_replay(path, params)
    slots = tuple(
        next(stint["slot"] for stint in parsed.stints if (stint["player"], stint["team"]) == (row["player"], team))
        for row, team in zip(players_rows(recording, parsed.players), teams_of(recording), strict=True)
    )
    time = parsed.frames["time"].to_numpy()
    return Shown(Truth(recording, shown_frames(recording, sampling, time, fps=case.fps), slots), parsed, case)


def teams_of(recording: Recording) -> list[str]:
    return [("blue", "orange")[who.team] for who in recording.match.players]


def players_rows(recording: Recording, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the row of each player of the match: by account and local id, and of bots, which have none, by team and order."""
    found: dict[int, dict[str, Any]] = {}
    left = list(rows)
    match, teams = recording.match, teams_of(recording)
    for person in dict.fromkeys(match.persons):
        player = match.players[person].player
        mine = (player.platform is Platform.BOT, str(player.account or player.number), player.local_id)
        found[person] = next(
            row
            for row in left
            if (row["is_bot"] and mine[0] and row["team"] == teams[person])
            or (row["is_bot"], row["player_id"], row["local_id"]) == mine
        )
        left.remove(found[person])
    assert not left
    return [found[person] for person in match.persons]


@cache
def shown(name: str, sampling: Sampling, decoder: Decoder) -> Shown | ReplayError:
    """Return what is made of a case; a refusal too is kept, so that each is made once."""
    try:
        return parse(record(name), CASES[name], sampling, decoder)
    except ReplayError as error:
        return error


def check_time(it: Shown) -> None:
    """Which network frame each row shows, and which rows repeat one that another shows closer to its time."""
    frames, time = it.truth.frames, it.parsed.frames["time"].to_numpy().astype(np.float64)
    frame_time = it.truth.recording.match.time[frames]
    it.is_equal("time", time)  # the grid was checked when frames were found
    it.is_equal("frame_time", frame_time)
    it.is_equal("row", np.arange(len(frames)))
    it.is_equal("replay_id", it.parsed.replay["replay_id"])
    away = np.abs(frame_time.astype(np.float64) - time)
    nearest = np.full(it.truth.recording.match.frames, np.inf)
    np.minimum.at(nearest, frames, away)
    it.is_equal("is_held", away > nearest[frames])


def check_phase(it: Shown) -> None:
    """Clock, state, countdown and hits, each null where it was never told."""
    match, plan, frames = it.truth.recording.match, it.truth.recording.plan, it.truth.frames
    it.is_equal("seconds_remaining", match.seconds_remaining[frames], not match.is_time_unlimited)
    it.is_equal("game_state", it.truth.states[frames], plan.has_state)
    it.is_equal("ball_has_been_hit", match.is_ball_hit[frames], plan.has_hit_flag)
    it.is_equal("kickoff_countdown", match.countdown[frames])


def check_segment(it: Shown) -> None:
    """Numbers of the stretches of play: from the end of a countdown; without a state at least from the first touch."""
    match, frames = it.truth.recording.match, it.truth.frames
    plays = np.full(match.frames, -1)
    for number, play in enumerate(match.plays):
        start = play.go if it.truth.recording.plan.has_state else play.hit
        plays[start : play.end] = number
    expected = plays[frames]
    if it.truth.recording.plan.has_state:
        it.is_equal("segment", expected, expected >= 0)
        return
    found, is_valid = it.column("segment")
    assert is_valid[expected >= 0].all()
    np.testing.assert_array_equal(found[expected >= 0], expected[expected >= 0])
    of_play = np.searchsorted([play.stop for play in match.plays], frames, side="right")
    np.testing.assert_array_equal(found[is_valid], of_play[is_valid])


def check_body(it: Shown, prefix: str, there: np.ndarray, values: dict[str, np.ndarray]) -> None:
    """Hold the thirteen columns of a body against (R, ...) values."""
    bounds = steps_bounds(it.truth.recording)
    for part, axes in (("pos", "xyz"), ("vel", "xyz"), ("angvel", "xyz")):
        for number, axis in enumerate(axes):
            it.is_equal(f"{prefix}_{part}_{axis}", values[part][:, number], there, off=bounds[part])
    rotation = values["quat"]
    if not it.truth.recording.plan.version.has_quaternions:  # either quaternion of the rotation
        found = np.stack([np.nan_to_num(it.column(f"{prefix}_quat_{axis}")[0]) for axis in "xyzw"], axis=1)
        rotation = rotation * np.where((found * np.nan_to_num(rotation)).sum(axis=1) < 0, -1.0, 1.0)[:, None]
    for number, axis in enumerate("xyzw"):
        it.is_equal(f"{prefix}_quat_{axis}", rotation[:, number], there, off=quaternion_bound(it.truth.recording))


def check_stale(it: Shown) -> None:
    """How long rows have shown what was told in one frame, where the body moves by it; null where there is no body."""
    if "ball_stale" not in it.parsed.frames.column_names:
        return
    truth, nobody = it.truth, np.zeros(len(it.truth.frames), dtype=np.int64)
    now = truth.recording.match.time[truth.frames].astype(np.float64)
    bodies = [("ball", truth.ball(), np.full(len(now), truth.ball_is_known), nobody)]
    bodies += [(f"p{slot}", truth.car(slot), truth.is_shown(slot), truth.holders[slot]) for slot in set(truth.slots)]
    for prefix, body, there, holder in bodies:
        is_new = np.ones(len(now), dtype=bool)
        is_new[1:] = ~(there[1:] & there[:-1]) | (np.diff(body.frame) != 0) | (np.diff(holder) != 0)
        shown_for = now - now[np.maximum.accumulate(np.where(is_new, np.arange(len(now)), 0))]
        speed = np.sqrt((body.values["vel"] ** 2).sum(axis=1))
        found, is_valid = it.column(f"{prefix}_stale")
        np.testing.assert_array_equal(is_valid, there, err_msg=prefix)
        sure = there & (np.abs(speed - MOVING_UU_S) > 1)
        expected = np.where(speed < MOVING_UU_S, 0.0, shown_for)
        np.testing.assert_allclose(found[sure], expected[sure], rtol=0, atol=0.0051, err_msg=prefix)


def check_ball(it: Shown) -> None:
    """The ball that plays; null where there is none, or where nobody can tell which it is."""
    rows = len(it.truth.frames)
    if it.truth.ball_is_known:
        it.is_equal("ball_present", expected=True)
        values = it.truth.ball().values
    else:
        found, is_valid = it.column("ball_present")
        assert not found[is_valid].any()
        assert is_valid.any() == (it.truth.recording.plan.extra_ball is None)
        values = {part: np.full((rows, 4), np.nan) for part in ("pos", "quat", "vel", "angvel")}
    check_body(it, "ball", np.full(rows, it.truth.ball_is_known), values)


def check_cars(it: Shown) -> None:
    """Cars as they were told last; null for wrecks and for whoever is not there."""
    for slot in set(it.truth.slots):
        check_body(it, f"p{slot}", it.truth.is_shown(slot), it.truth.car(slot).values)


def check_boost(it: Shown) -> None:
    """Boost from the frame on in which it was first told of the car."""
    for slot in set(it.truth.slots):
        boost = it.truth.of_players(it.truth.boost, slot).astype(np.float64)
        known = it.truth.is_shown(slot) & ~np.isnan(boost)
        off = 0.0 if it.truth.recording.match.is_boost_unlimited else BOOST
        it.is_equal(f"p{slot}_boost", boost, known, off=off)


def check_jumps(it: Shown) -> None:
    """Whether dodge, jump and double jump are active."""
    for slot in set(it.truth.slots):
        counts = it.truth.of_players(it.truth.recording.match.component_counts, slot)
        for number, name in enumerate(("dodge", "jump", "double_jump"), start=1):
            it.is_equal(f"p{slot}_{name}", counts[:, number].astype(np.int64) % 2 == 1, it.truth.is_shown(slot))


def check_controls(it: Shown) -> None:
    """Throttle, steer and handbrake from the first of them that was told; boost, jumps and dodges as the car's parts tell them."""
    match, truth = it.truth.recording.match, it.truth
    for slot in set(truth.slots):
        mine, shown = f"p{slot}_control", truth.is_shown(slot)
        driven = shown & truth.of_players(truth.is_driven, slot).astype(bool)
        for name in ("throttle", "steer"):
            sent = truth.of_players(getattr(match, name), slot).astype(np.float64)
            it.is_equal(
                f"{mine}_{name}", np.where(sent > 128, (sent - 128) / 127, (sent - 128) / 128), driven, off=1e-6
            )
        it.is_equal(f"{mine}_handbrake", truth.of_players(match.handbrake, slot), driven)
        linked = shown & truth.of_players(truth.linked, slot).astype(bool)
        active = truth.of_players(match.component_counts, slot).astype(np.int64) % 2 == 1
        it.is_equal(f"{mine}_boost", active[:, 0], linked)
        begun = truth.begun(1, slot), truth.begun(2, slot), truth.begun(3, slot)
        it.is_equal(f"{mine}_jump", active[:, 2] | np.logical_or.reduce(begun), linked)
        torque = truth.of_players(match.dodge_torque, slot).astype(np.float64)
        ahead, sideways = torque[:, 1] / 224, -torque[:, 0] / 260
        length = np.maximum(np.hypot(ahead, sideways), 1e-9)
        dodges = linked & (active[:, 1] | begun[0])
        it.is_equal(f"{mine}_dodge_forward", ahead / length, dodges, off=1e-5)
        it.is_equal(f"{mine}_dodge_right", sideways / length, dodges, off=1e-5)
        held = truth.of_players(truth.held, slot)
        check_air_controls(it, mine, truth.car(slot).values, shown, held)


def check_air_controls(it: Shown, mine: str, car: dict[str, np.ndarray], shown: np.ndarray, held: np.ndarray) -> None:
    """Pitch, yaw and roll: on the floor as asked for, elsewhere marked as inferred, and those that were held."""
    off = HELD if it.truth.recording.plan.version.position_steps > 1 else HELD_IN_OLD_FILES
    sources, has_source = it.column(f"{mine}_source")
    np.testing.assert_array_equal(has_source, shown)
    sources = np.where(has_source, sources, 0).astype(np.int64)
    steer, _ = it.column(f"{mine}_steer")
    for number, name in enumerate(("pitch", "yaw", "roll")):
        found, is_known = it.column(f"{mine}_{name}")
        is_inferred, is_taken = sources & (1 << (8 + number)) != 0, sources & (1 << (2 + number)) != 0
        np.testing.assert_array_equal(is_known, is_inferred | is_taken)
        assert not (is_inferred & is_taken).any()
        assert not (is_inferred & (car["pos"][:, 2] < 17.5)).any()
        plain = is_inferred & np.isfinite(held[:, number])
        np.testing.assert_allclose(found[plain], held[plain, number], rtol=0, atol=off, err_msg=f"{mine}_{name}")
        assert (np.abs(found[is_known]) <= 1).all()
        assert not (is_taken & (car["pos"][:, 2] > 22.5)).any()  # by whole uu in old files
        np.testing.assert_array_equal(found[is_taken], steer[is_taken] if name == "yaw" else 0)
    for number, name in enumerate(("throttle", "steer", "jump", "boost", "handbrake")):
        bit = number if number < 2 else number + 3
        np.testing.assert_array_equal(sources & (1 << bit) != 0, it.column(f"{mine}_{name}")[1])


def check_presence(it: Shown) -> None:
    """Who has a car, whose is a wreck and who did it; nothing at all in slots without a player."""
    for slot in set(it.truth.slots):
        there, wreck = it.truth.is_there(slot), it.truth.is_wreck(slot)
        it.is_equal(f"p{slot}_present", there)
        found, is_valid = it.column(f"p{slot}_demolished")
        assert is_valid[there].all(), "demolished is known of everyone who is there"
        np.testing.assert_array_equal(np.where(is_valid, found, False).astype(bool), wreck, err_msg=f"p{slot}")
        attacker = it.truth.of_players(it.truth.attackers, slot)
        it.is_equal(f"p{slot}_demolished_by", attacker, wreck & (attacker >= 0))
    assert it.parsed.controls is not None
    for name in (*it.parsed.frames.column_names, *it.parsed.controls.column_names):
        if (slot_of := re.match(r"p(\d+)_", name)) and int(slot_of[1]) not in it.truth.slots:
            it.is_nothing(name)


def best_of(it: Shown) -> int:
    """Return who has most points of the team that scored more."""
    match = it.truth.recording.match
    winner = np.argmax([sum(goal.team == team for goal in match.goals) for team in (0, 1)])
    points = [(100 * who.goals + 50 * who.assists) * (who.team == winner) for who in match.players]
    return int(np.argmax(points))


def check_players(it: Shown) -> None:
    """The table of players: who they are, when they were there, and what the header says of them."""
    match, teams, plan = it.truth.recording.match, teams_of(it.truth.recording), it.truth.recording.plan
    table = players_rows(it.truth.recording, it.rows(it.parsed.players, "players"))
    time_there = (match.has_car * match.delta[:, None]).sum(axis=0)
    for number in dict.fromkeys(match.persons):
        parts, row = match.parts_of(number), table[number]
        who, last = match.players[number], match.players[parts[-1]]
        is_bot = who.player.platform is Platform.BOT
        assert row["player"] == it.parsed.players.index(dict(row))
        assert row["name"] == who.player.name
        assert row["platform"] == KINDS.get(who.player.platform, who.player.platform.value.lower())
        assert row["is_bot"] == is_bot
        assert is_bot or row["player_id"] == str(who.player.account or who.player.number)
        assert (row["local_id"], row["is_guest"]) == (who.player.local_id, who.player.local_id > 0)
        assert row["team"] == teams[parts[-1]]
        assert row["slot"] == it.truth.slots[parts[-1]]
        assert row["slot"] // SLOTS == last.team
        has_car = np.flatnonzero(match.has_car[it.truth.frames][:, parts].any(axis=1))
        shows = np.flatnonzero(np.logical_or.reduce([it.truth.holders[it.truth.slots[part]] == part for part in parts]))
        found = (row["rows_present"], row["first_row"], row["last_row"])
        assert found in [(len(rows), rows.min(), rows.max()) for rows in (has_car, shows)]
        assert row["seconds_on_field"] == pytest.approx(
            time_there[parts].sum(), abs=0.2 + len(match.plays) * 2 / it.case.fps
        )
        goals, assists = (sum(getattr(match.players[part], name) for part in parts) for name in ("goals", "assists"))
        counts = {"score": 100 * goals + 50 * assists, "goals": goals, "assists": assists, "saves": 0, "shots": goals}
        is_listed = (
            match.joined[parts[-1]] < match.left[parts[-1]] == match.frames
        )  # the header lists nobody who has left
        is_walked = it.parsed.facts["decoder"] == "exact"
        assert {name: row[name] for name in counts} == counts
        assert row["stats_source"] == ("header" if is_listed else "network")
        assert row["stats_differ"] == ("" if is_listed and is_walked else None)
        assert row["is_mvp"] == (best_of(it) == number if is_walked and plan.names_mvp else None)
        made = sum(event.attacker in parts for event in match.demolitions)
        is_counted = plan.version.demolish is DemolishFormat.EXTENDED
        assert row["demolitions"] == (made if is_walked and is_counted else None)


def check_equipment(it: Shown) -> None:
    """What everyone plays with, in the team that he is in; what is told of nobody at the time is null."""
    match, version = it.truth.recording.match, it.truth.recording.plan.version
    is_known = version.has_camera_transition
    table = players_rows(it.truth.recording, it.rows(it.parsed.players, "players"))
    for number in dict.fromkeys(match.persons):
        row, last = table[number], match.players[match.parts_of(number)[-1]]
        kit, is_bot = equipment(match, number), last.player.platform is Platform.BOT
        car = kit.cars[last.team if version.has_two_loadouts else 0]
        assert (row["car_body"], row["hitbox"]) == CARS[row["car_body_id"]]
        assert row["car_body_id"] == car.body
        parts = {name: value for name, value in asdict(car).items() if value and name != "body"}
        assert json.loads(row["loadout"]) == parts
        camera = {} if kit.camera is None else asdict(kit.camera)
        for column, name in CAMERA.items():
            value = None if name == "transition" and not is_known else camera.get(name)
            assert row[column] == (None if value is None else np.float32(value)), column
        steering = None if is_bot or not is_known else np.float32(kit.steering)
        assert row["steering_sensitivity"] == steering
        assert (row["title"], row["title_id"]) == (kit.title if is_known else None, kit.title_number)
        leader = kit.party_leader
        assert row["party_leader"] == (
            None
            if leader is None
            else f"{KINDS.get(leader.platform, leader.platform.value.lower())}:{leader.account or leader.number}"
        )


def check_stints(it: Shown) -> None:
    """The table of stints: one for each team that a player was in."""
    match, slots, teams = it.truth.recording.match, it.truth.slots, teams_of(it.truth.recording)
    numbers = [row["player"] for row in players_rows(it.truth.recording, it.parsed.players)]
    table = it.rows(it.parsed.stints, "stints")
    assert sorted((row["player"], row["team"], row["slot"]) for row in table) == sorted(
        zip(numbers, teams, slots, strict=True)
    )
    time_there = (match.has_car * match.delta[:, None]).sum(axis=0)
    for part, player, team in zip(range(len(slots)), numbers, teams, strict=True):
        row = next(row for row in table if (row["player"], row["team"]) == (player, team))
        there = [match.has_car[it.truth.frames, part], it.truth.holders[slots[part]] == part]
        found = (row["rows_present"], row["first_row"], row["last_row"])
        assert found in [(len(rows), rows.min(), rows.max()) for rows in map(np.flatnonzero, there)]
        assert row["seconds_on_field"] == pytest.approx(time_there[part], abs=0.2 + len(match.plays) * 2 / it.case.fps)


def check_goals(it: Shown) -> None:
    """The table of goals: the header's, with the first row that shows each."""
    match, time = it.truth.recording.match, it.parsed.frames["time"].to_numpy()
    table = it.rows(it.parsed.goals, "goals")
    assert len(table) == len(match.goals)
    for number, (goal, row) in enumerate(zip(match.goals, table, strict=True)):
        at = it.truth.first_row(goal.frame)
        assert (row["goal"], row["frame"], row["row"]) == (number, goal.frame, at)
        assert row["time_source"] == ("frames" if it.truth.recording.plan.has_state else "header")
        told = match.time[goal.frame] if row["time_source"] == "header" or at is None else time[at]
        assert row["time"] == told
        assert (row["team"], row["scorer"]) == (
            ("blue", "orange")[goal.team],
            match.players[goal.scorer].player.name,
        )
        assert row["slot"] == it.truth.slots[goal.scorer]
        assert row["player"] == players_rows(it.truth.recording, it.parsed.players)[goal.scorer]["player"]


def check_demolitions(it: Shown) -> None:
    """The table of demolitions: each once, in every era."""
    time, slots = it.parsed.frames["time"].to_numpy(), it.truth.slots
    numbers = [row["player"] for row in players_rows(it.truth.recording, it.parsed.players)]
    who = list(zip(numbers, slots, strict=True))
    hidden = it.truth.recording.plan.hides_attackers
    expected = [
        (row, time[row], who[event.victim], (None, None) if hidden else who[event.attacker])
        for event in it.truth.recording.match.demolitions
        if (row := it.truth.first_row(event.frame)) is not None
    ]
    found = [
        (
            row["row"],
            row["time"],
            (row["victim_player"], row["victim_slot"]),
            (row["attacker_player"], row["attacker_slot"]),
        )
        for row in it.rows(it.parsed.demolitions, "demolitions")
    ]
    assert sorted(found) == sorted(expected)


def check_facts(it: Shown) -> None:
    """What parsing adds to the row of a replay."""
    match, plan = it.truth.recording.match, it.truth.recording.plan
    (facts,) = it.rows([{**it.parsed.facts, "replay_id": it.parsed.replay["replay_id"]}], "replays")
    assert facts["playlist_id"] == (plan.archetypes.playlist or PLAYLISTS[match.team_size])
    assert facts["mode"] == (MODES_OF_ITEMS[plan.items] if plan.archetypes.ball else "knockout")
    assert facts["demolitions_known"] is True
    assert facts["parser_version"] == version("subtr-actor-py")
    assert facts["season"] is None or re.fullmatch(r"FreeToPlay \d+", facts["season"])
    assert facts["season"] is None or plan.version.date >= "2020-09-23"
    if plan.version.date in SEASONS and plan.archetypes.ball:  # the parser, which knows seasons, refuses other cars
        assert facts["season"] == f"FreeToPlay {SEASONS[plan.version.date]}"
    assert facts["people_missing"] == []
    assert facts["refused"] == []
    assert facts.get("events_differ") is None  # no case asks for events
    it.looked_at.add("replays.events_differ")  # held in test_events.py
    assert facts["balls_at_once"] == it.truth.balls_at_once
    assert facts["decoder"] in ("array", "exact")
    assert (facts["decoder"] == "exact") == bool(facts["why_exact"])
    assert (it.parsed.replay["blue_score"], it.parsed.replay["orange_score"]) == match.final_scores
    recorded = float(match.time[-1]) - float(match.time[0])
    assert facts["recorded_seconds"] == pytest.approx(recorded, abs=1.01 / it.case.fps)


def check_match_facts(it: Shown) -> None:
    """What the file tells of the match as a whole, by header or network data, and null where neither does."""
    match, plan, replay = it.truth.recording.match, it.truth.recording.plan, it.parsed.replay
    (facts,) = it.rows([{**it.parsed.facts, "replay_id": it.parsed.replay["replay_id"]}], "replays")
    by_header = plan.version == LATEST
    is_named = plan.guid is not GuidPlace.NOWHERE and (plan.version.names_match or by_header)
    assert replay["match_guid"] == (it.truth.recording.match_guid if is_named else None)
    if by_header:
        assert replay["is_forfeit"] is (None if plan.is_unfinished and not match.is_forfeit else match.is_forfeit)
        assert facts["winner"] == (None if plan.is_unfinished or match.winner is None else TEAMS[match.winner])
    else:
        # Headers of all years say so of a forfeit; that there was none, only the whole network data.
        is_told = match.is_forfeit or (facts["decoder"] == "exact" and not plan.is_no_contest)
        assert replay["is_forfeit"] is (match.is_forfeit if is_told else None)
        blue, orange = match.final_scores
        is_over = not match.is_time_unlimited and match.seconds_remaining[it.truth.frames[-1]] <= 0
        assert facts["winner"] == (TEAMS[int(orange > blue)] if is_over and blue != orange else None)
    kickoffs_at_zero = bool(((match.countdown > 0) & (match.seconds_remaining == 0))[it.truth.frames].any())
    assert facts["is_overtime"] is (None if match.is_time_unlimited or not plan.has_state else kickoffs_at_zero)
    assert facts["has_unlimited_time"] is match.is_time_unlimited
    assert set(facts["mutators"]) == mutators_of(plan, match)
    assert (facts["server_name"], facts["server_region"]) == (SERVER_NAME, "EU" if plan.version.minor >= 32 else None)
    assert (facts["blue_name"], facts["orange_name"]) == (plan.team_names or (None, None))
    assert replay["replay_name"] == f"Synthetic match {match.seed}"
    assert (replay["recorder_name"] is None) == by_header
    assert (replay["started_at"] is not None) == by_header


def mutators_of(plan: RecordingPlan, match: Match) -> set[str]:
    """Return what a recording tells of rules that are not the mode's own."""
    named = {
        "ReplicatedBallScale": "ball_scale",
        "ReplicatedCarScale": "car_scale",
        "bUnlimitedJumps": "unlimited_jumps",
        "RechargeRate": "boost_recharge_rate",
    }
    told = {name.split(":")[1]: value for name, value in plan.rules if value != 1.0 or value is True}
    found = {f"{named[name]}={str(value).lower()}" for name, value in told.items()}
    found |= {"unlimited_boost=true"} if match.is_boost_unlimited else set()
    found |= {"unlimited_time=true"} if match.is_time_unlimited else set()
    return found | ({f"items={plan.items}"} if MODES_OF_ITEMS[plan.items] == "special" else set())


def check_measures(it: Shown) -> None:
    """What is counted of frames and tables."""
    match, plan, frames, measures = (
        it.truth.recording.match,
        it.truth.recording.plan,
        it.truth.frames,
        it.parsed.measures,
    )
    last_parts = {match.parts_of(person)[-1] for person in match.persons}
    in_team = [sum(match.players[part].team == team for part in last_parts) for team in (0, 1)]
    with_car = sum(it.truth.is_there(slot).astype(int) for slot in set(it.truth.slots))
    expected = {
        "rows": len(frames),
        "frames_shown": len(set(frames.tolist())),
        "n_players": len(last_parts),
        "n_blue": in_team[0],
        "n_orange": in_team[1],
        "n_bots": sum(who.player.platform is Platform.BOT for who in match.players),
        "players_at_once": int(np.max(with_car)),
        "goals_blue": match.final_scores[0],
        "goals_orange": match.final_scores[1],
        "goal_mismatch": 0,
        "non_finite": 0,
        "kickoffs_in_other_half": 0 if plan.has_state else None,
        "time_steps_back": 0,
    }
    assert {name: measures[name] for name in expected} == expected
    assert measures["share_held"] == pytest.approx(1 - len(set(frames.tolist())) / len(frames))
    assert measures["share_ball_missing"] == (0.0 if it.truth.ball_is_known else 1.0)


GROUPS: dict[str, Callable[[Shown], None]] = {
    name.removeprefix("check_"): check
    for name, check in list(globals().items())
    if name.startswith("check_") and name not in ("check_body", "check_air_controls")
}


def combinations() -> list[Any]:
    found = []
    for name, group, decoder in itertools.product(CASES, GROUPS, DECODERS):
        limit = LIMITS.get((name, group, decoder))
        marks = [pytest.mark.xfail(strict=True, reason=limit)] if limit else []
        found.append(pytest.param(name, group, decoder, id=f"{name}-{group}-{decoder}", marks=marks))
    return found


@pytest.mark.parametrize(("name", "group", "decoder"), combinations())
def test_columns_tell_what_happened(name: str, group: str, decoder: Decoder) -> None:
    """In all samplings: null is what the file does not tell and nothing else, and values are within half a step."""
    for sampling in Sampling:
        it = shown(name, sampling, decoder)
        if isinstance(it, ReplayError):
            raise it
        GROUPS[group](it)


def test_every_column_is_looked_at() -> None:
    """A new column needs a check here, against the truth of a match."""
    it = shown("every update", Sampling.causal, DECODERS[0])
    assert isinstance(it, Shown)
    for check in GROUPS.values():
        check(it)
    names = frame_layout(slots_per_team=SLOTS).schema.names
    expected = {re.sub(r"^p\d+_", "p{slot}_", name) for name in names}
    joined_later = {"player_id_api", *(column.name for column in LISTED_RANK)}
    expected |= {re.sub(r"^p\d+_", "p{slot}_", column.name) for column in control_columns(SLOTS)}
    expected |= {f"players.{column.name}" for column in PLAYER_COLUMNS if column.name not in joined_later}
    expected |= {f"stints.{column.name}" for column in STINT_COLUMNS}
    expected |= {f"goals.{column.name}" for column in GOAL_COLUMNS}
    expected |= {f"demolitions.{column.name}" for column in DEMOLITION_COLUMNS}
    of_file = {column.name for column in MANIFEST_COLUMNS} - {"replay_id"}
    expected |= {f"replays.{column.name}" for column in REPLAY_COLUMNS if column.name not in of_file}
    assert it.looked_at == expected


@pytest.mark.heavy
@pytest.mark.parametrize("decoder", DECODERS)
@pytest.mark.parametrize("era", VERSIONS, ids=lambda era: era.name)
@pytest.mark.parametrize("name", [name for name in CASES if not name.startswith("era")])
def test_every_case_in_every_era(name: str, era: FormatVersion, decoder: Decoder) -> None:
    """The same matches in all formats, with all and with few updates, at other rates; what they cannot show is left out."""
    known = {group for case, group, of in LIMITS if (case, of) == (name, decoder)}
    for dropped_updates, fps in ((0.0, 60.0), (0.9, 7.5)):
        case = CASES[name].of(era, dropped_updates=dropped_updates, fps=fps)
        recording = Recording(generate(MatchPlan(**case.plan)), case.how)
        for sampling in Sampling:
            it = parse(recording, case, sampling, decoder)
            for group in GROUPS.keys() - known:
                GROUPS[group](it)
