"""Who is on stage when: creation and removal of a recording's actors, with their first attributes.

Owns: game, teams, players, cameras, balls and cars. Boost pads appear when they are first used, in
:mod:`impulse.demo.writer.timeline`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from impulse.demo.match.bodies import second_ball
from impulse.demo.match.equipment import DEFAULT_STEERING, Equipment, equipment
from impulse.demo.match.incidents import OVERLAP_FRAMES
from impulse.demo.match.people import Platform
from impulse.demo.match.truth import CarLife, Match, score_of
from impulse.demo.writer import attributes, classes
from impulse.demo.writer.actors import Actor, Stage
from impulse.demo.writer.attributes import NOBODY
from impulse.demo.writer.bits import ONE, ZERO, flag, float32, int32
from impulse.demo.writer.classes import Archetypes
from impulse.demo.writer.plan import ExtraBall, GuidPlace, RecordingPlan

SERVER_NAME = "Synthetic (impulse.demo)"
SERVER_REGION = "EU"
PLAYLISTS = {1: 10, 2: 11, 3: 13}
"""Ranked playlist by team size (game's numbers)."""
PRIVATE_PLAYLIST = 6
"""Playlist of the other team sizes (game's number)."""

FIRST_PLAYER_ID = 256
"""The server counts players from here (real replays)."""

SPAWNER_PLACE_UU = (0.0, 0.0, 1000.0)
"""Where a spawner of balls hangs (real replay)."""
SPAWN_DELAY_S = 5.0
"""What it says of its rhythm (real replay)."""

NAME = "Engine.PlayerReplicationInfo:PlayerName"
UNIQUE_ID = "Engine.PlayerReplicationInfo:UniqueId"
TEAM = "Engine.PlayerReplicationInfo:Team"

_BALL, _PLAYER, _CAR = range(3)


@dataclass(frozen=True, slots=True)
class Cast:
    """Actors that others refer to."""

    game: Actor
    teams: tuple[Actor, ...]
    pris: dict[int, Actor]
    """By number of the player; those who never appear have none."""
    cars: tuple[tuple[Actor, ...], ...]
    """Car and components of each of the match's lives; components in the order of Archetypes.components."""
    balls: tuple[Actor, ...]
    """One per play; none in a mode without a ball."""
    other_balls: tuple[Actor, ...]
    """One per play, where there is a second ball."""


def cast_actors(match: Match, stage: Stage, *, plan: RecordingPlan, match_guid: str) -> Cast:
    """Create and remove all actors but boost pads.

    Ids are handed out while time goes on, so that those of removed actors can be used again.
    """
    game = _spawn_game(match, stage, plan, match_guid)
    if plan.extra_ball is ExtraBall.SPAWNER:
        spawner = stage.spawn(0, classes.BALL_SPAWNER, place=SPAWNER_PLACE_UU)
        stage.update(0, spawner, "TAGame.Ball_Spawner_TA:SpawnDelaySeconds", float32(SPAWN_DELAY_S))
    teams = tuple(stage.spawn(0, archetype) for archetype in classes.TEAMS)
    for team, score in zip(teams, match.start_scores, strict=True):
        stage.update(0, team, "TAGame.Team_TA:GameEvent", attributes.actor(game.id))
        stage.update(0, team, "Engine.TeamInfo:Score", int32(score))
    for team, name in zip(teams, plan.team_names or (), strict=False):
        stage.update(0, team, "TAGame.Team_TA:CustomTeamName", attributes.text(name))
    pris: dict[int, Actor] = {}
    cars: list[tuple[Actor, ...]] = []
    balls: list[Actor] = []
    others: list[Actor] = []
    entries = [(play.first, _BALL, number) for number, play in enumerate(match.plays)] if plan.archetypes.ball else []
    entries += [(frame, _PLAYER, number) for number, frame in enumerate(match.joined) if frame < match.left[number]]
    entries += [(life.first, _CAR, number) for number, life in enumerate(match.lives)]
    exits: list[tuple[int, Actor]] = []
    for frame, kind, number in sorted(entries):
        due = [(at, actor) for at, actor in exits if at <= frame]
        exits = [(at, actor) for at, actor in exits if at > frame]
        for at, actor in due:
            stage.destroy(at, actor)
        if kind == _BALL:
            sides = [(balls, match.ball)]
            if plan.extra_ball is ExtraBall.SECOND:
                sides.append((others, second_ball(match.ball)))
            for row, bodies in sides:
                x, y, z = bodies.position[frame].tolist()
                row.append(stage.spawn(frame, classes.SOCCER_BALL, place=(x, y, z)))
                stage.update(frame, row[-1], "TAGame.Ball_TA:GameEvent", attributes.actor(game.id))
                _tell_rules(stage, frame, row[-1], "TAGame.Ball_TA", plan)
                exits.append((match.plays[number].stop, row[-1]))
        elif kind == _PLAYER:
            team, parts = teams[match.players[number].team], match.parts_of(number)
            if number != parts[0] and parts[0] in pris:
                pris[number] = pris[parts[0]]
                stage.update(match.left[parts[0]], pris[number], TEAM, attributes.actor(NOBODY))
                stage.update(frame, pris[number], TEAM, attributes.actor(team.id))
                continue
            actors = _spawn_player(match, stage, number, team, plan=plan)
            pris[number] = actors[0]
            exits += [(match.left[parts[-1]], actor) for actor in actors]
        else:
            life = match.lives[number]
            cars.append(_spawn_car(match, stage, life, pris[life.player], plan.archetypes))
            _tell_rules(stage, frame, cars[-1][0], "TAGame.Car_TA", plan)
            _tell_rules(stage, frame, cars[-1][1], "TAGame.CarComponent_Boost_TA", plan)
            exits += [(_removal(match, life, plan), actor) for actor in cars[-1]]
    for at, actor in exits:
        if at < match.frames:
            stage.destroy(at, actor)
    return Cast(game, teams, pris, tuple(cars), tuple(balls), tuple(others))


def _removal(match: Match, life: CarLife, plan: RecordingPlan) -> int:
    """Return the frame in which a car is removed: a wreck can stay when its player has a new car, or go before."""
    if life.demolished is None or plan.wreck_seconds is None:
        return life.stop
    kept = int(np.searchsorted(match.time, float(match.time[life.demolished]) + plan.wreck_seconds))
    end = next(play.stop for play in match.plays if life.demolished < play.stop)
    return min(kept, end)


def _tell_rules(stage: Stage, frame: int, actor: Actor, of: str, plan: RecordingPlan) -> None:
    """Tell of the rules that are not as usual which a class has."""
    for name, value in plan.rules:
        if name.startswith(f"{of}:"):
            stage.update(frame, actor, name, flag(value) if isinstance(value, bool) else float32(value))


def _spawn_game(match: Match, stage: Stage, plan: RecordingPlan, match_guid: str) -> Actor:
    archetypes = plan.archetypes
    game = stage.spawn(0, archetypes.game_event)
    kind = "PublicRanked" if match.team_size in PLAYLISTS else "Public"
    if stage.version.match_type == "Lan":
        kind = "Lan"
    match_type = stage.table.index(f"TAGame.MatchType_{kind}_TA")
    stage.update(0, game, "TAGame.GameEvent_TA:MatchTypeClass", attributes.object_reference(match_type))
    stage.update(0, game, "TAGame.GameEvent_Team_TA:MaxTeamSize", int32(match.team_size))
    gri = stage.spawn(0, archetypes.gri)
    stage.update(0, gri, "Engine.GameReplicationInfo:ServerName", attributes.text(SERVER_NAME))
    if plan.items:
        rules = attributes.object_reference(stage.table.index(f"{classes.SUB_RULES}{plan.items}"))
        stage.update(0, game, "TAGame.GameEvent_Soccar_TA:SubRulesArchetype", rules)
    for field in ("Soccar_TA:bNoContest", "Team_TA:bForfeit") if plan.is_no_contest else ():
        stage.update(0, game, f"TAGame.GameEvent_{field}", ONE)
    if plan.guid is not GuidPlace.NOWHERE and stage.version.names_match:
        spelled = "MatchGuid" if plan.guid is GuidPlace.OTHERWISE else "MatchGUID"
        stage.update(0, gri, f"ProjectX.GRI_X:{spelled}", attributes.text(match_guid))
    if stage.version.names_region:
        stage.update(0, gri, "ProjectX.GRI_X:ReplicatedServerRegion", attributes.text(SERVER_REGION))
    stage.update(0, gri, "ProjectX.GRI_X:bGameStarted", ONE)
    playlist = archetypes.playlist or PLAYLISTS.get(match.team_size, PRIVATE_PLAYLIST)
    stage.update(0, gri, "ProjectX.GRI_X:ReplicatedGamePlaylist", int32(playlist))
    return game


def _spawn_player(match: Match, stage: Stage, number: int, team: Actor, *, plan: RecordingPlan) -> tuple[Actor, ...]:
    """Create a player's PRI, and the camera that bots do not have; the scoreboard counts what he did before the recording started."""
    who = match.players[number]
    frame = match.joined[number]
    pri = stage.spawn(frame, plan.archetypes.pri)
    _write_name(match, stage, number, pri, plan=plan)
    stage.update(frame, pri, TEAM, attributes.actor(team.id))
    if plan.items:
        stage.update(frame, pri, "TAGame.PRI_TA:bUsingItems", ONE)
    if who.player.platform is Platform.BOT:
        stage.update(frame, pri, "Engine.PlayerReplicationInfo:bBot", ONE)
        for replaced in _replacements(match, number):
            stage.update(replaced, pri, TEAM, attributes.actor(NOBODY))
    else:
        unique_id = attributes.unique_id(who.player, stage.version)
        stage.update(frame, pri, UNIQUE_ID, unique_id)
        stage.update(frame, pri, "Engine.PlayerReplicationInfo:PlayerID", int32(FIRST_PLAYER_ID + number))
    kit = equipment(match, number)
    _write_equipment(stage, pri, kit, frame=frame)
    recorded = [goal for goal in match.goals if goal.frame > frame]
    parts = match.parts_of(number)
    goals = sum(match.players[part].goals for part in parts) - sum(goal.scorer in parts for goal in recorded)
    assists = sum(match.players[part].assists for part in parts) - sum(goal.assistant in parts for goal in recorded)
    for field, count in (("MatchGoals", goals), ("MatchShots", goals), ("MatchAssists", assists)):
        stage.update(frame, pri, f"TAGame.PRI_TA:{field}", int32(count))
    if goals or assists:
        stage.update(frame, pri, "TAGame.PRI_TA:MatchScore", int32(score_of(goals, assists)))
    if number == plan.second_entry:
        second = stage.spawn(frame, plan.archetypes.pri)
        stage.update(frame, second, NAME, attributes.text(who.player.name))
        stage.update(frame, second, UNIQUE_ID, attributes.unique_id(who.player, stage.version))
    if kit.camera is None:
        return (pri,)
    camera = stage.spawn(frame, classes.CAMERA)
    settings = attributes.camera_settings(kit.camera, stage.version)
    stage.update(frame, camera, "TAGame.CameraSettingsActor_TA:ProfileSettings", settings)
    stage.update(frame, camera, "TAGame.CameraSettingsActor_TA:PRI", attributes.actor(pri.id))
    return pri, camera


def _write_name(match: Match, stage: Stage, number: int, pri: Actor, *, plan: RecordingPlan) -> None:
    joined, named = match.joined[number], plan.named_from_frame if number == 0 else 0
    if joined < named and plan.earlier_name:
        stage.update(joined, pri, NAME, attributes.text(plan.earlier_name))
    stage.update(max(joined, named), pri, NAME, attributes.text(match.players[number].player.name))


def _write_equipment(stage: Stage, pri: Actor, kit: Equipment, *, frame: int) -> None:
    """Write what a player plays with; what he has like everyone, and no party, is not told."""
    fields = {
        "ClientLoadouts" if stage.version.has_two_loadouts else "ClientLoadout": attributes.loadouts(
            kit.cars, stage.version
        ),
        "Title": int32(kit.title_number),
    }
    if kit.title is not None:
        title_object = stage.table.index(classes.TITLE_PROPERTY)
        fields["ClientLoadoutsOnline"] = attributes.loadout_titles(kit.title, title_object)
    if kit.steering != DEFAULT_STEERING:
        fields["SteeringSensitivity"] = float32(kit.steering)
    if kit.party_leader is not None:
        fields["PartyLeader"] = attributes.unique_id(kit.party_leader, stage.version)
    for name, value in fields.items():
        if (field := f"TAGame.PRI_TA:{name}") not in stage.version.unknown_yet:
            stage.update(frame, pri, field, value)


def _replacements(match: Match, bot: int) -> list[int]:
    """Return the frame in which a person comes for a bot: the bot has no team any more, but its car drives on for a while."""
    return [
        match.joined[number]
        for number, who in enumerate(match.players)
        if who.is_late
        and who.team == match.players[bot].team
        and who.player.platform is not Platform.BOT
        and 0 < match.left[bot] - match.joined[number] <= OVERLAP_FRAMES
    ]


def _spawn_car(match: Match, stage: Stage, life: CarLife, pri: Actor, archetypes: Archetypes) -> tuple[Actor, ...]:
    x, y, z = match.cars.position[life.first, life.player].tolist()
    car = stage.spawn(life.first, archetypes.car, place=(x, y, z))
    stage.update(life.first, car, "Engine.Pawn:PlayerReplicationInfo", attributes.actor(pri.id))
    stage.update(life.first, car, "TAGame.Vehicle_TA:bDriving", ZERO)
    return car, *(stage.spawn(life.first, archetype) for archetype in archetypes.components)
