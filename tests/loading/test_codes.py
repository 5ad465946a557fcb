"""Columns of names: one dictionary for all rows, and codes that do not depend on what was selected."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa

import impulse


def test_tables_of_several_replays_share_one_dictionary(dataset: Path) -> None:
    """They are grouped, joined and written as Arrow files; of one replay after the other too."""
    frames = impulse.open_dataset(dataset).frames(columns=["replay_id", "row", "game_state"])
    long = impulse.open_dataset(dataset).frames(layout="long", columns=["replay_id", "team", "player_id", "game_state"])
    for selection in (frames, long):
        one_by_one = pa.concat_tables(table for _, table in selection.each_replay())
        for table in (selection.to_arrow(), one_by_one):
            counts = table.group_by(["replay_id", "game_state"]).aggregate([([], "count_all")])
            assert sum(counts["count_all"].to_pylist()) == table.num_rows
            joined = table.join(counts, ["replay_id", "game_state"], join_type="left semi")
            assert joined.num_rows == table.filter(table["game_state"].is_valid()).num_rows
            sink = pa.BufferOutputStream()
            with pa.ipc.new_file(sink, table.schema) as writer:
                writer.write_table(table)
            assert pa.ipc.open_file(sink.getvalue()).read_all().to_pydict() == table.to_pydict()


def test_codes_do_not_depend_on_what_was_selected(dataset: Path) -> None:
    """Those of game states and teams are the schema's, those of replays count the chosen ones in the order of their ids."""
    states = [
        "WaitingForPlayers",
        "Countdown",
        "Active",
        "PostGoalScored",
        "ReplayPlayback",
        "PrePodiumSpotlight",
        "PodiumSpotlight",
        "Finished",
    ]
    for filters in (None, [("row", "<", 3)], [("players_a_side", "=", 9)], [("game_state", "=", "Finished")]):
        opened = impulse.open_dataset(dataset).frames(filters=filters)
        frame = opened.to_pandas()
        assert list(frame["game_state"].cat.categories) == states
        assert list(frame["replay_id"].cat.categories) == sorted(opened.replays["replay_id"].to_pylist())
        long = impulse.load(dataset, layout="long", columns=["team"], filters=filters, as_="pandas")
        assert list(long["team"].cat.categories) == ["blue", "orange"]
    arrays_ = impulse.load(dataset, as_="numpy", columns=["game_state"])
    frame = impulse.load(dataset, as_="pandas", columns=["replay_id", "row", "game_state"]).sort_values(
        ["replay_id", "row"]
    )
    codes = frame["game_state"].cat.codes.to_numpy().astype(float)
    np.testing.assert_array_equal(arrays_.values[:, 0], np.where(codes < 0, np.nan, codes))
