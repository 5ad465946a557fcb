"""The guide to sweeps is true: every command in it runs, in its order, in a clone."""

from __future__ import annotations

import json
import re
import shutil
import time
from collections.abc import Callable
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from tests.checkout import Checkout
from tests.paths import ROOT

pytestmark = [pytest.mark.pipeline, pytest.mark.heavy]
GUIDE = (ROOT / "docs" / "sweeps.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```bash\n(.*?)```", GUIDE, re.DOTALL)
MAKE = "make --silent --old-file=install"
"""The test's environment stands in for the one that make would install."""


def run_block(checkout: Checkout, block: str, *, name: str = "NAME") -> str:
    """Run the lines of a block as a shell does, until the first that fails."""
    text = re.sub(r"^make ", f"{MAKE} ", block.replace("NAME", name).replace(" && ", "\n"), flags=re.MULTILINE)
    return checkout.run("bash", "-euo", "pipefail", "-c", text).stdout


def wait_for_queue(checkout: Checkout, count: int) -> dict[str, str]:
    """Return how each task of the queue ended, by name."""
    deadline = time.monotonic() + 900
    while True:
        out = checkout.run("dvc", "queue", "status").stdout
        tasks = re.findall(r"^[0-9a-f]{7}\s+(\S+)\s.*\s(Queued|Running|Failed|Success)\s*$", out, re.MULTILINE)
        assert len(tasks) >= count, out
        if not {"Queued", "Running"} & {state for _, state in tasks}:
            return dict(tasks)
        assert time.monotonic() < deadline, out


@pytest.fixture(scope="module")
def checkout(clone: Callable[[str, Path], Checkout], small_source: Path) -> Checkout:
    made = clone("sweeps", small_source)
    # At 2 rows a second matches of a minute have fewer than the 100 that the rule asks for.
    made.replace("conf/quality/default.yaml", "{measure: rows, at_least: 100,", "{measure: rows, at_least: 10,")
    return made


def rows_of(table: str) -> list[dict[str, str]]:
    lines = table[table.index("|") :].splitlines()
    names = [cell.strip() for cell in lines[0].strip("|").split("|")]
    return [
        dict(zip(names, (cell.strip() for cell in line.strip("|").split("|")), strict=True))
        for line in lines[2:]
        if line.startswith("|")
    ]


def test_every_command_of_the_guide_runs(checkout: Checkout) -> None:
    """From the baseline over the queue and the best experiment to trials and plain Hydra with a launcher."""
    steps, best, trials, hydra = BLOCKS
    baseline, queue, start, status, show = steps.splitlines()
    run_block(checkout, f"{baseline}\n{queue}\n{start}\n{status}")
    done = wait_for_queue(checkout, 4)
    assert set(done.values()) == {"Success"}
    shown = rows_of(run_block(checkout, show))
    assert "`dvc queue remove --all`" in GUIDE
    run_block(checkout, "dvc queue remove --all")
    by_fps = {row["parse.fps"]: row for row in shown}
    assert set(by_fps) == {"2", "5", "10"}
    assert int(by_fps["2"]["dataset.rows"]) < int(by_fps["5"]["dataset.rows"]) < int(by_fps["10"]["dataset.rows"])
    assert {(row["parse.fps"], row["dataset.columns"]) for row in shown if "[" in row["Experiment"]} == {
        (fps, columns) for fps in ("2", "5") for columns in {row["dataset.columns"] for row in shown}
    }

    name = next(row["Experiment"] for row in shown if row["parse.fps"] == "5").split("[")[1].rstrip("]")
    run_block(checkout, best, name=name)
    assert checkout.stages_run("dvc", "repro") == []
    assert checkout.run("git", "status", "--porcelain").stdout == ""

    before = checkout.content("data/parsed")
    tried = run_block(checkout, trials)
    said, which, *lines = tried.splitlines()
    assert which == "trials start from these values of the experiment"
    assert said.startswith("params.yaml has the values of an experiment, whose results stay: parse.fps")
    assert {row.split("|")[1].strip() for row in lines[2:]} == {"parse.fps=2", "parse.fps=5"}
    for line in hydra.splitlines():
        shutil.rmtree(checkout.path / "multirun", ignore_errors=True)
        run_block(checkout, line)
        rows = {
            fps: sum(pq.read_table(folder / "parsed" / "measures.parquet")["rows"].to_pylist())
            for fps in (2, 5)
            for folder in [checkout.path / "multirun" / "parse" / f"parse.fps-{fps}"]
        }
        assert rows[2] < rows[5]
    assert checkout.content("data/parsed") == before


def test_experiments_share_what_their_settings_do_not_touch(
    clone: Callable[[str, Path], Checkout], small_source: Path
) -> None:
    """No experiment fetches; one with other thresholds parses nothing, one with a known fps takes every parsed result."""
    here = clone("shared", small_source)
    here.run("dvc", "repro")
    here.run("git", "add", "-A")
    here.run("git", "commit", "-qm", "baseline")
    seen: dict[str, tuple[list[str], int]] = {}
    for name, setting in {
        "thresholds": "validate.rules.too_few_frames.at_least=50",
        "finer": "parse.fps=20",
        "again": "parse.fps=20",
    }.items():
        if name == "again":
            shutil.rmtree(here.path / ".dvc" / "cache" / "runs")
        ran = here.stages_run("dvc", "exp", "run", "--temp", "--name", name, "-S", setting)
        refs = here.run("git", "for-each-ref", "--format=%(refname)", "refs/exps").stdout.split()
        (ref,) = [ref for ref in refs if ref.endswith(f"/{name}")]
        timing = here.run("git", "show", f"{ref}:metrics/timing/parse.json").stdout
        seen[name] = ran, json.loads(timing)["parsed_now"]
    assert not any("fetch" in ran for ran, _ in seen.values())
    assert "parse" not in seen["thresholds"][0]
    assert "parse" in seen["finer"][0]
    assert seen["finer"][1] > 0
    assert "parse" in seen["again"][0]
    assert seen["again"][1] == 0


def test_a_wrong_override_queues_nothing(checkout: Checkout) -> None:
    """The line that names the key comes from DVC itself, before anything is queued."""
    done = checkout.run("dvc", "exp", "run", "--queue", "-S", "parse.fps=abc", check=False)
    assert done.returncode != 0
    assert "parse.fps" in done.stderr
    assert "could not be converted to Float" in done.stderr
    assert "Queued" not in checkout.run("dvc", "queue", "status").stdout
