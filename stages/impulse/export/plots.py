"""The card's plot: what is in the dataset at a glance, as one PNG."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from matplotlib import rc_context, rcParamsDefault
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from impulse.export.histograms import SPEED_EDGES, X_EDGES, Y_EDGES, Histograms
from impulse.tables.paths import SPLITS

OVERVIEW = "plots/overview.png"

COLOURS = ("#4b6a9b", "#2a7f62", "#c9a227", "#b3423a", "#7a5c99", "#6b6b6b")


@rc_context(rcParamsDefault)  # a matplotlibrc of the user would change the bytes
def draw_overview(replays: Sequence[Mapping[str, Any]], counts: Histograms, target: Path) -> None:
    """Draw matches by split, their lengths, where the ball is and how fast cars are.

    Args:
        replays: rows of the exported replays table.
        counts: over all frames.
        target: the PNG.
    """
    figure = Figure(figsize=(10.0, 7.0))
    # Margins by hand: letting matplotlib find them draws everything twice.
    margins = {"left": 0.08, "right": 0.98, "bottom": 0.08, "top": 0.95, "wspace": 0.26, "hspace": 0.3}
    (splits, lengths), (ball, speed) = figure.subplots(2, 2, gridspec_kw=margins)
    _draw_splits(splits, replays)
    _draw_lengths(lengths, replays)
    _draw_ball(ball, counts["ball"])
    _draw_speed(speed, counts["speed"])
    for axes in figure.axes:
        axes.spines[["top", "right"]].set_visible(False)
    target.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(target, dpi=100, metadata={"Software": None})  # no version inside: same data, same bytes


def _draw_splits(axes: Axes, replays: Sequence[Mapping[str, Any]]) -> None:
    counts = Counter((row["split"], row["players_a_side"] or 0) for row in replays)
    sizes = sorted({size for _, size in counts})
    before = np.zeros(len(SPLITS))
    for number, size in enumerate(sizes):
        values = np.array([counts[split, size] for split in SPLITS])
        label = f"{size}v{size}" if size else "unknown"
        axes.bar(SPLITS, values, bottom=before, color=COLOURS[number % len(COLOURS)], label=label)
        before += values
    axes.yaxis.set_major_locator(MaxNLocator(integer=True))
    axes.set_ylabel("matches")
    axes.set_title("Matches by split and players a side")
    axes.legend(frameon=False)


def _draw_lengths(axes: Axes, replays: Sequence[Mapping[str, Any]]) -> None:
    axes.hist([row["recorded_seconds"] / 60 for row in replays], bins=20, color=COLOURS[1])
    axes.yaxis.set_major_locator(MaxNLocator(integer=True))
    axes.set_xlabel("minutes recorded")
    axes.set_ylabel("matches")
    axes.set_title("Length of matches")


def _draw_ball(axes: Axes, counts: npt.NDArray[np.int64]) -> None:
    shares = 100 * counts / max(int(counts.sum()), 1)
    # Most of the time the ball lies where kickoffs are; without a limit nothing else would be seen.
    limit = float(np.quantile(shares[shares > 0], 0.98)) if (shares > 0).any() else 1.0
    mesh = axes.pcolormesh(Y_EDGES, X_EDGES, shares, cmap="magma", vmin=0.0, vmax=limit)
    axes.figure.colorbar(mesh, ax=axes, label="% of rows", extend="max", shrink=0.9)
    axes.set_aspect("equal")
    axes.set_xlabel("y (uu), goals left and right")
    axes.set_ylabel("x (uu)")
    axes.set_title("Where the ball is")


def _draw_speed(axes: Axes, counts: npt.NDArray[np.int64]) -> None:
    total = max(int(counts.sum()), 1)
    axes.bar(SPEED_EDGES[:-1], 100 * counts / total, width=np.diff(SPEED_EDGES), align="edge", color=COLOURS[0])
    if not counts.any():
        axes.text(0.5, 0.5, "velocities are not among\nthe columns", ha="center", va="center", transform=axes.transAxes)
        axes.set_ylim(0.0, 1.0)
    axes.set_xlabel("uu/s")
    axes.set_ylabel("% of player rows")
    axes.set_title("Speed of cars")
