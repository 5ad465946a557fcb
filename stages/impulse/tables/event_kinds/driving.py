"""Kinds of events about cars without the ball: boost, speed, place, dodges and moves of driving, bumps."""

from __future__ import annotations

from collections.abc import Mapping

from impulse.tables.event_kinds.kind import BOOST, Field, Kind, named, number, parts, player, truth, vector, whole, word
from impulse.tables.event_kinds.shared import SHARED, SPAN

_BOOST: Mapping[str, Kind] = {
    "boost_pickups": Kind(
        "A boost pad is picked up.",
        "player",
        False,
        {
            "pad_type": word("size of the pad", "small", "big"),
            "pad_zone": word("third of the field, as the player's team attacks", "defensive", "neutral", "offensive"),
            "field_half": word("half of the field; unknown while play is held", "own", "opponent", "unknown"),
            "is_steal": truth("it is a pad of the other half"),
            "activity": word("play goes on, or is held", "active", "inactive"),
            "collected_amount": number("boost that it gave", BOOST),
            "overfill_amount": number("boost that the tank had no room for", BOOST),
            "boost_before": number("boost in the tank before", BOOST),
            "boost_after": number("boost in the tank after", BOOST),
            "detection": word(
                "the game tells it, or the tank fills near a pad, or both", "reported_only", "inferred_only", "both"
            ),
        },
    ),
    "boost_respawn": Kind(
        "A car gets the boost that every car starts with.",
        "player",
        False,
        {
            "kind": word("at a kickoff, or after a demolition", "kickoff", "demo"),
            "boost_granted": number("boost that it gets", BOOST),
        },
    ),
    "powerslide": Kind(
        "A powerslide on the ground begins or ends.",
        "player",
        False,
        {"active": truth("it begins; false where it ends")},
    ),
}


def _state(meaning: str, *values: str) -> dict[str, Field]:
    return {**SPAN, "state": word(meaning, *values)}


_PLACES: Mapping[str, Kind] = {
    "movement": Kind(
        "A car keeps its class of speed and of height.",
        "player",
        True,
        {
            "speed_band": word("below 1,410 uu/s, below 2,200 uu/s, or more", "slow", "boost", "supersonic"),
            "height_band": word("up to 20 uu, up to about 735 uu, or higher", "ground", "low_air", "high_air"),
            "dt": number("how long, in play", "s"),
            "distance": number("way of the car", "uu"),
            "speed": number("speed at the end", "uu/s"),
        },
    ),
    "field_half": Kind(
        "A player stays in a half of the field.",
        "player",
        True,
        _state("half, as his team attacks", "defensive", "offensive"),
    ),
    "field_third": Kind(
        "A player stays in a third of the field.",
        "player",
        True,
        _state("third, as his team attacks", "defensive", "neutral", "offensive"),
    ),
    "ball_depth": Kind(
        "A player stays behind the ball, level with it (150 uu), or ahead of it, as his team attacks.",
        "player",
        True,
        _state("where", "behind_ball", "level_with_ball", "ahead_of_ball"),
    ),
    "depth_role": Kind(
        "A player stays the last of his team, the first, or between them.",
        "player",
        True,
        _state("which; other where they are level", "most_back", "mid", "most_forward", "other", "no_teammates"),
    ),
    "ball_proximity": Kind(
        "A player stays nearest to the ball or farthest from it.",
        "player",
        True,
        {
            **SPAN,
            "state": parts(
                "which of them hold",
                {
                    "closest_to_ball_team": truth("nobody of his team is nearer to the ball"),
                    "closest_to_ball_absolute": truth("nobody is nearer to the ball"),
                    "farthest_from_ball": truth("nobody of his team is farther from the ball"),
                },
            ),
        },
    ),
    "rotation_role": Kind(
        "A player keeps his place in the rotation, by who plays the ball and who comes next; two or more a side.",
        "player",
        True,
        _state("which; ambiguous where two could be first", "first_man", "second_man", "third_man", "ambiguous"),
    ),
    "first_man_change": Kind(
        "Another player of the team becomes the first man.",
        "player",
        False,
        {
            "previous_first_man": player("who was it"),
            "next_first_man": player("who is it now"),
        },
        player="who is it now",
        other="who was it",
    ),
    "shadow_defense": Kind(
        "A player retreats between an attacker and the own goal.",
        "player",
        True,
        _state("always the same", "shadowing"),
    ),
    "player_activity": Kind(
        "A player is on the field, or demolished, in play.",
        "player",
        True,
        _state("which", "tracked", "demolished"),
    ),
}

_SIDES = ("left", "right")
_ENDS = ("forward", "backward", "neutral")
DIRECTIONS = tuple(
    f"{direction}{height}"
    for direction in (*_SIDES, *_ENDS, *(f"{end}_{side}" for end in _ENDS[:2] for side in _SIDES))
    for height in ("", "_up", "_down")
)

_DODGES: Mapping[str, Kind] = {
    "dodge": Kind(
        "A dodge, with the push that it gave the car, as far as that can be told from its velocity.",
        "player",
        True,
        {
            **named(SHARED, "resolved_frame resolved_time dodge_torque"),
            "dodge_impulse": parts(
                "estimate of the push, without what boost adds",
                {
                    **named(SHARED, "start_position end_position start_speed end_speed confidence"),
                    "sample_count": whole("network frames that it is taken of"),
                    "boost_sample_count": whole("of these, those with boost"),
                    "boost_compensation_magnitude": number("change of velocity that is put down to boost", "uu/s"),
                    "raw_velocity_delta": vector("change of the car's velocity", "uu/s"),
                    "estimated_impulse_delta": vector("the same without boost", "uu/s"),
                    "estimated_impulse_magnitude": number("its length", "uu/s"),
                    "estimated_horizontal_impulse_magnitude": number("its horizontal length", "uu/s"),
                    "estimated_direction": vector("its direction, a unit vector", ""),
                    "estimated_horizontal_direction": vector("its horizontal direction: x, y", ""),
                    "local_forward_component": number("its direction from the car, ahead, from -1 to 1"),
                    "local_right_component": number("its direction from the car, to the right"),
                    "local_up_component": number("its direction from the car, upwards"),
                    "direction_label": word("its direction from the car in words", *DIRECTIONS),
                },
            ),
            "dodge_rotation": parts(
                "how the car turns during the dodge",
                {
                    **named(SHARED, "max_forward_deviation_degrees"),
                    "sample_count": whole("network frames that it is taken of"),
                    "max_up_deviation_degrees": number("most that the roof turns away", "deg"),
                    "min_forward_z": number("least height of the nose, as part of a unit vector"),
                    "min_up_z": number("least height of the roof, as part of a unit vector; -1 is upside down"),
                    "onset_pitch_rate": number("pitch at the begin", "1/100 rad/s"),
                    "onset_yaw_rate": number("yaw at the begin", "1/100 rad/s"),
                    "onset_roll_rate": number("roll at the begin", "1/100 rad/s"),
                },
            ),
        },
    ),
    "speed_flip": Kind(
        "A diagonal dodge whose turn is cancelled, so that the nose stays ahead and the car is fast at once.",
        "player",
        True,
        {
            **named(SHARED, "resolved_frame resolved_time start_position end_position start_speed"),
            **named(SHARED, "max_forward_deviation_degrees"),
            "max_speed": number("most speed", "uu/s"),
            "forward_speed_gain": number("gain of speed ahead", "uu/s"),
            "min_travel_alignment": number("least cosine between the car's nose and its velocity"),
            "roll_sweep_degrees": number("how far the car rolls", "deg"),
            "dodge_side_component": number("the dodge's torque to the side, as the game sends it"),
            "time_since_kickoff_start": number("time from the kickoff's begin on, for those at a kickoff", "s"),
        },
    ),
    "half_flip": Kind(
        "A dodge backwards whose second half is cancelled, so that the nose ends where the tail was.",
        "player",
        False,
        {
            **named(SHARED, "start_position end_position start_speed end_speed"),
            "start_backward_alignment": number("cosine between the car's tail and its velocity at the begin"),
            "best_forward_reversal": number("how far the nose is turned round, 1 is the opposite"),
            "best_reorientation_alignment": number("cosine between the turned nose and the way the car goes"),
            "max_forward_vertical": number("most height of the nose, as part of a unit vector"),
        },
    ),
    "wavedash": Kind(
        "A dodge just above the ground that lands at once and gives its push on the ground, from dodge to landing.",
        "player",
        True,
        {
            **named(SHARED, "frame time dodge_frame dodge_time time_since_dodge start_speed"),
            "dodge_position": vector("position of the car at the dodge"),
            "landing_position": vector("position of the car at the landing"),
            "landing_speed": number("speed at the landing", "uu/s"),
            "landing_uprightness": number("height of the roof at the landing, as part of a unit vector"),
            "horizontal_speed_gain": number("gain of horizontal speed", "uu/s"),
        },
    ),
}

_CONTACTS: Mapping[str, Kind] = {
    "bump": Kind(
        "One car runs into another without demolishing it, by the change of its velocity.",
        "player",
        False,
        {
            **named(SHARED, "victim victim_is_team_0"),
            "initiator": player("who ran"),
            "initiator_is_team_0": truth("he is blue"),
            "initiator_position": vector("position of who ran"),
            "victim_position": vector("position of who was hit"),
            "is_team_bump": truth("they are teammates"),
            "closing_speed": number("speed towards each other before", "uu/s"),
            "contact_distance": number("distance between the cars then", "uu"),
            "victim_impulse": number("change of velocity of who was hit", "uu/s"),
            "strength": number("how hard it is, by the parser's measure of both", "uu/s"),
        },
        player="who ran",
        other="who was hit",
    ),
    "demolition": Kind(
        "One car demolishes another, as far as the parser finds it: none before 2020, not all later; the table demolitions has all.",
        "player",
        False,
        {
            **named(SHARED, "victim victim_is_team_0"),
            "attacker": player("who demolished"),
            "attacker_is_team_0": truth("he is blue"),
        },
        player="who demolished",
        other="who was demolished",
    ),
}

KINDS: Mapping[str, Kind] = {**_BOOST, **_PLACES, **_DODGES, **_CONTACTS}
