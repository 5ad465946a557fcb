"""What recordings of some years and modes leave out, delay or write again: as raw attributes, as real files have it."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
import subtr_actor

from impulse.demo import KNOCKOUT, VERSIONS, ExtraBall, Freeze, MatchPlan, Recording, RecordingPlan, generate
from impulse.errors import ConfigError

VERSION = {version.name: version for version in VERSIONS}


@dataclass(frozen=True)
class Told:
    """One attribute in the network data."""

    frame: int
    actor: int
    archetype: str
    field: str
    value: Any


@dataclass(frozen=True)
class Raw:
    """What a file tells, read without anything of ours."""

    recording: Recording
    told: list[Told]
    objects: list[str]

    def of(self, field: str) -> list[Told]:
        """Return the updates of a field, named without its class."""
        return [one for one in self.told if one.field == field]


@pytest.fixture(autouse=True)
def quick() -> Iterator[None]:
    """Millions of small objects in a row: the collector of cycles would take most of the time."""
    gc.disable()
    yield
    gc.enable()


def raw(how: RecordingPlan, **plan: Any) -> Raw:
    whole: dict[str, Any] = {"seed": 4, "team_size": 1, "duration_seconds": 8, "goals": 0, "demolitions": 0, **plan}
    recording = Recording(generate(MatchPlan(**whole)), how)
    read = subtr_actor.parse_replay(recording.data)
    objects, told = read["objects"], []
    archetypes: dict[int, str] = {}
    for number, frame in enumerate(read["network_frames"]["frames"]):
        archetypes |= {new["actor_id"]: objects[new["object_id"]] for new in frame["new_actors"]}
        for update in frame["updated_actors"]:
            ((_, value),) = update["attribute"].items()
            field = objects[update["object_id"]].split(":")[-1]
            told.append(Told(number, update["actor_id"], archetypes[update["actor_id"]], field, value))
    assert number + 1 == recording.match.frames
    return Raw(recording, told, objects)


def first_frames(raw: Raw) -> list[int]:
    return sorted(life.first for life in raw.recording.match.lives)


def test_boost_is_left_out_or_told_late() -> None:
    """Without the attribute nothing lists it; a delay holds for every car, and nothing is told before."""
    assert not any("ReplicatedBoost" in name for name in raw(RecordingPlan(has_boost=False)).objects)
    late = raw(RecordingPlan(boost_delay_frames=20, repeats_actors=False), goals=1, duration_seconds=16)
    first: dict[int, Told] = {}
    for one in late.of("ReplicatedBoost"):
        first.setdefault(one.actor, one)
    assert sorted(one.frame for one in first.values()) == [frame + 20 for frame in first_frames(late)]
    assert all(abs(one.value["boost_amount"] - 85) <= 1 for one in first.values())


def test_components_are_linked_by_the_next_keyframe() -> None:
    """Their values are told at once; only the cars of the first frame have their own from the start."""
    found = raw(RecordingPlan(links_components_late=True, repeats_actors=False), **LINKED_LATE)
    recording = found.recording
    later = [life.first for life in recording.match.lives if life.first]
    expected = [min(frame for frame in recording.keyframes if frame > first) for first in later]
    assert later
    assert sorted({one.frame for one in found.of("Vehicle")}) == sorted({0, *expected})
    assert set(later) <= {one.frame for one in found.of("ReplicatedBoost")}


LINKED_LATE = {"seed": 7, "duration_seconds": 24, "demolitions": 1, "goals": 1}
"""All cars after the first last until the next keyframe."""


def test_an_equal_amount_is_told_while_boosting() -> None:
    """The tank is really full again, unlike at keyframes, which tell the last report of a tank that has been emptied since."""
    found = raw(RecordingPlan(repeats_actors=False), refills_while_burning=True)
    match, equal = found.recording.match, 0
    last: dict[int, int] = {}
    for one in found.of("ReplicatedBoost"):
        amount = one.value["boost_amount"]
        if last.get(one.actor) == amount:
            equal += 1
            assert np.abs(match.boost[one.frame] - amount).min() < 3.1  # one frame's burning
            assert (match.component_counts[one.frame, :, 0] % 2 == 1).any()
        last[one.actor] = amount
    assert equal


@pytest.mark.parametrize(
    ("version", "field", "value"), [("868.12", "bUnlimitedBoost", True), ("868.32.11", "UnlimitedBoostRefCount", 1)]
)
def test_unlimited_boost_is_told_of_every_car(version: str, field: str, value: object) -> None:
    """In the frame in which the car appears, with a full tank that stays full."""
    found = raw(RecordingPlan(version=VERSION[version], repeats_actors=False), is_boost_unlimited=True)
    assert [one.frame for one in found.of(field)] == first_frames(found)
    assert all(one.value == value for one in found.of(field))
    assert (found.recording.match.boost == 255).all()
    assert (found.recording.match.component_counts[..., 0] > 0).any()


def test_unlimited_time_counts_up_from_one() -> None:
    """The clock is first told when a second has been played."""
    found = raw(RecordingPlan(repeats_actors=False), is_time_unlimited=True)
    assert [(one.frame, one.value) for one in found.of("bUnlimitedTime")] == [(0, True)]
    assert [one.value for one in found.of("SecondsRemaining")] == list(range(1, 9))


def test_a_frozen_body_moves_untold() -> None:
    """Neither the ball nor the car is told of for two seconds in which both move."""
    frozen = (Freeze(0, 220, 290), Freeze(2, 220, 290))
    found = raw(RecordingPlan(frozen=frozen, dropped_updates=0))
    frames = [one.frame for one in found.of("ReplicatedRBState") if 220 <= one.frame < 290]
    assert len(frames) == 70  # the other car's
    match = found.recording.match
    assert np.linalg.norm(np.diff(match.ball.position[[220, 289]], axis=0)) > 100
    assert np.linalg.norm(np.diff(match.cars.position[[220, 289], 1], axis=0)) > 100


def test_a_bot_comes_late_and_stays_for_a_moment() -> None:
    """It has a name and no account, loses its team when a person comes for it, and drives on: for 45 frames they are five."""
    found = raw(RecordingPlan(repeats_actors=False), team_size=4, bots=1, bots_from_frame=3, replaced_bot_frame=200)
    (bot,) = {one.actor for one in found.of("bBot")}
    mine = [(one.frame, one.field) for one in found.told if one.actor == bot and one.archetype.endswith("PRI_TA")]
    assert mine[:3] == [(3, "PlayerName"), (3, "Team"), (3, "bBot")]
    assert not {(frame, field) for frame, field in mine if field in ("UniqueId", "PlayerID")}
    assert [(one.frame, one.value["actor"]) for one in found.of("Team") if one.actor == bot][1:] == [(200, -1)]
    there = found.recording.match.has_car[:, 4:].sum(axis=1)
    assert np.flatnonzero(there == 5).tolist() == list(range(200, 245))
    assert set(there[3:].tolist()) == {4, 5}


def test_several_balls() -> None:
    """A spawner never moves; a second ball does, and is no other than the first by what it is spawned from."""
    one = raw(RecordingPlan(extra_ball=ExtraBall.SPAWNER))
    assert {
        told.archetype for told in one.told if ".Ball." in told.archetype and told.field != "ReplicatedRBState"
    } == {
        "Archetypes.Ball.Ball_Default",
        "Archetypes.Ball.Ball_RingSpawner",
    }
    moving = {told.actor for told in one.of("ReplicatedRBState") if ".Ball." in told.archetype}
    assert len(moving) == 1
    two = raw(RecordingPlan(extra_ball=ExtraBall.SECOND))
    assert len({told.actor for told in two.of("ReplicatedRBState") if ".Ball." in told.archetype}) == 2


def test_state_and_hits_are_left_out() -> None:
    """What is not told is not listed either."""
    found = raw(RecordingPlan(has_state=False, has_hit_flag=False))
    assert not any(name.endswith((":ReplicatedStateName", ":bBallHasBeenHit")) for name in found.objects)


def wrecked(**how: Any) -> Raw:
    """Return a match with a wreck that is there when the keyframe after the respawn comes."""
    plan = RecordingPlan(wreck_seconds=12, repeats_demolitions=True, **how)
    found = raw(plan, seed=6, duration_seconds=14, demolitions=1)
    (event,) = found.recording.match.demolitions
    respawn = next(life.first for life in found.recording.match.lives if life.first > event.frame)
    assert any(respawn < frame < respawn + 290 for frame in found.recording.keyframes)
    return found


@pytest.mark.parametrize("keeps_links", [True, False])
@pytest.mark.parametrize("version", VERSIONS, ids=lambda version: version.name)
def test_a_keyframe_tells_of_a_wreck_again(version: Any, keeps_links: bool) -> None:
    """The demolition twice, the last time behind the new car; the link as the year has it."""
    found = wrecked(version=version, keeps_wreck_links=keeps_links)
    field = version.demolish.value.split(":")[-1]
    first, again = found.of(field)
    assert first.value == again.value
    assert first.frame == found.recording.match.demolitions[0].frame
    assert again.frame in found.recording.keyframes
    links = [one for one in found.of("PlayerReplicationInfo") if one.frame == again.frame]
    new_car = [one for one in links if one.actor != first.actor and one.value["actor"] == links[-1].value["actor"]]
    assert links[-1].actor == first.actor
    assert bool(new_car) == keeps_links
    assert (links[-1].value["actor"] == -1) == (not keeps_links)


@pytest.mark.parametrize("seconds", [0.5, 5.0])
def test_a_wreck_is_removed_when_its_time_is_over(seconds: float) -> None:
    """Before its player has a new car, or after; with all its parts."""
    recording = Recording(
        generate(MatchPlan(seed=6, team_size=1, duration_seconds=14, goals=0, demolitions=1)),
        RecordingPlan(wreck_seconds=seconds),
    )
    (event,) = recording.match.demolitions
    frames = subtr_actor.parse_replay(recording.data)["network_frames"]["frames"]
    removed = [number for number, frame in enumerate(frames) for _ in frame["deleted_actors"]]
    assert len(removed) == 6
    assert len(set(removed)) == 1
    assert recording.match.time[removed[0]] - recording.match.time[event.frame] == pytest.approx(seconds, abs=0.04)


def test_what_tells_of_a_demolition_has_the_order_of_real_files() -> None:
    """Collisions, hidden, link, the sleeping body, and at last the demolition."""
    found = wrecked()
    (event,) = found.recording.match.demolitions
    victim = found.of("ReplicatedDemolishExtended")[0].actor
    assert [one.field for one in found.told if one.frame == event.frame and one.actor == victim][-6:] == [
        "bCollideActors",
        "bHidden",
        "bBlockActors",
        "PlayerReplicationInfo",
        "ReplicatedRBState",
        "ReplicatedDemolishExtended",
    ]


def test_autumn_2020_tells_of_a_demolition_by_two_attributes() -> None:
    """Both in one frame, about the same cars."""
    found = wrecked(version=VERSION["868.29.10"])
    (event,) = found.recording.match.demolitions
    new, old = (found.of(field)[0] for field in ("ReplicatedDemolish_CustomFX", "ReplicatedDemolish"))
    assert new.frame == old.frame == event.frame
    assert {name: new.value[name] for name in old.value} == old.value


@pytest.mark.parametrize("version", VERSIONS, ids=lambda version: version.name)
def test_a_demolition_may_name_no_attacker(version: Any) -> None:
    """Nobody, at no speed."""
    found = wrecked(version=version, hides_attackers=True)
    value = found.of(version.demolish.value.split(":")[-1])[0].value
    attacker = value["attacker"]
    assert attacker == {"active": False, "actor": -1} or (attacker, value["attacker_flag"]) == (-1, False)
    assert set((value.get("attack_velocity") or value["attacker_velocity"]).values()) == {0.0}


def test_cars_of_another_mode() -> None:
    """Cars and their parts have the archetypes of that mode, ordinary ones are not listed, and there is no ball."""
    found = raw(RecordingPlan(archetypes=KNOCKOUT))
    cars = {one.archetype for one in found.of("ReplicatedRBState")}
    assert cars == {"Archetypes.KnockOut.GameEvent_Knockout:CarArchetype"}
    assert {one.archetype for one in found.of("ReplicatedBoost")} == {
        "Archetypes.KnockOut.GameEvent_Knockout:CarArchetype.Boost"
    }
    assert not any(name.startswith(("Archetypes.Car.", "Archetypes.Ball.")) for name in found.objects)


def test_recordings_that_cannot_be_are_refused() -> None:
    """A mode without a ball has neither goals nor a second ball, and nothing is told before it happens."""
    with pytest.raises(ConfigError, match="goals"):
        Recording(
            generate(MatchPlan(seed=1, team_size=1, duration_seconds=20, goals=1)), RecordingPlan(archetypes=KNOCKOUT)
        )
    with pytest.raises(ConfigError, match="extra_ball"):
        RecordingPlan(archetypes=KNOCKOUT, extra_ball=ExtraBall.SECOND)
    with pytest.raises(ConfigError, match="boost_delay_frames"):
        RecordingPlan(boost_delay_frames=-1)
    with pytest.raises(ConfigError, match="replaced_bot_frame"):
        MatchPlan(replaced_bot_frame=100)
