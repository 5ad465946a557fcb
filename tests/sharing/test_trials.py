"""Trials: several settings side by side, each in a folder of its own."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from hydra.errors import HydraException
from hypothesis import given
from hypothesis import strategies as st
from tests.checkout import Checkout

from impulse.errors import ConfigError
from impulse.sharing.trials import combinations

FPS = st.lists(st.integers(1, 120), min_size=1, max_size=4, unique=True)


@given(fps=FPS, levels=FPS)
def test_every_combination_is_tried_once(fps: list[int], levels: list[int]) -> None:
    """Lists multiply; what is no list is the same in each."""
    given_fps, given_levels = (",".join(map(str, values)) for values in (fps, levels))
    found = combinations(
        [f"parse.fps={given_fps}", "features=minimal", f"validate.rules.too_few_frames.at_least={given_levels}"]
    )

    assert set(found) == {
        (f"parse.fps={one}", "features=minimal", f"validate.rules.too_few_frames.at_least={other}")
        for one in fps
        for other in levels
    }
    assert len(found) == len(fps) * len(levels)


@pytest.mark.parametrize("override", ["fetch.matches=3", "source=local", "storage=local,s3", "+fetch.query.map=x"])
def test_what_trials_share_is_no_setting_of_theirs(override: str) -> None:
    """Other replays need another fetch, which a trial does not make."""
    with pytest.raises(ConfigError, match="data/raw, which trials share, is set in conf/"):
        combinations([override])


@pytest.mark.parametrize("override", ["prase.fps=5,10", "feature=minimal,all", "fps=5,10", "params_version=2"])
def test_a_setting_that_no_stage_takes_is_refused(override: str) -> None:
    """Otherwise the same dataset would be built once for each value."""
    with pytest.raises(ConfigError, match="parse, validate, dedupe, export have no such setting"):
        combinations([override])


@pytest.mark.parametrize(
    "override", ["~validate.rules.bots", "+parse.events=true", "features=minimal", "engine.workers=1"]
)
def test_every_form_of_a_setting_is_taken(override: str) -> None:
    """Additions, removals, presets, and what all stages take."""
    assert combinations([override]) == [(override,)]


def test_what_is_no_override_is_refused() -> None:
    """Hydra's parser says what is wrong."""
    with pytest.raises(HydraException):
        combinations(["parse.fps"])


def try_settings(checkout: Checkout, *overrides: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["python", "-m", "impulse", "trials", *overrides],
        cwd=checkout.path,
        env={**checkout.env, "PYTHONPATH": "stages"},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.pipeline
@pytest.mark.heavy
def test_trials_are_builds(clone: Callable[[str, Path], Checkout], small_source: Path) -> None:
    """A trial with the settings of the build gives its bytes; data/ stays; a build with tried settings parses nothing."""
    checkout = clone("trials", small_source)
    checkout.run("dvc", "repro")
    folders = ("data/parsed", "data/validated", "data/deduped", "data/export")
    built = {folder: checkout.content(folder) for folder in folders}

    done = try_settings(checkout, "parse.fps=10,4,abc", "export.split_salt=impulse")

    assert done.returncode == 1
    assert done.stderr.startswith("trials: parse.fps=abc export.split_salt=impulse: parse: error: parse.fps: ")
    assert len(done.stderr.splitlines()) == 1
    rows = {line.split("|")[1].strip(): line.split("|")[4].strip() for line in done.stdout.splitlines()[2:]}
    exported = json.loads((checkout.path / "metrics" / "export.json").read_text())["dataset"]
    assert rows["parse.fps=10 export.split_salt=impulse"] == str(exported["rows"])
    assert 0 < int(rows["parse.fps=4 export.split_salt=impulse"]) < exported["rows"]
    assert rows["parse.fps=abc export.split_salt=impulse"] == "-"
    for folder, content in built.items():
        assert checkout.content(folder) == content
        assert (
            checkout.content(folder.replace("data", "multirun/trials/parse.fps-10--export.split_salt-impulse"))
            == content
        )
    assert checkout.stages_run("dvc", "repro") == []

    config = checkout.path / "conf" / "config.yaml"
    config.write_text(config.read_text().replace("fps: 10.0", "fps: 4.0"))
    checkout.run("dvc", "repro")
    assert json.loads((checkout.path / "metrics" / "timing" / "parse.json").read_text())["parsed_now"] == 0
    assert checkout.content("data/export") == checkout.content(
        "multirun/trials/parse.fps-4--export.split_salt-impulse/export"
    )
