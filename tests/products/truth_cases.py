"""The matches that frames and tables are held against, and what the frames do not show rightly yet."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from impulse.demo import KNOCKOUT, VERSIONS, ExtraBall, FormatVersion, Freeze, RecordingPlan

BY_NAME = {version.name: version for version in VERSIONS}


@dataclass(frozen=True)
class Case:
    """A short match, and how it is recorded and sampled."""

    name: str
    plan: Mapping[str, Any] = field(default_factory=dict)
    how: RecordingPlan = field(default_factory=RecordingPlan)
    fps: float = 10.0

    def of(self, version: FormatVersion, *, dropped_updates: float, fps: float) -> Case:
        """Return the same match in another format, with other updates and rows."""
        how = replace(self.how, version=version, dropped_updates=dropped_updates)
        return replace(self, how=how, fps=fps)


ONE_EACH = {"seed": 3, "team_size": 1, "duration_seconds": 14, "goals": 0, "demolitions": 1}
"""One demolition whose wreck, if it stays for 12 s, is there at the keyframe after the respawn."""
SHORT = {"seed": 4, "team_size": 1, "duration_seconds": 12, "goals": 1, "demolitions": 0}

CASES = {
    case.name: case
    for case in [
        *(
            Case(
                f"era {version.name}",
                {"seed": number, "team_size": 2, "duration_seconds": 18, "goals": 1, "demolitions": 2},
                RecordingPlan(version=version),
                fps=(10.0, 30.0)[number % 2],
            )
            for number, version in enumerate(VERSIONS)
        ),
        Case(
            "every update",
            {"seed": 8, "team_size": 3, "duration_seconds": 14, "goals": 1, "demolitions": 2},
            RecordingPlan(dropped_updates=0.0),
            fps=30.0,
        ),
        Case("few updates", {**SHORT, "team_size": 4, "bots": 1}, RecordingPlan(dropped_updates=0.9)),
        Case("joiner", {**SHORT, "team_size": 2, "join_frame": 150}),
        Case("late joiner", {**SHORT, "team_size": 2, "join_frame": 400}),
        Case("leaver", {**SHORT, "team_size": 2, "leave_frame": 250}),
        Case(
            "linked wreck",
            ONE_EACH,
            RecordingPlan(
                version=BY_NAME["868.22.7"], keeps_wreck_links=True, wreck_seconds=12, repeats_demolitions=True
            ),
        ),
        Case("demolition told again", ONE_EACH, RecordingPlan(wreck_seconds=12, repeats_demolitions=True), fps=30.0),
        Case("no boost", SHORT, RecordingPlan(version=BY_NAME["868.12"], has_boost=False)),
        Case("boost told late", SHORT, RecordingPlan(version=BY_NAME["868.12"], boost_delay_frames=60)),
        Case("boost told some frames late", ONE_EACH, RecordingPlan(boost_delay_frames=4)),
        Case("boost told again", {**SHORT, "refills_while_burning": True}, fps=30.0),
        Case("unlimited boost 2016", {**SHORT, "is_boost_unlimited": True}, RecordingPlan(version=BY_NAME["868.12"])),
        Case("unlimited boost", {**SHORT, "is_boost_unlimited": True}),
        Case("unlimited time", {**SHORT, "is_time_unlimited": True}),
        Case("frozen", SHORT, RecordingPlan(frozen=(Freeze(0, 220, 290), Freeze(1, 180, 260)))),
        Case("bot named late", {**SHORT, "bots": 1}, RecordingPlan(bot_name_frames=70)),
        Case(
            "bot replaced",
            {**SHORT, "team_size": 4, "bots": 1, "replaced_bot_frame": 200},
            RecordingPlan(bot_name_frames=70),
        ),
        Case("ball spawner", SHORT, RecordingPlan(extra_ball=ExtraBall.SPAWNER)),
        Case("two balls", SHORT, RecordingPlan(extra_ball=ExtraBall.SECOND)),
        Case("no state", SHORT, RecordingPlan(version=BY_NAME["868.12"], has_state=False)),
        Case("no hit flag", SHORT, RecordingPlan(version=BY_NAME["868.12"], has_hit_flag=False)),
        Case("knockout", {**ONE_EACH, "team_size": 4}, RecordingPlan(archetypes=KNOCKOUT)),
    ]
}
"""By name; each takes some hundredths of a second to make and to parse."""

OLD_ERAS = ("868.12", "868.14-lan", "868.17", "868.20.2", "868.20.5", "868.22.7", "868.24.10")
"""Formats in which a demolition is the attribute that the parser's array ignores."""
_OLD_WRECKS = [*(f"era {name}" for name in OLD_ERAS), "linked wreck"]
_OLD_CASES = [*_OLD_WRECKS, "no boost", "boost told late", "unlimited boost 2016", "no state", "no hit flag"]
_DEMOLISHED = ("cars", "boost", "jumps", "presence", "demolitions", "stale")

NOT_YET: dict[tuple[str, str], str] = {
    **{(name, group): "old demolitions are not read" for name in _OLD_CASES for group in ("presence", "facts")},
    **{(name, group): "old demolitions are not read" for name in _OLD_WRECKS for group in _DEMOLISHED},
    **{("demolition told again", group): "a demolition counts twice" for group in _DEMOLISHED},
    ("no boost", "boost"): "boost is made up",
    ("boost told late", "boost"): "boost is made up before it is told",
    ("boost told some frames late", "boost"): "boost is made up before it is told",
    ("boost told again", "boost"): "an equal amount is overlooked",
    ("unlimited boost", "boost"): "boost is drained",
    ("unlimited boost 2016", "boost"): "boost is drained",
    ("unlimited time", "phase"): "a clock is shown where there is none",
    ("joiner", "players"): "who comes in frames 1 to 301 is called by his id",
    ("late joiner", "cars"): "cars are moved between updates",
    ("late joiner", "stale"): "cars are moved between updates",
    ("bot named late", "players"): "the bot is called by a number",
    ("bot named late", "goals"): "the bot is called by a number",
    ("bot replaced", "*"): "refused, as there are five on a team",
    ("ball spawner", "ball"): "which one is taken for the ball is chance",
    ("ball spawner", "stale"): "which one is taken for the ball is chance",
    ("two balls", "ball"): "one of them is taken for the ball, by chance",
    ("two balls", "stale"): "one of them is taken for the ball, by chance",
    ("no state", "phase"): "a state is made up, and so are hits",
    ("no state", "segment"): "no state, no play",
    ("no state", "goals"): "no state, no row",
    ("no hit flag", "phase"): "hits are made up",
    ("knockout", "*"): "the parser's array knows one kind of cars only",
}
"""(case, group of columns) -> what the frames show instead. ``*`` is any group. Empty it as the frames learn."""
