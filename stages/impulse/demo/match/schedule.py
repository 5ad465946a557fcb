"""When things happen in a synthetic match: plays, frame times and the clock.

Owns: the division of the playing time into plays, the frames of each, and the quantities that depend on time
alone.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from impulse.demo.match.draws import Draws
from impulse.demo.match.truth import GAME_STATES, GameState, Play

COUNTDOWN_S = 3
"""Length of a kickoff's countdown (game rule)."""
CELEBRATION_S = 3.0
"""Recorded time after a goal (real replays)."""
FINISH_S = 1.5
"""Recorded time after the end of the match; real replays have 0 to 6 s."""
GAP_S = (4.0, 9.0)
"""Time that the recording skips while the goal replay is shown (real replays: 3 to 10 s)."""
START_TIME_S = (3.0, 10.0)
"""Time of the first frame (real replays); a stream must not start at 0."""
FRAME_S = (0.0333, 0.036)
"""Length of a frame (real replays recorded at 30 frames a second)."""
HIT_DELAY_S = (2.6, 3.0)
"""From the end of a countdown to the first touch: what a car takes from the farthest place below its greatest speed."""
SHORTEST_PLAY_S = 4.0
"""Least playing time before a goal; the ball gets from anywhere to a goal in it."""


@dataclass(frozen=True, slots=True)
class Schedule:
    """Times and frames of a match of F frames."""

    plays: tuple[Play, ...]
    time: NDArray[np.float64]
    """(F,) s, each a float32 value."""
    delta: NDArray[np.float32]
    """(F,) s."""
    seconds_remaining: NDArray[np.int64]
    """(F,) s; where time is unlimited, the seconds played."""
    state: NDArray[np.int64]
    """(F,) position in GAME_STATES."""
    countdown: NDArray[np.int64]
    """(F,) s."""
    is_ball_hit: NDArray[np.bool_]
    """(F,)."""
    play: NDArray[np.int64]
    """(F,) number of the play."""

    def since(self, frames: list[int]) -> NDArray[np.float64]:
        """Return the time since the given frame of each play: (F,) s, negative before it."""
        since: NDArray[np.float64] = self.time - self.time[frames][self.play]
        return since


def make_schedule(seed: int, *, duration_seconds: float, goals: int, clock_seconds: int) -> Schedule:
    """Lay out a match.

    Args:
        seed: seed of the match.
        duration_seconds: playing time, that is, time in which the clock runs.
        goals: number of goals wanted; fewer if the playing time has no room for them.
        clock_seconds: what the clock shows at the first kickoff.
    """
    draws = Draws(seed, "schedule")
    goals = min(goals, max(int(duration_seconds / SHORTEST_PLAY_S) - 1, 0))
    spare = duration_seconds - SHORTEST_PLAY_S * (goals + 1)
    weights = [draws.uniform(0.5, 1.5) for _ in range(goals + 1)]
    lengths = [SHORTEST_PLAY_S + spare * weight / sum(weights) if spare > 0 else duration_seconds for weight in weights]
    plays: list[Play] = []
    times: list[NDArray[np.float64]] = []
    deltas: list[NDArray[np.float64]] = []
    clock_now = draws.uniform(*START_TIME_S)
    first = 0
    for number, length in enumerate(lengths):
        is_last = number == goals
        hit_after = COUNTDOWN_S + draws.uniform(*HIT_DELAY_S)
        total = hit_after + length + (FINISH_S if is_last else CELEBRATION_S)
        low, high = FRAME_S
        steps = low + (high - low) * draws.uniforms((int(total / low) + 2,))
        elapsed = np.cumsum(steps) - steps[0]
        count = int(np.searchsorted(elapsed, total))
        go, hit, end = (
            first + int(np.searchsorted(elapsed, at)) for at in (COUNTDOWN_S, hit_after, hit_after + length)
        )
        plays.append(Play(first, go, hit, end, first + count))
        times.append(clock_now + elapsed[:count])
        deltas.append(steps[:count])
        first += count
        clock_now += total + draws.uniform(*GAP_S)
    time = np.concatenate(times).astype(np.float32).astype(np.float64)
    delta = np.concatenate(deltas).astype(np.float32)
    delta[0] = 0
    return _with_clock(tuple(plays), time, delta, clock_seconds)


def count_up(schedule: Schedule) -> Schedule:
    """Return the same match without an end, whose clock counts up from 0."""
    return replace(schedule, seconds_remaining=schedule.seconds_remaining[0] - schedule.seconds_remaining)


def _with_clock(
    plays: tuple[Play, ...], time: NDArray[np.float64], delta: NDArray[np.float32], clock_seconds: int
) -> Schedule:
    frames = len(time)
    state = np.empty(frames, dtype=np.int64)
    countdown = np.zeros(frames, dtype=np.int64)
    is_ball_hit = np.zeros(frames, dtype=bool)
    play_of_frame = np.empty(frames, dtype=np.int64)
    is_running = np.zeros(frames, dtype=bool)
    for number, play in enumerate(plays):
        after = GameState.FINISHED if number == len(plays) - 1 else GameState.GOAL_SCORED
        play_of_frame[play.first : play.stop] = number
        state[play.first : play.go] = GAME_STATES.index(GameState.COUNTDOWN)
        state[play.go : play.end] = GAME_STATES.index(GameState.ACTIVE)
        state[play.end : play.stop] = GAME_STATES.index(after)
        left = COUNTDOWN_S - (time[play.first : play.go] - time[play.first])
        countdown[play.first : play.go] = np.clip(np.ceil(left), 1, COUNTDOWN_S)
        is_ball_hit[play.hit : play.stop] = True
        is_running[play.hit + 1 : play.end + 1] = True
    played = np.cumsum(np.where(is_running, delta.astype(np.float64), 0.0))
    remaining = np.maximum(np.ceil(clock_seconds - played), 0).astype(np.int64)
    last = plays[-1].end
    if clock_seconds - played[-1] < 1:
        remaining[last:] = 0  # the clock is stopped at zero, whatever the rounding of frame lengths
    return Schedule(plays, time, delta, remaining, state, countdown, is_ball_hit, play_of_frame)
