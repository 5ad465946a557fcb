"""The parser's own array, with what it does not say: where the file tells nothing, and who is on the field.

The array fills in zeros where nothing was sent. The first network frames say what a file sends and from when on; the rest
follows from the values of the rows.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from impulse.decoding.array_call import call_array, id_text
from impulse.decoding.arrivals import begins, unsettled_boost
from impulse.decoding.decoded import DecodedReplay, Untold
from impulse.decoding.match_state import MATCH_FEATURES, playlist_of
from impulse.decoding.people import Person, Stint, people_of
from impulse.decoding.presence import Presence, body_exists, player_presence
from impulse.decoding.walk import Walk
from impulse.schema.feature_columns import BALL_BODY, CAR_BODY
from impulse.schema.features import FrameLayout

Flags = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float32]


def decode_array(path: Path, start: Walk, layout: FrameLayout, *, fps: float, names: Sequence[str]) -> DecodedReplay:
    """Decode a replay by the parser's array call.

    Args:
        path: the file.
        start: its first network frames, with :data:`~impulse.decoding.attributes.FOR_FRAMES`.
        layout: what to ask of the parser.
        fps: rows a second.
        names: the file's names, which states are indices into.

    Raises:
        ReplayError: the parser refused the replay; the reason code says how.
    """
    meta, array = call_array(
        path, global_features=layout.global_features, player_features=layout.player_features, fps=fps
    )
    known = {person.id_text: person for person in reversed(people_of(start))}  # of a host and his guest the host
    people = [
        replace(known.get(id_text(entry["remote_id"])) or Person(entry["remote_id"], []), team=team)
        for team, side in enumerate(("team_zero", "team_one"))
        for entry in meta[side]
    ]
    columns = array.T
    frame_time, time, state = (
        columns[layout.global_at[feature].start] for feature in ("FrameTime", "CurrentTime", "ReplicatedStateName")
    )
    blocks = [columns[layout.global_width + place * layout.player_width :] for place in range(len(people))]
    presences = [_presence(block, layout, time) for block in blocks]
    balls = body_exists(columns[layout.global_at[BALL_BODY]].T)
    untold = Untold(
        **{
            name: _before_first(columns[layout.global_at[feature].start], attribute, start, frame_time)
            for name, (feature, attribute) in MATCH_FEATURES.items()
        },
        ball=np.zeros(len(time), dtype=bool),
        boost=tuple(
            _unsent_boost(block, presence, layout, frame_time, state, names)
            for block, presence in zip(blocks, presences, strict=True)
        ),
    )
    return DecodedReplay(
        meta,
        array,
        tuple(people),
        tuple(Stint(number, person.team or 0) for number, person in enumerate(people)),
        untold,
        tuple(presences),
        balls_at_once=int(balls.any()),
        playlist_id=playlist_of(start),
    )


def _presence(block: Floats, layout: FrameLayout, time: Floats) -> Presence:
    body = block[layout.player_at[CAR_BODY]]
    return player_presence(body.T, block[layout.player_at["PlayerDemolishedBy"].start], time)


def _before_first(values: Floats, attribute: str, start: Walk, frame_time: Floats) -> Flags:
    """Tell which rows show a network frame before the first one that sent an attribute."""
    sent = start.updates.get(attribute)
    before: Flags = frame_time < start.times[sent[0].frame] if sent else np.cumsum(values != 0) == 0
    return before


def _unsent_boost(
    block: Floats, presence: Presence, layout: FrameLayout, frame_time: Floats, states: Floats, names: Sequence[str]
) -> Flags:
    """Tell in which rows a car has been sent no boost yet: it comes with some, so those before its first value above 0."""
    boost, visible = block[layout.player_at["PlayerBoost"].start], presence.visible
    cars = np.cumsum(begins(visible))
    above = np.flatnonzero((boost > 0) & visible)
    first = np.full(int(cars[-1]) + 1 if len(cars) else 1, len(boost))
    np.minimum.at(first, cars[above], above)
    fresh = np.arange(len(boost)) < first[cars]
    unsent: Flags = visible & fresh | unsettled_boost(boost, visible, frame_time, states, names)
    return unsent
