"""What speaks against the parser's array call: found in the file's tables, its first network frames, or the array itself.

The array is right for a match that everyone plays from start to end by the usual rules. Where it may not be, the exact
decoder takes over; it costs about twice the time, so that a doubt too many is cheap, and one too few is a wrong value.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from impulse.decoding import attributes
from impulse.decoding.arrivals import in_state
from impulse.decoding.balls import several_balls
from impulse.decoding.boost import BURNED_A_SECOND, amount_of
from impulse.decoding.decoded import DecodedReplay
from impulse.decoding.listed import listed_entries, listed_people
from impulse.decoding.match_state import MATCH_FEATURES
from impulse.decoding.people import people_of
from impulse.decoding.presence import Presence, body_exists
from impulse.decoding.walk import Update, Walk
from impulse.replay.container import ReplayBody, ReplayHeader
from impulse.replay.facts import TEAMS, header_facts, header_goals, header_players
from impulse.schema.feature_columns import BALL_BODY, CAR_BODY
from impulse.schema.features import FrameLayout
from impulse.schema.frames import GOAL_STATE, KICKOFF_STATE, PLAY_STATE
from impulse.schema.kickoffs import in_other_half, kickoff_rows
from impulse.schema.physics import MAX_CAR_SPEED_UU_S

CAR, BALLS = "Archetypes.Car.Car_Default", "Archetypes.Ball."
"""The archetype of the cars that the array call knows, and how that of a ball begins."""

START_BOOST = 85
"""What the array call takes a kickoff to begin with, in the file's units."""

LATE_SECONDS = 1.0
"""In matches of today a new car has its first boost within six network frames."""

SPARE_BOOST = 40
"""How much more, in the file's units, a car may have lost than it burned: values come late."""

SHORTEST_RESPAWN_SECONDS = 1.5
"""A demolished car is away for three seconds; what ends much sooner is an old demolition that was sent again."""

FAST_UU_S, STOP_UU = 100.0, 100.0
"""A car at this speed that lies still in the next row, no farther than it can have gone, was stopped by more than its brakes: it
is a wreck."""

TOLD_BEFORE_PLAY = ("clock", "countdown")
"""What is told before play, where it is told; the state is a doubt of its own, and a first hit is told by its being true."""

ZEROS = 1024
"""The game pads the network data with zeros to a multiple of 512 bytes; so many in a row were written by something else."""

SPARE_FRAMES = 30
"""Network frames that the end of a recording may seem to lack, because servers slow down; real ones seem to lack 22 at most."""

Flags = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float32]


def doubts_of_file(data: bytes, header: ReplayHeader, body: ReplayBody, start: Walk) -> Iterator[str]:
    """Yield what in a file speaks against the array call.

    Args:
        data: the file's bytes.
        header: the file's.
        body: its tables.
        start: its first network frames, with :data:`~impulse.decoding.attributes.FOR_FRAMES`.
    """
    objects = set(body.objects)
    if data.find(bytes(ZEROS), body.network_offset, body.network_offset + body.network_size) >= 0:
        yield "zeros_in_stream"
    if CAR not in objects or any("CarArchetype" in name for name in objects):
        yield "cars_of_another_kind"
    if several_balls(start) or sum(name.startswith(BALLS) for name in objects) != 1:
        yield "balls"
    if not objects.intersection(attributes.DEMOLITIONS_OF_ARRAY):
        yield "demolitions_of_old"
    if not objects.intersection(attributes.BOOST_AMOUNTS):
        yield "boost_not_told"
    if any(update.value for name in attributes.BOOST_UNLIMITED for update in start.updates.get(name, ())):
        yield "boost_unlimited"
    firsts = _firsts(start, attributes.BOOST_AMOUNTS)
    if any(amount_of(update.value) != START_BOOST for update in firsts):
        yield "boost_of_another_start"
    if any(update.frame != start.lives[update.life].start for update in firsts):
        yield "boost_told_late"
    if not {update.life for update in firsts} <= {
        update.life for update in start.updates.get(attributes.COMPONENT_CAR, ())
    }:
        yield "parts_linked_late"
    if any(update.value for update in start.updates.get(attributes.UNLIMITED_TIME, ())):
        yield "time_unlimited"
    if not start.updates.get(attributes.STATE):
        yield "state_not_told"
    if len({update.life for name in attributes.MATCH for update in start.updates.get(name, ())}) > 1:
        yield "several_matches"
    people = people_of(start)
    if any(person.name is None for person in people):
        yield "names_come_late"
    if any(len(changes) > 1 for person in people for changes in person.teams.values()):
        yield "teams_change"
    if _several_entries(start):
        yield "entries_of_one_account"
    if len(listed_entries(people, header_players(header))) < len(people):
        yield "people_not_listed"  # what they did stands in the last network frames only
    facts, listed = header_facts(header), Counter(goal.team for goal in header_goals(header))
    if any(listed[team] != facts[f"{team}_score"] for team in ("blue", "orange")):
        yield "goals_not_listed"


def doubts_of_array(
    decoded: DecodedReplay, layout: FrameLayout, header: ReplayHeader, body: ReplayBody, start: Walk
) -> Iterator[str]:
    """Yield what in an array speaks against it.

    Args:
        decoded: by the array call.
        layout: where its columns are.
        header: the file's.
        body: its tables.
        start: its first network frames.
    """
    columns = decoded.array.T
    state, frame_time = (columns[layout.global_at[name].start] for name in ("ReplicatedStateName", "FrameTime"))
    plays, kickoff = (in_state(state, body.names, name) for name in (PLAY_STATE, KICKOFF_STATE))
    if _frames_missing(frame_time, header, body, start) > SPARE_FRAMES:
        yield "fewer_frames_than_announced"
    if not all(person.entries for person in decoded.people):
        yield "people_come_late"
    if Counter(person.id_text for person in people_of(start)) - Counter(person.id_text for person in decoded.people):
        yield "people_not_found"
    yield from _unlike_header(decoded, header)
    for feature, attribute in (MATCH_FEATURES[name] for name in TOLD_BEFORE_PLAY):
        if not start.updates.get(attribute) and columns[layout.global_at[feature].start].any():
            yield "match_told_late"
    clock = columns[layout.global_at["SecondsRemaining"].start]
    if (np.diff(clock[plays]) > 0).any():
        yield "clock_counts_up"
    if not body_exists(columns[layout.global_at[BALL_BODY]].T)[plays].all():
        yield "ball_comes_and_goes"
    for place, presence in enumerate(decoded.presences):
        block = columns[layout.global_width + place * layout.player_width :]
        if presence.present.any() and not presence.present[plays].all():
            yield "players_come_and_go"
        y = block[layout.player_at[CAR_BODY].start + 1]
        if (in_other_half(y, decoded.stints[place].team) & presence.visible)[kickoff_rows(kickoff)].any():
            yield "cars_in_the_other_half"
        if _short_demolitions(presence, frame_time):
            yield "demolition_sent_again"
        car = block[layout.player_at[CAR_BODY]]
        if _sudden_stops(car, presence.visible & ~kickoff, frame_time) or _leaps(
            car, presence.visible & plays, frame_time
        ):
            yield "wrecks"
        boost = block[layout.player_at["PlayerBoost"].start]
        if _lasts(decoded.untold.boost[place] & presence.visible, frame_time):
            yield "boost_long_untold"
        if _vanishes(boost, presence.visible & ~decoded.untold.boost[place], frame_time):
            yield "boost_vanishes"
    goals = np.flatnonzero(np.diff(in_state(state, body.names, GOAL_STATE).astype(np.int8)) == 1)
    if len(goals) != len(header_goals(header)):
        yield "goals_not_shown"


def _frames_missing(frame_time: Floats, header: ReplayHeader, body: ReplayBody, start: Walk) -> float:
    """Return how many network frames after the last keyframe seem to be missing, by how dense the first ones are."""
    announced = header_facts(header)["network_frames"]
    if not (announced and body.keyframes and len(frame_time) and len(start.deltas) > 1):
        return 0.0
    time, frame, _ = body.keyframes[-1]
    seconds = float(np.median(start.deltas[1:]))
    return announced - frame - (float(frame_time[-1]) - time) / seconds if seconds > 0 else 0.0


def _unlike_header(decoded: DecodedReplay, header: ReplayHeader) -> Iterator[str]:
    """Yield how people differ from what the header, which tells the end, says of them: who comes, is renamed or changes sides."""
    for entry, person in listed_people(decoded.people, header_players(header)):
        if person is None:
            yield "people_not_found"
        elif person.name != entry.name:
            yield "names_change"
        elif TEAMS[person.team or 0] != entry.team:
            yield "teams_change"


def _firsts(walk: Walk, names: tuple[str, ...]) -> list[Update]:
    """Return the first update of each life."""
    firsts: dict[int, Update] = {}
    for name in names:
        for update in walk.updates.get(name, ()):
            firsts.setdefault(update.life, update)
    return list(firsts.values())


def _several_entries(start: Walk) -> bool:
    """Tell whether an account has more than one entry: a spectator's beside a player's, or a guest's at the same screen."""
    entries = {(update.life, str(update.value["remote_id"])) for update in start.updates.get(attributes.PLAYER_ID, ())}
    return len({account for _, account in entries}) < len(entries)


def _short_demolitions(presence: Presence, frame_time: Floats) -> bool:
    flags = np.concatenate(([False], presence.demolished, [False])).astype(np.int8)
    starts, ends = np.flatnonzero(np.diff(flags) == 1), np.flatnonzero(np.diff(flags) == -1)
    over = ends < len(frame_time)
    return bool((frame_time[ends[over]] - frame_time[starts[over]] < SHORTEST_RESPAWN_SECONDS).any())


def _sudden_stops(body: Floats, visible: Flags, frame_time: Floats) -> bool:
    """Tell whether a car that moved lies still in the next row, near enough to be the same."""
    speeds = np.linalg.norm(body[7:10], axis=0)
    steps = np.linalg.norm(np.diff(body[:3], axis=1), axis=0)
    near = steps < MAX_CAR_SPEED_UU_S * np.diff(frame_time) + STOP_UU
    lies = ~body[7:, 1:].any(axis=0)
    return bool((visible[:-1] & visible[1:] & lies & near & (speeds[:-1] > FAST_UU_S)).any())


def _lasts(untold: Flags, frame_time: Floats) -> bool:
    """Tell whether a boost stays untold for longer than the parts of a new car are late."""
    starts = untold & ~np.concatenate(([False], untold[:-1]))
    since = np.maximum.accumulate(np.where(starts, np.arange(len(untold)), 0))
    return bool((untold & (frame_time - frame_time[since] > LATE_SECONDS)).any())


def _vanishes(boost: Floats, told: Flags, frame_time: Floats) -> bool:
    """Tell whether boost falls to 0 faster than a car burns it: some recordings put cars without parts up before a gap."""
    burned = boost[:-1] - boost[1:] > BURNED_A_SECOND * np.diff(frame_time) + SPARE_BOOST
    return bool((told[:-1] & told[1:] & (boost[1:] == 0) & burned).any())


def _leaps(body: Floats, plays: Flags, frame_time: Floats) -> bool:
    """Tell whether a car that lies still is somewhere else in the next row of play: it was a wreck, and came back."""
    lies = ~body[7:, :-1].any(axis=0)
    steps = np.linalg.norm(np.diff(body[:3], axis=1), axis=0)
    far = steps > MAX_CAR_SPEED_UU_S * np.diff(frame_time) + STOP_UU
    return bool((plays[:-1] & plays[1:] & lies & far).any())
