"""Which kinds of events have views of their own in ``analysis.sql``, and what of their details are columns there."""

from __future__ import annotations

from dataclasses import dataclass, field

BOOST = "FLOAT / 2.55"
"""Boost of details is in 1/255 of a tank; views have it as the frames do, 0-100."""


@dataclass(frozen=True, slots=True)
class EventView:
    """Events of one kind, with their details spread."""

    name: str
    about: str
    kind: str
    numbers: tuple[str, ...] = ()
    """Details that are numbers."""
    counts: tuple[str, ...] = ()
    texts: tuple[str, ...] = ()
    flags: tuple[str, ...] = ()
    boosts: tuple[str, ...] = ()
    """Details that are amounts of boost."""
    teams: dict[str, str] = field(default_factory=dict)
    """Column to the detail that says whether it is the blue team."""
    tags: tuple[str, ...] = ()
    """Groups of classes."""
    of_kind: str = ""
    """Value of the detail ``kind`` that is wanted; empty for all."""

    @property
    def columns(self) -> list[str]:
        """SQL of the columns that the details and classes give."""
        return [
            *(f"{_detail(name)}::FLOAT AS {_last(name)}" for name in self.numbers),
            *(f"{_detail(name)}::INTEGER AS {_last(name)}" for name in self.counts),
            *(f"{_detail(name)} AS {_last(name)}" for name in self.texts),
            *(f"{_detail(name)}::BOOLEAN AS {_last(name)}" for name in self.flags),
            *(f"{_detail(name)}::{BOOST} AS {_last(name)}" for name in self.boosts),
            *(
                f"CASE {_detail(name)}::BOOLEAN WHEN true THEN 'blue' WHEN false THEN 'orange' END AS {column}"
                for column, name in self.teams.items()
            ),
            *(
                f"list_filter(tags, lambda tag: starts_with(tag, '{group}='))[1][{len(group) + 2}:] AS {group}"
                for group in self.tags
            ),
        ]


def _detail(path: str) -> str:
    return f"(detail->>'$.{path}')"


def _last(path: str) -> str:
    return path.rsplit(".", 1)[-1]


_CORE = "score_delta goals_delta assists_delta saves_delta shots_delta"

EVENT_VIEWS = (
    EventView(
        "touches",
        "One row for each touch: how the ball was hit, and in which role.",
        "touch",
        numbers=("ball_speed_change",),
        texts=("role", "play_depth"),
        tags=("kind", "action", "surface", "height_band", "dodge_state", "reception", "possession"),
    ),
    EventView("saves", "One row for each save that the scoreboard counts.", "timeline", of_kind="Save"),
    EventView(
        "passes",
        "One row for each pass: player is who passed, other_player who received.",
        "pass",
        numbers=("ball_travel_distance", "ball_advance_distance"),
        texts=("pass_kind",),
    ),
    EventView(
        "possessions",
        "One row for each time that a player kept the ball.",
        "player_possession",
        numbers=("duration", "close_time", "advance_distance", "retreat_distance", "carry_time", "air_dribble_time"),
        counts=("touch_count", "aerial_touch_count", "wall_touch_count", "carry_count", "air_dribble_count"),
        texts=("start_field_third", "end_field_third"),
        flags=("sustained_control",),
    ),
    EventView(
        "pickups",
        "One row for each boost pad that was picked up; boost is 0-100.",
        "boost_pickups",
        texts=("pad_type", "pad_zone", "field_half", "activity", "detection"),
        flags=("is_steal",),
        boosts=("boost_before", "boost_after", "collected_amount", "overfill_amount"),
    ),
    EventView(
        "kickoffs",
        "One row for each kickoff: player is who took the ball first.",
        "kickoff",
        numbers=("exit_speed", "exit_y_velocity", "first_touch_time", "taker_touch_delay_seconds", "time_to_goal", "win_strength"),
        counts=("team_zero_taker", "team_one_taker", "first_touch_player", "advantage_player"),
        texts=("kickoff_type", "kickoff_direction", "win_strength_band", "advantage"),
        flags=("kickoff_goal",),
        teams={
            "winning_team": "winning_team_is_team_0",
            "scoring_team": "scoring_team_is_team_0",
            "possession_team": "kickoff_possession_team_is_team_0",
        },
    ),
    EventView(
        "fifty_fifties",
        "One row for each time that both teams touched the ball at once.",
        "fifty_fifty",
        counts=("team_zero_player", "team_one_player"),
        flags=("is_kickoff", "team_zero_dodge_contact", "team_one_dodge_contact"),
        teams={"winning_team": "winning_team_is_team_0", "possession_team": "possession_team_is_team_0"},
    ),
    EventView(
        "bumps",
        "One row for each bump: player is who bumped, other_player who was bumped.",
        "bump",
        numbers=("strength", "closing_speed", "contact_distance", "victim_impulse"),
        flags=("is_team_bump",),
    ),
    EventView(
        "dodges",
        "One row for each dodge: direction as the parser names it, speed before and after in uu/s.",
        "dodge",
        texts=("dodge_impulse.direction_label",),
        numbers=("dodge_impulse.start_speed", "dodge_impulse.end_speed", "dodge_impulse.estimated_impulse_magnitude"),
    ),
    EventView("score_changes", "One row for each change of a player's scoreboard.", "core_player", counts=tuple(_CORE.split())),
)
"""Shots have a view of their own, because the touch before them says where the ball was."""
