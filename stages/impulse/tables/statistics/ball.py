"""Statistics of what players do with the ball: touches, passes, carries, shots from walls and ceiling, and attempts that failed."""

from __future__ import annotations

from impulse.tables.statistics.module import Entries, Module, classes

TOUCH = Module(
    "touch",
    player=(
        ("touch_count", "touches of the ball"),
        ("control_touch_count", "touches that hardly change the ball's speed"),
        ("medium_hit_count", "touches that change it by about 320 to 900 uu/s"),
        ("hard_hit_count", "touches that change it by more"),
        ("aerial_touch_count", "touches in the air"),
        ("high_aerial_touch_count", "of these, high in the air"),
        ("wall_touch_count", "touches with the car on a wall"),
        ("first_touch_count", "touches that receive the ball: from somebody else, or after a while"),
        ("cumulative_ball_speed_change", "uu/s", "change of the ball's velocity, summed over touches"),
        ("max_ball_speed_change", "uu/s", "the most of one touch"),
        ("total_ball_travel_distance", "uu", "way of the ball from each touch to the next"),
        ("total_ball_advance_distance", "uu", "of that, towards the other goal"),
        ("total_ball_retreat_distance", "uu", "of that, towards the own goal"),
        *classes(
            "action",
            (
                ("shot", "touches that are shots"),
                ("save", "touches that are saves"),
                ("clear", "touches that send the ball out of the own third"),
                ("pass", "touches that lead a teammate"),
                ("boom", "touches that send the ball far ahead and hard"),
            ),
        ),
        *classes("possession", (("control", "touches after which the player keeps the ball"),)),
        *classes("dodge_state", (("dodge", "touches during a dodge"), ("no_dodge", "touches without a dodge"))),
        *classes(
            "role",
            (
                ("first_man", "touches as first man"),
                ("second_man", "touches as second man"),
                ("third_man", "touches as third man"),
                ("ambiguous", "touches with two who could be first"),
                ("unknown", "touches without such a role, as of one a side"),
            ),
        ),
        *classes(
            "play_depth",
            (
                ("behind_play", "touches behind the teammates"),
                ("level_with_play", "touches level with the teammates"),
                ("ahead_of_play", "touches ahead of the teammates"),
                ("unknown", "touches of which that is not told, as of one a side"),
            ),
        ),
    ),
)

PASSING = (
    Module(
        "pass",
        both=(
            ("completed_pass_count", "passes: the next touch is a teammate's"),
            ("total_pass_distance", "uu", "way of the ball in passes"),
            ("total_pass_advance", "uu", "of that, towards the other goal"),
            ("longest_pass_distance", "uu", "the longest of them"),
        ),
        player=(("received_pass_count", "passes received"),),
    ),
    Module(
        "one_timer",
        both=(
            ("count", "one-timers: passes that the receiver sends to the goal at once"),
            ("total_ball_speed", "uu/s", "speed of the ball after them, summed"),
            ("fastest_ball_speed", "uu/s", "the most of them"),
        ),
        player=(("total_pass_distance", "uu", "way of the ball in the passes before them"),),
    ),
    Module(
        "center",
        both=(
            ("count", "centres: the ball goes from the side to before the goal"),
            ("total_ball_travel_distance", "uu", "way of the ball in them"),
            ("total_ball_advance_distance", "uu", "of that, towards the other goal"),
            ("total_lateral_centering_distance", "uu", "of that, towards the middle"),
            ("longest_center_distance", "uu", "the longest of them"),
        ),
    ),
    Module(
        "half_volley",
        both=(
            ("count", "half-volleys: hit with a dodge up to 0.45 s after the ball bounces, at 1,000 uu/s and more"),
            ("total_ball_speed", "uu/s", "speed of the ball after them, summed"),
            ("fastest_ball_speed", "uu/s", "the most of them"),
        ),
    ),
    Module("backboard", both=(("count", "touches after which the ball hits the wall above the other goal"),)),
    Module("double_tap", both=(("count", "double taps: off that wall and to the goal by the same player"),)),
)


def _carries(prefix: str, suffix: str, counted: str, what: str) -> Entries:
    """Return what is told of carries, and in other names of air dribbles."""
    return (
        (counted, what),
        (f"total_{suffix}time", "s", "time of them"),
        (f"longest_{suffix}time", "s", "the longest of them"),
        ("total_path_distance", "uu", "way of the ball in them"),
        ("total_straight_line_distance", "uu", "distance from start to end, summed"),
        (f"furthest_{suffix}distance", "uu", "the most of them"),
        (f"{prefix}speed_sum", "uu/s", "mean speed of each, summed"),
        (f"fastest_{suffix}speed", "uu/s", "the most of them"),
        ("average_horizontal_gap_sum", "uu", "mean horizontal distance between car and ball of each, summed"),
        ("average_vertical_gap_sum", "uu", "mean height of the ball above the car of each, summed"),
    )


CARRYING = (
    Module("ball_carry", both=_carries("carry_", "carry_", "carry_count", "carries: the ball on the car's roof")),
    Module(
        "air_dribble",
        both=(
            *_carries("", "", "count", "air dribbles: several touches of the ball in the air"),
            ("ground_to_air_count", "of these, from the ground"),
            ("wall_to_air_count", "of these, from a wall"),
            ("total_touch_count", "touches in them"),
            ("max_touch_count", "the most touches in one of them"),
        ),
    ),
    Module(
        "controlled_play",
        both=(
            ("count", "times that one player touches the ball more than once and stays near it"),
            ("total_time", "s", "time of them"),
            ("longest_time", "s", "the longest of them"),
            ("total_advance_distance", "uu", "way of the ball towards the other goal in them"),
            ("touch_count", "touches in them"),
        ),
    ),
    Module(
        "flick",
        player=(
            ("count", "flicks: a carried ball that a dodge throws"),
            ("high_confidence_count", "of these, those that the parser is surest of"),
            ("cumulative_confidence", "", "how sure the parser is of each, from 0 to 1, summed"),
            ("best_confidence", "", "the surest of them"),
            ("cumulative_setup_duration", "s", "time of the carries before them"),
            ("cumulative_ball_speed_change", "uu/s", "change of the ball's velocity, summed"),
            *classes(
                "kind",
                (
                    ("forward", "flicks forwards"),
                    ("side", "flicks to a side"),
                    ("reverse", "flicks with the car turned"),
                    ("other", "other flicks"),
                ),
            ),
            *classes(
                "direction",
                (("left", "flicks to the left"), ("center", "flicks straight on"), ("right", "flicks to the right")),
            ),
        ),
    ),
)


def _aerials(what: str, *further: tuple[str, str, str]) -> Entries:
    """Return what is told of plays off a wall or the ceiling."""
    return (
        ("count", what),
        ("high_confidence_count", "of these, those that the parser is surest of"),
        ("cumulative_confidence", "", "how sure the parser is of each, from 0 to 1, summed"),
        ("best_confidence", "", "the surest of them"),
        *further,
    )


_GUESSED = "before March 2026, when the game did not tell it, the parser takes many for one"

AERIALS = (
    Module("ceiling_shot", player=_aerials("shots after the car let go of the ceiling")),
    Module(
        "wall_aerial",
        player=_aerials(
            "aerials that start with the ball on a wall",
            ("cumulative_setup_duration", "s", "time on the wall before them"),
            ("cumulative_takeoff_to_touch_time", "s", "time from leaving the wall to the touch"),
            ("cumulative_touch_height", "uu", "height of the touches, summed"),
        ),
    ),
    Module(
        "wall_aerial_shot",
        player=_aerials(
            "shots after the car left a wall",
            ("cumulative_takeoff_to_shot_time", "s", "time from leaving the wall to the shot"),
            ("cumulative_shot_height", "uu", "height of the shots, summed"),
        ),
    ),
    Module(
        "dodge_reset",
        player=(
            ("count", f"dodges given back in the air; {_GUESSED}"),
            ("on_ball_count", "of these, by the wheels on the ball: flip resets"),
            ("flip_reset_used_count", "flip resets whose dodge met the ball before landing"),
            ("flip_reset_unused_count", "flip resets whose dodge did not"),
            ("flip_reset_total_time_to_use", "s", "time from reset to that touch, summed"),
            ("flip_reset_min_time_to_use", "s", "the least of these"),
        ),
    ),
    Module(
        "flip_reset",
        player=(
            ("count", f"flip resets whose dodge met the ball before landing; {_GUESSED}"),
            ("total_time_to_use", "s", "time from reset to that touch, summed"),
            ("min_time_to_use", "s", "the least of these"),
        ),
    ),
)

FAILED = (
    Module(
        "whiff",
        player=(
            ("whiff_count", "whiffs: attempts at the ball that miss it"),
            ("grounded_whiff_count", "of these, on the ground"),
            ("aerial_whiff_count", "of these, in the air"),
            ("dodge_whiff_count", "of these, with a dodge"),
            ("cumulative_closest_approach_distance", "uu", "least distance to the ball in whiffs, summed"),
            ("best_closest_approach_distance", "uu", "the least of these"),
            ("disrupted_attempt_count", "attempts that an opponent's touch came before"),
            ("aerial_disrupted_attempt_count", "of these, in the air"),
            ("beaten_to_ball_count", "attempts that an opponent won the race for"),
        ),
    ),
    Module("beaten_to_ball", both=(("count", "races for the ball that an opponent won"),)),
)

MODULES = (TOUCH, *PASSING, *CARRYING, *AERIALS, *FAILED)
