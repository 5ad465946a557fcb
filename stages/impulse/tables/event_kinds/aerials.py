"""Kinds of events about cars that fly to the ball: off walls and the ceiling, and with dodges given back."""

from __future__ import annotations

from collections.abc import Mapping

from impulse.tables.event_kinds.kind import Kind, named, number, truth, vector, whole, word
from impulse.tables.event_kinds.shared import SHARED

_OFF_WALL = (
    "wall wall_contact_frame wall_contact_time wall_contact_position takeoff_frame takeoff_time takeoff_position"
)

KINDS: Mapping[str, Kind] = {
    "wall_aerial": Kind(
        "A car leaves a wall with the ball and touches it in the air, from the wall to the touch.",
        "player",
        True,
        {
            **named(SHARED, f"frame time sample_frame sample_time {_OFF_WALL} time_since_takeoff goal_alignment"),
            **named(SHARED, "setup_start_frame setup_start_time setup_duration ball_speed ball_speed_change"),
        },
    ),
    "wall_aerial_shot": Kind(
        "A shot by a car that left a wall just before, from there to the shot.",
        "player",
        True,
        named(SHARED, f"frame time {_OFF_WALL} time_since_takeoff goal_alignment ball_speed"),
    ),
    "ceiling_shot": Kind(
        "A shot by a car that let go of the ceiling just before, from there to the touch.",
        "player",
        True,
        {
            **named(SHARED, "frame time ball_speed_change local_ball_position forward_alignment"),
            "ceiling_contact_frame": whole("last network frame at the ceiling"),
            "ceiling_contact_time": number("time of that network frame", "s"),
            "ceiling_contact_position": vector("position of the car then"),
            "time_since_ceiling_contact": number("time from there to the touch", "s"),
            "separation_from_ceiling": number("distance of the car from the ceiling at the touch", "uu"),
            "roof_alignment": number("cosine between the car's roof and straight up, at the ceiling"),
            "forward_approach_speed": number("speed of the car towards the ball", "uu/s"),
            "touch_position": vector("position of the ball at the touch"),
        },
    ),
    "dodge_reset": Kind(
        "A flying car gets its dodge back. Where the game does not tell it (counter_value 0, in all files from before March 2026), "
        "the parser takes a ball near the wheels for one, which gives many times as many.",
        "player",
        False,
        {
            **named(SHARED, "counter_value"),
            "on_ball": truth("by the wheels on the ball: a flip reset"),
            "used": truth("the dodge met the ball before landing"),
            "time_to_use": number("time from reset to that touch", "s"),
            "outcome": word(
                "what became of it",
                "used",
                "landed",
                "superseded",
                "expired",
                "goal_scored",
                "replay_ended",
                "play_ended",
            ),
        },
    ),
    "flip_reset": Kind(
        "A flip reset whose dodge meets the ball before landing, from the reset to that touch.",
        "player",
        True,
        {
            **named(SHARED, "frame time counter_value"),
            "reset_frame": whole("network frame of the reset"),
            "reset_time": number("time of that network frame", "s"),
            "time_since_reset": number("time from reset to touch", "s"),
        },
    ),
}
