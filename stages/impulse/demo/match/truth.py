"""The truth of a synthetic match: what happened, frame by frame and event by event.

Owns: the records that the generator fills, the encoder writes and tests compare with. F is the number of
frames, P the number of players; players are in the order of :attr:`Match.players`, which is not the
parser's.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

import numpy as np
from numpy.typing import NDArray

from impulse.demo.match.bodies import Bodies
from impulse.demo.match.people import Player

BOOST, DODGE, JUMP, DOUBLE_JUMP = range(4)
"""Positions in the last axis of :attr:`Match.component_counts`."""


SIDE_DODGE_TORQUE, AHEAD_DODGE_TORQUE = 260.0, 224.0
"""Torque of a dodge to the side, about the nose, and of one ahead, about the right side, in rad/s^2 (game rule)."""


class GameState(Enum):
    """State of the game; the value is the name that a replay uses."""

    COUNTDOWN = "Countdown"
    ACTIVE = "Active"
    GOAL_SCORED = "PostGoalScored"
    FINISHED = "Finished"


GAME_STATES = tuple(GameState)
"""Frames store the position in this tuple."""


def score_of(goals: int, assists: int) -> int:
    """Return points of the scoreboard: 100 for a goal, 50 for an assist (game rule)."""
    return 100 * goals + 50 * assists


@dataclass(frozen=True, slots=True)
class MatchPlayer:
    """A player's part in one match, for one team: whoever changes sides has two."""

    player: Player
    team: int
    """0 (blue, defends y < 0) or 1."""
    goals: int
    assists: int
    is_late: bool = False
    """Joined after the match's start."""
    is_leaver: bool = False
    """Left before its end."""

    @property
    def shots(self) -> int:
        """Shots on goal: every goal is one, and there are no others."""
        return self.goals

    @property
    def score(self) -> int:
        """Points of the scoreboard."""
        return score_of(self.goals, self.assists)


@dataclass(frozen=True, slots=True)
class CarLife:
    """One car from spawn to removal."""

    player: int
    first: int
    """Frame of the spawn."""
    stop: int
    """First frame without the car."""
    demolished: int | None = None
    """Frame of its demolition; the wreck stays until ``stop``."""


@dataclass(frozen=True, slots=True)
class Play:
    """From one kickoff to the goal or the end of the match."""

    first: int
    """Frame in which ball and cars are set up."""
    go: int
    """Frame in which the countdown ends."""
    hit: int
    """Frame of the first touch."""
    end: int
    """Frame of the goal, or of the end of the match."""
    stop: int
    """First frame after the play."""


@dataclass(frozen=True, slots=True)
class Goal:
    """A goal."""

    frame: int
    scorer: int
    assistant: int | None
    team: int
    """Team that scored."""
    scores: tuple[int, int]
    """Goals of each team after this one."""


@dataclass(frozen=True, slots=True)
class Demolition:
    """One car destroyed by another."""

    frame: int
    attacker: int
    victim: int


@dataclass(frozen=True, slots=True)
class PadEvent:
    """A boost pad was picked up, or can be picked up again."""

    frame: int
    pad: int
    """Row of :data:`impulse.demo.match.arena.PADS_UU`."""
    player: int | None
    """None when the pad becomes available."""


@dataclass(frozen=True, slots=True)
class Touch:
    """A car hit the ball, which the frame shows at the car, on its new way."""

    frame: int
    team: int
    player: int


@dataclass(frozen=True, slots=True)
class Dodge:
    """A car began a dodge."""

    frame: int
    player: int
    forward: float
    """-1..1; with ``right`` of length 1."""
    right: float


@dataclass(frozen=True, slots=True)
class BoostReport:
    """The game sent how much boost a car has."""

    frame: int
    player: int
    amount: int
    """0..255, before what the car burns in this very frame."""


@dataclass(frozen=True, slots=True)
class Match:
    """A match, or the part of it that was recorded."""

    seed: int
    team_size: int
    players: tuple[MatchPlayer, ...]
    map_name: str
    is_forfeit: bool
    start_scores: tuple[int, int]
    """Goals of each team before the first frame."""
    final_scores: tuple[int, int]

    time: NDArray[np.float32]
    """(F,) s, increasing; jumps by several seconds after a goal."""
    delta: NDArray[np.float32]
    """(F,) s since the frame before; 0 in the first, one frame's length where the time jumps."""
    seconds_remaining: NDArray[np.int64]
    """(F,) s, the match's clock, or the time played where time is unlimited."""
    state: NDArray[np.int64]
    """(F,) position in GAME_STATES."""
    countdown: NDArray[np.int64]
    """(F,) s until a kickoff starts: 3, 2, 1; else 0."""
    is_ball_hit: NDArray[np.bool_]
    """(F,) whether the ball was hit since the last kickoff."""
    ball: Bodies
    """(F,) states."""
    cars: Bodies
    """(F, P) states; NaN where a player has no car, frozen where it is a wreck."""
    has_car: NDArray[np.bool_]
    """(F, P), wrecks included."""
    is_demolished: NDArray[np.bool_]
    """(F, P) the car is a wreck."""
    boost: NDArray[np.float64]
    """(F, P) raw units, 0..255; 0 where a player has no car."""
    component_counts: NDArray[np.uint8]
    """(F, P, 4) how often boost, dodge, jump and double jump were switched since the spawn; odd is active."""
    throttle: NDArray[np.uint8]
    """(F, P) 0 full reverse, 128 neutral, 255 full forward; neutral where a player has no car."""
    steer: NDArray[np.uint8]
    """(F, P) 0 full left to 255 full right, as throttle."""
    handbrake: NDArray[np.bool_]
    """(F, P)."""
    dodge_torque: NDArray[np.int64]
    """(F, P, 2) of the car's last dodge about x and y, 260 and 224 in full, in hundredths of the parser's; zeros before one."""
    air_inputs: NDArray[np.float64]
    """(F, P, 3) pitch (nose up), yaw (nose to the right) and roll (right side down), -1..1, as held in the game's step after
    the frame's state; 0 on the ground."""

    plays: tuple[Play, ...]
    lives: tuple[CarLife, ...]
    goals: tuple[Goal, ...]
    demolitions: tuple[Demolition, ...]
    pad_events: tuple[PadEvent, ...]
    touches: tuple[Touch, ...]
    boost_reports: tuple[BoostReport, ...]
    joined: tuple[int, ...]
    """First frame of each player."""
    left: tuple[int, ...]
    """First frame without each player; F for those who stay."""
    is_boost_unlimited: bool = False
    """Every tank is full all the time."""
    is_time_unlimited: bool = False
    """There is no end, and the clock counts up."""

    forfeiting_team: int = 1
    """Who gave up, where the match was forfeited."""

    @property
    def winner(self) -> int | None:
        """Team that won, 0 or 1; None for a draw."""
        if self.is_forfeit:
            return 1 - self.forfeiting_team
        blue, orange = self.final_scores
        return None if blue == orange else int(orange > blue)

    @property
    def frames(self) -> int:
        """Number of frames."""
        return len(self.time)

    @property
    def persons(self) -> tuple[int, ...]:
        """For each of ``players`` the number of the first one who is the same person."""
        people = [who.player for who in self.players]
        return tuple(people.index(player) for player in people)

    def parts_of(self, number: int) -> list[int]:
        """Return all numbers in ``players`` of the same person, in order: two for one who changes sides."""
        persons = self.persons
        return [other for other, person in enumerate(persons) if person == persons[number]]

    @property
    def dodges(self) -> tuple[Dodge, ...]:
        """Dodges of all cars, in the order of frames."""
        counts = self.component_counts[..., DODGE].astype(np.int64)
        begins = (counts % 2 == 1) & (np.diff(counts, axis=0, prepend=0) != 0)
        found = []
        for frame, player in np.argwhere(begins).tolist():
            about_x, about_y = self.dodge_torque[frame, player].tolist()
            right, forward = about_x / -SIDE_DODGE_TORQUE, about_y / AHEAD_DODGE_TORQUE
            length = max(float(np.hypot(forward, right)), 1e-9)
            found.append(Dodge(frame, player, forward / length, right / length))
        return tuple(found)

    @property
    def pickups(self) -> tuple[PadEvent, ...]:
        """Pad events without those of pads that become available."""
        return tuple(event for event in self.pad_events if event.player is not None)
