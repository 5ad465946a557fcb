"""Statistics of the match as a whole: scoreboard, goals, kickoffs, expected goals, and where ball and possession were."""

from __future__ import annotations

from impulse.tables.statistics.module import BOOST, Module, classes

CORE = Module(
    "core",
    both=(
        ("score", "points by the scoreboard, as far as the recording goes"),
        ("goals", "goals by the scoreboard; a few recordings count one twice, which the players table does not"),
        ("assists", "assists by the scoreboard"),
        ("saves", "saves by the scoreboard"),
        ("shots", "shots by the scoreboard"),
        ("kickoff_goal_count", "goals less than 10 s after the first touch of the kickoff"),
        ("short_goal_count", "goals 10 to 20 s after it"),
        ("medium_goal_count", "goals 20 to 40 s after it"),
        ("long_goal_count", "goals 40 s or more after it"),
        ("counter_attack_goal_count", "goals from a counter attack"),
        ("sustained_pressure_goal_count", "goals from lasting pressure"),
        ("other_buildup_goal_count", "goals from neither"),
        ("goal_ball_air_time_sample_count", "goals of which it is known how long the ball was in the air before"),
        ("cumulative_goal_ball_air_time", "s", "time that the ball was in the air before these goals, summed"),
    ),
    player=(
        ("goals_for_while_most_back", "goals of the team at which the player was its last one"),
        ("goals_against_while_most_back", "goals conceded at which the player was the last one of the team"),
        ("goals_conceded_while_last_defender", "goals conceded as the last defender; 0 in every match of parser 1.5.1"),
        ("caught_ahead_of_play_on_conceded_goals", "goals conceded at which the player was well ahead of the ball"),
        ("goal_against_boost_sample_count", "goals conceded at which the player's boost is known"),
        ("cumulative_boost_on_goals_against", BOOST, "boost at these goals, summed"),
        ("goal_against_boost_leadup_sample_count", "goals conceded before which the player's boost is known"),
        (
            "cumulative_average_boost_in_goal_against_leadup",
            BOOST,
            "mean boost in the seconds before these goals, summed",
        ),
        ("cumulative_min_boost_in_goal_against_leadup", BOOST, "least boost in the seconds before these goals, summed"),
        ("goal_against_position_sample_count", "goals conceded at which the player's position is known"),
        *(
            (f"cumulative_goal_against_position_{axis}", "uu", f"positions at these goals, {axis}, summed")
            for axis in "xyz"
        ),
        ("scoring_goal_last_touch_position_sample_count", "goals of the player whose last touch is known"),
        *(
            (
                f"cumulative_scoring_goal_last_touch_position_{axis}",
                "uu",
                f"positions of the ball at these touches, {axis}, summed",
            )
            for axis in "xyz"
        ),
    ),
)

GOALS = tuple(
    Module(f"{kind}_goal", both=(("count", f"goals {meaning}, by their scorers"),))
    for kind, meaning in (
        ("aerial", "after a last touch 600 uu or higher"),
        ("high_aerial", "with a touch of the ball 700 uu or higher in the possession that led to them"),
        ("long_distance", "from behind y = 1024 uu, as the scoring team attacks"),
        ("own_half", "from the scorer's own half"),
        ("empty_net", "that no defender was near enough to cover"),
        ("counter_attack", "from a counter attack"),
        ("sustained_pressure", "from lasting pressure"),
        ("kickoff", "straight from a kickoff"),
        ("flick", "within 5 s after a flick"),
        ("ceiling_shot", "within 3 s after a ceiling shot"),
        ("double_tap", "within 3 s after a double tap"),
        ("one_timer", "within 3 s after a one-timer"),
        ("passing", "within 3 s after a pass to the scorer"),
        ("air_dribble", "within 3 s after an air dribble"),
        ("flip_reset", "within 8 s after a flip reset"),
        ("flip_into_ball", "by a touch during a dodge"),
        ("bump", "within 3 s after the scoring team bumped an opponent"),
        ("demo", "within 5.25 s after the scoring team demolished an opponent"),
        ("half_volley", "within 3 s after a half-volley towards the goal"),
    )
)
"""The parser lists goals by kind; a goal may be of several."""

_NOT_TOLD = "null but in two against two, of which alone the parser has a model"

EXPECTED_GOALS = Module(
    "expected_goals",
    both=(
        (
            "xg",
            "",
            f"expected goals: chances of all touches to become a goal within 10 s and before the next touch, summed; {_NOT_TOLD}",
        ),
        ("threat_integral", "s/s", f"pressure: chance to score within 5 s, over time, divided by 5 s; {_NOT_TOLD}"),
    ),
    player=(
        (
            "threat_added",
            "",
            f"what the player's touches added to the team's chance to score within 5 s, summed; {_NOT_TOLD}",
        ),
        (
            "credited_episode_count",
            f"chances (over 15 %, until under 5 %) that are credited to the player; {_NOT_TOLD}",
        ),
        ("credited_goal_episode_count", f"those that ended in a goal; {_NOT_TOLD}"),
    ),
    team=(
        ("episode_count", f"chances (over 15 %, until under 5 %); {_NOT_TOLD}"),
        ("goal_episode_count", f"chances that ended in a goal; {_NOT_TOLD}"),
        ("evaluated_touch_count", f"touches that xg sums; {_NOT_TOLD}"),
        ("unavailable_touch_count", f"touches that the model cannot judge; {_NOT_TOLD}"),
    ),
)

KICKOFF = Module(
    "kickoff",
    player=(
        ("count", "kickoffs"),
        ("touches", "kickoffs at which the player touched the ball"),
        ("fakes", "kickoffs that the player was to take and let go on purpose"),
        ("misses", "kickoffs that the player took, and missed"),
        ("support_go_for_boosts", "kickoffs that a teammate took while the player went for boost"),
        ("support_cheats", "kickoffs that a teammate took while the player followed him"),
        ("support_other", "kickoffs that a teammate took while the player did something else"),
        ("support_distance_sample_count", "kickoffs that a teammate took"),
        ("cumulative_support_distance_from_center", "uu", "distance of the start from the centre, summed over these"),
        ("kickoff_goal_count", "kickoffs from which the team scored"),
        ("boost_after_sample_count", "kickoffs after which the player's boost is known"),
        ("cumulative_boost_after", BOOST, "boost after these, summed"),
        *classes(
            "kickoff_approach",
            (
                ("speed_flip", "kickoffs taken with a speed flip"),
                ("diagonal_flip", "kickoffs taken with a diagonal dodge"),
                ("front_flip", "kickoffs taken with a dodge forwards"),
                ("boost_into_ball", "kickoffs taken with boost and without a dodge"),
                ("fake_go_for_boost", "kickoffs let go for boost"),
                ("other", "kickoffs taken in another way"),
            ),
        ),
        *classes(
            "kickoff_spawn",
            (
                ("center", "kickoffs started at the middle of the back line"),
                ("off_center_left", "kickoffs started left of it"),
                ("off_center_right", "kickoffs started right of it"),
                ("diagonal_left", "kickoffs started at the left corner"),
                ("diagonal_right", "kickoffs started at the right corner"),
                ("unknown", "kickoffs started elsewhere"),
            ),
        ),
    ),
    team=(
        ("count", "kickoffs of the match"),
        ("wins", "kickoffs won, by where the ball went"),
        ("neutral_outcomes", "kickoffs of the match that nobody won"),
        ("kickoff_possessions", "kickoffs after which the team had the ball"),
        (
            "kickoff_possession_advantages",
            "kickoffs after which the team was nearer to having it; 0 in every match of parser 1.5.1",
        ),
        ("contested_kickoff_possessions", "kickoffs of the match after which nobody had the ball"),
        ("kickoff_goals", "kickoffs from which the team scored"),
        ("kickoff_goal_count", "kickoffs of the match from which either team scored"),
        ("win_strength_sample_count", "kickoffs won whose strength is known"),
        ("cumulative_win_strength", "", "strength of these, from 0 to 1 each, summed"),
        ("boost_after_sample_count", "takers whose boost after the kickoff is known"),
        ("cumulative_boost_after", BOOST, "boost of these takers, summed"),
        ("fake_count", "kickoffs let go on purpose"),
        ("missed_count", "kickoffs that the taker missed"),
    ),
)

FIFTY_FIFTY = Module(
    "fifty_fifty",
    player=(
        ("count", "fifty-fifties: both teams at the ball at once"),
        ("wins", "fifty-fifties won"),
        ("losses", "fifty-fifties lost"),
        ("neutral_outcomes", "fifty-fifties that nobody won"),
        ("possession_after_count", "fifty-fifties after which the team had the ball"),
        ("kickoff_count", "fifty-fifties at a kickoff"),
        ("kickoff_wins", "of these, won"),
        ("kickoff_losses", "of these, lost"),
        ("kickoff_neutral_outcomes", "of these, won by nobody"),
        ("kickoff_possession_after_count", "of these, with the ball for the team after it"),
        *classes(
            "dodge_state",
            (("dodge", "fifty-fifties met with a dodge"), ("no_dodge", "fifty-fifties met without a dodge")),
        ),
    ),
    team=(
        ("count", "fifty-fifties of the match"),
        ("wins", "fifty-fifties won"),
        ("neutral_outcomes", "fifty-fifties of the match that nobody won"),
        ("possession_after_count", "fifty-fifties after which the team had the ball"),
        ("neutral_possession_after_count", "fifty-fifties of the match after which nobody had the ball"),
        ("kickoff_count", "fifty-fifties of the match at a kickoff"),
        ("kickoff_wins", "of these, won"),
        ("kickoff_neutral_outcomes", "of these, won by nobody"),
        ("kickoff_possession_after_count", "of these, with the ball for the team after it"),
        ("kickoff_neutral_possession_after_count", "of these, with the ball for nobody after it"),
    ),
)

_LIVE = "time of the match from the first touch after each kickoff on"

PLAY = (
    Module(
        "possession",
        team=(
            ("time", "s", "time with the ball, by touches"),
            ("neutral_time", "s", "time of the match in which nobody has the ball"),
            ("tracked_time", "s", _LIVE),
        ),
    ),
    Module("player_possession", both=(("count", "times that one player keeps the ball"),)),
    Module(
        "ball_half",
        team=(
            ("side_time", "s", "time with the ball in the team's own half, more than 200 uu from the line"),
            ("neutral_time", "s", "time of the match with the ball within 200 uu of the halfway line"),
            ("tracked_time", "s", _LIVE),
        ),
    ),
    Module(
        "ball_third",
        team=(
            ("third_time", "s", "time with the ball in the team's own third, beyond 2,300 uu"),
            ("neutral_third_time", "s", "time of the match with the ball in the middle third"),
            ("tracked_time", "s", _LIVE),
        ),
    ),
    Module(
        "territorial_pressure",
        team=(
            ("session_count", "times of pressure: the ball stays in the other half"),
            ("session_time", "s", "time of these"),
            ("longest_session_time", "s", "the longest of these"),
            ("offensive_half_time", "s", "of these, with the ball in the other half"),
            ("offensive_third_time", "s", "of these, with the ball in the other third"),
            ("tracked_time", "s", _LIVE),
        ),
    ),
    Module(
        "rush",
        team=(
            ("count", "rushes: out of the own half with at least two attackers in reach of the ball"),
            *(
                (f"{attackers}_v_{defenders}_count", f"rushes of {attackers} against {defenders}")
                for attackers in ("two", "three")
                for defenders in ("one", "two", "three")
            ),
        ),
    ),
)

MODULES = (CORE, *GOALS, EXPECTED_GOALS, KICKOFF, FIFTY_FIFTY, *PLAY)
