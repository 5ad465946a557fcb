"""What is written when: clock, goals, demolitions, car components and boost pads as attribute updates.

Owns: which attributes tell of an event, and when, as the game does it. Rigid bodies are written in bulk
elsewhere.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from impulse.demo.match.arena import PADS_UU
from impulse.demo.match.controls import NEUTRAL
from impulse.demo.match.truth import BOOST, DODGE, GAME_STATES, BoostReport, GameState, Match, score_of
from impulse.demo.writer import attributes, classes
from impulse.demo.writer.actors import DEMOLISHED, HIDDEN, Actor, Stage, changes
from impulse.demo.writer.attributes import NOBODY
from impulse.demo.writer.bits import ONE, ZERO, byte, flag, int32
from impulse.demo.writer.casting import Cast, cast_actors
from impulse.demo.writer.plan import RecordingPlan
from impulse.demo.writer.version import DemolishFormat

NO_TEAM = 255
"""Team that was scored on while there is none (real replays)."""
LAST_PICKUP = 200
"""Pads count their pickups 1, 2, ... in a byte; they start again after this, well below AVAILABLE."""


def write_timeline(
    match: Match,
    stage: Stage,
    *,
    plan: RecordingPlan,
    match_guid: str,
    boost_reports: tuple[BoostReport, ...],
    component_links: tuple[int | None, ...],
) -> Cast:
    """Write everything but rigid bodies and repeated actors.

    Args:
        match: what happened.
        stage: receives the records.
        plan: how it is recorded.
        match_guid: identity of the match.
        boost_reports: what is told of boost.
        component_links: frame in which the components of each car are linked to it; None for never.
    """
    cast = cast_actors(match, stage, plan=plan, match_guid=match_guid)
    _write_clock(match, stage, cast.game, plan=plan)
    _write_goals(match, stage, cast)
    _write_demolitions(match, stage, cast, plan=plan)
    if plan.names_mvp:
        _write_mvp(match, stage, cast)
    _write_components(match, stage, cast, boost_reports, component_links)
    _write_controls(match, stage, cast)
    _write_pads(match, stage, cast)
    return cast


def car_at(match: Match, cast: Cast, *, player: int, frame: int) -> Actor:
    """Return a player's car in a frame in which he has one."""
    return next(
        actors[0]
        for life, actors in zip(match.lives, cast.cars, strict=True)
        if life.player == player and life.first <= frame < life.stop
    )


def _write_clock(match: Match, stage: Stage, game: Actor, *, plan: RecordingPlan) -> None:
    """Write game state, clock and countdown whenever they change, and whether the ball has been hit."""
    for frame in changes(match.state, before=-1):
        state = GAME_STATES[match.state[frame]]
        if plan.has_state:
            stage.update(frame, game, "TAGame.GameEvent_TA:ReplicatedStateName", int32(stage.state_index(state)))
        if state is GameState.FINISHED:
            stage.update(frame, game, "TAGame.GameEvent_Soccar_TA:bMatchEnded", ONE)
            if match.is_forfeit:
                stage.update(frame, game, "TAGame.GameEvent_Team_TA:bForfeit", ONE)
    for frame in changes(match.countdown, before=-1):
        seconds = int32(int(match.countdown[frame]))
        stage.update(frame, game, "TAGame.GameEvent_TA:ReplicatedGameStateTimeRemaining", seconds)
        stage.update(frame, game, "TAGame.GameEvent_TA:ReplicatedRoundCountDownNumber", seconds)
    if match.is_time_unlimited:
        stage.update(0, game, "TAGame.GameEvent_Soccar_TA:bUnlimitedTime", ONE)
    for frame in changes(match.seconds_remaining, before=0 if match.is_time_unlimited else -1):
        seconds = int32(int(match.seconds_remaining[frame]))
        stage.update(frame, game, "TAGame.GameEvent_Soccar_TA:SecondsRemaining", seconds)
    for frame in changes(match.is_ball_hit, before=-1) if plan.has_hit_flag else ():
        is_hit = flag(bool(match.is_ball_hit[frame]))
        stage.update(frame, game, "TAGame.GameEvent_Soccar_TA:bBallHasBeenHit", is_hit)
    for number, play in enumerate(match.plays):
        stage.update(play.go, game, "TAGame.GameEvent_Soccar_TA:RoundNum", int32(number + 1))
        stage.update(play.first, game, "TAGame.GameEvent_Soccar_TA:ReplicatedScoredOnTeam", byte(NO_TEAM))


def _write_goals(match: Match, stage: Stage, cast: Cast) -> None:
    starts = [play.first for play in match.plays]

    def ball_at(frame: int) -> Actor:
        return cast.balls[int(np.searchsorted(starts, frame, side="right")) - 1]

    for touch in match.touches if cast.balls else ():
        stage.update(touch.frame, ball_at(touch.frame), "TAGame.Ball_TA:HitTeamNum", byte(touch.team))
    field = "ReplicatedExplosionDataExtended" if stage.version.is_recent else "ReplicatedExplosionData"
    goal_event = attributes.stat_event(stage.table.index(classes.GOAL_EVENT))
    persons = match.persons
    totals = [[0, 0] for _ in persons]
    for person, who in zip(persons, match.players, strict=True):
        totals[person][0] += who.goals
        totals[person][1] += who.assists
    for goal in reversed(match.goals):  # from the final counts backwards, as the recording may start late
        frame = goal.frame
        x, y, z = match.ball.position[frame].tolist()
        scorer = cast.pris[goal.scorer]
        explosion = attributes.explosion(scorer.id, place=(x, y, z), version=stage.version)
        stage.update(frame, ball_at(frame), f"TAGame.Ball_TA:{field}", explosion)
        stage.update(frame, cast.game, "TAGame.GameEvent_Soccar_TA:ReplicatedScoredOnTeam", byte(1 - goal.team))
        stage.update(frame, cast.game, "TAGame.GameEvent_Soccar_TA:ReplicatedStatEvent", goal_event)
        stage.update(frame, cast.teams[goal.team], "Engine.TeamInfo:Score", int32(goal.scores[goal.team]))
        for number in [goal.scorer] if goal.assistant is None else [goal.scorer, goal.assistant]:
            goals, assists = totals[persons[number]]
            counts = {"Goals": goals, "Shots": goals} if number == goal.scorer else {"Assists": assists}
            for name, count in counts.items():
                stage.update(frame, cast.pris[number], f"TAGame.PRI_TA:Match{name}", int32(count))
            score = int32(score_of(goals, assists))
            stage.update(frame, cast.pris[number], "TAGame.PRI_TA:MatchScore", score)
            stage.update(frame, cast.pris[number], "Engine.PlayerReplicationInfo:Score", score)
            totals[persons[number]][0 if number == goal.scorer else 1] -= 1


def _write_mvp(match: Match, stage: Stage, cast: Cast) -> None:
    """Name the one with most points in the team that won."""
    scores = match.goals[-1].scores if match.goals else (0, 0)
    if scores[0] != scores[1]:
        winner = int(scores[1] > scores[0])
        mine = [number for number, who in enumerate(match.players) if who.team == winner]
        best = max(mine, key=lambda number: score_of(match.players[number].goals, match.players[number].assists))
        stage.update(match.frames - 1, cast.pris[best], "TAGame.PRI_TA:bMatchMVP", ONE)


def _write_demolitions(match: Match, stage: Stage, cast: Cast, *, plan: RecordingPlan) -> None:
    kinds = [stage.version.demolish]
    if DemolishFormat.CUSTOM in kinds:
        kinds.append(DemolishFormat.OLDEST)
    counts, persons = [0] * len(match.players), match.persons
    for event in sorted(match.demolitions, key=lambda event: event.frame):
        frame = event.frame
        counts[persons[event.attacker]] += 1
        if stage.version.demolish is DemolishFormat.EXTENDED:
            stage.update(
                frame,
                cast.pris[event.attacker],
                "TAGame.PRI_TA:MatchDemolishes",
                int32(counts[persons[event.attacker]]),
            )
        victim = car_at(match, cast, player=event.victim, frame=frame)
        crash = (frame - 1, event.victim)
        stage.update(frame, victim, "Engine.Actor:bCollideActors", ZERO)
        stage.update(frame, victim, HIDDEN, ONE)
        stage.update(frame, victim, "Engine.Actor:bBlockActors", ZERO)
        if not plan.keeps_wreck_links:
            stage.update(frame, victim, "Engine.Pawn:PlayerReplicationInfo", attributes.actor(NOBODY))
        attacker, pri, push = NOBODY, NOBODY, (0.0, 0.0, 0.0)
        if not plan.hides_attackers:
            attacker = car_at(match, cast, player=event.attacker, frame=frame).id
            pri = cast.pris[event.attacker].id
            push = _triple(match.cars.velocity[frame, event.attacker])
        for kind in kinds:
            value = attributes.demolish(
                (attacker, victim.id),
                attacker_pri=pri,
                velocities=(push, _triple(match.cars.velocity[crash])),
                kind=kind,
                version=stage.version,
            )
            stage.update(frame, victim, kind.value, value, order=DEMOLISHED)


def _triple(values: NDArray[np.float64]) -> attributes.Triple:
    x, y, z = values.tolist()
    return x, y, z


def _write_components(
    match: Match,
    stage: Stage,
    cast: Cast,
    boost_reports: tuple[BoostReport, ...],
    component_links: tuple[int | None, ...],
) -> None:
    """Write boost reports, and the switch count of each component whenever it changes, and whose they are."""
    reports: dict[int, list[BoostReport]] = {number: [] for number in range(len(match.players))}
    for report in boost_reports:
        reports[report.player].append(report)
    field = "ReplicatedBoost" if stage.version.counts_grants else "ReplicatedBoostAmount"
    for life, linked, (car, *components) in zip(match.lives, component_links, cast.cars, strict=True):
        if linked is not None:
            for component in components:
                stage.update(linked, component, "TAGame.CarComponent_TA:Vehicle", attributes.actor(car.id))
        if match.is_boost_unlimited:
            stage.update(life.first, components[BOOST], *attributes.unlimited_boost(stage.version))
        mine = [report for report in reports[life.player] if life.first <= report.frame < life.stop]
        grants = 0
        for earlier, report in zip([None, *mine], mine, strict=False):
            grants += earlier is not None and report.amount > earlier.amount
            amount = attributes.boost(report.amount, grants=grants, version=stage.version)
            stage.update(report.frame, components[BOOST], f"TAGame.CarComponent_Boost_TA:{field}", amount)
        counts = match.component_counts[life.first : life.stop, life.player]
        for number, component in enumerate(components[: counts.shape[1]]):
            for at in changes(counts[:, number], before=0):
                count = byte(int(counts[at, number]))
                stage.update(life.first + at, component, "TAGame.CarComponent_TA:ReplicatedActive", count)


def _write_controls(match: Match, stage: Stage, cast: Cast) -> None:
    """Write throttle, steer and handbrake of each car whenever they change, until it is a wreck, and the torque of each dodge."""
    for life, (car, *components) in zip(match.lives, cast.cars, strict=True):
        end = life.stop if life.demolished is None else life.demolished
        mine = slice(life.first, end), life.player
        for field, values in (("ReplicatedThrottle", match.throttle), ("ReplicatedSteer", match.steer)):
            for at in changes(values[mine], before=NEUTRAL):
                stage.update(life.first + at, car, f"TAGame.Vehicle_TA:{field}", byte(int(values[mine][at])))
        for at in changes(match.handbrake[mine], before=0):
            is_on = flag(bool(match.handbrake[mine][at]))
            stage.update(life.first + at, car, "TAGame.Vehicle_TA:bReplicatedHandbrake", is_on)
        x, y = match.dodge_torque[mine].T
        for at in sorted({*changes(x, before=0), *changes(y, before=0)}):
            torque = attributes.vector((int(x[at]), int(y[at]), 0), stage.version)
            stage.update(life.first + at, components[DODGE], "TAGame.CarComponent_Dodge_TA:DodgeTorque", torque)


def _write_pads(match: Match, stage: Stage, cast: Cast) -> None:
    """Write boost pads, each of which appears when it is first used."""
    field = "NewReplicatedPickupData" if stage.version.is_recent else "ReplicatedPickupData"
    actors: dict[int, Actor] = {}
    used = [0] * len(PADS_UU)
    for event in match.pad_events:
        if event.pad not in actors:
            actors[event.pad] = stage.spawn(event.frame, stage.table.pads[event.pad])
        if event.player is None:
            value = attributes.pickup(NOBODY, state=attributes.AVAILABLE, version=stage.version)
        else:
            used[event.pad] = used[event.pad] % LAST_PICKUP + 1
            car = car_at(match, cast, player=event.player, frame=event.frame)
            value = attributes.pickup(car.id, state=used[event.pad], version=stage.version)
        stage.update(event.frame, actors[event.pad], f"TAGame.VehiclePickup_TA:{field}", value)
