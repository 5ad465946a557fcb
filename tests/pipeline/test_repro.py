"""What a user of the clone does: build, build again, edit, experiment, look at metrics and plots."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow.parquet as pq
import pytest
from tests.checkout import Checkout
from tests.parsing.samples import samples_at_10fps
from tests.paths import ROOT

pytestmark = [pytest.mark.pipeline, pytest.mark.slow]
ALL = ["config", "fetch", "parse", "validate", "dedupe", "export"]

REMATCH = "match/post-eac-private-2026-04-28.replay"
"""The real file that shows a match and the one after it, which is one too many."""


def metrics(checkout: Checkout, stage: str) -> dict[str, Any]:
    content: dict[str, Any] = json.loads((checkout.path / "metrics" / f"{stage}.json").read_text())
    return content


def test_metrics_add_up_from_stage_to_stage(fresh: Checkout, small_source: Path) -> None:
    """What goes out of a stage goes into the next one, and the first gets every file."""
    counts = [metrics(fresh, stage) for stage in ALL[1:]]
    assert counts[0]["in"] == len(list(small_source.iterdir()))
    for before, after in pairwise(counts):
        assert before["out"] == after["in"]
    rejected = pq.read_table(fresh.path / "data" / "export" / "rejects.parquet")
    assert rejected.num_rows == sum(stage["rejected_total"] for stage in counts)


def test_git_sees_only_what_belongs_into_it(fresh: Checkout) -> None:
    """A build leaves no data, state or lock files for git to pick up."""
    tracked = fresh.run("git", "ls-files").stdout.split()
    assert not [
        name
        for name in tracked
        if name.startswith(("data/", ".state")) and not name.endswith((".gitignore", "README.md"))
    ]
    assert fresh.run("git", "status", "--porcelain").stdout == ""


def test_a_second_repro_runs_no_stage(fresh: Checkout) -> None:
    """Nothing changed, nothing runs."""
    assert fresh.stages_run("dvc", "repro") == []
    assert "up to date" in fresh.run("dvc", "status").stdout


@pytest.mark.heavy
@pytest.mark.parametrize(
    ("stage", "unused"),
    [
        ("fetch", ["pandas", "requests", "matplotlib", "botocore", "dvc"]),
        ("parse", ["pandas", "requests", "matplotlib", "botocore", "dvc"]),
        ("validate", ["pandas", "requests", "botocore", "dvc"]),
        ("dedupe", ["pandas", "requests", "matplotlib", "botocore", "dvc"]),
        ("export", ["pandas", "requests", "botocore", "dvc"]),
    ],
)
def test_a_stage_imports_only_what_it_uses(fresh: Checkout, stage: str, unused: list[str]) -> None:
    """Imports are most of the time that a build without news takes; fetch asks DVC once where its cache is, and notes it."""
    fresh.run("python", f"stages/{stage}.py")
    done = fresh.run("python", "-X", "importtime", f"stages/{stage}.py")
    names = {line.rpartition("|")[2].strip() for line in done.stderr.splitlines() if "|" in line}
    # An import that fails has a line too, but none of its modules has.
    imported = {name.partition(".")[0] for name in names if "." in name}
    assert {"pyarrow", "hydra"} <= imported
    assert imported.isdisjoint(unused), imported & {*unused}


def test_the_dataset_is_rebuilt_byte_for_byte(fresh: Checkout) -> None:
    """Removed outputs come back the same: from the cache, by running export again, and by parsing all again."""
    before = fresh.content("data/export")
    fresh.run("rm", "-r", "data/export")
    fresh.run("dvc", "repro")
    assert fresh.content("data/export") == before
    assert fresh.stages_run("dvc", "repro", "--force", "--single-item", "export") == ["export"]
    assert fresh.content("data/export") == before
    fresh.run("rm", "-r", ".state", "data/parsed", "data/validated", "data/deduped", "data/export")
    assert fresh.stages_run("dvc", "repro", "--force") == ALL
    assert fresh.content("data/export") == before


@pytest.mark.parametrize(
    ("file", "old", "new", "expected"),
    [
        pytest.param(
            "conf/export/default.yaml", "shards: null", "shards: 4", ["config", "export"],
            id="export", marks=pytest.mark.heavy,
        ),
        pytest.param(
            "conf/dedupe/default.yaml", "keep_velocities: true", "keep_velocities: false", ["config", "dedupe", "export"],
            id="dedupe", marks=pytest.mark.heavy,
        ),
        pytest.param(
            "conf/quality/default.yaml", "at_least: 2,", "at_least: 4,", ["config", "validate", "dedupe", "export"],
            id="quality", marks=pytest.mark.heavy,
        ),
        pytest.param(
            "conf/config.yaml", "fps: 10.0", "fps: 4.0", ["config", "parse", "validate", "dedupe", "export"],
            id="fps", marks=pytest.mark.heavy,
        ),
        pytest.param("conf/engine/local.yaml", "workers: 0", "workers: 1", ["config"], id="engine"),
        pytest.param(
            "stages/impulse/export/card.py", '"Rocket League frames"', '"Frames"', ["export"], id="code of export"
        ),
    ],
)  # fmt: skip
def test_an_edit_reruns_exactly_what_depends_on_it(
    fresh: Checkout, file: str, old: str, new: str, expected: list[str]
) -> None:
    """A plain `dvc repro` after an edit of conf/ or code runs the stages that depend on it and no other."""
    fresh.replace(file, old, new)
    assert fresh.stages_run("dvc", "repro") == expected


def _add_rule(checkout: Checkout, entry: str) -> None:
    checkout.replace("conf/quality/default.yaml", "rules:\n", f"rules:\n  {entry}\n")


@pytest.mark.heavy
def test_a_rule_on_what_is_measured_parses_and_measures_nothing(fresh: Checkout) -> None:
    """It is one entry of conf; what it rejects leaves the dataset."""
    _add_rule(fresh, "blue_wins: {measure: goals_orange, at_most: 0, severity: reject, because: blue is good}")
    assert fresh.stages_run("dvc", "repro") == ["config", "validate", "dedupe", "export"]
    assert metrics(fresh, "validate")["rejected"]["blue_wins"] > 0


@pytest.mark.heavy
def test_a_rule_on_a_new_measure_parses_nothing(fresh: Checkout) -> None:
    """A column and its value; every replay is measured again, from its stored frames."""
    fresh.replace(
        "stages/impulse/tables/measures.py",
        '    Column("n_bots"',
        '    Column("n_people", "int16", "people among the players"),\n    Column("n_bots"',
    )
    fresh.replace(
        "stages/impulse/products/measures.py",
        '        "n_bots"',
        '        "n_people": sum(not row["is_bot"] for row in players),\n        "n_bots"',
    )
    _add_rule(fresh, "lonely: {measure: n_people, at_least: 3, severity: reject, because: more than a duel}")
    assert "parse" in fresh.stages_run("dvc", "repro")
    timing = json.loads((fresh.path / "metrics" / "timing" / "parse.json").read_text())
    assert (timing["parsed_now"], timing["measured_now"]) == (0, metrics(fresh, "parse")["out"])
    assert metrics(fresh, "validate")["rejected"]["lonely"] > 0


@pytest.mark.heavy
def test_an_experiment_changes_the_rows(fresh: Checkout) -> None:
    """`-S` reaches the stages, metrics and params show the difference, and a plain repro agrees afterwards."""
    rows = metrics(fresh, "parse")["rows"]
    ran = fresh.stages_run("dvc", "exp", "run", "-S", "parse.fps=5", "-S", "validate.rules.too_few_frames.at_least=50")
    assert ran[0] == "config"
    assert "fetch" not in ran
    assert metrics(fresh, "parse")["rows"] == pytest.approx(rows / 2, rel=0.02)
    assert "parse.fps" in fresh.run("dvc", "params", "diff").stdout
    assert "metrics/parse.json" in fresh.run("dvc", "metrics", "diff").stdout
    assert fresh.stages_run("dvc", "repro") == []


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        pytest.param(
            ["-S", "parse.fps=999"], "parse.fps: 999 is out of range, must be between 1 and 120",
            id="value", marks=pytest.mark.heavy,
        ),
        pytest.param(
            ["--queue", "-S", "parse.fps=5,abc"],
            "parse.fps: Value 'abc' of type 'str' could not be converted to Float", id="list",
        ),
        pytest.param(
            ["--queue", "-S", "features=nothing"],
            "features: there is no preset 'nothing'; known are all, minimal, play, standard", id="preset", marks=pytest.mark.heavy,
        ),
    ],
)  # fmt: skip
def test_a_wrong_override_fails_before_anything_runs(fresh: Checkout, arguments: list[str], message: str) -> None:
    """`dvc exp run -S`, queued or not, ends with the line that names the key and leaves the clone as it was."""
    done = fresh.run("dvc", "exp", "run", *arguments, check=False)
    assert done.returncode != 0
    assert done.stderr.splitlines()[-1] == f"ERROR: {message}"
    assert "Running stage" not in done.stdout
    assert fresh.run("git", "status", "--porcelain").stdout == ""
    assert "Queued" not in fresh.run("dvc", "queue", "status").stdout


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("parse.fps=abc", "parse: error: parse.fps: Value 'abc'"),
        ("parse.nope=1", "parse: error: parse.nope: Key 'nope'"),
        ("+parse.nope=1", "parse: error: parse.nope: Key 'nope'"),
        ("parse.fps=0", "parse: error: parse.fps: 0 is out of range"),
        ("parse=minimal", "parse: error: parse: "),
        ("experiment=quick_look", "parse: error: experiment: parse has no such setting; "),
        ("~export.shards", "parse: error: export.shards: parse has no such setting; "),
    ],
)
def test_a_stage_refuses_a_wrong_override_in_one_line(fresh: Checkout, override: str, message: str) -> None:
    """A script that is called directly names the key and leaves the data alone."""
    before = {folder: fresh.content(folder) for folder in ("data", "metrics")}
    done = fresh.run("python", "stages/parse.py", override, check=False)
    assert done.returncode != 0
    assert done.stderr.startswith(message)
    assert len(done.stderr.splitlines()) == 1
    assert done.stdout == ""
    assert {folder: fresh.content(folder) for folder in before} == before


def test_no_other_code_runs_than_that_of_the_checkout(fresh: Checkout) -> None:
    """PYTHONSAFEPATH hides what lies beside a script, and DVC would keep what another checkout's code made for this one's."""
    hidden = {"PYTHONSAFEPATH": "1", "PYTHONPATH": str(ROOT / "stages")}
    for stage in ("validate", "config"):
        done = fresh.run("python", f"stages/{stage}.py", check=False, **hidden)
        assert done.returncode != 0
        assert done.stderr.startswith(f"{stage}: error: PYTHONSAFEPATH: hides {fresh.path / 'stages' / 'impulse'} (")
        assert len(done.stderr.splitlines()) == 1
    assert fresh.run("python", "stages/validate.py", PYTHONSAFEPATH="1", PYTHONPATH="stages").returncode == 0


@pytest.mark.heavy
def test_a_hydra_sweep_writes_folders_of_its_own(fresh: Checkout) -> None:
    """`-m` leaves data/ alone and gives every member a folder."""
    before = fresh.content("data/parsed")
    fresh.run("python", "stages/parse.py", "-m", "parse.fps=5,10")
    tables = {
        fps: pq.read_table(fresh.path / "multirun" / "parse" / f"parse.fps-{fps}" / "parsed" / "measures.parquet")
        for fps in (5, 10)
    }
    assert sum(tables[5]["rows"].to_pylist()) < sum(tables[10]["rows"].to_pylist())
    assert fresh.content("data/parsed") == before
    assert "up to date" in fresh.run("dvc", "status").stdout
    assert fresh.run("git", "status", "--porcelain").stdout == ""


@pytest.mark.heavy
def test_a_hand_edit_of_params_is_refused_with_its_place(fresh: Checkout) -> None:
    """The edit is neither used nor lost: the message names the key, both values and the file where it belongs."""
    fresh.replace("params.yaml", "fps: 10.0", "fps: 7.0")
    done = fresh.run("dvc", "repro", check=False)
    assert done.returncode != 0
    (line,) = [line for line in done.stderr.splitlines() if line.startswith("config: error: ")]
    for part in ("parse.fps", "7.0", "10.0", "conf/config.yaml", "dvc exp run -S parse.fps="):
        assert part in line
    assert "fps: 7.0" in (fresh.path / "params.yaml").read_text()

    fresh.run("git", "checkout", "params.yaml")
    fresh.replace("conf/config.yaml", "fps: 10.0", "fps: 7.0")
    assert "config: parse.fps: 10.0 -> 7.0" in fresh.run("dvc", "repro").stdout


@pytest.mark.heavy
def test_a_preset_is_an_experiment(fresh: Checkout) -> None:
    """Group presets work with -S and on the command line of a stage."""
    fresh.run("dvc", "exp", "run", "-S", "experiment=quick_look", "-S", "quality=any")
    features = json.loads((fresh.path / "data" / "parsed" / "features.json").read_text())
    assert features["fps"] == 2.0
    assert features["player_features"] == ["PlayerRigidBodyQuaternions", "PlayerBoost"]


@pytest.mark.heavy
def test_plots_are_readable_without_a_network(fresh: Checkout) -> None:
    """The page holds pictures beside it, side by side for two revisions, and asks no other host for anything."""
    fresh.run("dvc", "plots", "show")
    shown = _pictures(fresh)
    drawn = ("export_plots_overview", *(f"validated_plots_{name}" for name in ("measures", "rules", "yield")))
    assert sorted(shown) == [f"workspace_data_{name}.png" for name in drawn]

    fresh.run("dvc", "exp", "run", "-S", "validate.rules.too_few_frames.at_least=100000", "validate")
    fresh.run("dvc", "plots", "diff", "HEAD")
    pictures = _pictures(fresh)
    assert len(pictures) == 2 * len(drawn)
    for name in ("rules", "yield"):
        assert pictures[f"HEAD_data_validated_plots_{name}.png"] == shown[f"workspace_data_validated_plots_{name}.png"]
        assert (
            pictures[f"workspace_data_validated_plots_{name}.png"] != pictures[f"HEAD_data_validated_plots_{name}.png"]
        )


def _pictures(checkout: Checkout) -> dict[str, bytes]:
    """Return the pictures of the page of plots, by file name."""
    page = (checkout.path / "dvc_plots" / "index.html").read_text()
    assert "http" not in page
    assert "<script" not in page
    files = [checkout.path / "dvc_plots" / part.split('"')[0] for part in page.split('src="')[1:]]
    pictures = {file.name: file.read_bytes() for file in files}
    assert all(content.startswith(b"\x89PNG") for content in pictures.values())
    return pictures


@pytest.mark.heavy
def test_too_many_rejects_stop_the_run_and_leave_report_and_metrics(fresh: Checkout) -> None:
    """One line, exit code not 0, nothing downstream; what was found can be read."""
    before = fresh.content("data/deduped")
    overrides = ["-S", "validate.rules.too_few_frames.at_least=100000", "-S", "validate.max_reject_share=0.5"]
    done = fresh.run("dvc", "exp", "run", *overrides, check=False)
    assert done.returncode != 0
    (line,) = [line for line in (done.stdout + done.stderr).splitlines() if line.startswith("validate: error: ")]
    assert "rejected (100.0%), validate.max_reject_share allows 50.0%; see " in line
    assert "Traceback" not in done.stderr
    assert "Running stage 'dedupe'" not in done.stdout
    report = Path(line.split("; see ")[1])
    assert "too_few_frames" in report.read_text()
    assert metrics(fresh, "validate")["verdicts"]["accept"] == 0
    assert fresh.content("data/deduped") == before

    # The experiment did not end, and what it left is not built for conf/.
    refused = fresh.run("dvc", "repro", check=False)
    (line,) = [line for line in refused.stderr.splitlines() if line.startswith("config: error: ")]
    assert "validate.max_reject_share is 0.5 and 1.0 in conf/" in line
    assert "dedupe" not in fresh.stages_run("python", "-m", "impulse", "repro", PYTHONPATH="stages")
    assert fresh.run("git", "status", "--porcelain", "params.yaml").stdout == ""
    assert "up to date" in fresh.run("dvc", "status").stdout


def test_the_graph_is_the_documented_chain(fresh: Checkout) -> None:
    """`dvc dag` draws config, fetch, parse, validate, dedupe, export."""
    dot = fresh.run("dvc", "dag", "--dot").stdout
    for before, after in pairwise(ALL[1:]):
        assert f'"{before}" -> "{after}"' in dot


@pytest.mark.heavy
def test_new_files_in_the_source_are_found_by_update(
    clone: Callable[[str, Path], Checkout], small_source: Path, tmp_path: Path
) -> None:
    """`dvc repro` trusts what it fetched; `impulse update` looks again, and only what changed is done."""
    files = sorted(small_source.iterdir())
    for file in files[:-1]:
        (tmp_path / file.name).write_bytes(file.read_bytes())
    checkout = clone("update", tmp_path)
    checkout.run("dvc", "repro")
    (tmp_path / files[-1].name).write_bytes(files[-1].read_bytes())
    assert checkout.stages_run("dvc", "repro") == []
    elsewhere = tmp_path / "left over"
    done = checkout.run("python", "-m", "impulse", "update", PYTHONPATH="stages", IMPULSE_DATA=str(elsewhere))
    assert done.stdout.startswith("IMPULSE_DATA is set and ignored: ")
    assert not elsewhere.exists()
    assert re.findall("Running stage '(.*)'", done.stdout) == ["parse", "validate", "dedupe", "export"]
    assert metrics(checkout, "fetch")["in"] == len(files)
    assert json.loads((checkout.path / "metrics" / "timing" / "parse.json").read_text())["parsed_now"] == 1
    assert checkout.stages_run("dvc", "repro") == []

    # A folder that only the environment names: DVC sees no change, `impulse repro` does.
    moved = {"PYTHONPATH": "stages", "IMPULSE_REPLAYS": str(small_source)}
    (tmp_path / files[0].name).unlink()
    assert checkout.stages_run("python", "-m", "impulse", "repro", **moved) == ["fetch"]
    assert checkout.stages_run("python", "-m", "impulse", "repro", **moved) == []


@pytest.mark.parametrize(
    ("command", "message"),
    [
        (["stages/fetch.py", "fetch.path=nowhere"], "fetch: error: the folder of replays .* does not exist"),
        (["stages/parse.py"], "parse: error: .*manifest.parquet is missing; run `dvc repro fetch` first"),
        (["stages/export.py"], "export: error: .*columns.json is missing; run `dvc repro dedupe` first"),
    ],
    ids=["no folder", "no manifest", "nothing deduped"],
)
def test_missing_inputs_are_one_line(
    clone: Callable[[str, Path], Checkout], small_source: Path, command: list[str], message: str
) -> None:
    """A stage that lacks its input says what to run."""
    checkout = clone("bare", small_source)
    done = checkout.run("python", *command, check=False)
    assert done.returncode == 1
    assert re.match(message, done.stderr), done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_the_wrong_python_is_told_so(fresh: Checkout) -> None:
    """`python` outside the environment lacks the packages; the message says what to do instead of a traceback."""
    isolated = (
        "import runpy, sys; sys.path = ['stages', *(p for p in sys.path if 'site-packages' not in p)]; "
        "sys.argv = sys.argv[1:]; runpy.run_path(sys.argv[0], run_name='__main__')"
    )
    for script in ("config", "fetch", "parse", "validate", "dedupe", "export"):
        done = fresh.run("python", "-c", isolated, f"stages/{script}.py", check=False)
        assert done.returncode == 1
        assert "has no module" in done.stderr
        assert "make" in done.stderr
        assert len(done.stderr.splitlines()) == 1


def real_fates(checkout: Checkout) -> dict[str, str]:
    """Return verdict or reason code of every input, as the page of the report names them."""
    page = html.unescape((checkout.path / "data" / "validated" / "report.html").read_text())
    fates: dict[str, str] = {}
    for section, column in (("rejected", 2), ("warned", None), ("accepted", None)):
        table = page.split(f'<h2 id="{section}">')[1].split("</table>")[0]
        for row in table.split("<tr>")[2:]:
            cells = [re.sub("<[^>]+>", "", cell) for cell in row.split("</td>")]
            assert cells[0] not in fates, cells[0]
            fates[cells[0]] = cells[column] if column else {"warned": "warn", "accepted": "accept"}[section]
    return fates


@pytest.mark.heavy
def test_real_replays_become_a_dataset(clone: Callable[[str, Path], Checkout], real_replays: Path) -> None:
    """All 63 real files: every decodable match is exported, every other file is a reject with its reason."""
    checkout = clone("real", real_replays)
    checkout.replace("conf/config.yaml", "decoder: auto", "decoder: array")
    checkout.run("dvc", "repro")
    manifest = json.loads((real_replays / "MANIFEST.json").read_text())
    exported = set(pq.read_table(checkout.path / "data" / "export" / "replays.parquet")["source_path"].to_pylist())
    rejects = pq.read_table(checkout.path / "data" / "export" / "rejects.parquet").to_pylist()
    decodable = {entry["path"] for entry in manifest if entry["ndarray"] == "ok" and 2 <= entry["players"] <= 8}
    samples = {path: samples_at_10fps(real_replays / path) for path in decodable}
    decodable = {path for path, rows in samples.items() if 100 <= rows <= 100_000} - {REMATCH}

    assert metrics(checkout, "fetch")["in"] == len(manifest) == 63
    assert exported == decodable
    assert {row["source_path"] for row in rejects} == {entry["path"] for entry in manifest} - decodable
    assert all(row["reason"] and row["detail"] for row in rejects)
    frames = pd.read_parquet(checkout.path / "data" / "export" / "frames")
    assert len(frames) == sum(samples[path] for path in decodable)
    for slot in range(8):
        assert not (frames[[f"p{slot}_pos_{axis}" for axis in "xyz"]] == 0).all(axis=1).any()
    fates = real_fates(checkout)
    assert set(fates) == {entry["path"] for entry in manifest}
    for entry in manifest:
        assert (fates[entry["path"]] in ("accept", "warn")) == (entry["path"] in decodable), entry["path"]
    sound = [entry["path"] for entry in manifest if entry["category"] == "match"]
    assert sum(fates[path] == "warn" for path in sound) <= len(sound) / 4, "default warns of good matches"

    checkout.run("git", "add", "-A")
    checkout.run("git", "commit", "-qm", "dataset")
    milder = ("-S", "validate.rules.too_few_players.at_least=1", "-S", "~validate.rules.frozen_ball")
    checkout.run("dvc", "exp", "run", *milder, "-S", "parse.decoder=auto")
    one_player = {entry["path"] for entry in manifest if entry["ndarray"] == "ok" and entry["players"] == 1}
    assert one_player
    replays = pq.read_table(checkout.path / "data" / "export" / "replays.parquet").to_pylist()
    by_array = {row["source_path"] for row in replays if row["decoder"] == "array"}
    assert by_array
    assert by_array <= decodable | one_player <= {row["source_path"] for row in replays}
    refused_by_array = {row["source_path"] for row in replays} - decodable - one_player
    assert {path.split("/")[0] for path in refused_by_array} == {"recoverable", "unsupported"}


def test_a_clone_without_any_replays_makes_a_synthetic_dataset(
    clone: Callable[[str, Path], Checkout], tmp_path: Path
) -> None:
    """The default needs no key and no file; every stage has something to do, and the dataset says what it is."""
    checkout = clone("demo", tmp_path / "nowhere")
    checkout.replace("conf/config.yaml", "source: local", "source: demo")
    checkout.run("dvc", "repro")
    replays = pq.read_table(checkout.path / "data" / "export" / "replays.parquet").to_pylist()
    rejects = pq.read_table(checkout.path / "data" / "export" / "rejects.parquet").to_pylist()

    assert all(row["is_synthetic"] for row in replays)
    assert "Every match is synthetic" in (checkout.path / "data" / "export" / "README.md").read_text()
    assert {row["split"] for row in replays} == {"train", "val", "test"}
    assert {row["decoder"] for row in replays} == {"array", "exact"}
    assert all(row["demolitions_known"] for row in replays)
    assert {(row["stage"], row["reason"]) for row in rejects} == {
        ("fetch", "body_crc_mismatch"),
        ("fetch", "duplicate_bytes"),
        ("validate", "too_few_frames"),
        ("dedupe", "same_match"),
    }
