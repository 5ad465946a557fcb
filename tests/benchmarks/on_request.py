"""What products on request cost beside the bare call of the parser that they are made of."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import subtr_actor
from tests.paths import REPLAYS

from impulse.config.parsing_config import ParsingConfig
from impulse.decoding.parsed_file import ParsedFile
from impulse.demo import write_replay
from impulse.files.store import Store
from impulse.parsing.on_request import PRODUCTS
from impulse.products.frames.product import FramesProduct, make_frames

BARE: dict[str, Callable[[Path], Any]] = {
    "events": subtr_actor.get_stats_events,
    "stats": lambda path: subtr_actor.get_summed_stats(path, subtr_actor.get_stats_module_names()),
    "pads": lambda path: subtr_actor.parse_replay(path.read_bytes()),
}
PARAMS = ParsingConfig.get_preset("standard").params()


def on_request(folder: Path, *, replays: int = 3, rounds: int = 5) -> None:
    """CPU time of each product, kept in the store, over that of the bare call, in turns; bytes of a match.

    Real matches from the smallest to the largest where there are any, else synthetic ones.
    """
    store = Store(folder / "store")
    for path in matches(folder, replays):
        made = make_frames(path, path.read_bytes(), PARAMS, replay_id=path.stem)
        file = parsed_file(path, made)
        for product in PRODUCTS:
            times: dict[str, list[float]] = {"bare": [], "product": []}
            for number in range(rounds):
                start = time.process_time()
                BARE[product.setting](path)
                between = time.process_time()
                entry = product.keep(store, f"{path.stem} {product.setting} {number}", file)
                times["bare"].append(between - start)
                times["product"].append(time.process_time() - between)
            bare, whole = min(times["bare"]), min(times["product"])
            size = sum(stored.bytes for stored in entry.files.values())
            print(
                f"  {path.stem} ({path.stat().st_size / 1e6:.1f} MB), {product.setting}: {whole:.2f} s, the bare call {bare:.2f} s, "
                f"ratio {whole / bare:.2f}; {size / 1e3:.0f} kB in the store"
            )


def matches(folder: Path, count: int) -> list[Path]:
    """Return real matches from the smallest to the largest where there are any, else synthetic ones that it writes."""
    found = sorted((REPLAYS / "match").glob("*.replay"), key=lambda path: path.stat().st_size)
    if not found:
        found = [folder / f"{number}.replay" for number in range(count)]
        for number, path in enumerate(found):
            write_replay(path, seed=number, team_size=number % 3 + 1, duration_seconds=100.0 * (number + 1))
    return [found[round(place)] for place in np.linspace(0, len(found) - 1, min(count, len(found)))]


def parsed_file(path: Path, made: FramesProduct) -> ParsedFile:
    """Return what products on request are made of."""
    return ParsedFile(
        path,
        path.stem,
        players=made.players,
        player_ids=made.player_ids,
        stints=made.stints,
        frame_time=made.table["frame_time"].to_numpy(),
        frames=made.table,
    )
