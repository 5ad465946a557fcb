"""Players as the API lists them, from the list to the players table."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from tests.collection.conftest import Place
from tests.jobs import job

from impulse.collection.entries import ListedReplay
from impulse.config.parsing_config import ParsingConfig
from impulse.demo import Recording
from impulse.parsing.parsed_replay import parse_replay
from impulse.parsing.stage import run
from impulse.tables.io import table_of, write_table
from impulse.tables.manifest import LISTED_PLAYER_COLUMNS

API_NAMES = {"playstation": "ps4"}
RANKS = ("bronze-1", "gold-3", "diamond-2", "grand-champion-1", "supersonic-legend", "unranked")
PARAMS = ParsingConfig.get_preset("minimal").params()


def test_players_are_read_with_care() -> None:
    """Whatever a field of a listed player holds, its row is of the right types, and bots have no id."""
    odd: list[object] = [None, True, 0, 5, -1, "2", 2.5, [1], {}, "x" * 300]
    players: list[object] = [{"name": v, "id": {"platform": v, "id": v}, "rank": {"id": v, "division": v}} for v in odd]
    players += [
        {},
        None,
        "text",
        {"id": {}, "name": "bot"},
        {"id": {"platform": "ps5", "id": "n"}, "rank": {"division": 4}},
    ]
    entry = {"id": "one", "blue": {"players": players}, "orange": {"players": {"not": "a list"}}}

    replay = ListedReplay("one", json.loads(json.dumps(ListedReplay.from_api(entry).metadata)))
    rows = table_of(replay.listed_players(), LISTED_PLAYER_COLUMNS).to_pylist()

    assert len(rows) == len(players)
    assert {row["rank_division"] for row in rows} == {None, 4}
    assert (rows[-1]["platform"], rows[-1]["player_id_api"]) == ("playstation", "ps5:n")
    assert (rows[-2]["name"], rows[-2]["platform"], rows[-2]["player_id_api"]) == ("bot", None, None)


@pytest.mark.slow
def test_ranks_of_the_api_reach_the_players_table(place: Place, synthetic: tuple[Path, Recording]) -> None:
    """From the API's list over ledger and files of fetch to the players table of parse; new ranks parse nothing."""
    path, _ = synthetic
    shown = [player for player in parse_replay(path, PARAMS).players if not player["is_bot"]]
    wanted = {player["player_id"]: rank for player, rank in zip(shown, RANKS, strict=False)}
    teams: dict[str, Any] = {"blue": {"players": []}, "orange": {"players": []}}
    for player in shown:
        platform = API_NAMES.get(player["platform"], player["platform"])
        teams[player["team"]]["players"].append(
            {
                "name": "renamed",
                "id": {"platform": platform, "id": player["player_id"]},
                "rank": {"id": wanted[player["player_id"]], "division": 2},
            }
        )
    place.server.add_replay("ours", path.read_bytes(), "top", **teams)
    place.get(folder="raw")

    def parse() -> tuple[int, list[dict[str, Any]]]:
        counts = run(job(PARAMS, place.folder))
        return counts.timing["parsed_now"], pq.read_table(place.folder / "parsed" / "players.parquet").to_pylist()

    parsed_first, told = parse()
    write_table(table_of([], LISTED_PLAYER_COLUMNS), place.folder / "raw" / "listed_players.parquet")
    parsed_again, untold = parse()
    assert (parsed_first, parsed_again) == (1, 0)
    assert {player["player_id"]: player["rank"] for player in told if not player["is_bot"]} == wanted
    assert {player["rank_division"] for player in told if not player["is_bot"]} == {2}
    for player in told:
        platform = API_NAMES.get(player["platform"], player["platform"])
        assert player["is_bot"] or player["player_id_api"] == f"{platform}:{player['player_id']}"
    assert {player["rank"] for player in untold} == {None}
