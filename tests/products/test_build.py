"""From a decoded replay to frames."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from impulse.config.parse import ParseParams
from impulse.demo import write_replay
from impulse.products.frames.build import build_frames
from impulse.products.frames.product import make_frames
from impulse.replay.container import read_body, read_header

COLUMNS = {
    "clock": "seconds_remaining",
    "state": "game_state",
    "countdown": "kickoff_countdown",
    "ball_hit": "ball_has_been_hit",
    "ball": "ball_present",
    "boost": "p0_boost",
}


def test_what_is_untold_is_null_in_those_rows_and_no_others(tmp_path: Path) -> None:
    """Also in the midst of a match, whatever the array holds there."""
    path = tmp_path / "match.replay"
    data = write_replay(path, seed=3, team_size=1, duration_seconds=10.0).data
    header = read_header(data)
    made = make_frames(path, data, ParseParams(), replay_id="r")
    rows = np.arange(made.table.num_rows)
    some = (rows >= 60) & (rows < 70)
    for what, column in COLUMNS.items():
        known = np.asarray(made.table[column].combine_chunks().is_valid())
        assert known[some].all()
        untold = made.decoded.untold
        flags: Any = (untold.boost[0] | some, *untold.boost[1:]) if what == "boost" else getattr(untold, what) | some
        frames = build_frames(
            replace(made.decoded, untold=replace(untold, **{what: flags})),
            made.layout,
            header,
            replay_id="r",
            slots_per_team=4,
            names=read_body(data, header).names,
            demolitions_told=True,
        )
        found = np.asarray(frames.table[column].combine_chunks().is_valid())
        np.testing.assert_array_equal(found, known & ~some, err_msg=column)
