"""Kinds of events about players and the ball: touches, passes, carries, and attempts that failed."""

from __future__ import annotations

from collections.abc import Mapping

from impulse.tables.event_kinds.kind import (
    Kind,
    named,
    number,
    parts,
    player,
    truth,
    vector,
    whole,
    word,
)
from impulse.tables.event_kinds.shared import SHARED, THIRDS

TOUCH = Kind(
    "A touch of the ball.",
    "player",
    False,
    {
        **named(SHARED, "sample_frame sample_time touch_id ball_speed_change"),
        "player_position": vector("position of the player at the end of the ball's movement"),
        "ball_movement": parts(
            "what the ball does until the next touch",
            {
                **named(SHARED, "duration advance_distance retreat_distance"),
                "travel_distance": number("way of the ball", "uu"),
                "start_frame": whole("first network frame of it"),
                "start_time": number("time of that network frame", "s"),
                "end_frame": whole("last network frame of it"),
                "end_time": number("time of that network frame", "s"),
                "finalized": truth("the end was reached"),
            },
        ),
        "role": word(
            "who the player is in his team then", "first_man", "second_man", "third_man", "ambiguous", "unknown"
        ),
        "play_depth": word(
            "where he is among his teammates", "behind_play", "level_with_play", "ahead_of_play", "unknown"
        ),
    },
    tags={
        "kind": ("control", "medium_hit", "hard_hit"),
        "height_band": ("ground", "low_air", "high_air"),
        "surface": ("ground", "air", "wall"),
        "dodge_state": ("dodge", "no_dodge"),
        "reception": ("first_touch", "continuation"),
        "action": ("shot", "save", "clear", "pass", "boom"),
        "possession": ("control", "advance"),
        "contested": ("contested",),
    },
)

_FAILED: Mapping[str, Kind] = {
    "whiff": Kind(
        "An attempt at the ball that does not reach it, from its begin until the parser has decided.",
        "player",
        True,
        {
            **named(
                SHARED,
                "frame time resolved_frame resolved_time confidence aerial dodge_active forward_alignment approach_speed",
            ),
            "kind": word("it missed, or an opponent's touch came before it", "whiff", "disrupted_attempt"),
            "closest_approach_distance": number("least distance to the ball", "uu"),
            "closing_speed_at_closest": number("speed towards each other then; negative apart", "uu/s"),
            "velocity_alignment_at_closest": number("cosine between the car's velocity and the way to the ball then"),
            "local_ball_position_at_closest": vector("position of the ball from the car then: ahead, right, up"),
            "resolved_distance": number("distance to the ball at the end", "uu"),
            "resolution_reason": word("why the parser decided", "attempt_classified"),
            "disrupted_by": player("whose touch came before"),
        },
    ),
    "beaten_to_ball": Kind(
        "Somebody goes for the ball, and an opponent is there first.",
        "player",
        False,
        {
            **named(SHARED, "approach_speed aerial dodge_active"),
            "winner": player("who was first"),
            "margin_seconds": number("time by which he was first", "s"),
            "distance_at_touch": number("distance of the player to the ball at that touch", "uu"),
            "velocity_alignment": number("cosine between the car's velocity and the way to the ball"),
        },
        other="who was first",
    ),
}

_PASSES: Mapping[str, Kind] = {
    "pass": Kind(
        "The ball goes from one player to a teammate, who touches it next.",
        "player",
        True,
        {
            **named(SHARED, "frame time sample_frame sample_time duration ball_travel_distance ball_advance_distance"),
            **named(SHARED, "passer passer_position"),
            "pass_kind": word("how it came", "direct", "backboard", "fifty_fifty", "fifty_fifty_backboard"),
            "receiver": player("who received it"),
            "receiver_position": vector("position of who received it, at his touch"),
        },
        player="who passed",
        other="who received it",
    ),
    "one_timer": Kind(
        "A pass that the receiver sends fast towards the goal with his first touch.",
        "player",
        True,
        {
            **named(SHARED, "frame time ball_speed goal_alignment passer passer_position"),
            "pass_start_frame": whole("network frame of the pass"),
            "pass_start_time": number("time of that network frame", "s"),
            "pass_duration": number("time from pass to touch", "s"),
            "pass_travel_distance": number("way of the ball in the pass", "uu"),
            "pass_advance_distance": number("of that, towards the other goal; negative backwards", "uu"),
        },
        player="who received the pass",
        other="who passed",
    ),
    "center": Kind(
        "A touch that brings the ball from a side to before the other goal.",
        "player",
        True,
        {
            **named(SHARED, "frame time duration ball_travel_distance ball_advance_distance"),
            "lateral_centering_distance": number("way of the ball towards the middle", "uu"),
            "start_ball_position": vector("position of the ball at the touch"),
            "end_ball_position": vector("position of the ball at the end"),
        },
    ),
    "backboard": Kind(
        "The ball bounces off the wall above the other goal, after a touch of this player.",
        "player",
        False,
    ),
    "double_tap": Kind(
        "The player who sent the ball to that wall touches it again, towards the goal.",
        "player",
        True,
        {
            **named(SHARED, "frame time"),
            "backboard_frame": whole("network frame of the bounce"),
            "backboard_time": number("time of that network frame", "s"),
        },
    ),
    "half_volley": Kind(
        "The ball is hit with a dodge just after it bounces off the floor.",
        "player",
        False,
        {
            **named(SHARED, "sample_frame sample_time ball_speed goal_alignment"),
            "bounce_frame": whole("network frame of the bounce"),
            "bounce_time": number("time of that network frame", "s"),
            "bounce_to_touch_seconds": number("time from bounce to touch", "s"),
        },
    ),
}

_CARRIED = "average_speed path_distance straight_line_distance average_horizontal_gap average_vertical_gap touch_count"

_CARRIES: Mapping[str, Kind] = {
    "ball_carry": Kind(
        "The ball is carried on the car's roof.",
        "player",
        True,
        {
            **named(SHARED, f"duration {_CARRIED} air_touch_count start_position end_position"),
            "kind": word("always the same", "carry"),
        },
    ),
    "air_dribble": Kind(
        "The ball is kept in the air by several touches of a flying car.",
        "player",
        True,
        {
            **named(SHARED, f"duration {_CARRIED} air_touch_count start_position end_position"),
            "kind": word("always the same", "air_dribble"),
            "air_dribble_origin": word("where it begins", "ground_to_air", "wall_to_air"),
        },
    ),
    "controlled_play": Kind(
        "A player touches the ball more than once within some seconds, nobody else does, and he stays near it.",
        "team",
        True,
        {
            **named(SHARED, "duration touch_count"),
            "close_duration": number("time near the ball", "s"),
            "first_touch_frame": whole("network frame of the first touch"),
            "first_touch_time": number("time of that network frame", "s"),
            "last_touch_frame": whole("network frame of the last touch"),
            "last_touch_time": number("time of that network frame", "s"),
            "total_advance_distance": number("way of the ball towards the other goal", "uu"),
        },
    ),
    "player_possession": Kind(
        "One player has the ball, with what he does with it.",
        "player",
        True,
        {
            **named(SHARED, "duration touch_count advance_distance retreat_distance"),
            "aerial_touch_count": whole("of the touches, those in the air"),
            "wall_touch_count": whole("of the touches, those on a wall"),
            "carry_count": whole("carries in it"),
            "carry_time": number("time of these", "s"),
            "air_dribble_count": whole("air dribbles in it"),
            "air_dribble_time": number("time of these", "s"),
            "close_time": number("time near the ball", "s"),
            "sustained_control": truth("he controls the ball for long, and does not just hit it twice"),
            "start_field_third": word("third of the field in which it begins: blue's is zero's", *THIRDS),
            "end_field_third": word("third of the field in which it ends", *THIRDS),
        },
    ),
    "flick": Kind(
        "A ball that was carried or kept close is thrown by a dodge, from the carry's begin to the touch.",
        "player",
        True,
        {
            **named(SHARED, "frame time sample_frame sample_time dodge_frame dodge_time dodge_torque time_since_dodge"),
            **named(SHARED, "setup_start_frame setup_start_time setup_duration local_ball_position ball_speed_change"),
            **named(SHARED, "average_horizontal_gap average_vertical_gap"),
            "kind": word(
                "by the dodge's direction; reverse with the car turned", "forward", "side", "reverse", "other"
            ),
            "direction": word("where the ball goes", "left", "center", "right"),
            "setup_touch_count": whole("touches of the carry"),
            "dodge_forward_back": number("direction of the dodge, forwards is 1 and backwards -1"),
            "dodge_side": number("direction of the dodge to the sides, from -1 to 1"),
            "ball_impulse": vector("change of the ball's velocity", "uu/s"),
            "local_ball_impulse": vector("the same from the car: ahead, right, up", "uu/s"),
            "vertical_impulse": number("of that, upwards", "uu/s"),
            "impulse_away_alignment": number("cosine between that change and the way from car to ball"),
            "launch_forward_alignment": number("cosine between that change and the car's nose"),
            "launch_vertical_fraction": number("share of that change that goes upwards"),
            "travel_offset_radians": number("angle between the car's nose and its way before the flick", "rad"),
            "underside_rotation": number("how far the car's floor turns to the ball, from -1 to 1"),
        },
    ),
}

KINDS: Mapping[str, Kind] = {"touch": TOUCH, **_PASSES, **_CARRIES, **_FAILED}
