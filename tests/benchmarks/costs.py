"""What each product of parse takes of a replay file, in a process of its own: the figures of ``impulse.parsing.costs``."""

from __future__ import annotations

import time
from collections.abc import Mapping
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from statistics import fmean
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from tests.benchmarks.measuring import measured
from tests.benchmarks.on_request import matches, parsed_file

from impulse.config.parsing_config import ParsingConfig
from impulse.files.store import Store
from impulse.parsing.on_request import asked_for, one_walk_for
from impulse.products.frames.product import make_frames
from impulse.schema.sampling import Decoder

PARAMS = ParsingConfig.get_preset("standard").params()
SETTINGS: Mapping[str, Mapping[str, Any]] = {
    "frames": {},
    "array_frames": {"decoder": Decoder.array},
    "exact_frames": {"decoder": Decoder.exact},
    "events": {"events": True},
    "stats": {"stats": True},
    "controls": {"controls": True},
    "pads": {"pads": True},
    "pad_rows": {"pad_rows": True},
    "exact_frames and controls": {"decoder": Decoder.exact, "controls": True},
    "exact_frames and all others": {
        "decoder": Decoder.exact, "events": True, "stats": True, "controls": True, "pads": True, "pad_rows": True,
    },
}  # fmt: skip
"""What is measured, by the settings of parse that ask for it."""


def costs(folder: Path, *, replays: int = 6, rounds: int = 1) -> None:
    """CPU time, peak memory and bytes in the store of each product, by MB of replay file.

    A line for each product: sums of CPU time and bytes over sums of file sizes; memory of the process (all of it, with the
    interpreter and libraries) as a line through the sizes, its largest, and the address space that the process took.
    """
    found = matches(folder, replays)
    for name in SETTINGS:
        made = [min((_cost(name, path) for _ in range(rounds)), key=lambda cost: cost["cpu"]) for path in found]
        sizes = [path.stat().st_size / 1e6 for path in found]
        slope, start = np.polyfit(sizes, [cost["peak_mb"] for cost in made], 1) if len(found) > 1 else (np.nan, np.nan)
        print(
            f"  {name}: {sum(cost['cpu'] for cost in made) / sum(sizes):.2f} s/MB, "
            f"{sum(cost['bytes'] for cost in made) / sum(sizes) / 1e3:.0f} kB/MB; memory {start:.0f} MB + {slope:.0f} MB/MB, mean "
            f"{fmean(cost['peak_mb'] for cost in made):.0f}, largest {max(cost['peak_mb'] for cost in made):.0f}; address space up to "
            f"{max(cost['address_mb'] for cost in made):.0f} MB; files of {min(sizes):.1f} to {max(sizes):.1f} MB",
            flush=True,
        )


def _cost(name: str, path: Path) -> dict[str, float]:
    cost: dict[str, float] = measured(make_one, name, str(path)).result
    return cost


def make_one(name: str, path_text: str) -> dict[str, float]:
    """Make one product of a replay; frames that it needs are made before, and not counted."""
    path, params = Path(path_text), replace(PARAMS, **SETTINGS[name])
    data, counts_frames = path.read_bytes(), "frames" in name
    with TemporaryDirectory() as folder, one_walk_for(params) if counts_frames else nullcontext():
        store = Store(Path(folder))
        forget_peak()
        start = time.process_time()
        made = make_frames(path, data, params, replay_id=path.stem)
        entries = [store.put("frames", made.write)] if counts_frames else []
        if not counts_frames:
            forget_peak()
            start = time.process_time()
        entries += [product.keep(store, product.setting, parsed_file(path, made)) for product in asked_for(params)]
        cpu = time.process_time() - start
    status = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
    size = sum(file.bytes for entry in entries for file in entry.files.values())
    peak, address = (int(status[key].split()[0]) / 1024 for key in ("VmHWM", "VmPeak"))
    return {"cpu": cpu, "bytes": size, "peak_mb": peak, "address_mb": address}


def forget_peak() -> None:
    """Let the peak of this process's memory begin at what it has now."""
    Path("/proc/self/clear_refs").write_text("5")
