"""Which kinds of events have views of their own in ``analysis.sql``, and what of their details are columns there."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class EventView:
    """Events of one kind, with their details spread."""

    name: str
    about: str
    kind: str
    details: tuple[str, ...] = ()
    """``type path`` or ``type path column``: ``number``, ``count``, ``text``, ``flag``, ``boost`` (in percent), or ``team``, for a
    detail that says whether it is the blue one."""
    tags: tuple[str, ...] = ()
    """Groups of classes that are columns, as ``group`` or ``group column``."""
    of_kind: str = ""
    """Value of the detail ``kind`` that is wanted; empty for all."""

    @property
    def columns(self) -> list[str]:
        """SQL of the columns that the details and classes give."""
        spread = []
        for detail in self.details:
            form, path, *name = detail.split()
            value = _FORMS[form].format(value=f"(detail->>'$.{path}')")
            spread.append(f"{value} AS {name[0] if name else path}")
        for tag in self.tags:
            group, *name = tag.split()
            found = f"list_filter(tags, lambda tag: starts_with(tag, '{group}='))[1]"
            spread.append(f"{found}[{len(group) + 2}:] AS {name[0] if name else group}")
        return spread


_FORMS = {
    "number": "{value}::FLOAT",
    "count": "{value}::INTEGER",
    "text": "{value}",
    "flag": "{value}::BOOLEAN",
    "boost": "({value}::FLOAT / 2.55)::FLOAT",
    "team": "CASE {value}::BOOLEAN WHEN true THEN 'blue' WHEN false THEN 'orange' END",
}

EVENT_VIEWS = (
    EventView(
        "touches",
        "One row for each touch: how the ball was hit, and in which role.",
        "touch",
        ("number ball_speed_change", "text role", "text play_depth"),
        tags=("kind hit", "action", "surface", "height_band", "dodge_state", "reception", "possession", "contested"),
    ),
    EventView("saves", "One row for each save that the scoreboard counts.", "timeline", of_kind="Save"),
    EventView(
        "passes",
        "One row for each pass: player is who passed, other_player who received.",
        "pass",
        ("number ball_travel_distance", "number ball_advance_distance", "text pass_kind"),
    ),
    EventView(
        "possessions",
        "One row for each time that a player kept the ball.",
        "player_possession",
        (
            "number duration", "number close_time", "number advance_distance", "number retreat_distance", "number carry_time",
            "number air_dribble_time", "count touch_count", "count aerial_touch_count", "count wall_touch_count",
            "count carry_count", "count air_dribble_count", "text start_field_third", "text end_field_third",
            "flag sustained_control",
        ),
    ),
    EventView(
        "pickups",
        "One row for each boost pad that was picked up; boost is 0-100.",
        "boost_pickups",
        (
            "text pad_type", "text pad_zone", "text field_half", "text activity", "text detection", "flag is_steal",
            "boost boost_before", "boost boost_after", "boost collected_amount", "boost overfill_amount",
        ),
    ),
    EventView(
        "kickoffs",
        "One row for each kickoff: player is who touched the ball first; boost is 0-100.",
        "kickoff",
        (
            "text kickoff_type", "text kickoff_direction", "count team_zero_taker.player blue_taker",
            "count team_one_taker.player orange_taker", "text team_zero_taker.approach blue_approach",
            "text team_one_taker.approach orange_approach", "number team_zero_taker.time_to_ball blue_time_to_ball",
            "number team_one_taker.time_to_ball orange_time_to_ball", "boost team_zero_taker.boost_used blue_boost_used",
            "boost team_one_taker.boost_used orange_boost_used", "number exit_speed", "number exit_y_velocity",
            "team winning_team_is_team_0 winning_team", "text win_strength_band",
            "team kickoff_possession_team_is_team_0 possession_team", "flag kickoff_goal", "team scoring_team_is_team_0 scoring_team",
            "number time_to_goal",
        ),
    ),
    EventView(
        "fifty_fifties",
        "One row for each time that both teams touched the ball at once.",
        "fifty_fifty",
        (
            "count team_zero_player blue_player", "count team_one_player orange_player", "flag is_kickoff",
            "flag team_zero_dodge_contact blue_dodge", "flag team_one_dodge_contact orange_dodge",
            "team winning_team_is_team_0 winning_team", "team possession_team_is_team_0 possession_team",
        ),
    ),
    EventView(
        "bumps",
        "One row for each bump: player is who bumped, other_player who was bumped.",
        "bump",
        ("number strength", "number closing_speed", "number contact_distance", "number victim_impulse", "flag is_team_bump"),
    ),
    EventView(
        "dodges",
        "One row for each dodge: its direction, and the speed before and after it in uu/s.",
        "dodge",
        (
            "text dodge_impulse.direction_label direction", "number dodge_impulse.start_speed start_speed",
            "number dodge_impulse.end_speed end_speed", "number dodge_impulse.estimated_impulse_magnitude impulse",
        ),
    ),
    EventView(
        "score_changes",
        "One row for each change of a player's scoreboard.",
        "core_player",
        (
            "count score_delta score", "count goals_delta goals", "count assists_delta assists", "count saves_delta saves",
            "count shots_delta shots",
        ),
    ),
)  # fmt: skip
"""Shots have a view of their own, because the touch before them says where the ball was."""
