"""Generator of synthetic matches: from a seed and a few wishes to the whole truth.

Owns: what happens in a match (teams, goals, demolitions, joins and leaves) and how the parts are put
together.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from impulse.demo.match import arena
from impulse.demo.match.boost import find_pad_events
from impulse.demo.match.controls import press
from impulse.demo.match.draws import Draws
from impulse.demo.match.driving import drive
from impulse.demo.match.incidents import CHANGE_FRAMES, OVERLAP_FRAMES, Attendance, choose_demolitions, choose_goals
from impulse.demo.match.lives import make_lives, presence, run_components
from impulse.demo.match.people import bot, guest, roster
from impulse.demo.match.rolling import choose_touch_frames, roll_ball
from impulse.demo.match.schedule import count_up, make_schedule
from impulse.demo.match.truth import Goal, Match, MatchPlayer
from impulse.errors import ConfigError

MAX_TEAM_SIZE = 4
LEAST_SECONDS = 0.1
FULL_MATCH_S = 300
"""Clock of an ordinary match (game rule)."""
GOAL_EVERY_S = 45.0
"""Playing time per goal when their number is not given (chosen; about that of real matches)."""
DEMOLITION_EVERY_S = 25.0
"""Playing time per demolition when their number is not given (chosen)."""


@dataclass(frozen=True, slots=True)
class MatchPlan:
    """What a synthetic match shall be like."""

    seed: int = 0
    team_size: int = 3
    """Players of each team, 1..4."""
    duration_seconds: float = 75.0
    """Playing time in seconds, 0.1 or more; recorded are about 5 s more for each kickoff, and 3 s after each goal."""
    goals: int | None = None
    """None draws about one in 45 s; fewer if the playing time has no room for so many."""
    demolitions: int | None = None
    """None draws about one in 25 s; fewer if no car can be found for one."""
    bots: int = 0
    """So many players of team 1 are bots."""
    bots_from_frame: int = 0
    """Bots come in this frame; in real files often in one of the first few, and so after the names were read."""
    join_frame: int | None = None
    """The last player of team 1 joins in this frame; from 302 on the parser's array call fails."""
    leave_frame: int | None = None
    """The last player of team 0 leaves in this frame."""
    change_frame: int | None = None
    """In this frame the last player of team 0 leaves it for team 1, where he has a new car five frames later."""
    has_guest: bool = False
    """The last player of team 0 plays at the screen and on the account of the first."""
    is_forfeit: bool = False
    """A team gives up: the clock starts at 300 s and never gets to 0."""
    forfeiting_team: int = 1
    """The team that gives up, 0 or 1."""
    replaced_bot_frame: int | None = None
    """In this frame a person joins who replaces the first bot of team 1. The bot stays for another 45 frames, so that the team
    is one more than ``team_size``; real overlaps take 1 to 2 s."""
    is_boost_unlimited: bool = False
    """Tanks are full all the time."""
    refills_while_burning: bool = False
    """Every so often the game fills a tank up to what it reported last, while its player burns boost: an equal report."""
    is_time_unlimited: bool = False
    """The clock counts up from 0."""
    roster_seed: int | None = None
    """Seed of the people who play; the match's own if None."""

    def __post_init__(self) -> None:
        """Refuse what cannot be generated."""
        if not 1 <= self.team_size <= MAX_TEAM_SIZE:
            raise ConfigError("team_size", f"must be 1..{MAX_TEAM_SIZE}, not {self.team_size}")
        if self.duration_seconds < LEAST_SECONDS:
            raise ConfigError("duration_seconds", f"must be at least {LEAST_SECONDS}, not {self.duration_seconds}")
        if not 0 <= self.bots <= self.team_size:
            raise ConfigError("bots", f"must be 0..{self.team_size}, not {self.bots}")
        for name in ("goals", "demolitions"):
            count: int | None = getattr(self, name)
            if count is not None and count < 0:
                raise ConfigError(name, f"must not be negative, not {count}")
        if self.join_frame is not None and self.join_frame < 0:
            raise ConfigError("join_frame", f"must not be negative, not {self.join_frame}")
        if self.leave_frame is not None and self.leave_frame < 1:
            raise ConfigError("leave_frame", f"must be at least 1, not {self.leave_frame}")
        if self.bots_from_frame < 0:
            raise ConfigError("bots_from_frame", f"must not be negative, not {self.bots_from_frame}")
        if self.replaced_bot_frame is not None and not (self.bots and self.replaced_bot_frame > self.bots_from_frame):
            raise ConfigError("replaced_bot_frame", "team 1 must have a bot, which must have come before")
        if self.change_frame is not None and (self.change_frame < 1 or self.leave_frame is not None):
            raise ConfigError("change_frame", f"must be at least 1, and nobody may leave, not {self.change_frame}")
        if self.team_size == 1 and (self.has_guest or self.change_frame is not None):
            raise ConfigError("team_size", "must be at least 2 where there is a guest, or somebody changes sides")
        if self.team_size == 1 and self.join_frame is not None and self.leave_frame is not None:
            raise ConfigError("leave_frame", "a 1v1 cannot have a joiner and a leaver, as nobody may be left")
        if (
            self.team_size == 1
            and self.bots
            and self.leave_frame is not None
            and self.bots_from_frame >= self.leave_frame
        ):
            raise ConfigError("leave_frame", "must be after bots_from_frame in a 1v1, as nobody may be left")


def generate(plan: MatchPlan) -> Match:
    """Return the match that a plan leads to; equal plans lead to equal matches."""
    draws = Draws(plan.seed, "match")
    length = plan.duration_seconds
    wanted_goals = int(length / GOAL_EVERY_S + draws.uniform(0.0, 1.0)) if plan.goals is None else plan.goals
    wanted_demolitions = plan.demolitions
    if wanted_demolitions is None:
        wanted_demolitions = int(length / DEMOLITION_EVERY_S + draws.uniform(0.0, 1.0))
    clock = FULL_MATCH_S if plan.is_forfeit else max(round(length), 1)
    schedule = make_schedule(plan.seed, duration_seconds=length, goals=wanted_goals, clock_seconds=clock)
    if plan.is_time_unlimited:
        schedule = count_up(schedule)
    frames = len(schedule.time)
    there = _attendance(plan, frames)
    driving = drive(plan.seed, schedule, there=there)
    demolitions = choose_demolitions(plan.seed, schedule, there=there, count=wanted_demolitions)
    lives = make_lives(schedule, there, demolitions=demolitions)
    cars = presence(lives, frames=frames, players=len(there.teams))
    is_whole = cars.has_car & ~cars.is_demolished
    shown = cars.show(driving.bodies)
    touch_frames = choose_touch_frames(schedule)
    shooters = [np.flatnonzero(is_whole[frames[-1]]).tolist() for frames in touch_frames]
    goals = choose_goals(plan.seed, schedule, there=there, shooters=shooters)
    ball, touches = roll_ball(
        plan.seed,
        schedule,
        touch_frames,
        cars=shown.blanked(~is_whole),
        takers=driving.takers,
        teams=there.teams,
        goals=goals,
    )
    pad_events = find_pad_events(schedule, driving.bodies, can_pick_up=is_whole)
    boost, component_counts, boost_reports = run_components(
        plan.seed,
        schedule,
        jumping=driving.jumping,
        lives=lives,
        pad_events=pad_events,
        is_unlimited=plan.is_boost_unlimited,
        refills=plan.refills_while_burning,
    )
    controls = press(plan.seed, schedule, lives=lives, driving=driving, component_counts=component_counts)
    return Match(
        seed=plan.seed,
        team_size=plan.team_size,
        players=_players(plan, goals, there, frames),
        map_name=draws.choice(arena.MAPS),
        is_forfeit=plan.is_forfeit,
        start_scores=(0, 0),
        final_scores=goals[-1].scores if goals else (0, 0),
        time=schedule.time.astype(np.float32),
        delta=schedule.delta,
        seconds_remaining=schedule.seconds_remaining,
        state=schedule.state,
        countdown=schedule.countdown,
        is_ball_hit=schedule.is_ball_hit,
        ball=ball,
        cars=shown,
        has_car=cars.has_car,
        is_demolished=cars.is_demolished,
        boost=boost,
        component_counts=component_counts,
        throttle=controls.throttle,
        steer=controls.steer,
        handbrake=controls.handbrake,
        dodge_torque=controls.dodge_torque,
        air_inputs=controls.air_inputs,
        plays=schedule.plays,
        lives=lives,
        goals=goals,
        demolitions=demolitions,
        pad_events=pad_events,
        touches=touches,
        boost_reports=boost_reports,
        joined=there.joined,
        left=there.left,
        is_boost_unlimited=plan.is_boost_unlimited,
        is_time_unlimited=plan.is_time_unlimited,
        forfeiting_team=plan.forfeiting_team,
    )


def _attendance(plan: MatchPlan, frames: int) -> Attendance:
    size = plan.team_size
    joined, left = [0] * (2 * size), [frames] * (2 * size)
    joined[size : size + plan.bots] = [min(plan.bots_from_frame, frames - 1)] * plan.bots
    if plan.join_frame is not None:
        joined[-1] = min(plan.join_frame, frames - 1)
    if plan.leave_frame is not None:
        left[size - 1] = min(plan.leave_frame, frames)
    others = 0
    if plan.replaced_bot_frame is not None:
        others += 1
        joined.append(min(plan.replaced_bot_frame, frames - 1))
        left.append(frames)
        left[size] = min(plan.replaced_bot_frame + OVERLAP_FRAMES, frames)
    if plan.change_frame is not None:
        others += 1
        left[size - 1] = min(plan.change_frame, frames)
        joined.append(min(plan.change_frame + CHANGE_FRAMES, frames - 1))
        left.append(frames)
    return Attendance((0,) * size + (1,) * (size + others), tuple(joined), tuple(left))


def _players(plan: MatchPlan, goals: tuple[Goal, ...], there: Attendance, frames: int) -> tuple[MatchPlayer, ...]:
    people = roster(plan.seed if plan.roster_seed is None else plan.roster_seed)
    chosen = Draws(plan.seed, "people").sample(people, len(there.teams))
    for index in range(plan.bots):
        chosen[plan.team_size + index] = bot(index)
    if plan.has_guest:
        chosen[plan.team_size - 1] = guest(chosen[0])
    if plan.change_frame is not None:
        chosen[-1] = chosen[plan.team_size - 1]
    return tuple(
        MatchPlayer(
            player=player,
            team=there.teams[number],
            goals=sum(goal.scorer == number for goal in goals),
            assists=sum(goal.assistant == number for goal in goals),
            is_late=there.joined[number] > 0,
            is_leaver=there.left[number] < frames,
        )
        for number, player in enumerate(chosen)
    )
