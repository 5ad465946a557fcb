"""Statistics of what cars do without the ball: boost, speed, place, rotation, bumps, and moves of driving."""

from __future__ import annotations

from impulse.tables.statistics.module import BOOST, BOOST_TIME, Module

_ON_FIELD = "time on the field in play (game_state Active or Finished), that the times of this module are shares of"

_FROM_TOUCH = "from the first touch after each kickoff on"

_FEWER = "as far as the parser finds them: none before 2020, and not all after it; the table demolitions has all"

BOOST_MODULE = Module(
    "boost",
    both=(
        ("tracked_time", "s", _ON_FIELD),
        ("boost_integral", BOOST_TIME, "boost in the tank, over time; by tracked_time the mean"),
        ("time_zero_boost", "s", "time with an empty tank"),
        ("time_hundred_boost", "s", "time with a full tank"),
        ("time_boost_0_25", "s", "time with less than 25"),
        ("time_boost_25_50", "s", "time with 25 to 50"),
        ("time_boost_50_75", "s", "time with 50 to 75"),
        ("time_boost_75_100", "s", "time with 75 or more"),
        ("amount_collected", BOOST, "boost from pads, in play"),
        ("amount_collected_big", BOOST, "of that, from big pads"),
        ("amount_collected_small", BOOST, "of that, from small pads"),
        ("amount_collected_inactive", BOOST, "boost from pads while play is held"),
        ("amount_stolen", BOOST, "boost from pads of the other half"),
        ("amount_stolen_big", BOOST, "of that, from big pads"),
        ("amount_stolen_small", BOOST, "of that, from small pads"),
        ("amount_respawned", BOOST, "boost given at kickoffs and after demolitions"),
        ("overfill_total", BOOST, "boost of pads that the tank had no room for"),
        ("overfill_from_stolen", BOOST, "of that, from pads of the other half"),
        ("big_pads_collected", "big pads picked up in play"),
        ("small_pads_collected", "small pads picked up in play"),
        ("big_pads_collected_inactive", "big pads picked up while play is held"),
        ("small_pads_collected_inactive", "small pads picked up while play is held"),
        ("big_pads_stolen", "big pads of the other half picked up"),
        ("small_pads_stolen", "small pads of the other half picked up"),
        ("amount_used", BOOST, "boost burned"),
        ("amount_used_while_grounded", BOOST, "of that, on the ground"),
        ("amount_used_while_airborne", BOOST, "of that, in the air"),
        ("amount_used_while_supersonic", BOOST, "of that, at 2,200 uu/s and more, where it adds little"),
    ),
)

MOVEMENT = Module(
    "movement",
    both=(
        ("tracked_time", "s", _ON_FIELD),
        ("total_distance", "uu", "way driven and flown"),
        ("speed_integral", "uu", "speed over time; by tracked_time the mean"),
        ("time_slow_speed", "s", "time below 1,410 uu/s, what a car reaches without boost"),
        ("time_boost_speed", "s", "time at 1,410 to 2,200 uu/s"),
        ("time_supersonic_speed", "s", "time at 2,200 uu/s and more"),
        ("time_on_ground", "s", "time with the car's centre up to 20 uu high"),
        ("time_low_air", "s", "time up to about 735 uu high, walls too"),
        ("time_high_air", "s", "time higher than that"),
    ),
)

POSITIONING = Module(
    "positioning",
    both=(
        ("time_closest_to_ball_team", "s", "time as the one of the team who is nearest to the ball"),
        ("time_closest_to_ball_absolute", "s", "time as the one of all who is nearest to the ball"),
    ),
    player=(
        ("tracked_time", "s", f"time on the field {_FROM_TOUCH}, that the times of this module are shares of"),
        ("active_game_time", "s", f"time {_FROM_TOUCH}, demolished or not"),
        ("time_demolished", "s", "time demolished"),
        ("time_farthest_from_ball", "s", "time as the one of the team who is farthest from the ball"),
        ("sum_distance_to_ball", "uu s", "distance to the ball, over time"),
        ("sum_distance_to_ball_has_possession", "uu s", "of that, while the player has the ball"),
        ("sum_distance_to_ball_no_possession", "uu s", "of that, while somebody else has the ball"),
        ("sum_distance_to_teammates", "uu s", "mean distance to teammates, over time"),
        ("time_has_possession", "s", "time with the ball"),
        ("time_no_possession", "s", "time while somebody else has the ball"),
        ("time_defensive_half", "s", "time in the own half"),
        ("time_offensive_half", "s", "time in the other half"),
        ("time_defensive_third", "s", "time in the own third"),
        ("time_neutral_third", "s", "time in the middle third"),
        ("time_offensive_third", "s", "time in the other third"),
        ("time_behind_ball", "s", "time more than 150 uu behind the ball, towards the own goal"),
        ("time_level_with_ball", "s", "time up to 150 uu from level with the ball"),
        ("time_in_front_of_ball", "s", "time more than 150 uu in front of the ball"),
        ("time_most_back", "s", "time as the last one of the team"),
        ("time_most_forward", "s", "time as the first one of the team"),
        ("time_mid_role", "s", "time between first and last"),
        ("time_other_role", "s", "time level with teammates, without such a role"),
        ("time_no_teammates", "s", "time without teammates"),
        ("time_shadow_defense", "s", "time in retreat between an attacker and the own goal"),
    ),
    team=(("tracked_time", "s", f"time of the match {_FROM_TOUCH}"),),
)

ROTATION = Module(
    "rotation",
    player=(
        ("active_game_time", "s", "time in play, with two or more a side"),
        ("time_first_man", "s", "time as the one who plays the ball"),
        ("time_second_man", "s", "time as the next one"),
        ("time_third_man", "s", "time as the third one"),
        ("time_ambiguous_role", "s", "time with two who could be first, less than 250 uu apart"),
        ("first_man_stint_count", "times as first man"),
        ("longest_first_man_stint_time", "s", "the longest of these"),
        ("became_first_man_count", "changes to first man"),
        ("lost_first_man_count", "changes from first man"),
    ),
    team=(
        ("first_man_changes_for_team", "changes of the first man"),
        ("rotation_count", "rotations; parser 1.5.1 counts every change of the first man"),
    ),
)

_SURE = (
    ("count", "{what}"),
    ("high_confidence_count", "{what} that the parser is surest of"),
)

MOVES = tuple(
    Module(
        name,
        player=(
            *((stat, meaning.format(what=what)) for stat, meaning in _SURE),
            ("cumulative_quality", "", "how clearly each was one, from 0 to 1, summed"),
            ("best_quality", "", "the clearest of them"),
        ),
    )
    for name, what in (
        ("speed_flip", "speed flips: diagonal dodges that are cancelled to keep the nose ahead"),
        ("half_flip", "half flips: dodges backwards that end with the nose where the tail was"),
        ("wavedash", "wavedashes: dodges just above the ground that land at once"),
    )
)

CONTACTS = (
    Module(
        "bump",
        both=(
            ("bumps_inflicted", "bumps of other cars; without demolitions"),
            ("team_bumps_inflicted", "of these, of teammates"),
        ),
        player=(
            ("bumps_taken", "bumps by other cars"),
            ("team_bumps_taken", "of these, by teammates"),
            ("cumulative_bump_strength", "uu/s", "strength of the bumps of others, summed"),
            ("max_bump_strength", "uu/s", "the strongest of these"),
        ),
    ),
    Module(
        "demo",
        both=(("demos_inflicted", f"demolitions of others; {_FEWER}"),),
        player=(("demos_taken", f"times demolished; {_FEWER}"),),
    ),
    Module("dodge", both=(("count", "dodges"),)),
    Module(
        "powerslide",
        both=(
            ("press_count", "powerslides on the ground"),
            ("total_duration", "s", "time of these"),
        ),
    ),
)

MODULES = (BOOST_MODULE, MOVEMENT, POSITIONING, ROTATION, *MOVES, *CONTACTS)
