"""What the parser must return for a recording, bit for bit.

Owns: an account, independent of the parser, of how subtr-actor 1.5.1 turns network frames into its array:
resampling, player order, held rigid bodies, derived boost, switch counts and demolition flags.

How far a decoded value may be from the truth in a frame that tells it (half a quantisation step):

=======================  ==========================  =========================================
column                   step                        largest error
=======================  ==========================  =========================================
ball, player position    0.01 uu                     0.005 uu (and float32 rounding, 0.0003)
linear velocity          0.01 uu/s                   0.005 uu/s (and float32 rounding, 0.0003)
angular velocity         0.01 (0.0001 rad/s)         0.005 (0.00005 rad/s)
quaternion               5.395e-6                    2.7e-6; the largest component 8.1e-6
boost level              1 raw unit (1/255 tank)     0.5 raw units
times                    float32                     0
all others               1                           0
=======================  ==========================  =========================================

Steps of old format versions are in :mod:`impulse.demo.writer.rigid_body`; their rotations are predicted to one unit
in the last place, as they go through the parser's own sine and cosine.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from tests.demo.decoded_bodies import decode

from impulse.demo.match.people import Platform, Player
from impulse.demo.match.truth import BOOST, DODGE, BoostReport, Match
from impulse.demo.writer.recording import Recording
from impulse.demo.writer.version import DemolishFormat
from impulse.errors import UnsupportedReplay
from impulse.schema.feature_columns import CONTRACT_GLOBAL_FEATURES, CONTRACT_PLAYER_FEATURES

Array = NDArray[np.float32]

KNOWN_BY_FRAME = 301
"""Players must be seen in this frame at the latest; the parser's array call fails on later ones."""
DEMOLISHED_FRAMES = 30
"""Network frames for which a demolition is flagged (parser)."""
KICKOFF_BOOST = np.float32(85)
"""What the parser sets every car's boost to when a kickoff starts."""
BURN_PER_S = np.float32(80.0) / np.float32(0.93)
"""Raw units of boost that the parser takes off a second."""
NO_BODY = np.array([0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0], dtype=np.float32)
"""(13,) what the parser shows for a body that is not there."""


def player_order(recording: Recording) -> list[int]:
    """Return the players who have columns, as numbers of the match's players in the parser's order.

    Team 0 comes first; within a team the debug texts of the ids decide.
    """
    match = recording.match
    seen = [
        number
        for number in range(len(match.players))
        if match.joined[number] <= KNOWN_BY_FRAME and match.joined[number] < match.left[number]
    ]
    texts = {number: _debug_text(match.players[number].player, recording.pri_ids[number]) for number in seen}
    return sorted(seen, key=lambda number: (match.players[number].team, texts[number]))


def late_players(recording: Recording) -> list[int]:
    """Return the players for whom the parser's array call fails, as numbers of the match's players."""
    match = recording.match
    return [number for number, frame in enumerate(match.joined) if KNOWN_BY_FRAME < frame < match.left[number]]


def sampled_rows(match: Match, fps: float) -> tuple[Array, NDArray[np.int64]]:
    """Return the time of every row of the parser's array, and the frame whose state the row shows.

    The first row stands at the first frame; each further one is a float32 step later and shows the first
    frame at or after its time.

    Returns:
        (R,) float32 s and (R,) int64.
    """
    step = np.float32(1) / np.float32(fps)
    count = int((float(match.time[-1]) - float(match.time[0])) / float(step) * 1.01) + 2
    steps = np.full(count, step, dtype=np.float32)
    steps[0] = match.time[0]
    times = np.add.accumulate(steps, dtype=np.float32)
    times = times[times <= match.time[-1]]
    return times, np.searchsorted(match.time, times, side="left")


def expected_array(
    recording: Recording,
    *,
    fps: float = 10.0,
    global_features: Sequence[str] = CONTRACT_GLOBAL_FEATURES,
    player_features: Sequence[str] = CONTRACT_PLAYER_FEATURES,
) -> Array:
    """Return the array that the parser must return.

    Args:
        recording: what is parsed.
        fps: rows a second.
        global_features: any of CONTRACT_GLOBAL_FEATURES, in any order.
        player_features: any of CONTRACT_PLAYER_FEATURES, in any order.

    Returns:
        (R, C) float32: the global features, then for each player in :func:`player_order` the player features.

    Raises:
        UnsupportedReplay: a player is first seen so late that the parser's array call fails.
    """
    if player_features and (late := late_players(recording)):
        frame = recording.match.joined[late[0]]
        raise UnsupportedReplay("players_changed", f"player {late[0]} is first seen in frame {frame}")
    match = recording.match
    current, frames = sampled_rows(match, fps)
    bodies = _held_bodies(recording)
    once: dict[str, NDArray[np.generic]] = {
        "FrameTime": match.time,
        "SecondsRemaining": match.seconds_remaining,
        "ReplicatedStateName": recording.state_indices[match.state],
        "ReplicatedGameStateTimeRemaining": match.countdown,
        "BallHasBeenHit": match.is_ball_hit,
        "BallRigidBodyQuaternionVelocities": bodies[:, 0],
    }
    order = player_order(recording)
    each: dict[str, NDArray[np.generic]] = {
        "PlayerRigidBodyQuaternionVelocities": bodies[:, 1:],
        "PlayerBoost": _boost(recording)[..., None],
        "PlayerJump": match.component_counts[..., DODGE:],
        "PlayerDemolishedBy": _demolished_by(recording, order)[..., None],
    }
    columns = [current if name == "CurrentTime" else once[name][frames] for name in global_features]
    columns += [each[name][frames, number] for number in order for name in player_features]
    return np.column_stack([column.astype(np.float32) for column in columns])


def _debug_text(player: Player, pri_id: int) -> str:
    """Return an id as the parser prints it; only as much of it as sorting needs."""
    match player.platform:
        case Platform.EPIC:
            return f'Epic("{player.account}")'
        case Platform.PLAYSTATION:
            return f'PlayStation(Ps4Id {{ online_id: {player.number}, name: "{player.account}"'
        case Platform.SWITCH:
            return f"Switch(SwitchId {{ online_id: {player.number}"
        case Platform.BOT:
            return f"SplitScreen({2**32 - 1 - pri_id})"
        case Platform.STEAM:
            return f"Steam({player.number})"
        case Platform.XBOX:
            return f"Xbox({player.number})"


def _held_bodies(recording: Recording) -> Array:
    """Return what the file last told of each body: (F, 1 + P, 13)."""
    told = recording.body_updates
    values = decode(recording.codes, recording.plan.version)
    row = (np.cumsum(told.ravel()) - 1).reshape(told.shape)
    frame = np.maximum.accumulate(np.where(told, np.arange(len(told))[:, None], 0), axis=0)
    held: Array = values[np.take_along_axis(row, frame, axis=0)]
    players = recording.match.has_car.shape[1]
    held[:, 1 : 1 + players][~recording.match.has_car] = NO_BODY
    return held


def _boost(recording: Recording) -> Array:
    """Return each player's boost by the parser's rule: (F, P).

    A report counts when its byte differs from the one before; between reports, burning takes off a fixed
    rate.
    """
    match = recording.match
    kickoff = ((match.countdown >= 1) & (match.countdown <= 3)) | ~match.is_ball_hit
    starts = np.flatnonzero(kickoff & ~np.concatenate([[False], kickoff[:-1]]))
    burnt = match.delta * BURN_PER_S
    boost = np.zeros(match.has_car.shape, dtype=np.float32)
    reports: dict[int, list[BoostReport]] = {number: [] for number in range(len(match.players))}
    for report in recording.boost_reports:
        reports[report.player].append(report)
    for life in match.lives:
        anchors: dict[int, np.float32] = {}
        last = None
        for report in reports[life.player]:
            if life.first <= report.frame < life.stop and report.amount != last:
                anchors[report.frame] = np.float32(report.amount)
                last = report.amount
        anchors |= {int(frame): KICKOFF_BOOST for frame in starts if life.first <= frame < life.stop}
        is_burning = match.component_counts[:, life.player, BOOST] % 2 == 1
        frames = sorted(anchors)
        for first, stop in zip(frames, [*frames[1:], life.stop], strict=True):
            losses = np.where(is_burning[first:stop], burnt[first:stop], np.float32(0))
            series = np.subtract.accumulate(np.concatenate([[anchors[first]], losses]), dtype=np.float32)[1:]
            boost[first:stop, life.player] = np.maximum(series, np.float32(0))
    return boost


def _demolished_by(recording: Recording, order: list[int]) -> NDArray[np.int64]:
    """Return the column position of whoever demolished each player a moment ago, else -1: (F, P)."""
    match = recording.match
    flags = np.full(match.has_car.shape, -1)
    if recording.plan.version.demolish is not DemolishFormat.OLDEST:
        for event in reversed(match.demolitions):  # the earliest one counts while two are flagged
            flags[event.frame : event.frame + DEMOLISHED_FRAMES, event.victim] = order.index(event.attacker)
    return flags
