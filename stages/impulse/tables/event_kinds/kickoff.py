"""The kickoff, which has the most to tell of all events."""

from __future__ import annotations

from impulse.tables.event_kinds.kind import (
    BOOST,
    Kind,
    named,
    number,
    parts,
    player,
    several,
    truth,
    vector,
    whole,
    word,
)
from impulse.tables.event_kinds.shared import SHARED

_STARTS = ("center", "off_center_left", "off_center_right", "diagonal_left", "diagonal_right", "unknown")

_AT_KICKOFF = {
    **named(SHARED, "is_team_0 start_position"),
    "player": player("who"),
    "spawn_position": word("where he starts", *_STARTS),
    "start_boost": number("boost at the begin", BOOST),
    "boost_after": number("boost at the end", BOOST),
    "first_touch_frame": whole("network frame of his first touch"),
    "first_touch_time": number("time of that network frame", "s"),
}

_TAKER = {
    **_AT_KICKOFF,
    "outcome": word("what he does", "touched", "missed", "fake", "unknown"),
    "approach": word(
        "how he comes to the ball",
        *("speed_flip", "diagonal_flip", "front_flip", "boost_into_ball", "fake_go_for_boost", "other", "unknown"),
    ),
    "approach_flip_direction": word("side of his dodge", "left", "right", "not_applicable"),
    "ball_direction": word("where the ball goes from him", "left", "right", "center", "unknown"),
    "boost_used": number("boost burned", BOOST),
    "boost_collected": number("boost picked up", BOOST),
    "time_to_ball": number("time from the go to his touch", "s"),
    "contact_gap": number("distance between the car's hitbox and the ball at his touch", "uu"),
    "contact_player_position": vector("position of his car at his touch"),
    "contact_player_velocity": vector("velocity of his car then", "uu/s"),
    "contact_car_forward": vector("nose of his car then, a unit vector", ""),
    "contact_local_ball_position": vector("position of the ball from his car then: ahead, right, up"),
    "contact_local_contact_point": vector("point of his car's hitbox that is nearest to the ball then, from the car"),
    "contact_behind_ball_depth": number("how far he is behind the ball then, towards the own goal", "uu"),
    "contact_lateral_offset": number("how far he is to the side of the ball then", "uu"),
    "contact_lateral_abs_offset": number("the same without side", "uu"),
    "contact_nose_attack_alignment": number("cosine between his nose and the way to the other goal then"),
    "contact_velocity_attack_alignment": number("cosine between his velocity and the way to the other goal then"),
    "contact_velocity_ball_alignment": number("cosine between his velocity and the way to the ball then"),
    "contact_ball_exit_attack_alignment": number("cosine between the ball's way after and the way to the other goal"),
}

_NON_TAKER = {
    **_AT_KICKOFF,
    "start_distance_from_center": number("distance from the middle of the field at the begin", "uu"),
    "support_behavior": word("what he does", "go_for_boost", "cheat", "other", "unknown"),
}


def _either(*names: str) -> tuple[str, ...]:
    """Return a word for each team: blue is zero, orange one."""
    return tuple(f"{team}_{name}" for team in ("team_zero", "team_one") for name in names)


_TAKERS = {
    name: value
    for team, whose in (("team_zero", "blue"), ("team_one", "orange"))
    for name, value in {
        f"{team}_taker": parts(f"player of {whose} who takes it", _TAKER),
        f"{team}_non_takers": several(f"the others of {whose}", _NON_TAKER),
        f"{team}_taker_touch_frame": whole(f"network frame of the touch of {whose}'s taker"),
        f"{team}_taker_touch_time": number("time of that network frame", "s"),
    }.items()
}

KICKOFF = Kind(
    "A kickoff, from the cars' start until the ball is decided; its first touch, its takers, and what comes of it.",
    "player",
    True,
    {
        **named(SHARED, "winning_team_is_team_0 scoring_team_is_team_0"),
        **_TAKERS,
        "kickoff_type": word("where the takers start", "center", "center_offset", "diagonal", "unknown"),
        "kickoff_direction": word("side from which the takers start", "left", "right", "center", "unknown"),
        "movement_start_frame": whole("network frame in which the cars begin to move"),
        "movement_start_time": number("time of that network frame", "s"),
        "live_action_start_frame": whole("network frame of the go"),
        "live_action_start_time": number("time of that network frame", "s"),
        "first_touch_frame": whole("network frame of the first touch"),
        "first_touch_time": number("time of that network frame", "s"),
        "first_touch_id": whole("number of that touch, as touch_id"),
        "first_touch_player": player("whose it is"),
        "first_touch_team_is_team_0": truth("it is blue's"),
        "first_touch_ball_position": vector("position of the ball after it"),
        "first_touch_ball_velocity": vector("velocity of the ball after it", "uu/s"),
        "first_touch_ball_height": number("height of the ball after it", "uu"),
        "first_touch_ball_abs_x": number("distance of the ball from the middle to a side after it", "uu"),
        "first_follow_up_touch_frame": whole("network frame of the first touch by another than the takers"),
        "first_follow_up_touch_time": number("time of that network frame", "s"),
        "first_follow_up_touch_player": player("whose it is"),
        "first_follow_up_touch_team_is_team_0": truth("it is blue's"),
        "taker_touch_delay_seconds": number("time between the touches of both takers", "s"),
        "exit_velocity": vector("velocity of the ball after the takers' touches", "uu/s"),
        "exit_speed": number("its length", "uu/s"),
        "exit_y_velocity": number("of that, towards orange's goal", "uu/s"),
        "outcome": word("who wins it, by where the ball goes", *_either("win"), "neutral", "unknown"),
        "win_strength": number("how clearly, from 0 to 1"),
        "win_strength_band": word("below 0.25, below 0.5, or more", "narrow", "clear", "strong", "unknown"),
        "kickoff_possession_outcome": word(
            "who has the ball after it", *_either("possession", "advantage"), "contested"
        ),
        "kickoff_possession_team_is_team_0": truth("it is blue"),
        "advantage": word("what comes of it", *_either("goal", "possession", "pressure"), "no_advantage"),
        "advantage_team_is_team_0": truth("for blue"),
        "advantage_player": player("by whom"),
        "advantage_frame": whole("network frame in which that shows"),
        "advantage_time": number("time of that network frame", "s"),
        "advantage_seconds_after_first_touch": number("time from the first touch to there", "s"),
        "kickoff_goal": truth("a goal comes straight from it"),
        "time_to_goal": number("time from the first touch to that goal", "s"),
    },
    player="whose touch is first",
)
