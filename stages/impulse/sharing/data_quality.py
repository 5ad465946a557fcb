"""docs/data-quality.md: how much of the frames of real replays the game recorded, by era. ``make data-quality`` writes it.

It needs a folder of real replays, so it is run by hand, and no build or test makes the page.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import numpy as np

from impulse.config.engine import EngineParams
from impulse.config.parsing_config import ParsingConfig
from impulse.decoding.attributes import FOR_FRAMES
from impulse.decoding.boost import misses
from impulse.decoding.walk import walk_replay
from impulse.errors import ImpulseError, SourceError, StageError
from impulse.export.quality import GROUPS, KINDS, MEANINGS, Kind, KindCounts, count_kinds, shares
from impulse.parsing.parsed_replay import parse_replay
from impulse.run.engines import run_tasks

ERAS = (
    ("2015 and 2016", 2017, 1, "no network version: positions in whole uu; demolitions in their old form"),
    ("2017 to 2019", 2020, 1, "in 2018 positions in hundredths of a uu (network version 5) and quaternions (7)"),
    ("2020 to September 2024", 2024, 10, "in the course of 2020 demolitions in a newer form"),
    ("from October 2024", 9999, 1, "boost in a newer form"),
)
"""Eras of the format: name, year and month in which the next begins, and what is new."""

FPS = 10.0
"""Rows a second, as builds have them unless they are told otherwise."""


@dataclass(frozen=True, slots=True)
class Looked:
    """What one replay adds to the page."""

    era: str
    format_version: str
    rows: int
    counts: list[list[int]]
    """As JSON knows :data:`impulse.export.quality.KindCounts`."""
    boost_misses: list[float]
    """Points by which the model of boost missed what was sent next."""


def look_at(path: Path) -> Looked | None:
    """Parse a replay and count its values; None for one that impulse wrote; runs in a worker.

    Raises:
        ReplayError: it gives no frames.
    """
    parsed = parse_replay(path, ParsingConfig.get_preset("standard", fps=FPS).params())
    if parsed.manifest["is_synthetic"]:
        return None
    counts = count_kinds(parsed.frames)
    return Looked(
        era_of(parsed.manifest["date"]),
        parsed.manifest["format_version"],
        parsed.frames.num_rows,
        counts.tolist(),
        misses(walk_replay(path.read_bytes(), FOR_FRAMES)),
    )


def era_of(date: datetime | None) -> str:
    """Return the name of the era in which a recording began."""
    if date is None:
        return "unknown date"
    return next(name for name, year, month, _ in ERAS if (date.year, date.month) < (year, month))


def page(looked: Iterable[Looked], refused: Sequence[str]) -> str:
    """Return the page.

    Args:
        looked: the replays that give frames.
        refused: the reason of each that gives none.
    """
    by_era: dict[str, list[Looked]] = {name: [] for name, *_ in ERAS}
    for one in looked:
        by_era.setdefault(one.era, []).append(one)
    by_era = {era: found for era, found in by_era.items() if found}
    counts = {era: _summed(found) for era, found in by_era.items()}
    new = {name: text for name, _, _, text in ERAS}
    why = ", ".join(f"{count} {reason}" for reason, count in sorted(Counter(refused).items()))
    lines = [
        "# How much of the frames the game recorded",
        "",
        f"Measured on {sum(map(len, by_era.values()))} real recordings at {FPS:g} rows a second (`make data-quality REPLAYS=folder`).",
        *([f"Other files there gave no frames: {why}."] if refused else []),
        "The card of each dataset has the figures of that dataset.",
        "",
        *(f"- *{kind.value}*: {meaning}." for kind, meaning in MEANINGS.items()),
        "",
        "| era | recordings | rows | formats | error of modelled boost | what is new |",
        "| --- | ---: | ---: | --- | --- | --- |",
        *(
            f"| {era} | {len(found)} | {sum(one.rows for one in found)} | {_formats(found)} | {_errors(found)} | {new.get(era, '')} |"
            for era, found in by_era.items()
        ),
        "",
        "Percent of the values that are recorded, and what the others are. Player rows are those of the slots that somebody holds,",
        "car rows those with a car on the field. Columns that are computed of these (offsets from the ball, ...) are there where",
        "these are.",
        "",
        f"| columns | | of | {' | '.join(counts)} |",
        f"| --- | --- | --- |{' --- |' * len(counts)}",
    ]
    tables = [list(shares(found)) for found in counts.values()]
    for group in GROUPS:
        cells = [_cell(next((row for row in table if row["meaning"] == group.meaning), {})) for table in tables]
        columns = ", ".join(f"`{name}`" for name in group.columns.split(", "))
        lines.append(f"| {columns} | {group.meaning} | {group.of.value} | {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def _cell(row: Mapping[str, str]) -> str:
    """Return the shares of a group in an era: that of recorded values, and what there is of others."""
    others = ", ".join(f"{row[kind]} {kind}" for kind in KINDS[1:] if row and row[kind] != "0")
    return row.get(Kind.recorded, "") + (f" ({others})" if others else "")


def _summed(looked: Sequence[Looked]) -> KindCounts:
    total: KindCounts = np.sum([one.counts for one in looked], axis=0)
    return total


def _errors(looked: Sequence[Looked]) -> str:
    """Return the median error of modelled boost and the one that 90 % do not reach."""
    missed = [miss for one in looked for miss in one.boost_misses]
    return "{:.1f}; 90 % are within {:.1f}".format(*np.percentile(missed, (50, 90))) if missed else ""


def _formats(looked: Sequence[Looked]) -> str:
    versions = sorted({one.format_version for one in looked}, key=lambda text: [int(part) for part in text.split(".")])
    return " to ".join(dict.fromkeys((versions[0], versions[-1])))


def main(folders: Sequence[str]) -> str:
    """Return the page for all replays of some folders.

    Raises:
        SourceError: there is none that is real and gives frames.
        StageError: a worker was lost, so that the figures would lack a replay.
    """
    paths = sorted(path for folder in folders for path in Path(folder).rglob("*.replay"))
    looked, refused = [], []
    for outcome in run_tasks(look_at, paths, EngineParams()):
        if outcome.loss:
            raise StageError(f"{outcome.task}: {outcome.loss}")
        if outcome.error is not None:
            refused.append(outcome.error.reason)
        elif outcome.value is not None:
            looked.append(outcome.value)
    if not looked:
        raise SourceError(
            f"no real replay that gives frames is in {', '.join(folders) or 'no folder'}; name a folder that has some"
        )
    return page(looked, refused)


if __name__ == "__main__":
    try:
        sys.stdout.write(main(sys.argv[1:]))
    except ImpulseError as error:
        sys.exit(f"error: {error}")
