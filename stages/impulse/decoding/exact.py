"""The exact decoder: every value of the frames from the attributes that were sent, and none that was not.

It follows the actors through all network frames: who drives which car, which car is a wreck, which ball plays, what was last
sent of each. Its values equal the array call's wherever that is right, except for boost between two values of the file, which
both model. It takes about twice the array call's time.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from impulse.decoding import attributes, match_state
from impulse.decoding.array_call import id_text, read_meta
from impulse.decoding.arrivals import unsettled_boost
from impulse.decoding.balls import PlayedBall, played_ball
from impulse.decoding.bodies import Bodies, bodies_of
from impulse.decoding.boost import ByLife, boost_of, updates_by_life
from impulse.decoding.cars import Demolition, Drive, components, drives_and_demolitions
from impulse.decoding.decoded import DecodedReplay, NetworkFacts, Untold
from impulse.decoding.derived import DERIVED_FEATURES, ball_features, player_features
from impulse.decoding.people import Person, Stint, people_of, stints_of, team_number
from impulse.decoding.presence import LONGEST_RESPAWN_SECONDS, Presence
from impulse.decoding.sampling import RowsShown
from impulse.decoding.walk import Walk
from impulse.errors import ReplayError, UnsupportedReplay
from impulse.replay.reasons import Reason
from impulse.schema.feature_columns import BALL_BODY, CAR_BODY
from impulse.schema.features import FrameLayout

JUMPS = ("Dodge", "Jump", "DoubleJump")
"""Components whose activity is a column each, in the parser's order."""

EXACT_FEATURES = frozenset(
    {
        "CurrentTime", "FrameTime", "SecondsRemaining", "ReplicatedStateName", "ReplicatedGameStateTimeRemaining",
        "BallHasBeenHit", BALL_BODY,
        CAR_BODY, "PlayerBoost", "PlayerJump", "PlayerDemolishedBy",
    }
)  # fmt: skip
"""Features that the decoder gives itself."""

Indices = npt.NDArray[np.intp]
Floats = npt.NDArray[np.float32]


def decode_exactly(
    walk: Walk,
    path: Path,
    layout: FrameLayout,
    shown: RowsShown,
    *,
    net_version: int | None,
    names: Sequence[str],
    why: Sequence[str],
) -> DecodedReplay:
    """Decode a replay from the updates of its network frames.

    Args:
        walk: with :data:`~impulse.decoding.attributes.FOR_FRAMES`.
        path: the file, for the parser's metadata.
        layout: what the array is to hold.
        shown: which network frame each row shows.
        net_version: the header's.
        names: the file's names, which states are indices into.
        why: what spoke against the array call.

    Raises:
        UnsupportedReplay: ``no_players``.
    """
    bodies = bodies_of(walk, net_version)
    by_life = updates_by_life(walk)
    everyone = people_of(walk)
    drives, demolitions = drives_and_demolitions(walk, everyone)
    shown_bodies = _bodies_of_stints(drives, bodies, len(walk.times))
    last_driven = {
        stint: int(seen[-1]) for stint, body in shown_bodies.items() if len(seen := np.flatnonzero(body >= 0))
    }
    people, stints, driven = stints_of(everyone, last_driven)
    if not people:
        raise UnsupportedReplay(Reason.NO_PLAYERS, "no player with a team in the network data")
    rows, frame_time = shown.frames, walk.times[shown.frames]
    ball, match = played_ball(walk, bodies), match_state.match_values(walk)
    states = match[attributes.STATE][rows]
    nothing = np.full(len(walk.times), -1, dtype=np.intp)
    in_cars = [shown_bodies.get(stint, nothing) for stint in driven]
    boosts, jumps = _components_of_stints(walk, by_life, drives, driven)
    presences = [
        _presence(stint, driven, in_car >= 0, demolitions, walk, shown)
        for stint, in_car in zip(driven, in_cars, strict=True)
    ]
    array = _array(layout, shown, walk, match, bodies, ball, len(stints))
    for place, stint in enumerate(driven):
        block = array[layout.global_width + place * layout.player_width :][: layout.player_width]
        body = bodies.values[in_cars[place][rows]].T
        _fill_block(block, layout, body, boosts[stint][rows], jumps[stint][:, rows], presences[place])
        if DERIVED_FEATURES.intersection(layout.player_at):
            ball_body = array[layout.global_at[BALL_BODY]]
            _fill(block, layout.player_at, player_features(body, ball_body, jumps[stint][:, rows]))
    return DecodedReplay(
        meta=_meta(path, people),
        array=np.ascontiguousarray(array.T),
        people=tuple(people),
        stints=tuple(stints),
        untold=Untold(
            **{name: np.isnan(match[attribute][rows]) for name, (_, attribute) in match_state.MATCH_FEATURES.items()},
            ball=ball.untold[rows],
            boost=tuple(
                np.isnan(boosts[stint][rows])
                | unsettled_boost(boosts[stint][rows], presences[place].visible, frame_time, states, names)
                for place, stint in enumerate(driven)
            ),
        ),
        presences=tuple(presences),
        balls_at_once=ball.at_once,
        playlist_id=match_state.playlist_of(walk),
        why_exact=tuple(why),
        unknown_features=frozenset({*layout.global_features, *layout.player_features})
        - EXACT_FEATURES
        - DERIVED_FEATURES,
        network=NetworkFacts(walk.times, _scores(walk)),
        without_car=tuple(person for person in everyone if person not in people),
    )


def _bodies_of_stints(drives: Sequence[Drive], bodies: Bodies, frames: int) -> dict[Stint, Indices]:
    """Return for each stint (frames,) the number of the body's update that each network frame shows; -1 without a car.

    Of two cars the one that was spawned last counts; drives are in that order.
    """
    shown = {drive.stint: np.full(frames, -1, dtype=np.intp) for drive in drives}
    for drive in drives:
        shown[drive.stint][drive.start : drive.end] = bodies.shown(drive.car, drive.start, drive.end)
    return shown


def _components_of_stints(
    walk: Walk, by_life: ByLife, drives: Sequence[Drive], stints: Sequence[Stint]
) -> tuple[dict[Stint, Floats], dict[Stint, Floats]]:
    """Return (frames,) boost and (3, frames) activity of dodge, jump and double jump of each stint."""
    frames = len(walk.times)
    boosts = {stint: np.full(frames, np.nan, dtype=np.float32) for stint in stints}
    jumps = {stint: np.zeros((len(JUMPS), frames), dtype=np.float32) for stint in stints}
    boost_components = components(walk, "Boost")
    jump_components = [components(walk, kind) for kind in JUMPS]
    for drive in drives:
        if drive.stint not in boosts:
            continue
        boosts[drive.stint][drive.start : drive.end] = np.nan
        jumps[drive.stint][:, drive.start : drive.end] = 0
        for since, until, life in boost_components.get(drive.car, ()):
            values, first, span = boost_of(walk, life, by_life), walk.lives[life].start, _span(drive, since, until)
            boosts[drive.stint][span] = values[span.start - first : span.stop - first]
        for number, of_kind in enumerate(jump_components):
            for since, until, life in of_kind.get(drive.car, ()):
                span = _span(drive, since, until)
                active = match_state.held(by_life[attributes.COMPONENT_ACTIVE].get(life, ()), span.start, span.stop)
                jumps[drive.stint][number, span] = np.nan_to_num(active)
    return boosts, jumps


def _span(drive: Drive, since: int, until: int) -> slice:
    """Return the network frames in which a component is part of the car that somebody drives."""
    start = max(drive.start, since)
    return slice(start, max(start, min(drive.end, until)))


def _presence(
    stint: Stint,
    stints: Sequence[Stint],
    exists: npt.NDArray[np.bool_],
    demolitions: Sequence[Demolition],
    walk: Walk,
    shown: RowsShown,
) -> Presence:
    places: dict[Stint | None, int] = {stint: place for place, stint in enumerate(stints)}
    attacker = np.full(len(exists), -1, dtype=np.int16)
    onsets = []
    for demolition in demolitions:
        if demolition.victim == stint:
            back = _respawn(demolition, exists, walk.times)
            attacker[demolition.frame : back] = places.get(demolition.attacker, len(stints))
            onsets.append(demolition.frame)
    demolished = attacker >= 0
    first_rows = np.searchsorted(shown.frames, onsets)
    seen = [row for row in first_rows if row < len(shown.frames) and demolished[shown.frames[row]]]
    rows = shown.frames
    return Presence((exists | demolished)[rows], demolished[rows], attacker[rows], np.array(seen, dtype=np.intp))


def _respawn(demolition: Demolition, exists: npt.NDArray[np.bool_], times: Floats) -> int:
    """Return the network frame in which a demolition is over: a new car, or no car for longer than a respawn takes."""
    later = np.flatnonzero(exists[demolition.frame :])
    back = demolition.frame + int(later[0]) if len(later) else None
    if back is not None and (
        back <= demolition.wreck_end or times[back] - times[demolition.frame] < LONGEST_RESPAWN_SECONDS
    ):
        return back
    return demolition.wreck_end


def _array(
    layout: FrameLayout,
    shown: RowsShown,
    walk: Walk,
    match: Mapping[str, Floats],
    bodies: Bodies,
    ball: PlayedBall,
    blocks: int,
) -> Floats:
    """Return (columns, rows) the array with its global columns, room for the players, and zeros for other features."""
    rows = shown.frames
    array = np.zeros((layout.global_width + blocks * layout.player_width, len(rows)), dtype=np.float32)
    array[layout.global_at["CurrentTime"]] = shown.times
    array[layout.global_at["FrameTime"]] = walk.times[rows]
    for feature, attribute in match_state.MATCH_FEATURES.values():
        array[layout.global_at[feature]] = np.nan_to_num(match[attribute][rows])
    array[layout.global_at[BALL_BODY]] = bodies.values[ball.shown[rows]].T
    if DERIVED_FEATURES.intersection(layout.global_at):
        _fill(array, layout.global_at, ball_features(array[layout.global_at[BALL_BODY]]))
    return array


def _fill_block(
    block: Floats, layout: FrameLayout, body: Floats, boost: Floats, jumps: Floats, presence: Presence
) -> None:
    """Fill in a player's columns of the array."""
    block[layout.player_at[CAR_BODY]] = body
    block[layout.player_at["PlayerBoost"]] = np.nan_to_num(boost)
    block[layout.player_at["PlayerJump"]] = jumps
    block[layout.player_at["PlayerDemolishedBy"]] = presence.attacker


def _fill(block: Floats, places: Mapping[str, range], values: Mapping[str, Floats]) -> None:
    for feature, found in values.items():
        if feature in places:
            block[places[feature]] = found


_TEAMS = ("team_zero", "team_one")


def _meta(path: Path, people: Sequence[Person]) -> dict[str, Any]:
    """Return the parser's metadata with the people of the array; without facts of the game where the parser refuses."""
    try:
        meta = read_meta(path)
    except ReplayError:
        meta = {"game_type": {}, "season": None, "all_headers": []}
    known = {(id_text(entry["remote_id"]), 0): entry for team in _TEAMS for entry in meta.get(team, ())}
    for number, team in enumerate(_TEAMS):
        meta[team] = [
            {
                **known.get((person.id_text, person.local_id), {"remote_id": person.remote_id, "stats": None}),
                "name": person.name,
            }
            for person in people
            if person.team == number
        ]
    return meta


def _scores(walk: Walk) -> tuple[tuple[int, int, int], ...]:
    """Return network frame, team and score wherever the score of a team changed."""
    name = next((name for name in attributes.SCORES if walk.updates.get(name)), None)
    scores, last = [], {0: 0, 1: 0}
    for update in walk.updates.get(name, ()) if name else ():
        team = team_number(walk.lives[update.life].archetype)
        if update.value != last[team]:
            scores.append((update.frame, team, int(update.value)))
            last[team] = update.value
    return tuple(scores)
