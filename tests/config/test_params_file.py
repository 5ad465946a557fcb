from __future__ import annotations

import hashlib
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml
from tests.paths import ROOT

from impulse.config import params_file
from impulse.errors import ConfigError


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A committed checkout with conf/ and params.yaml and nothing else."""
    monkeypatch.delenv("DVC_EXP_NAME", raising=False)
    shutil.copytree(ROOT / "conf", tmp_path / "conf")
    (tmp_path / "stages").mkdir()
    shutil.copy(ROOT / "params.yaml", tmp_path)
    identity = ["-c", "user.name=impulse", "-c", "user.email=impulse@example.org"]
    for command in (["init", "-q"], ["add", "-A"], [*identity, "commit", "-qm", "clone"]):
        subprocess.run(["git", *command], cwd=tmp_path, check=True)
    return tmp_path


def edit(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


def test_edits_of_conf_reach_params_again_and_again(checkout: Path) -> None:
    """Each edit is composed and told, whether or not anything was committed in between."""
    for before, after in (("10.0", "5.0"), ("5.0", "20.0"), ("20.0", "10.0")):
        edit(checkout / "conf" / "config.yaml", f"fps: {before}", f"fps: {after}")
        assert params_file.refresh(checkout) == [f"parse.fps: {before} -> {after}"]
        assert f"fps: {after}" in (checkout / "params.yaml").read_text()
    assert subprocess.run(["git", "diff", "--quiet"], cwd=checkout, check=False).returncode == 0


@pytest.mark.parametrize(
    ("old", "new", "home"),
    [
        ("fps: 10.0", "fps: 11.0", "conf/config.yaml"),
        ("at_least: 2\n", "at_least: 3\n", "conf/quality/default.yaml"),
        ("shards: null", "shards: 3", "conf/export/default.yaml"),
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
    edit(checkout / "params.yaml", "shards: null", "shards: 3")
    edit(checkout / "conf" / "config.yaml", "fps: 10.0", "fps: 5.0")
    with pytest.raises(ConfigError, match=r"^export.shards: .*None became 3.*conf/export/default.yaml"):
        params_file.refresh(checkout)


@pytest.mark.parametrize(
    "lock", ["", "sch", "schema: '2.0'\nsta", "schema: '2.0'\nstages:\n  config:\n    cm", "- a: [1"]
)
def test_a_lock_that_was_cut_short_knows_no_file(checkout: Path, lock: str) -> None:
    """Whatever a crash left of dvc.lock, a hand edit is told as one."""
    (checkout / "dvc.lock").write_text(lock)
    edit(checkout / "params.yaml", "shards: null", "shards: 3")
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


FPS = {"fps: 10.0": "fps: 5.0", "workers: 0": "workers: 1"}


def leave(checkout: Path, values: dict[str, str] = FPS) -> str:
    """Leave params.yaml as an experiment does, and return it: what DVC dumps, with other values."""
    text = (ROOT / "params.yaml").read_text()
    for before, after in values.items():
        assert before in text
        text = text.replace(before, after)
    params_file.remember_experiments(checkout, [text])
    (checkout / "params.yaml").write_text(text)
    return text


def write_lock(checkout: Path, params: str, *, built_with: str | None = None) -> None:
    """Write the dvc.lock of a build: the config stage with params.yaml, the others with their sections."""
    out = {"path": "params.yaml", "hash": "md5", "md5": hashlib.md5(params.encode()).hexdigest(), "size": len(params)}
    stages: dict[str, Any] = {"config": {"cmd": "python stages/config.py", "outs": [out]}}
    sections = yaml.safe_load(built_with or params)
    engine = sections["engine"]
    for name, section in sections.items():
        if name not in ("params_version", "engine"):
            also = {"engine.accept_lost": engine["accept_lost"]} if name == "parse" else {}
            stages[name] = {"cmd": f"python stages/{name}.py", "params": {"params.yaml": {name: section, **also}}}
    (checkout / "dvc.lock").write_text(yaml.safe_dump({"schema": "2.0", "stages": stages}))


@pytest.mark.parametrize(
    ("recorded", "git"), [(True, True), (False, False)], ids=["in parse", "before config, without git"]
)
def test_what_an_experiment_left_is_composed_away(checkout: Path, *, recorded: bool, git: bool) -> None:
    """Wherever it was interrupted: the values are named, conf/ is built, and nobody is said to have edited a file."""
    before = (checkout / "params.yaml").read_text()
    write_lock(checkout, before)
    if not git:
        shutil.rmtree(checkout / ".git")
    text = leave(checkout)
    with pytest.raises(
        ConfigError, match=r"parse.fps is 5.0 and 10.0 in conf/, engine.workers is 1 and 0 in conf/.*config.py"
    ):
        params_file.check(checkout)
    if recorded:
        write_lock(checkout, text, built_with=before)
    assert "config: parse.fps: 5.0 -> 10.0" in params_file.settle(checkout)
    assert (checkout / "params.yaml").read_text() == before
    params_file.check(checkout)


def test_an_experiment_that_ended_stays_and_is_named(checkout: Path) -> None:
    """Its results are all there, and nothing has to be built; a stage that has to work asks for a choice."""
    text = leave(checkout)
    write_lock(checkout, text)
    (line,) = params_file.settle(checkout)
    assert "parse.fps is 5.0 and 10.0 in conf/" in line
    assert "conf/config.yaml" in line
    assert (checkout / "params.yaml").read_text() == text


def test_an_experiment_that_accepts_a_loss_stays_too(checkout: Path) -> None:
    """It differs in a single setting that parse depends on beside its section."""
    text = leave(checkout, {"accept_lost: []": f"accept_lost: [{'a' * 64}]"})
    write_lock(checkout, text)
    (line,) = params_file.settle(checkout)
    assert "engine.accept_lost" in line
    assert (checkout / "params.yaml").read_text() == text


def test_a_null_that_is_left_out_is_no_difference(checkout: Path) -> None:
    """Null is what a missing setting has."""
    edit(checkout / "params.yaml", "  address: null\n", "")
    params_file.check(checkout)


@pytest.mark.parametrize("state", ["no git", "no commit"])
def test_an_edit_of_conf_is_no_hand_edit_where_nothing_is_recorded(checkout: Path, state: str) -> None:
    """An unpacked archive, or a folder before its first commit: the edit of conf/ counts, in its direction."""
    shutil.rmtree(checkout / ".git")
    if state == "no commit":
        subprocess.run(["git", "init", "-q"], cwd=checkout, check=True)
    edit(checkout / "conf" / "config.yaml", "fps: 10.0", "fps: 5.0")
    assert params_file.refresh(checkout) == ["parse.fps: 10.0 -> 5.0"]
    edit(checkout / "params.yaml", "fps: 5.0", "fps: 7.0")
    with pytest.raises(ConfigError, match=r"^parse.fps: params.yaml was edited by hand \(5.0 became 7.0\)"):
        params_file.refresh(checkout)


@pytest.mark.parametrize("share", [0.0, 0.6])
def test_a_params_file_that_was_cut_short_is_composed_again(checkout: Path, share: float) -> None:
    """A crash cut it; a beginning of a known file is nobody's edit."""
    text = (checkout / "params.yaml").read_text()
    (checkout / "params.yaml").write_text(text[: int(len(text) * share)])
    params_file.settle(checkout)
    assert (checkout / "params.yaml").read_text() == text


def test_a_damaged_params_file_names_the_way_back(checkout: Path) -> None:
    """What is no beginning may hold an edit, so it stays, with the line that says what to do."""
    (checkout / "params.yaml").write_text("parse: [1\n")
    with pytest.raises(ConfigError, match=r"^params.yaml: .*line 2.*git checkout params.yaml.*python stages/config.py"):
        params_file.refresh(checkout)


@pytest.mark.parametrize(
    "override", ["params_version=2", "++params_version=1", "~params_version", "export.split_salt=${oc.env:HOME}"]
)
def test_what_no_experiment_may_set(checkout: Path, override: str) -> None:
    """The layout's version, and a value of the environment that would end in git."""
    with pytest.raises(ConfigError, match=r"^(params_version: says which layout|export.split_salt: .*secrets stay)"):
        params_file.compose(checkout, [override])


def test_a_wrong_conf_is_one_line(checkout: Path) -> None:
    """A value out of range in conf/ is told by its key."""
    edit(checkout / "conf" / "config.yaml", "fps: 10.0", "fps: 500.0")
    with pytest.raises(ConfigError, match=r"^parse.fps: 500 is out of range"):
        params_file.refresh(checkout)
