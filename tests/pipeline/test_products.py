"""An edit in a built clone makes again what it changes, with a plain ``dvc repro``, and nothing else."""

from __future__ import annotations

import json

import pyarrow.parquet as pq
import pytest
from tests.checkout import Checkout

pytestmark = [pytest.mark.pipeline, pytest.mark.slow]


def made(checkout: Checkout) -> dict[str, int]:
    """Return how many replays and parts the last runs of the stages made."""
    timing = [json.loads((checkout.path / f"metrics/timing/{name}.json").read_text()) for name in ("parse", "export")]
    figures = {**timing[0], **timing[1]}
    return {name: figures[name] for name in ("parsed_now", "measured_now", "parts_written_now")}


def replays(checkout: Checkout) -> int:
    return int(json.loads((checkout.path / "metrics" / "parse.json").read_text())["in"])


@pytest.mark.heavy
def test_a_changed_constant_reaches_the_dataset(fresh: Checkout) -> None:
    """The code of a table is part of the key of what made it; frames that stay are not written again."""
    fresh.replace("stages/impulse/products/frames/players.py", "kind.lower()", "kind.lower().replace('steam', 'valve')")
    assert fresh.stages_run("dvc", "repro") == ["parse", "dedupe", "export"]
    assert "valve" in pq.read_table(fresh.path / "data" / "export" / "players.parquet")["platform"].to_pylist()
    assert made(fresh)["parsed_now"] == replays(fresh)
    assert made(fresh)["parts_written_now"] == 0


@pytest.mark.heavy
def test_comments_and_docstrings_make_nothing_again(fresh: Checkout) -> None:
    """In any module: stages run, find all their results, and leave the data as it was."""
    before = fresh.content("data")
    for path in (fresh.path / "stages").rglob("*.py"):
        path.write_text("# A comment.\n" + path.read_text().replace('"""', '"""Another word. ', 1))
    assert fresh.stages_run("dvc", "repro") == ["config", "fetch", "parse", "validate", "dedupe", "export"]
    assert made(fresh) == {"parsed_now": 0, "measured_now": 0, "parts_written_now": 0}
    assert fresh.content("data") == before


@pytest.mark.heavy
def test_fewer_features_parse_nothing(fresh: Checkout) -> None:
    """They are columns less, chosen when the dataset is written."""
    fresh.replace("conf/config.yaml", "features: standard", "features: minimal")
    fresh.run("dvc", "repro")
    assert (made(fresh)["parsed_now"], made(fresh)["measured_now"]) == (0, 0)
    shard = next((fresh.path / "data" / "export" / "frames").rglob("*.parquet"))
    names = pq.read_schema(shard).names
    assert {"time", "ball_pos_x", "p0_quat_w", "p0_boost", "p0_present"} <= set(names)
    assert not {"ball_vel_x", "p0_vel_x", "p0_jump"} & set(names)


@pytest.mark.heavy
def test_a_decoder_that_gives_the_same_measures_nothing(fresh: Checkout) -> None:
    """It is run again; that its frames are those of before ends the matter."""
    fresh.replace("stages/impulse/decoding/array_call.py", "DETAIL_LENGTH = 300", "DETAIL_LENGTH = 3 * 100")
    assert fresh.stages_run("dvc", "repro") == ["parse"]
    assert (made(fresh)["parsed_now"], made(fresh)["measured_now"]) == (replays(fresh), 0)
