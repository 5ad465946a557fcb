"""Facts of the match of all real replays, against an account of headers and raw attributes that shares no code with the product."""

from __future__ import annotations

import gc
from collections import defaultdict
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest
import subtr_actor
from tests.paths import HAZARDS, REPLAYS

from impulse.config.parse import ParseParams
from impulse.demo import VERSIONS, MatchPlan, Recording, RecordingPlan, cut, generate
from impulse.errors import ReplayError
from impulse.parsing.parsed_replay import parse_replay
from impulse.products.frames.match_columns import season
from impulse.schema.sampling import Decoder

OLDER = next(version for version in VERSIONS if version.name == "868.32.10")
NO_FRAMES = ("corrupt", "no-network")
FILES = sorted(
    path for path in (*REPLAYS.glob("*/*.replay"), *HAZARDS.rglob("*.replay")) if path.parent.name not in NO_FRAMES
)
TEXTS = {
    "BallHitSpinScale": "ball_hit_spin_scale",
    "BoostModifier": "boost_strength",
    "BoostRestriction": "boost_restriction",
    "MaxScore": "max_score",
    "RechargeDelay": "boost_recharge_delay",
    "RechargeRate": "boost_recharge_rate",
    "ReplicatedAddedCarBounceScale": "ball_car_bounce_scale",
    "ReplicatedBallGravityScale": "ball_gravity_scale",
    "ReplicatedBallMaxLinearSpeedScale": "ball_max_speed_scale",
    "ReplicatedBallScale": "ball_scale",
    "ReplicatedCarScale": "car_scale",
    "ReplicatedWorldBounceScale": "ball_bounce_scale",
    "UnlimitedBoostRefCount": "unlimited_boost",
    "bNoBoost": "no_boost",
    "bRechargeGroundOnly": "boost_recharge_on_ground",
    "bUnlimitedBoost": "unlimited_boost",
    "bUnlimitedJumps": "unlimited_jumps",
    "bUnlimitedTime": "unlimited_time",
    "bUnlimitedTimeForDodge": "unlimited_dodge_time",
}
"""Attributes that tell of rules, by the ends of their names, as the table calls them."""
OF_MODE = {
    "dropshot": {"boost_recharge_delay=0.25", "boost_recharge_rate=0.1"},
    "knockout": {"boost_recharge_delay=0.5", "boost_recharge_rate=0.32", "boost_recharge_on_ground=true"},
    "heatseeker": {"unlimited_boost=true"},
}
SAME = (
    "match_guid", "winner", "is_overtime", "has_unlimited_time", "mutators", "mode", "season", "server_name", "server_region",
    "blue_name", "orange_name",
)  # fmt: skip
"""What both decoders tell alike."""


@dataclass
class Told:
    """What a file says, by its header and all of its network frames."""

    header: dict[str, Any]
    objects: set[str]
    sent: dict[str, set[Any]] = field(default_factory=lambda: defaultdict(set))
    """By the end of an attribute's name."""

    @property
    def guid(self) -> str | None:
        by_header = [value for name, value in self.header.items() if name.lower() == "matchguid"]
        return next(iter([*by_header, *self.sent["MatchGUID"], *self.sent["MatchGuid"]]), None)

    def rules(self) -> set[str]:
        """Return the rules that are not as usual, but for the ball and items."""
        values = {(TEXTS[name], value) for name in TEXTS for value in self.sent[name] if value}
        values = {(name, True) if name == "unlimited_boost" else (name, value) for name, value in values}
        return {f"{name}={'true' if value is True else format(value, 'g')}" for name, value in values}


@cache
def told(path: Path) -> Told:
    gc.disable()
    try:
        replay = subtr_actor.parse_replay(path.read_bytes())
        objects, found = replay["objects"], Told(dict(replay["properties"]), set(replay["objects"]))
        wanted = {
            *TEXTS, "MatchGUID", "MatchGuid", "bForfeit", "bNoContest", "ServerName", "ReplicatedServerRegion",
            "CustomTeamName", "bUsingItems",
        }  # fmt: skip
        ends = {number: name.split(":")[-1] for number, name in enumerate(objects) if name.split(":")[-1] in wanted}
        for frame in replay["network_frames"]["frames"]:
            for update in frame["updated_actors"]:
                if update["object_id"] in ends:
                    found.sent[ends[update["object_id"]]].update(update["attribute"].values())
        return found
    finally:
        gc.enable()


@pytest.mark.parametrize("decoder", [Decoder.auto, Decoder.exact])
def test_a_kickoff_with_no_time_left_is_overtime(decoder: Decoder, tmp_path: Path) -> None:
    """Older headers tell no winner: it is who leads once time ran out, and nobody in a recording that stops before."""
    match = generate(MatchPlan(seed=4, team_size=1, duration_seconds=12, goals=1, demolitions=0))
    goal = match.goals[0]
    clock = match.seconds_remaining.copy()
    clock[goal.frame :] = 0
    clip = cut(match, first=0, stop=goal.frame + 20)
    found = []
    for number, shown in enumerate((match, replace(match, seconds_remaining=clock), clip)):
        path = tmp_path / f"{number}.replay"
        path.write_bytes(Recording(shown, RecordingPlan(version=OLDER)).data)
        row = parse_replay(path, ParseParams(decoder=decoder)).replay
        found.append((row["is_overtime"], row["winner"]))
    team = ("blue", "orange")[goal.team]
    assert found == [(False, team), (True, team), (False, None)]


@pytest.mark.parametrize(
    ("era", "number", "day", "expected"),
    [
        ("Legacy", 14, datetime(2020, 9, 22), None),  # noqa: DTZ001 - headers have local times
        ("FreeToPlay", 1, datetime(2020, 9, 23), "FreeToPlay 1"),  # noqa: DTZ001
        ("FreeToPlay", 23, datetime(2026, 8, 25), "FreeToPlay 23"),  # noqa: DTZ001
        ("FreeToPlay", 23, datetime(2026, 8, 26), None),  # noqa: DTZ001
        ("FreeToPlay", 23, None, None),
    ],
)
def test_a_season_is_told_where_the_parser_knows_it(era: str, number: int, day: datetime | None, expected: str) -> None:
    """Before free to play it guesses, and of seasons that began after its release it knows nothing."""
    assert season({"season": {"era": era, "number": number}}, day) == expected
    assert season({"season": None}, day) is None
    assert version("subtr-actor-py") == "1.5.1", "look at what another parser knows of seasons, and when that ends"


@pytest.mark.heavy
@pytest.mark.real_replays
@pytest.mark.parametrize("path", FILES, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_facts_are_those_that_header_and_network_data_tell(path: Path) -> None:
    """Guids, forfeits, winners, endless time, mutators, servers and teams' names; by both decoders the same."""
    try:
        rows = [parse_replay(path, ParseParams(decoder=decoder, slots_per_team=8)).replay for decoder in Decoder]
    except ReplayError as error:
        assert error.reason in ("players_changed", "unsupported_format", "no_players")
        rows = [parse_replay(path, ParseParams(slots_per_team=8)).replay]
    file = told(path)
    for row in rows:
        assert {name: row[name] for name in SAME} == {name: rows[0][name] for name in SAME}
        assert row["match_guid"] == (file.guid and file.guid.upper())
        if "MatchStartEpoch" in file.header:
            is_unfinished = file.header.get(
                "bIsUnfinishedMatchReplay", False
            )  # nobody had given up yet, or might have later
            assert row["is_forfeit"] is (file.header.get("bForfeit") or (None if is_unfinished else False))
            number = file.header.get("WinningTeam", 0)
            assert row["winner"] == ({0: "blue", 1: "orange"}.get(number))
        elif True in file.sent["bNoContest"]:
            assert row["is_forfeit"] is row["winner"] is None
        else:
            assert row["is_forfeit"] is (None if row["decoder"] == "array" else True in file.sent["bForfeit"])
        is_listed = any(name.endswith(":bUnlimitedTime") for name in file.objects)
        assert row["has_unlimited_time"] is ((True in file.sent["bUnlimitedTime"]) if is_listed else None)
        mutators = {text for text in row["mutators"] if not text.startswith(("ball=", "items="))}
        assert mutators == file.rules() - OF_MODE.get(row["mode"], set())
        has_items = True in file.sent["bUsingItems"]
        assert has_items == any(text.startswith("items=") for text in row["mutators"]) or row["mode"] == "rumble"
        assert not has_items or row["mode"] in ("rumble", "dropshot_rumble", "special")
        assert {row["server_name"]} == file.sent["ServerName"]
        assert ({row["server_region"]} - {None}) == file.sent["ReplicatedServerRegion"]
        assert {row["blue_name"], row["orange_name"]} - {None} == file.sent["CustomTeamName"]


@pytest.mark.heavy
@pytest.mark.real_replays
def test_no_two_matches_share_a_guid() -> None:
    """Recordings with one guid are of one place, score and time; header and network data never name two."""
    files: dict[str, list[Told]] = defaultdict(list)
    for path in FILES:
        if path.parent.name == "people":
            continue  # synthetic, some of them one match on purpose
        file = told(path)
        names = {value for name, value in file.header.items() if name.lower() == "matchguid"}
        assert len(names | file.sent["MatchGUID"] | file.sent["MatchGuid"]) <= 1, path
        if file.guid:
            files[file.guid].append(file)
    facts = ("MapName", "Team0Score", "Team1Score", "MatchStartEpoch")
    for same in files.values():
        assert len({tuple(file.header.get(name) for name in facts) for file in same}) == 1
    assert len(files) >= 40
