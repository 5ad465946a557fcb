"""What products take of processor, memory and disk: constants that were measured, and the rates of earlier runs of a checkout.

Costs follow the size of the replay file closely: it holds what is decoded. They are estimates all the same, and told as such.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, astuple, dataclass, replace
from pathlib import Path
from typing import NamedTuple

from impulse.config.parse import ParseParams
from impulse.decoding.decode import LEAST_FPS_OF_ARRAY
from impulse.files.output import write_json
from impulse.schema.sampling import Decoder, Sampling

MB = 1e6
"""Bytes of a replay file that figures are by."""


@dataclass(frozen=True, slots=True)
class Cost:
    """What a product takes of an ordinary replay."""

    seconds: float
    """CPU time, s for each MB of replay file."""
    kilobytes: float
    """Size in the store, kB for each MB of replay file; at 10 rows a second for what has rows of the frames."""
    memory: float
    """Memory of a worker that makes it, MB: interpreter, libraries, and what is alike in all replays."""
    memory_by_mb: float
    """What comes on top, MB for each MB of replay file."""
    has_rows: bool = False
    """It has a row for each row of the frames, so that its size follows their number."""

    def memory_mb(self, size: int) -> float:
        """Return the memory that a worker takes for a replay file of so many bytes."""
        return self.memory + self.memory_by_mb * size / MB


FRAMES, ARRAY_FRAMES, EXACT_FRAMES = "frames", "array_frames", "exact_frames"
"""Frames by the decoder ``auto``, which takes the array call or the exact one by the replay; by one of these alone."""

COSTS: Mapping[str, Cost] = {
    FRAMES: Cost(0.65, 775, 75, 285, has_rows=True),
    ARRAY_FRAMES: Cost(0.25, 775, 95, 11, has_rows=True),
    EXACT_FRAMES: Cost(0.85, 775, 75, 285, has_rows=True),
    "events": Cost(3.5, 335, 70, 210),
    "stats": Cost(6.5, 14, 70, 195),
    "controls": Cost(0.95, 110, 110, 290, has_rows=True),
    "pads": Cost(0.8, 12, 110, 290),
    "pad_rows": Cost(0.75, 38, 110, 290, has_rows=True),
}
"""By setting of parse. ``python tests/benchmarks/run.py costs`` measures them, on real matches of 2018 to 2026, 0.2 to 2.2 MB, with
two cores of a server: processor time and bytes as sums over sums of file sizes, memory as a line through the peaks. Of those matches
the decoder ``auto`` decodes two thirds exactly, and any may need it: frames are a mean in time, and the exact ones in memory."""

ROWS_A_SECOND = 10.0
"""Rows a second that the sizes of :data:`COSTS` are for."""
NATIVE_ROWS_A_SECOND = 30.0
"""Network frames a second of a recording."""

DISK_FACTOR = 2.0
"""Disk that a build takes for what parse keeps in its store, as a multiple of that, where files have several names: export writes
files of its own (1.8 measured on 11 real matches)."""

RATES = "rates.json"
"""File in .state with the rates of earlier runs."""

ENOUGH = 5
"""Replays that earlier runs must have made a product of for their rates to count."""


@dataclass(frozen=True, slots=True)
class Needed:
    """What is to be made of one replay."""

    products: Sequence[str]
    """Names in :data:`COSTS`."""
    size: int
    """Bytes of the replay file."""

    @property
    def memory_mb(self) -> float:
        """Memory that a worker takes for it, MB; products are made one after the other."""
        return max((COSTS[name].memory_mb(self.size) for name in self.products), default=0.0)

    @property
    def heaviest(self) -> str:
        """The product that takes most memory; empty when there is none to make."""
        return max(self.products, key=lambda name: COSTS[name].memory_mb(self.size), default="").replace("_", " ")


class Spent(NamedTuple):
    """What one product took of one replay in this run."""

    source: str
    """Kind of the source: synthetic replays have other rates than real ones."""
    product: str
    size: int
    """Bytes of the replay file."""
    seconds: float
    """CPU time."""
    kept: int
    """Bytes in the store."""


@dataclass(frozen=True, slots=True)
class Rate:
    """What a product took of replays of a source in the last runs of this checkout that made some; sums over them."""

    replays: float = 0
    megabytes: float = 0.0
    """Of replay files."""
    seconds: float = 0.0
    """CPU time."""
    kilobytes: float = 0.0
    """In the store, as for :data:`ROWS_A_SECOND`."""

    def __add__(self, other: Rate) -> Rate:
        """Return the rate of both together."""
        pairs = zip(astuple(self), astuple(other), strict=True)
        return Rate(*(one + more for one, more in pairs))

    def applied_to(self, cost: Cost) -> Cost:
        """Return the cost with these rates in place of the constants, where enough replays speak for them."""
        if self.replays < ENOUGH or self.megabytes <= 0:
            return cost
        return replace(cost, seconds=self.seconds / self.megabytes, kilobytes=self.kilobytes / self.megabytes)


Rates = Mapping[str, Mapping[str, Rate]]
"""By kind of source and product."""


def frames_name(params: ParseParams) -> str:
    """Return which cost frames have with the settings."""
    is_exact_anyway = params.sampling is not Sampling.parser or params.fps < LEAST_FPS_OF_ARRAY
    if params.decoder is Decoder.auto:
        return EXACT_FRAMES if is_exact_anyway else FRAMES
    return EXACT_FRAMES if params.decoder is Decoder.exact else ARRAY_FRAMES


def cost_name(product: str, params: ParseParams) -> str:
    """Return the name in :data:`COSTS` of a product; measures are none, they take next to nothing."""
    return frames_name(params) if product == FRAMES else product


def counted(replays: int) -> str:
    """Return a number of replays in words."""
    return f"{replays} replay{'' if replays == 1 else 's'}"


def rows_share(params: ParseParams) -> float:
    """Return how many rows frames have, as a multiple of those that :data:`COSTS` are for."""
    return (NATIVE_ROWS_A_SECOND if params.sampling is Sampling.native else params.fps) / ROWS_A_SECOND


def read_rates(path: Path) -> Rates:
    """Return the rates that earlier runs noted; none where the file is missing or damaged."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        return {
            source: {
                name: Rate(**{key: float(number) for key, number in rate.items()})
                for name, rate in found.items()
                if name in COSTS
            }
            for source, found in content.items()
        }
    except (OSError, ValueError, TypeError, AttributeError):
        return {}


def note_rates(path: Path, spent: Iterable[Spent], *, rows: float) -> None:
    """Note what a run took. A run over few replays adds to the rates of earlier ones, any other takes their place.

    Args:
        path: the file of rates.
        spent: by product and replay.
        rows: number of rows as a multiple of those that :data:`COSTS` are for.
    """
    made: defaultdict[tuple[str, str], Rate] = defaultdict(Rate)
    for source, product, size, seconds, kept in spent:
        share = rows if COSTS[product].has_rows else 1.0
        made[source, product] += Rate(1, size / MB, seconds, kept / 1e3 / share)
    if not made:
        return
    noted = {source: dict(found) for source, found in read_rates(path).items()}
    for (source, product), rate in made.items():
        before = noted.setdefault(source, {}).get(product, Rate())
        noted[source][product] = rate if rate.replays >= ENOUGH else before + rate
    write_json(path, {source: {name: asdict(rate) for name, rate in found.items()} for source, found in noted.items()})
