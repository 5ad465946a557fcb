"""Goals and demolitions of a synthetic match.

Owns: who scores and who demolishes whom, among those who are there.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from impulse.demo.match.draws import Draws
from impulse.demo.match.schedule import Schedule
from impulse.demo.match.truth import Demolition, Goal

DEMOLITION_MARGIN_FRAMES = 100
"""No car is demolished so soon after a kickoff, or so near to its player's joining or leaving."""
OVERLAP_FRAMES = 45
"""For so long a bot and the person who replaces it are both there (1 to 2 s in real files)."""
CHANGE_FRAMES = 5
"""For so long whoever changes sides is in neither team, and has no car."""
ASSIST_SHARE = 0.5
"""Share of goals that a team mate assists (chosen)."""


@dataclass(frozen=True, slots=True)
class Attendance:
    """When each player is there."""

    teams: tuple[int, ...]
    joined: tuple[int, ...]
    """First frame of each player."""
    left: tuple[int, ...]
    """First frame without each player."""


def choose_goals(
    seed: int, schedule: Schedule, *, there: Attendance, shooters: Sequence[Sequence[int]]
) -> tuple[Goal, ...]:
    """Choose who scores at the end of each play but the last, among those who can be the last at the ball.

    The last goal goes to the team that leads by one, so that no match with goals ends in a draw, unless only
    one team has players.
    """
    draws = Draws(seed, "goals")
    goals: list[Goal] = []
    scores = (0, 0)
    endings = [play.end for play in schedule.plays[:-1]]
    for number, frame in enumerate(endings):
        present = [player for player, joined in enumerate(there.joined) if joined < frame < there.left[player]]
        able = [player for player in present if player in shooters[number]]
        team = draws.integer(0, 1)
        if number == len(endings) - 1 and abs(scores[0] - scores[1]) == 1:
            team = 0 if scores[0] > scores[1] else 1
        scorer = draws.choice([player for player in able if there.teams[player] == team] or able)
        team = there.teams[scorer]
        mates = [player for player in present if there.teams[player] == team and player != scorer]
        assistant = draws.choice(mates) if mates and draws.chance(ASSIST_SHARE) else None
        scores = (scores[0] + (team == 0), scores[1] + (team == 1))
        goals.append(Goal(frame, scorer, assistant, team, scores))
    return tuple(goals)


def choose_demolitions(seed: int, schedule: Schedule, *, there: Attendance, count: int) -> tuple[Demolition, ...]:
    """Choose who demolishes whom; both cars are there and whole, and the victim plays on."""
    margin = DEMOLITION_MARGIN_FRAMES
    spans = [(play.go + margin, play.end) for play in schedule.plays if play.end > play.go + margin]
    if not spans:
        return ()
    draws = Draws(seed, "demolitions")
    frames = sorted(draws.integer(first, stop - 1) for first, stop in (draws.choice(spans) for _ in range(count)))
    whole_from = [frame + margin if frame else 0 for frame in there.joined]
    chosen = []
    for frame in frames:
        whole = [
            player for player, start in enumerate(whole_from) if start <= frame and frame + margin < there.left[player]
        ]
        victims = [player for player in whole if any(there.teams[other] != there.teams[player] for other in whole)]
        if victims:
            victim = draws.choice(victims)
            attacker = draws.choice([player for player in whole if there.teams[player] != there.teams[victim]])
            chosen.append(Demolition(frame, attacker, victim))
            whole_from[victim] = frame + margin + 1
    return tuple(chosen)
