"""The matches that frames and tables are held against, and what the frames cannot show rightly."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from impulse.demo import KNOCKOUT, VERSIONS, ExtraBall, FormatVersion, Freeze, GuidPlace, RecordingPlan
from impulse.schema.sampling import Decoder

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


ONE_EACH = {"seed": 6, "team_size": 1, "duration_seconds": 14, "goals": 0, "demolitions": 1}
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
        Case("few updates", {**SHORT, "seed": 9, "team_size": 4, "bots": 1}, RecordingPlan(dropped_updates=0.9)),
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
        Case("wreck removed early", ONE_EACH, RecordingPlan(wreck_seconds=0.5)),
        Case("no attacker", ONE_EACH, RecordingPlan(hides_attackers=True)),
        Case("no boost", SHORT, RecordingPlan(version=BY_NAME["868.12"], has_boost=False)),
        Case("boost told late", SHORT, RecordingPlan(version=BY_NAME["868.12"], boost_delay_frames=60)),
        Case("boost told some frames late", ONE_EACH, RecordingPlan(boost_delay_frames=4)),
        Case(
            "components linked late",
            {**ONE_EACH, "seed": 7, "duration_seconds": 24, "goals": 1},
            RecordingPlan(version=BY_NAME["868.12"], links_components_late=True),
        ),
        Case("boost told again", {**SHORT, "seed": 5, "refills_while_burning": True}, fps=30.0),
        Case("unlimited boost 2016", {**SHORT, "is_boost_unlimited": True}, RecordingPlan(version=BY_NAME["868.12"])),
        Case("unlimited boost", {**SHORT, "is_boost_unlimited": True}),
        Case("unlimited time", {**SHORT, "is_time_unlimited": True}),
        Case("frozen", SHORT, RecordingPlan(frozen=(Freeze(0, 220, 290), Freeze(1, 180, 260)))),
        Case("bot comes late", {**SHORT, "bots": 1, "bots_from_frame": 3}),
        Case(
            "bot replaced",
            {**SHORT, "team_size": 4, "bots": 1, "bots_from_frame": 3, "replaced_bot_frame": 200},
        ),
        Case("second entry", {**SHORT, "team_size": 2}, RecordingPlan(second_entry=0)),
        Case(
            "guest, best player named",
            {**SHORT, "team_size": 2, "has_guest": True, "goals": 3, "demolitions": 2},
            RecordingPlan(names_mvp=True),
        ),
        Case("side changed", {**SHORT, "seed": 28, "team_size": 2, "change_frame": 330, "goals": 2, "demolitions": 2}),
        Case("named late", SHORT, RecordingPlan(named_from_frame=200)),
        Case("named otherwise", SHORT, RecordingPlan(named_from_frame=320, earlier_name="Somebody")),
        Case("ball spawner", SHORT, RecordingPlan(extra_ball=ExtraBall.SPAWNER)),
        Case("two balls", SHORT, RecordingPlan(extra_ball=ExtraBall.SECOND)),
        Case("no state", SHORT, RecordingPlan(version=BY_NAME["868.12"], has_state=False)),
        Case("no hit flag", SHORT, RecordingPlan(version=BY_NAME["868.12"], has_hit_flag=False)),
        Case(
            "guid spelled otherwise, mutators",
            {**SHORT, "goals": 0},
            RecordingPlan(
                guid=GuidPlace.OTHERWISE,
                rules=(
                    ("TAGame.Ball_TA:ReplicatedBallScale", 1.3),
                    ("TAGame.Ball_TA:ReplicatedBallGravityScale", 1.0),
                    ("TAGame.Car_TA:ReplicatedCarScale", 0.5),
                    ("TAGame.Car_TA:bUnlimitedJumps", True),
                    ("TAGame.CarComponent_Boost_TA:RechargeRate", 0.1),
                ),
            ),
        ),
        Case(
            "guid in network data, items, named teams",
            SHORT,
            RecordingPlan(guid=GuidPlace.NETWORK, items="ItemsMode", team_names=("Blues", "Oränge 🐢")),
        ),
        Case(
            "forfeit",
            {**SHORT, "goals": 0, "is_forfeit": True, "forfeiting_team": 0},
            RecordingPlan(guid=GuidPlace.NOWHERE),
        ),
        Case("forfeit 2019", {**SHORT, "is_forfeit": True}, RecordingPlan(version=BY_NAME["868.24.10"])),
        Case("no contest", SHORT, RecordingPlan(version=BY_NAME["868.24.10"], is_no_contest=True)),
        Case("unfinished ghost hunt", SHORT, RecordingPlan(is_unfinished=True, items="ItemsMode_HauntedBallBeam")),
        Case("knockout", {**ONE_EACH, "team_size": 4}, RecordingPlan(archetypes=KNOCKOUT)),
    ]
}
"""By name; each takes some hundredths of a second to make and to parse."""

LIMITS: dict[tuple[str, str, Decoder], str] = {
    ("boost told again", "boost", Decoder.auto): "the array call overlooks an amount that equals the last one",
}
"""(case, group of columns, decoder) -> what the frames cannot show rightly."""
