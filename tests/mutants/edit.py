"""An edit of the code, and the tests that must notice it."""

from __future__ import annotations

from typing import NamedTuple

Tests = tuple[str, ...]
"""Quick tests as pytest names them, one of which must fail; they need nothing of tests/conftest.py."""


class Edit(NamedTuple):
    """Something wrong in one line."""

    path: str
    """The module, from the top of the checkout on."""
    name: str
    """What is wrong then."""
    old: str
    """Text of the module, which has it once."""
    new: str
    tests: Tests


def edits_in(module: str, *edits: tuple[str, str, str, Tests]) -> list[Edit]:
    """Return edits of one module of the package: what is wrong, text, wrong text, tests."""
    return [Edit(f"stages/impulse/{module}", *edit) for edit in edits]


EXACT = ("exact",)
OLD, MIDDLE = "era 868.12", "era 868.20.5"
"""Matches of the first format, and of one with positions as today and old rotations."""


def truth(*columns: str, of: str = "every update", decoders: Tests = ("auto", "exact")) -> Tests:
    """Return the tests that hold groups of columns of one match against what happened in it."""
    test = "tests/products/test_truth.py::test_columns_tell_what_happened"
    return tuple(f"{test}[{of}-{group}-{decoder}]" for group in columns for decoder in decoders)


def doubt(match: str) -> Tests:
    """Return the test of what speaks against the array in a match."""
    return (f"tests/decoding/test_doubts.py::test_what_speaks_against_the_array_is_named[{match}]",)


def rule(code: str) -> Tests:
    """Return the test of a rule on a replay that violates it."""
    return (f"tests/validation/test_rules.py::test_every_rule_finds_the_replay_that_violates_it[{code}]",)


def named(path: str, *names: str) -> Tests:
    """Return tests of one file; all of it without names."""
    return tuple(f"tests/{path}::test_{name}" for name in names) or (f"tests/{path}",)


SLOTS = named("products/test_slots.py")
STALE = named("products/test_staleness.py")
SEGMENTS = named(
    "products/test_segments.py",
    "a_reset_of_the_ball_ends_a_segment_whatever_the_state",
    "a_goal_that_is_known_ends_a_segment_until_the_reset",
)
UNTOLD = named("products/test_build.py")
ACTORS = named("decoding/test_actors.py")
PEOPLE = named(
    "decoding/test_statistics.py",
    "a_line_is_found_by_account_else_by_team_and_name",
    "a_line_about_somebody_else_is_nobodys",
    "two_of_one_name_are_told_apart_by_account_only",
    "a_guest_at_one_screen_has_his_own_line",
    "counts_of_the_network_are_the_last_ones_of_each_entry",
    "the_best_player_is_who_is_named",
    "what_a_file_has_no_attribute_for_is_not_told",
    "what_people_play_with_is_what_was_sent_at_first",
    "an_unknown_body_keeps_its_number",
)
LOOK = named("decoding/test_first_frames.py")
DERIVED = named("decoding/test_decoders_agree.py", "what_follows_from_bodies_is_what_the_parser_makes_of_them")
PRESENCE = named("decoding/test_presence.py")
CAUSAL = named("decoding/test_sampling.py", "causal_rows_never_look_ahead")
FILTERS = named(
    "validation/test_filters.py",
    "a_filter_leaves_out_what_was_not_asked_for",
    "a_set_filter_leaves_out_replays_that_do_not_tell",
)
RANKS = named("validation/test_filters.py", "ranks_are_ordered")
KNOWN = named("validation/test_rules.py", "what_is_not_known_is_not_judged")
WAYS = named("validation/test_rules.py", "a_difference_counts_both_ways")
BOUNDS = named("validation/test_rules.py", "a_value_at_the_bound_is_good")
MATCHES = named(
    "dedupe/test_matches.py",
    "the_reason_names_what_is_shared",
    "the_policy_chooses",
    "match_key_rests_on_the_surest_identity",
    "whatever_differs_keeps_two_matches_apart",
    "a_chain_of_similar_recordings_is_not_merged",
    "times_of_saving_are_compared_apart_from_time_zones",
    "a_chain_of_times_of_saving_is_not_merged",
    "coarse_rows_need_one_goal_more",
)
DIGEST = named("files/test_digest.py")
KEYS = named(
    "parsing/test_keys.py",
    "every_setting_of_frames_is_in_their_key",
    "settings_that_change_no_frame_change_no_key",
    "inputs_are_in_the_keys_of_what_is_made_of_them",
    "another_parser_makes_frames_and_events_again",
    "what_ended_at_its_limits_is_tried_again_with_others",
)
PADS, PAD_TABLES = named("decoding/test_pads.py"), named("products/test_pads.py")
AIR, FLIGHTS = named("decoding/test_air_controls.py"), named("products/test_play.py", "inputs_of_flights_are_found")
EVENTS = named(
    "products/test_events.py",
    "people_are_who_they_were_then",
    "a_fifty_fifty_is_of_both_teams",
    "what_columns_say_is_no_detail",
)
STATS = named(
    "products/test_stats.py",
    "boost_is_as_in_the_frames",
    "nothing_done_is_nothing_and_nothing_told_is_null",
    "nobody_has_the_statistics_of_an_account_that_several_share",
    "sums_of_the_match_are_those_of_each_team",
    "goals_of_a_kind_are_their_scorers",
    "expected_goals_are_null_where_the_parser_has_no_model",
    "what_a_parser_of_tomorrow_adds_is_kept",
)


def second(*names: str) -> Tests:
    """Return tests of second recordings of a match."""
    return named("dedupe/test_second_recordings.py", *names)


def splits(*names: str) -> Tests:
    """Return tests of splits."""
    return named("export/test_splitting.py", *names)
