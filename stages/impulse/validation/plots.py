"""Plots of the validate stage as PNG: readable anywhere, also without a network."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np
import pyarrow as pa
from matplotlib import rc_context, rcParamsDefault
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch
from matplotlib.ticker import MaxNLocator, PercentFormatter

from impulse.config.validate import ValidateParams
from impulse.schema.column import Column
from impulse.tables.validated import JUDGED_COLUMNS
from impulse.validation.rules import is_flag
from impulse.validation.verdicts import Judgement, measured

ACCEPTED, WARNED, REJECTED, FILTERED = "#2a7f62", "#d9a514", "#b3423a", "#8a8f98"
"""Colours of accepted, warned, rejected and filtered replays."""

COLOURS, LABELS = (ACCEPTED, WARNED, REJECTED), ("accepted", "warned", "rejected")

PLOTS = {
    "yield.png": "What became of every input",
    "rules.png": "Violated rules",
    "measures.png": "Measures that rules judge",
}
"""File names and what they show."""

WIDTH_INCHES = 9.0
LETTER_INCHES = 0.078
"""Mean width of a letter of the labels."""

BINS = 30

COLUMNS = 4
"""Pictures of measures side by side."""


@rc_context(rcParamsDefault)  # a matplotlibrc of the user would change the bytes
def draw_plots(judgement: Judgement, all_rejects: pa.Table, folder: Path, params: ValidateParams) -> None:
    """Draw :data:`PLOTS`.

    Args:
        judgement: verdicts and violations.
        all_rejects: rejects of all stages up to this one.
        folder: receives the files.
        params: the rules, whose bounds are drawn as lines.
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
    _draw_bars(bars, f"What became of {total} inputs", "inputs", target)


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
    judged = list(dict.fromkeys(rule.measure for rule in params.rules.values() if not is_flag(rule)))
    rows = max(1, -(-len(judged) // COLUMNS))
    height = 1.2 + 1.9 * rows
    figure = Figure(figsize=(WIDTH_INCHES, height))
    margins = {"bottom": 0.75 / height, "top": 1 - 0.7 / height, "hspace": 0.5, "wspace": 0.3}
    grid = figure.subplots(rows, COLUMNS, gridspec_kw={"left": 0.065, "right": 0.98, **margins}).ravel()
    labels = verdicts["verdict"].to_numpy()
    for axes, measure in zip(grid, judged, strict=False):
        values, known = measured(verdicts, measure)
        known &= np.isfinite(values)
        groups = [values[known & (labels == verdict)] for verdict in ("accept", "warn", "reject")]
        _draw_histogram(axes, groups, JUDGED_COLUMNS[measure])
        _draw_bounds(axes, measure, params)
        axes.set_title(measure, fontsize=9)
    for axes in grid[len(judged) :]:
        axes.set_axis_off()
    figure.legend([Patch(color=colour) for colour in COLOURS], LABELS, loc="lower center", ncols=3, frameon=False)
    figure.suptitle(f"Measures of {len(verdicts)} parsed replays; dotted lines are bounds of rules")
    _finish(figure, target)


def _draw_histogram(axes: Axes, groups: list[np.ndarray], column: Column) -> None:
    is_share, is_count = column.upper == 1, column.dtype.startswith("int")
    everything = np.concatenate(groups)
    high = max(1.0 if is_count else 0.01, float(everything.max(initial=0.0)))
    has_bins = not is_count or high > BINS  # else a bar for each number
    edges = np.linspace(0.0, high, BINS + 1) if has_bins else np.arange(-0.5, high + 1.5)
    below = np.zeros(len(edges) - 1)
    for values, colour, label in zip(groups, COLOURS, LABELS, strict=True):
        top = below + np.histogram(values, edges)[0]
        axes.stairs(top, edges, baseline=below, fill=True, color=colour, label=label)
        below = top
    axes.set_ylim(0, max(1.0, 1.05 * float(below.max())))
    axes.yaxis.set_major_locator(MaxNLocator(nbins=4, integer=True))
    axes.xaxis.set_major_locator(MaxNLocator(nbins=4, integer=is_count, min_n_ticks=1))
    if is_share:
        axes.xaxis.set_major_formatter(PercentFormatter(1.0, decimals=None))
    axes.tick_params(labelsize=8)


def _draw_bounds(axes: Axes, measure: str, params: ValidateParams) -> None:
    """Draw the bounds of a measure that are in sight; one far from all values would flatten the picture."""
    left, right = axes.get_xlim()
    for rule in params.rules.values():
        _, limit = rule.bound
        if rule.measure == measure and left <= limit <= right:
            axes.axvline(limit, color="black", linestyle=":", linewidth=1.2)


def _finish(figure: Figure, target: Path) -> None:
    for axes in figure.axes:
        axes.spines[["top", "right"]].set_visible(False)
    figure.savefig(target, dpi=100, metadata={"Software": None})  # no version inside: same data, same bytes
