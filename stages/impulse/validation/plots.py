"""Plots of the validate stage as PNG: readable anywhere, also without a network."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np
import pyarrow as pa
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator, PercentFormatter

from impulse.config.validate import ValidateParams
from impulse.validation.rules import RULES
from impulse.validation.verdicts import Judgement, measured

ACCEPTED, WARNED, REJECTED, FILTERED = "#2a7f62", "#d9a514", "#b3423a", "#8a8f98"
"""Colours of accepted, warned, rejected and filtered replays."""

COLOURS, LABELS = (ACCEPTED, WARNED, REJECTED), ("accepted", "warned", "rejected")

PLOTS = {"yield.png": "Fate of every input", "rules.png": "Violated rules", "measures.png": "Measures of every replay"}
"""File names and what they show."""

DISTRIBUTIONS = (
    ("rows", "rows"),
    ("seconds_played", "seconds on the clock"),
    ("players_at_once", "players at once"),
    ("share_held", "held rows"),
    ("share_ball_missing", "rows without a ball"),
    ("share_absent", "player rows off the field"),
    ("share_unbalanced", "unbalanced play"),
    ("outside_ball_pos", "ball outside the arena"),
    ("outside_car_pos", "cars outside the arena"),
)
"""Measures that are drawn, with their names."""

WIDTH_INCHES = 9.0
LETTER_INCHES = 0.078
"""Mean width of a letter of the labels."""

BINS = 30


def draw_plots(judgement: Judgement, all_rejects: pa.Table, folder: Path, params: ValidateParams) -> None:
    """Draw :data:`PLOTS`.

    Args:
        judgement: verdicts and violations.
        all_rejects: rejects of all stages up to this one.
        folder: receives the files.
        params: thresholds, drawn as lines.
    """
    folder.mkdir(parents=True)
    _draw_yield(judgement, all_rejects, folder / "yield.png")
    _draw_rules(judgement, folder / "rules.png")
    _draw_measures(judgement.verdicts, folder / "measures.png", params)


def _draw_yield(judgement: Judgement, all_rejects: pa.Table, target: Path) -> None:
    counts = Counter(judgement.verdicts["verdict"].to_pylist())
    bars = [("accepted", counts["accept"], ACCEPTED), ("accepted with warnings", counts["warn"], WARNED)]
    rejected = Counter(zip(all_rejects["stage"].to_pylist(), all_rejects["reason"].to_pylist(), strict=True))
    for (stage, reason), count in sorted(rejected.items(), key=lambda item: (-item[1], item[0])):
        bars.append((f"{stage}: {reason}", count, FILTERED if reason.startswith("filtered_") else REJECTED))
    total = sum(count for _, count, _ in bars)
    _draw_bars(bars, f"Fate of {total} inputs", "inputs", target)


def _draw_rules(judgement: Judgement, target: Path) -> None:
    counts = Counter(
        zip(judgement.violations["reason"].to_pylist(), judgement.violations["severity"].to_pylist(), strict=True)
    )
    bars = [
        (f"{reason} ({severity})", count, REJECTED if severity == "reject" else WARNED)
        for (reason, severity), count in sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    ]
    title = f"Violated rules, of {len(judgement.verdicts)} parsed replays (one may violate several)"
    _draw_bars(bars or [("none", 0, ACCEPTED)], title, "replays", target)


def _draw_bars(bars: list[tuple[str, int, str]], title: str, unit: str, target: Path) -> None:
    names, values, colours = zip(*bars, strict=True)
    height = 1.3 + 0.3 * len(bars)
    figure = Figure(figsize=(WIDTH_INCHES, height))
    # Margins by hand: letting matplotlib find them takes longer than all the rest of the stage.
    left = (0.2 + LETTER_INCHES * max(map(len, names))) / WIDTH_INCHES
    axes = figure.subplots(gridspec_kw={"left": left, "right": 0.98, "bottom": 0.6 / height, "top": 1 - 0.4 / height})
    drawn = axes.barh(names, values, color=colours)
    axes.bar_label(drawn, padding=3)
    axes.invert_yaxis()
    axes.margins(x=0.08)
    axes.set_xlim(left=0, right=None if any(values) else 1)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.set_xlabel(unit)
    figure.suptitle(title)
    _finish(figure, target)


def _draw_measures(verdicts: pa.Table, target: Path, params: ValidateParams) -> None:
    figure = Figure(figsize=(WIDTH_INCHES, 8.0))
    margins = {"left": 0.065, "right": 0.98, "bottom": 0.09, "top": 0.91, "hspace": 0.35, "wspace": 0.22}
    grid = figure.subplots(3, 3, gridspec_kw=margins).ravel()
    labels = verdicts["verdict"].to_numpy()
    for axes, (measure, name) in zip(grid, DISTRIBUTIONS, strict=True):
        values, known = measured(verdicts, measure)
        known &= np.isfinite(values)
        groups = [values[known & (labels == verdict)] for verdict in ("accept", "warn", "reject")]
        _draw_histogram(axes, groups, is_share=measure.startswith(("share_", "outside_")))
        _draw_thresholds(axes, measure, params)
        axes.set_title(name, fontsize=10)
    handles, names = grid[0].get_legend_handles_labels()
    figure.legend(handles, names, loc="lower center", ncols=4, frameon=False)
    figure.suptitle(f"Measures of {len(verdicts)} parsed replays; dotted lines are thresholds")
    _finish(figure, target)


def _draw_histogram(axes: Axes, groups: list[np.ndarray], *, is_share: bool) -> None:
    everything = np.concatenate(groups)
    high = max((0.01 if is_share else 1.0), float(everything.max(initial=0.0)))
    has_bins = is_share or high > BINS  # else a bar for each number
    edges = np.linspace(0.0, high, BINS + 1) if has_bins else np.arange(-0.5, high + 1.5)
    below = np.zeros(len(edges) - 1)
    for values, colour, label in zip(groups, COLOURS, LABELS, strict=True):
        top = below + np.histogram(values, edges)[0]
        axes.stairs(top, edges, baseline=below, fill=True, color=colour, label=label)
        below = top
    axes.set_ylim(0, max(1.0, 1.05 * float(below.max())))
    axes.yaxis.set_major_locator(MaxNLocator(nbins=4, integer=True))
    axes.xaxis.set_major_locator(MaxNLocator(nbins=4, integer=not is_share, min_n_ticks=1))
    if is_share:
        axes.xaxis.set_major_formatter(PercentFormatter(1.0, decimals=0 if edges[-1] > 0.04 else 1))
    axes.tick_params(labelsize=8)


def _draw_thresholds(axes: Axes, measure: str, params: ValidateParams) -> None:
    """Draw the thresholds of a measure that lie in sight; a bound far from all values would flatten the picture."""
    left, right = axes.get_xlim()
    for rule in RULES:
        limit = rule.limit(params)
        if rule.measure == measure and limit is not None and left <= limit <= right:
            axes.axvline(limit, color="black", linestyle=":", linewidth=1.2)


def _finish(figure: Figure, target: Path) -> None:
    for axes in figure.axes:
        axes.spines[["top", "right"]].set_visible(False)
    figure.savefig(target, dpi=100, metadata={"Software": None})  # no version inside: same data, same bytes
