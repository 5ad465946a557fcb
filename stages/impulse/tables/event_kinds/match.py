"""Kinds of events about the match: scoreboard, goals, fifty-fifties, and who has ball and field."""

from __future__ import annotations

from collections.abc import Mapping

from impulse.tables.event_kinds.kickoff import KICKOFF
from impulse.tables.event_kinds.kind import (
    BOOST,
    Field,
    Kind,
    Type,
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
from impulse.tables.event_kinds.shared import SHARED, SPAN, THIRDS
from impulse.tables.statistics.match import GOALS


def _place(meaning: str) -> Field:
    return Field(Type.PLACE, meaning, "uu")


_AT_GOAL = several(
    "everyone at that time",
    {
        **named(SHARED, "is_team_0"),
        "player": player("who"),
        "position": _place("position of his car"),
        "is_most_back": truth("he is the last of his team"),
        "boost_amount": number("his boost", BOOST),
        "average_boost_in_leadup": number("his mean boost in the seconds before", BOOST),
        "min_boost_in_leadup": number("his least boost in the seconds before", BOOST),
    },
)

_BECAUSE = {
    "confidence": SHARED["confidence"],
    "performer": word("who did it", "scorer", "teammate"),
    "modifiers": Field(Type.TEXTS, "more about it", values=("by_scorer",)),
    "evidence": several(
        "what shows it",
        {
            "kind": word("what it is"),
            "frame": whole("network frame of it"),
            "time": number("time of that network frame", "s"),
            "player": player("whose it is"),
            "player_position": _place("position of his car"),
        },
    ),
    "related_events": several(
        "events that show it",
        {"stream": word("list of the parser that it is in"), "index": whole("its number in that list")},
    ),
    "details": several("more about it by name", {"key": word("name"), "value": word("value, a number too")}),
}

GOAL_TAGS = tuple(module.name for module in GOALS)
"""They are counted in the statistics."""

_SCORE: Mapping[str, Kind] = {
    "timeline": Kind(
        "A count of the scoreboard goes up.",
        "match",
        False,
        {"kind": word("which", "Goal", "Assist", "Save", "Shot")},
    ),
    "core_player": Kind(
        "Counts and points of a player change on the scoreboard; they fall where the game takes something back.",
        "match",
        False,
        {
            f"{name}_delta": whole(f"change of {meaning}")
            for name, meaning in (
                ("score", "points"),
                ("goals", "goals"),
                ("assists", "assists"),
                ("saves", "saves"),
                ("shots", "shots"),
            )
        },
    ),
    "goal_context": Kind(
        "A goal, with who was where, how the ball came and what kinds of goal it is.",
        "match",
        False,
        {
            **named(SHARED, "scoring_team_is_team_0"),
            "scorer": player("who scored, by the scoreboard"),
            "ball_position": _place("position of the ball"),
            "ball_speed_at_goal": number("speed of the ball", "uu/s"),
            "ball_air_time_before_goal": number("time that the ball was in the air before", "s"),
            "time_after_kickoff": number("time from the first touch of the kickoff on", "s"),
            "pressure_duration_before_goal": number("time that the ball was in the half of the goal before", "s"),
            "goal_buildup": word("what it came from", "counter_attack", "sustained_pressure", "other"),
            "scoring_team_most_back_player": player("last of the team that scored"),
            "defending_team_most_back_player": player("last of the other team"),
            "players": _AT_GOAL,
            "scorer_last_touch": parts(
                "last touch of the scorer",
                {
                    **named(SHARED, "touch_id is_team_0"),
                    "frame": whole("network frame of it"),
                    "time": number("time of that network frame", "s"),
                    "player": player("who"),
                    "player_position": _place("position of his car"),
                    "ball_position": _place("position of the ball"),
                    "ball_speed_after_touch": number("speed of the ball after it", "uu/s"),
                    "players": _AT_GOAL,
                },
            ),
            "tags": several(
                "kinds of goal that it is, with what shows it",
                {"kind": word("which", *GOAL_TAGS), "metadata": parts("why", _BECAUSE)},
            ),
        },
        player="who scored",
        tags={"": GOAL_TAGS},
    ),
}

_CONTESTS = {
    name: value
    for team, whose in (("team_zero", "blue"), ("team_one", "orange"))
    for name, value in {
        f"{team}_player": player(f"who of {whose}"),
        f"{team}_position": vector("position of his car"),
        f"{team}_touch_frame": whole("network frame of his touch"),
        f"{team}_touch_time": number("time of that network frame", "s"),
        f"{team}_dodge_contact": truth("with a dodge"),
    }.items()
}

_FIELD: Mapping[str, Kind] = {
    "fifty_fifty": Kind(
        "Both teams are at the ball at once, from the first touch until it is decided; it has no team.",
        "team",
        True,
        {
            **named(SHARED, "winning_team_is_team_0"),
            **_CONTESTS,
            "is_kickoff": truth("at a kickoff"),
            "possession_team_is_team_0": truth("blue has the ball after it; null where nobody does"),
            "midpoint": vector("middle between the cars"),
            "plane_normal": vector("direction from blue's car to orange's, a unit vector", ""),
            "resolve_frame": whole("network frame in which it is decided"),
            "resolve_time": number("time of that network frame", "s"),
        },
        player="who of blue",
        other="who of orange",
    ),
    "possession": Kind(
        "One team has the ball under control, or none has.",
        "team",
        True,
        named(SHARED, "duration active possession_state"),
        player="who has the ball",
    ),
    "loose_possession": Kind(
        "One team has the ball: it touched it last, and the other has not won it since.",
        "team",
        True,
        named(SHARED, "duration active possession_state"),
        player="who has the ball",
    ),
    "ball_half": Kind(
        "The ball stays in a half of the field, or within 200 uu of the line.",
        "team",
        True,
        {
            **named(SHARED, "duration active"),
            "field_half": word("which: blue's is zero's", "team_zero_side", "neutral", "team_one_side"),
        },
    ),
    "ball_third": Kind(
        "The ball stays in a third of the field; the lines are at 2,300 uu.",
        "player",
        True,
        {**named(SHARED, "duration active"), "field_third": word("which: blue's is zero's", *THIRDS)},
    ),
    "territorial_pressure": Kind(
        "The ball stays in the half that the team attacks, short reliefs included.",
        "team",
        True,
        {
            **SPAN,
            "offensive_half_time": number("of that, with the ball in the other half", "s"),
            "offensive_third_time": number("of that, with the ball in the other third", "s"),
            "end_reason": word("what ends it", "relieved", "stoppage", "replay_end", "ball_missing"),
        },
    ),
    "rush": Kind(
        "A team wins the ball in its own half and goes ahead with at least two players in reach of it.",
        "team",
        True,
        {
            "attackers": whole("players who go ahead, 2 or 3"),
            "defenders": whole("opponents between ball and goal, 1 to 3"),
        },
    ),
}

KINDS: Mapping[str, Kind] = {**_SCORE, "kickoff": KICKOFF, **_FIELD}
