"""Costs of products: a line for each, which decoder frames will need, and the rates that earlier runs noted."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tests.paths import ROOT

from impulse.config.parse import ParseParams
from impulse.config.parsing_config import ParsingConfig
from impulse.demo import Recording
from impulse.parsing.costs import (
    COSTS,
    DISK_FACTOR,
    ENOUGH,
    Needed,
    Rate,
    Spent,
    frames_name,
    note_rates,
    read_rates,
    rows_share,
)
from impulse.parsing.on_request import PRODUCTS, asked_for
from impulse.parsing.parsed_replay import parse_replay
from impulse.schema.sampling import Decoder, Sampling

PARAMS = ParsingConfig.get_preset("standard").params()


def test_every_product_has_its_costs() -> None:
    """A product that is added later fails here until it was measured."""
    choice: dict[str, Any] = {product.setting: True for product in PRODUCTS}
    names = {product.setting for product in asked_for(replace(PARAMS, controls=True, pad_rows=True, **choice))}
    assert COSTS.keys() == {"frames", "array_frames", "exact_frames"} | names
    for name, cost in COSTS.items():
        assert min(cost.seconds, cost.kilobytes, cost.memory, cost.memory_by_mb) > 0, name


def test_the_page_on_products_has_the_same_figures() -> None:
    """The table of rates there is the one that plans are made with."""
    page = (ROOT / "docs" / "products.md").read_text(encoding="utf-8")
    for name, cost in COSTS.items():
        memory = f"{cost.memory:g} + {cost.memory_by_mb:g} a MB"
        assert f"| {name} | {cost.seconds:g} | {cost.kilobytes:g} | {memory} |" in page
    assert f"takes {DISK_FACTOR:g} times what is in the store" in page


@pytest.mark.parametrize(
    ("settings", "name"),
    [
        ({}, "frames"),
        ({"decoder": Decoder.exact}, "exact_frames"),
        ({"decoder": Decoder.array, "fps": 5.0}, "array_frames"),
        ({"fps": 5.0}, "exact_frames"),
        ({"sampling": Sampling.causal}, "exact_frames"),
        ({"sampling": Sampling.native}, "exact_frames"),
    ],
    ids=str,
)
def test_the_cost_of_frames_is_that_of_their_decoder(
    synthetic: tuple[Path, Recording], settings: dict[str, Any], name: str
) -> None:
    """What the settings foretell is what the table of replays says afterwards."""
    params = replace(PARAMS, **settings)
    decoder = parse_replay(synthetic[0], params).facts["decoder"]
    assert frames_name(params) == name
    assert f"{decoder}_frames" in ({"array_frames", "exact_frames"} if name == "frames" else {name})


def test_memory_is_that_of_the_heaviest_product() -> None:
    """They are made one after the other; nothing to make takes nothing."""
    size = 2_000_000
    both = Needed(["array_frames", "exact_frames"], size)
    assert both.memory_mb == Needed(["exact_frames"], size).memory_mb > Needed(["array_frames"], size).memory_mb
    assert (both.heaviest, Needed([], size).memory_mb, Needed([], size).heaviest) == ("exact frames", 0.0, "")
    assert Needed(["frames"], 2 * size).memory_mb > Needed(["frames"], size).memory_mb


def spent(
    count: int, seconds: float, *, source: str = "local", product: str = "frames", kept: int = 3000
) -> list[Spent]:
    return [Spent(source, product, 1_000_000, seconds, kept)] * count


def test_rates_are_those_of_the_last_runs(tmp_path: Path) -> None:
    """A run over many takes the place of what was before, one over few adds to it; each source has its own."""
    path = tmp_path / "rates.json"
    note_rates(path, [*spent(ENOUGH, 1.0), *spent(ENOUGH, 9.0, source="demo")], rows=1.0)
    note_rates(path, spent(ENOUGH + 1, 2.0), rows=1.0)
    note_rates(path, spent(2, 10.0), rows=1.0)
    note_rates(path, [], rows=1.0)
    rates = read_rates(path)

    assert rates["local"]["frames"] == Rate(ENOUGH + 3, ENOUGH + 3.0, 2.0 * (ENOUGH + 1) + 20.0, 3.0 * (ENOUGH + 3))
    assert rates["demo"]["frames"].seconds == 9.0 * ENOUGH
    assert rates["demo"]["frames"].applied_to(COSTS["frames"]).seconds == 9.0


def test_sizes_are_noted_by_row_for_what_has_rows(tmp_path: Path) -> None:
    """Frames of 30 rows a second say how large those of 10 will be; events are as large at any rate."""
    path, native = tmp_path / "rates.json", ParseParams(sampling=Sampling.native, fps=1.0)
    both = [*spent(ENOUGH, 1.0), *spent(ENOUGH, 1.0, product="events")]
    note_rates(path, both, rows=rows_share(native))
    kept = {name: rate.kilobytes for name, rate in read_rates(path)["local"].items()}
    assert kept == {"frames": pytest.approx(ENOUGH), "events": pytest.approx(3 * ENOUGH)}
    assert [rows_share(ParseParams(fps=fps)) for fps in (5.0, 10.0, 30.0)] == [0.5, 1.0, 3.0]


@pytest.mark.parametrize(
    "content",
    [None, "", "[]", '{"local": 1}', '{"local": {"frames": {"other": 1}}}', '{"local": {"frames": {"replays": "x"}}}'],
)
def test_rates_that_are_missing_or_damaged_are_none(tmp_path: Path, content: str | None) -> None:
    """Constants hold then, as for a product that too few replays speak for."""
    path = tmp_path / "rates.json"
    if content is not None:
        path.write_text(content)
    assert not read_rates(path)
    note_rates(path, spent(ENOUGH - 1, 50.0), rows=1.0)
    assert read_rates(path)["local"]["frames"].applied_to(COSTS["frames"]) == COSTS["frames"]
