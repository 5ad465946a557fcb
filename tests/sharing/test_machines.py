"""What other machines do with a dataset that was pushed: use it, switch versions, import it, build on, compute nothing."""

from __future__ import annotations

import io
import json
import shutil
from pathlib import Path

import dvc.api
import pyarrow.parquet as pq
import pytest
from tests.checkout import Checkout
from tests.sharing.conftest import Sharing, without_computing

pytestmark = [pytest.mark.pipeline, pytest.mark.heavy]


def data_folders(checkout: Checkout) -> set[str]:
    return {path.name for path in (checkout.path / "data").iterdir() if path.is_dir()}


def check_sums(folder: Path, checkout: Checkout) -> None:
    """As the dataset's card says, with the tool that every machine has."""
    Checkout(folder, checkout.env).run("sha256sum", "--check", "--quiet", "checksums.sha256")


def test_a_tagged_dataset_is_used_without_anything_else(shared: Sharing) -> None:
    """`dvc pull data/export` brings the tag's exact bytes and no raw data; building there computes nothing."""
    here = without_computing(shared.machine("v1"))
    here.run("dvc", "pull", "data/export")
    check_sums(here.path / "data" / "export", here)
    assert here.content("data/export") == shared.exported["v1"]
    assert here.stages_run("dvc", "repro", "--pull", "--allow-missing") == []
    assert data_folders(here) == {"export"}
    assert here.run("git", "status", "--porcelain").stdout == ""


def test_a_full_pull_leaves_nothing_to_do(shared: Sharing) -> None:
    """After `dvc pull` a plain `dvc repro` runs no stage, and status and metrics are those of the first machine."""
    here = without_computing(shared.machine())
    here.run("dvc", "pull")
    assert here.stages_run("dvc", "repro") == []
    assert "up to date" in here.run("dvc", "status").stdout
    assert "in sync" in here.run("dvc", "status", "--cloud").stdout
    shown = [json.loads(each.run("dvc", "metrics", "show", "--json").stdout) for each in (here, shared.first)]
    assert shown[0] == shown[1]
    assert here.run("git", "status", "--porcelain").stdout == ""


@pytest.mark.parametrize("how", ["checkout", "pull"])
def test_switching_versions_gives_exact_bytes(shared: Sharing, how: str) -> None:
    """By tag, forth and back: from the cache where the data was built, from the remote elsewhere."""
    here = shared.first if how == "checkout" else shared.machine()
    for tag in ("v1", "v2", "v1", "v2"):
        here.run("git", "checkout", "-q", tag)
        here.run("dvc", how, "data/export")
        check_sums(here.path / "data" / "export", here)
        assert here.content("data/export") == shared.exported[tag]
    here.run("git", "checkout", "-q", "main")
    assert shared.exported["v1"] != shared.exported["v2"]


def test_what_no_commit_names_is_removed_and_nothing_else(shared: Sharing) -> None:
    """`dvc gc --all-commits`, where one version was pulled: both versions can be used afterwards, the older one from the remote."""
    here = shared.machine()
    here.run("dvc", "pull", "data/export")
    (here.path / "unused").write_text("unused")
    here.run("dvc", "add", "-q", "unused")
    (here.path / "unused.dvc").unlink()
    assert "Removed 1 objects from repo cache" in here.run("dvc", "gc", "--all-commits", "--force").stdout
    for tag in ("v2", "v1"):
        here.run("git", "checkout", "-q", tag)
        here.run("dvc", "checkout" if tag == "v2" else "pull", "data/export")
        assert here.content("data/export") == shared.exported[tag]


def test_versions_can_be_compared(shared: Sharing) -> None:
    """What changed between two tags: settings, counts, files."""
    here = shared.first
    assert "parse.fps" in here.run("dvc", "params", "diff", "v1", "v2").stdout
    assert "rows" in here.run("dvc", "metrics", "diff", "v1", "v2").stdout
    assert "data/export" in here.run("dvc", "diff", "v1", "v2").stdout


def test_get_takes_a_version_without_a_clone(shared: Sharing, tmp_path: Path) -> None:
    """`dvc get --rev`, the whole dataset or one file, outside of any repository."""
    here = Checkout(tmp_path, shared.first.env)
    for tag in ("v1", "v2"):
        here.run("dvc", "get", str(shared.origin), "data/export", "--rev", tag, "-o", tag)
        check_sums(tmp_path / tag, here)
        assert here.content(tag) == shared.exported[tag]
    here.run("dvc", "get", str(shared.origin), "data/export/replays.parquet", "--rev", "v1")
    assert (tmp_path / "replays.parquet").read_bytes() == shared.exported["v1"]["replays.parquet"]


def test_import_pins_a_version_and_update_moves_the_pin(shared: Sharing, tmp_path: Path) -> None:
    """A project of its own, with a remote of its own or none, names the dataset's version in git."""
    here = Checkout(tmp_path / "project", shared.first.env)
    here.path.mkdir()
    here.run("git", "init", "-q")
    here.run("dvc", "init", "-q")
    here.run("dvc", "import", str(shared.origin), "data/export", "--rev", "v1", "-o", "replays")
    assert here.content("replays") == shared.exported["v1"]
    shutil.rmtree(here.path / "replays")
    shutil.rmtree(here.path / ".dvc" / "cache")
    here.run("dvc", "pull")
    assert here.content("replays") == shared.exported["v1"]
    here.run("dvc", "update", "--rev", "v2", "replays.dvc")
    assert here.content("replays") == shared.exported["v2"]


def test_the_api_reads_single_files(shared: Sharing, monkeypatch: pytest.MonkeyPatch) -> None:
    """`dvc.api` from Python: whole files, open files, addresses in the bucket."""
    for name, value in shared.first.env.items():
        monkeypatch.setenv(name, value)
    where = {"path": "data/export/replays.parquet", "repo": str(shared.origin), "rev": "v1"}
    content = shared.exported["v1"]["replays.parquet"]
    assert dvc.api.read(**where, mode="rb") == content
    with dvc.api.open(**where, mode="rb") as opened:
        assert pq.read_table(opened, columns=["replay_id"]) == pq.read_table(io.BytesIO(content), columns=["replay_id"])
    address = dvc.api.get_url(**where)
    assert address.startswith(f"{shared.url}/files/md5/")
    assert shared.objects()[address.removeprefix(f"s3://{shared.url.split('/')[2]}/")] == content


def test_a_new_export_needs_no_raw_data(shared: Sharing) -> None:
    """With another setting of export, only that stage runs, and only what it reads is downloaded."""
    here = shared.machine()
    here.replace("conf/export/default.yaml", "shards: null", "shards: 4")
    assert here.stages_run("dvc", "repro", "--pull", "--allow-missing") == ["config", "export"]
    assert data_folders(here) == {"raw", "parsed", "validated", "deduped", "export"}
    assert [list(here.content(f"data/{name}")) for name in ("raw", "validated")] == [["rejects.parquet"]] * 2


def test_settings_that_were_built_elsewhere_compute_nothing(shared: Sharing) -> None:
    """The run cache: old settings on a newer commit are restored, every stage of them."""
    here = without_computing(shared.machine())
    here.replace("conf/config.yaml", "fps: 4.0", "fps: 10.0")
    assert here.stages_run("dvc", "repro", "--pull", "--allow-missing") == ["config"]
    assert here.content("data/export") == shared.exported["v1"]
    before, after = ((each / "dvc.lock").read_text() for each in (here.path, shared.first.path))
    assert before != after
    assert before.split("stages:")[1].split("config:")[0] == after.split("stages:")[1].split("config:")[0]


def test_an_experiment_of_another_machine_computes_nothing(shared: Sharing) -> None:
    """Params that only ever ran in an experiment, which was pushed, are restored on every other machine."""
    first = shared.machine()
    first.run("dvc", "pull")
    first.run(
        "dvc", "exp", "run", "--name", "coarse", "-S", "parse.fps=2", "-S", "validate.rules.too_few_frames.at_least=20"
    )
    coarse = first.content("data/export")
    first.run("dvc", "exp", "push", "--run-cache", "origin", "coarse")

    second = without_computing(shared.machine())
    ran = second.stages_run(
        *(
            "dvc",
            "exp",
            "run",
            "--pull",
            "--allow-missing",
            "-S",
            "parse.fps=2",
            "-S",
            "validate.rules.too_few_frames.at_least=20",
        )
    )
    assert ran == ["config"]
    assert second.content("data/export") == coarse

    third = without_computing(shared.machine())
    third.run("dvc", "exp", "pull", "origin", "coarse")
    third.run("dvc", "exp", "apply", "coarse")
    third.run("dvc", "checkout", "data/export")
    assert third.content("data/export") == coarse
    assert third.stages_run("dvc", "repro", "--pull", "--allow-missing") == []
