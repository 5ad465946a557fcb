"""What products on request cost beside the bare call of the parser that they are made of."""

from __future__ import annotations

import dataclasses
import gc
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import subtr_actor
from tests.paths import REPLAYS

from impulse.config.parsing_config import ParsingConfig
from impulse.decoding.parsed_file import ParsedFile
from impulse.demo import write_replay
from impulse.files.store import Store
from impulse.parsing.on_request import PAD_ROWS, PRODUCTS, Product, controls_with
from impulse.parsing.parsed_replay import parse_replay
from impulse.products.frames.product import FramesProduct, make_frames
from impulse.schema.sampling import Decoder


def raw(path: Path) -> None:
    """Decode as impulse does: Python's collector of garbage has nothing to find in it, and takes half of the time."""
    gc.disable()
    subtr_actor.parse_replay(path.read_bytes())
    gc.enable()


BARE: dict[str, Callable[[Path], Any]] = {
    "events": subtr_actor.get_stats_events,
    "stats": lambda path: subtr_actor.get_summed_stats(path, subtr_actor.get_stats_module_names()),
    "controls": raw,
    "pads": raw,
    "pad_rows": raw,
}
PARAMS = ParsingConfig.get_preset("standard").params()
EXACT = dataclasses.replace(PARAMS, decoder=Decoder.exact, controls=True)


def on_request(folder: Path, *, replays: int = 3, rounds: int = 5) -> None:
    """CPU time of each product, kept in the store, over that of the bare call, in turns; bytes of a match.

    Real matches from the smallest to the largest where there are any, else synthetic ones. Last, frames of the exact decoder and
    controls, which share a walk through the raw data, over the raw call.
    """
    store = Store(folder / "store")
    products: tuple[Product, ...] = (*PRODUCTS, controls_with(PARAMS), PAD_ROWS)
    for path in matches(folder, replays):
        made = make_frames(path, path.read_bytes(), PARAMS, replay_id=path.stem)
        file = parsed_file(path, made)
        for product in products:
            keys = iter(range(rounds))
            bare, whole = in_turns(
                partial(BARE[product.setting], path),
                partial(_kept, product, store, file, keys),
                rounds,
            )
            entry = store.get(f"{path.stem} {product.setting} 0")
            assert entry is not None
            size = sum(stored.bytes for stored in entry.files.values())
            print(
                f"  {path.stem} ({path.stat().st_size / 1e6:.1f} MB), {product.setting}: {whole:.2f} s, the bare call {bare:.2f} s, "
                f"ratio {whole / bare:.2f}; {size / 1e3:.0f} kB in the store"
            )
        bare, whole = in_turns(partial(raw, path), partial(parse_replay, path, EXACT), rounds)
        print(
            f"  {path.stem}, exact frames and controls: {whole:.2f} s, the bare call {bare:.2f} s, ratio {whole / bare:.2f}"
        )


def in_turns(one: Callable[[], Any], other: Callable[[], Any], rounds: int) -> tuple[float, float]:
    """Return the least CPU time of each."""
    times: tuple[list[float], list[float]] = ([], [])
    for _ in range(rounds):
        for work, of_one in zip((one, other), times, strict=True):
            start = time.process_time()
            work()
            of_one.append(time.process_time() - start)
    return min(times[0]), min(times[1])


def _kept(product: Product, store: Store, file: ParsedFile, keys: Iterator[int]) -> None:
    product.keep(store, f"{file.replay_id} {product.setting} {next(keys)}", file)


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
