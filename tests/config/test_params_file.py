from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest
from tests.paths import ROOT

from impulse.config import params_file
from impulse.errors import ConfigError


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A committed checkout with conf/ and params.yaml and nothing else."""
    monkeypatch.delenv("DVC_EXP_NAME", raising=False)
    shutil.copytree(ROOT / "conf", tmp_path / "conf")
    (tmp_path / "stages").mkdir()
    (tmp_path / "params.yaml").write_text(params_file.compose(ROOT))
    identity = ["-c", "user.name=impulse", "-c", "user.email=impulse@example.org"]
    for command in (["init", "-q"], ["add", "-A"], [*identity, "commit", "-qm", "clone"]):
        subprocess.run(["git", *command], cwd=tmp_path, check=True)
    return tmp_path


def edit(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


def test_edits_of_conf_reach_params_again_and_again(checkout: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Each edit is composed and told, whether or not anything was committed in between."""
    for before, after in (("10.0", "5.0"), ("5.0", "20.0"), ("20.0", "10.0")):
        edit(checkout / "conf" / "config.yaml", f"fps: {before}", f"fps: {after}")
        params_file.refresh(checkout)
        assert f"fps: {after}" in (checkout / "params.yaml").read_text()
        assert f"parse.fps: {before} -> {after}" in capsys.readouterr().out
    assert subprocess.run(["git", "diff", "--quiet"], cwd=checkout, check=False).returncode == 0


@pytest.mark.parametrize(
    ("old", "new", "home"),
    [
        ("fps: 10.0", "fps: 11.0", "conf/config.yaml"),
        ("at_least: 2\n", "at_least: 3\n", "conf/quality/default.yaml"),
        ("shards: 8", "shards: 3", "conf/export/default.yaml"),
        ("workers: 0", "workers: 1", "conf/engine/local.yaml"),
    ],
)
def test_a_hand_edit_is_refused_with_its_home(checkout: Path, old: str, new: str, home: str) -> None:
    """The message says into which file the value belongs, and the edit stays where it is."""
    params_file.refresh(checkout)
    edit(checkout / "params.yaml", old, new)
    with pytest.raises(ConfigError, match=home):
        params_file.refresh(checkout)
    assert new in (checkout / "params.yaml").read_text()


def test_a_hand_edit_beside_an_edit_of_conf_is_refused_too(checkout: Path) -> None:
    """A changed conf/ does not cover up a hand edit."""
    edit(checkout / "params.yaml", "shards: 8", "shards: 3")
    edit(checkout / "conf" / "config.yaml", "fps: 10.0", "fps: 5.0")
    with pytest.raises(ConfigError, match=r"^export.shards: .*8 became 3.*conf/export/default.yaml"):
        params_file.refresh(checkout)


@pytest.mark.parametrize(
    "lock", ["", "sch", "schema: '2.0'\nsta", "schema: '2.0'\nstages:\n  config:\n    cm", "- a: [1"]
)
def test_a_lock_that_was_cut_short_knows_no_file(checkout: Path, lock: str) -> None:
    """Whatever a crash left of dvc.lock, a hand edit is told as one."""
    (checkout / "dvc.lock").write_text(lock)
    edit(checkout / "params.yaml", "shards: 8", "shards: 3")
    with pytest.raises(ConfigError, match=r"^export.shards: params.yaml was edited by hand"):
        params_file.refresh(checkout)


def test_inside_an_experiment_the_file_stays(checkout: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """DVC composed it with the overrides of the experiment; wrong values are still refused."""
    monkeypatch.setenv("DVC_EXP_NAME", "some-name")
    edit(checkout / "params.yaml", "fps: 10.0", "fps: 5.0")
    params_file.refresh(checkout)
    assert "fps: 5.0" in (checkout / "params.yaml").read_text()
    edit(checkout / "params.yaml", "fps: 5.0", "fps: 500.0")
    with pytest.raises(ConfigError, match=r"parse\.fps: 500"):
        params_file.refresh(checkout)


def test_a_wrong_conf_is_one_line(checkout: Path) -> None:
    """A value out of range in conf/ is told by its key."""
    edit(checkout / "conf" / "config.yaml", "fps: 10.0", "fps: 500.0")
    with pytest.raises(ConfigError, match=r"^parse.fps: 500 is out of range"):
        params_file.refresh(checkout)
