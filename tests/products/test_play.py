"""Play: touches, dodges and what was pressed in flights, as events, controls and statistics tell them, against the truth."""

from __future__ import annotations

import dataclasses
import json
from collections import Counter
from functools import cache
from operator import itemgetter
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pytest

from impulse.config.parsing_config import ParsingConfig
from impulse.demo import GameState, Match, MatchPlan, Recording, RecordingPlan, generate
from impulse.demo.match.arena import CAR_REST_Z_UU
from impulse.demo.match.truth import DODGE, GAME_STATES, JUMP
from impulse.parsing.parsed_replay import ParsedReplay, parse_replay
from impulse.schema.sampling import Decoder, Sampling

Parsed = tuple[Match, ParsedReplay]
EXPECTED_ROWS = 1
"""An event may be a row from the truth's: the parser finds a contact from where ball and car come from and go to."""


@cache
def played(decoder: Decoder, *, dropped: float = 0.5, **wanted: Any) -> Parsed:
    """Return a short match and what is made of it; asked for are events, controls or stats."""
    match = generate(MatchPlan(seed=12, team_size=2, duration_seconds=24, goals=1, demolitions=1))
    recording = Recording(match, RecordingPlan(dropped_updates=dropped))
    params = ParsingConfig.get_preset("standard").params()
    with TemporaryDirectory() as folder:
        path = Path(folder) / "match.replay"
        path.write_bytes(recording.data)
        return match, parse_replay(path, dataclasses.replace(params, decoder=decoder, **wanted))


def happened(match: Match, parsed: ParsedReplay, events: Any) -> list[tuple[int, str]]:
    """Return the row that first shows each event, and whose it is."""
    shown = parsed.frames["frame_time"].to_numpy()
    return sorted(
        (int(np.searchsorted(shown, match.time[event.frame])), match.players[event.player].player.name)
        for event in events
    )


def found(parsed: ParsedReplay, kind: str) -> list[tuple[int, str]]:
    names = [row["name"] for row in parsed.players]
    return sorted((row["row"], names[row["player"]]) for row in parsed.on_request["events"] if row["kind"] == kind)


def are_those_of(told: list[tuple[int, str]], truth: list[tuple[int, str]]) -> bool:
    """Tell whether there is one event for each of the truth, with its player and about its row, and no other."""
    pairs = zip(sorted(told, key=itemgetter(1, 0)), sorted(truth, key=itemgetter(1, 0)), strict=False)
    return len(told) == len(truth) and all(
        mine[1] == its[1] and abs(mine[0] - its[0]) <= EXPECTED_ROWS for mine, its in pairs
    )


@pytest.mark.parametrize("decoder", [Decoder.auto, Decoder.exact])
def test_touches_are_those_of_the_truth(decoder: Decoder) -> None:
    """Each with its player, within a row, and none that was not."""
    match, parsed = played(decoder, events=True)
    truth = happened(match, parsed, match.touches)

    assert are_those_of(found(parsed, "touch"), truth)
    assert len(truth) > 8


@pytest.mark.parametrize("decoder", [Decoder.auto, Decoder.exact])
def test_dodges_are_those_of_the_truth(decoder: Decoder) -> None:
    """Each with its player and torque; the parser leaves out those after a goal."""
    match, parsed = played(decoder, events=True)
    active = GAME_STATES.index(GameState.ACTIVE)
    dodges = [dodge for dodge in match.dodges if match.state[dodge.frame] == active]

    assert are_those_of(found(parsed, "dodge"), happened(match, parsed, dodges))
    details = [json.loads(row["detail"]) for row in parsed.on_request["events"] if row["kind"] == "dodge"]
    told = [[round(100 * part) for part in detail["dodge_torque"][:2]] for detail in details]
    truth = [match.dodge_torque[dodge.frame, dodge.player].tolist() for dodge in dodges]
    assert sorted(told) == sorted(truth)
    assert len(dodges) > 2


def test_statistics_count_what_happened() -> None:
    """Touches of every player, and the boost that he took from pads."""
    match, parsed = played(Decoder.auto, stats=True)
    names = [row["name"] for row in parsed.players]
    touches = Counter(touch.player for touch in match.touches)
    for row in parsed.on_request["player_stats"]:
        number = [who.player.name for who in match.players].index(names[row["player"]])
        assert row["touch_touch_count"] == touches[number]
        reports = {report.frame: report.amount for report in match.boost_reports if report.player == number}
        pads = [pad.frame for pad in match.pickups if pad.player == number]
        taken = sum(reports[frame] - match.boost[frame - 1, number] for frame in pads if frame in reports)
        assert row["boost_amount_collected"] == pytest.approx(taken / 2.55, abs=0.4 * len(pads))
    assert len(touches) > 2


@pytest.mark.parametrize("decoder", [Decoder.auto, Decoder.exact])
def test_inputs_of_flights_are_found(decoder: Decoder) -> None:
    """With every update there, most of what was pressed in flights is inferred, and to 0.02."""
    match, parsed = played(decoder, dropped=0.0, controls=True, sampling=Sampling.native)
    assert parsed.controls is not None
    names = [row["name"] for row in parsed.players]
    slots = {names[stint["player"]]: stint["slot"] for stint in parsed.stints}
    acts = (match.component_counts[..., [DODGE, JUMP]] % 2 == 1).any(axis=2)
    flies = (match.cars.position[..., 2] > CAR_REST_Z_UU + 1) & ~match.is_demolished & match.has_car & ~acts
    known = 0
    for number, who in enumerate(match.players):
        for axis, name in enumerate(("pitch", "yaw", "roll")):
            column = parsed.controls[f"p{slots[who.player.name]}_control_{name}"]
            told = column.to_numpy(zero_copy_only=False).astype(float)
            pressed = match.air_inputs[:, number, axis]
            is_held = np.append(pressed[1:] == pressed[:-1], False) & flies[:, number]
            is_held[:-1] &= flies[1:, number]
            off = np.abs(told - pressed)[is_held]
            known += np.isfinite(off).sum()
            assert np.nanmax(off, initial=0.0) < 0.02
    assert known > 0.5 * 3 * flies.sum()
