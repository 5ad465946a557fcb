"""What a replay has sent up to each network frame, by an account of its own: nothing here comes from the package.

Owns: which lives of actors there are, whose cars and parts they are, and from which network frame on something was sent of them.
The parser's raw decode is walked in plain Python; only its form is shared with the decoder under test.
"""

from __future__ import annotations

import gc
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import subtr_actor
from numpy.typing import NDArray

Flags = NDArray[np.bool_]

LOOK_AHEAD = 302
"""Links that are sent before this network frame hold from the start of the actor's life: people are looked up there. So do
those that come with a keyframe first, which tells again what was so before: whose a part is, is no value."""

RIGID_BODY = "TAGame.RBActor_TA:ReplicatedRBState"
MATCH = {
    "game_state": "TAGame.GameEvent_TA:ReplicatedStateName",
    "ball_has_been_hit": "TAGame.GameEvent_Soccar_TA:bBallHasBeenHit",
    "kickoff_countdown": "TAGame.GameEvent_TA:ReplicatedGameStateTimeRemaining",
    "seconds_remaining": "TAGame.GameEvent_Soccar_TA:SecondsRemaining",
}
"""Column to its attribute."""
DRIVER, PART_OF = "Engine.Pawn:PlayerReplicationInfo", "TAGame.CarComponent_TA:Vehicle"
ACCOUNT, IS_BOT = "Engine.PlayerReplicationInfo:UniqueId", "Engine.PlayerReplicationInfo:bBot"
BOOST = "TAGame.CarComponent_Boost_TA:"
AMOUNTS = {f"{BOOST}ReplicatedBoost", f"{BOOST}ReplicatedBoostAmount"}
UNLIMITED = {f"{BOOST}UnlimitedBoostRefCount", f"{BOOST}bUnlimitedBoost"}
DEMOLITIONS = "TAGame.Car_TA:ReplicatedDemolish"
"""How the names of the attributes of all eras begin."""


@dataclass
class Life:
    """One actor between its spawn and its removal, with the first network frame in which something was sent."""

    actor: int
    archetype: str
    start: int
    end: int
    body: int | None = None
    boost: int | None = None
    wrecked: int | None = None
    """Named as the victim of a demolition."""
    person: str | None = None
    """Of an entry: platform and id as the table of players has them."""
    links: list[tuple[int, int]] = field(default_factory=list)
    """From which network frame on it belongs to which life: a car to the entry of its driver, a part to its car."""

    @property
    def is_ball(self) -> bool:
        return self.archetype.startswith("Archetypes.Ball.") or self.archetype.lower().endswith("ball")


class Sent:
    """What was sent in a replay."""

    def __init__(self, data: bytes) -> None:
        gc.disable()  # which looks for cycles among millions of objects that have none
        try:
            replay = subtr_actor.parse_replay(data)
            self.lives: list[Life] = []
            self.first: dict[str, int] = {}
            self._now: dict[int, int] = {}
            self._latest: dict[int, int] = {}
            self._keyframe = -1
            frames = (replay["network_frames"] or {}).get("frames", [])
            self.frames = len(frames)
            for number, frame in enumerate(frames):
                self._read(number, frame, replay["objects"])
                frames[number] = None
        finally:
            gc.enable()

    def _read(self, number: int, frame: Mapping[str, Any], objects: Sequence[str]) -> None:
        for actor in frame["deleted_actors"]:
            if actor in self._now:
                self.lives[self._now.pop(actor)].end = number
        for new in frame["new_actors"]:
            actor, archetype = new["actor_id"], objects[new["object_id"]]
            before = self.lives[self._now[actor]] if actor in self._now else None
            if before is not None and before.archetype == archetype:
                self._keyframe = number  # which tells it again
                continue
            if before is not None:
                before.end = number
            self._now[actor] = self._latest[actor] = len(self.lives)
            self.lives.append(Life(actor, archetype, number, self.frames))
        for update in frame["updated_actors"]:
            (value,) = update["attribute"].values()
            self._take(number, self.lives[self._now[update["actor_id"]]], objects[update["object_id"]], value)

    def _take(self, number: int, life: Life, name: str, value: Any) -> None:
        if name == RIGID_BODY:
            life.body = number if life.body is None else life.body
        elif name in MATCH.values():
            self.first.setdefault(name, number)
        elif name in AMOUNTS or (name in UNLIMITED and value > 0):
            life.boost = number if life.boost is None else life.boost
        elif name in (DRIVER, PART_OF):
            target = self._latest.get(value["actor"])
            if target is not None and (not life.links or life.links[-1][1] != target):
                was_so = not life.links and (number < LOOK_AHEAD or number == self._keyframe)
                life.links.append((life.start if was_so else number, target))
        elif name.startswith(DEMOLITIONS):
            victim = value["victim"]
            car = self._latest.get(victim if isinstance(victim, int) else victim["actor"])
            if car is not None and self.lives[car].wrecked is None:
                self.lives[car].wrecked = number
        elif name == ACCOUNT:
            ((kind, account),) = value["remote_id"].items()
            if isinstance(account, Mapping):
                account = account.get("name") or account.get("online_id")
            life.person = f"{kind.lower()} {account}"
        elif name == IS_BOT and value and life.person is None:
            life.person = f"splitscreen {2**32 - 1 - life.actor}"  # what the parser calls it

    @cached_property
    def _cars(self) -> dict[str, list[tuple[int, Life]]]:
        """Person to cars, each with the network frame from which it is theirs."""
        found = defaultdict(list)
        for car in self.lives:
            for start, entry in car.links:
                person = self.lives[entry].person
                if person is not None:
                    found[person].append((start, car))
        return found

    @cached_property
    def _parts(self) -> dict[int, list[tuple[int, Life]]]:
        found = defaultdict(list)
        for part in self.lives:
            if part.boost is not None:
                for start, car in part.links:
                    found[car].append((start, part))
        return found

    def of_match(self, column: str) -> Flags:
        """Return (frames,) whether a column's attribute was sent by anyone up to each network frame."""
        return np.arange(self.frames) >= self.first.get(MATCH[column], self.frames)

    def of_ball(self) -> Flags:
        """Return (frames,) whether there is a ball whose body was sent."""
        return self._over((ball.body, ball.end) for ball in self.lives if ball.is_ball)

    def of_body(self, people: Sequence[str]) -> Flags:
        """Return (frames,) whether one of some people has a car whose body was sent."""
        return self._over((_later(start, car.body), car.end) for start, car in self._of(people))

    def of_boost(self, people: Sequence[str]) -> Flags:
        """Return (frames,) whether one of them has a car of whose boost an amount, or that it is unlimited, was sent."""
        places = {id(life): number for number, life in enumerate(self.lives)}
        return self._over(
            (_later(start, _later(since, part.boost)), min(part.end, car.end))
            for start, car in self._of(people)
            for since, part in self._parts.get(places[id(car)], ())
        )

    def of_demolition(self, people: Sequence[str]) -> Flags:
        """Return (frames,) whether the last car of one of them that had a body was demolished."""
        found = np.zeros(self.frames, dtype=bool)
        for person in people:
            with_body = [
                (max(start, car.body), car) for start, car in self._cars.get(person, ()) if car.body is not None
            ]
            cars = sorted(with_body, key=lambda link: link[0])
            ends = [*(start for start, _ in cars[1:]), self.frames]
            found |= self._over((_later(start, car.wrecked), end) for (start, car), end in zip(cars, ends, strict=True))
        return found

    def _of(self, people: Sequence[str]) -> list[tuple[int, Life]]:
        return [link for person in people for link in self._cars.get(person, ())]

    def _over(self, spans: Iterable[tuple[int | None, int]]) -> Flags:
        found = np.zeros(self.frames, dtype=bool)
        for start, end in spans:
            if start is not None:
                found[start:end] = True
        return found


def _later(start: int, sent: int | None) -> int | None:
    return None if sent is None else max(start, sent)
