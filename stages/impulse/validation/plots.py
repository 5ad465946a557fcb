"""Plots of the validate stage as PNG: readable anywhere, also without a network."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pyarrow as pa
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from impulse.config.params import ValidateParams

ACCEPTED, WARNED, REJECTED = "#2a7f62", "#c9a227", "#b3423a"
"""Colours of the three verdicts."""

SIZE_INCHES = (8.0, 4.5)


def draw_plots(verdicts: pa.Table, all_rejects: pa.Table, folder: Path, params: ValidateParams) -> None:
    """Draw ``yield.png`` (fate of every input) and ``rows.png`` (rows per parsed replay).

    Args:
        verdicts: one row for each parsed replay.
        all_rejects: rejects of all stages up to this one.
        folder: receives the files.
        params: the bounds that are drawn as lines.
    """
    folder.mkdir(parents=True)
    _draw_yield(verdicts, all_rejects, folder / "yield.png")
    _draw_rows(verdicts, folder / "rows.png", params)


def _draw_yield(verdicts: pa.Table, all_rejects: pa.Table, target: Path) -> None:
    counts = Counter(verdicts["verdict"].to_pylist())
    bars = [("accepted", counts["accept"], ACCEPTED), ("accepted with warnings", counts["warn"], WARNED)]
    rejected = Counter(zip(all_rejects["stage"].to_pylist(), all_rejects["reason"].to_pylist(), strict=True))
    bars += [(f"{stage}: {reason}", count, REJECTED) for (stage, reason), count in rejected.most_common()]
    figure = Figure(figsize=(SIZE_INCHES[0], 1.2 + 0.34 * len(bars)), layout="constrained")
    axes = figure.subplots()
    names, values, colours = zip(*bars, strict=True)
    drawn = axes.barh(names, values, color=colours)
    axes.bar_label(drawn, padding=3)
    axes.invert_yaxis()
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.set_xlabel("inputs")
    axes.set_title(f"Fate of {sum(values)} inputs")
    _finish(figure, target)


def _draw_rows(verdicts: pa.Table, target: Path, params: ValidateParams) -> None:
    figure = Figure(figsize=SIZE_INCHES, layout="constrained")
    axes = figure.subplots()
    rows = verdicts["rows"].to_pylist()
    good = [row != "reject" for row in verdicts["verdict"].to_pylist()]
    kept = [count for count, is_good in zip(rows, good, strict=True) if is_good]
    refused = [count for count, is_good in zip(rows, good, strict=True) if not is_good]
    axes.hist([kept, refused], bins=30, stacked=True, color=[ACCEPTED, REJECTED], label=["accepted", "rejected"])
    if params.min_frames is not None:
        axes.axvline(params.min_frames, color="black", linestyle=":", label=f"min_frames {params.min_frames}")
    axes.yaxis.set_major_locator(MaxNLocator(integer=True))
    axes.set_xlabel("rows in the frames")
    axes.set_ylabel("replays")
    axes.set_title("Rows per parsed replay")
    axes.legend()
    _finish(figure, target)


def _finish(figure: Figure, target: Path) -> None:
    for axes in figure.axes:
        axes.spines[["top", "right"]].set_visible(False)
    figure.savefig(target, dpi=100, metadata={"Software": None})  # no version inside: same data, same bytes
