"""The card's picture depends on the dataset alone."""

from __future__ import annotations

from pathlib import Path

import matplotlib as mpl
import numpy as np
import pyarrow.parquet as pq
import pytest

from impulse.export.histograms import SPEED_EDGES, X_EDGES, Y_EDGES
from impulse.export.plots import draw_overview


@pytest.mark.heavy
def test_a_matplotlibrc_of_the_user_changes_no_byte(dataset: Path, tmp_path: Path) -> None:
    """Checksums of a dataset must not depend on the taste of whoever builds it."""
    replays = pq.read_table(dataset / "replays.parquet").to_pylist()
    counts = {
        "ball": np.ones((len(X_EDGES) - 1, len(Y_EDGES) - 1), dtype=np.int64),
        "speed": np.ones(len(SPEED_EDGES) - 1, dtype=np.int64),
    }
    draw_overview(replays, counts, tmp_path / "a.png")
    with mpl.rc_context({"figure.facecolor": "red", "font.size": 20, "axes.grid": True}):
        draw_overview(replays, counts, tmp_path / "b.png")
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()
