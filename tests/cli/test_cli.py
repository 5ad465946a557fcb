"""The command line: it answers at once, and errors are one line."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner
from filelock import FileLock
from tests.paths import ROOT

from impulse.cli import main
from impulse.run.program import one_line_errors

HEAVY = ("dvc", "hydra", "omegaconf", "pandas", "pyarrow", "numpy", "matplotlib", "requests")


def run_python(code: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", code, *arguments],
        cwd=ROOT,
        env={"PYTHONPATH": str(ROOT / "stages"), "PATH": ""},
        capture_output=True,
        text=True,
        check=False,
    )


def test_help_loads_nothing_heavy() -> None:
    """A newcomer's first command answers at once."""
    done = run_python(
        "import sys; from impulse.cli import main; main(['--help'], standalone_mode=False);"
        f"print([name for name in {HEAVY} if name in sys.modules])"
    )
    assert done.stderr == ""
    assert done.stdout.splitlines()[-1] == "[]"


@pytest.mark.parametrize("command", main.commands)
def test_every_command_explains_itself(command: str) -> None:
    """The list has a short text for each, which is not cut off; the long one says more."""
    listed = CliRunner().invoke(main, ["--help"], terminal_width=80).output
    commands = listed[listed.index("Commands:") :].splitlines()
    (line,) = [line for line in commands if line.startswith(f"  {command} ")]
    assert line.endswith(".")
    assert not line.endswith("...")
    long = CliRunner().invoke(main, [command, "--help"])
    assert long.exit_code == 0
    assert len(long.output.splitlines()) > 4


def test_outside_a_checkout_is_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The line says where to go; the exit code that the same call will fail again."""
    monkeypatch.chdir(tmp_path)
    done = CliRunner().invoke(main, ["plan"])
    assert done.exit_code == 78
    assert done.stderr.splitlines() == [
        f"plan: error: {tmp_path}: is not inside a checkout of impulse; clone it and call impulse there"
    ]


@pytest.mark.parametrize("options", [["--force"], ["-f", "parse"], ["--dry", "--pull", "-s", "export"]])
def test_options_of_dvc_reach_it(monkeypatch: pytest.MonkeyPatch, options: list[str]) -> None:
    """``impulse repro --force`` is ``dvc repro --force``; only --pull is our own, and DVC's too."""
    called: list[str] = []
    monkeypatch.chdir(ROOT)
    monkeypatch.setattr("impulse.cli.check_remote", lambda root: "")
    monkeypatch.setattr("impulse.cli.prepare", lambda root: None)
    monkeypatch.setattr("impulse.cli.look_again", lambda root, arguments: None)
    monkeypatch.setattr("impulse.cli.dvc", lambda root, *arguments: called.extend(arguments))
    done = CliRunner().invoke(main, ["repro", *options])
    assert done.exit_code == 0, done.output
    assert called[0] == "repro"
    assert set(options) <= set(called)


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """What `impulse repro` takes for a checkout, up to date, with a DVC that only notes its calls."""
    for name in ("dvc.yaml", "stages/fetch.py", "params.yaml", ".state/params.yaml", ".dvc/config"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("")
    monkeypatch.chdir(tmp_path)

    def note(root: Path, *command: str) -> None:
        with (root / "called").open("a") as file:
            file.write(f"{' '.join(command[3:])}\n")

    monkeypatch.setattr("impulse.sharing.calls.run", note)
    return tmp_path


def test_without_a_repository_dvc_does_without_git(checkout: Path) -> None:
    """An unpacked archive builds; once git is there it is used again."""
    done = CliRunner().invoke(main, ["repro"])
    assert "this folder is no git repository" in done.output
    assert (checkout / "called").read_text() == "config --local core.no_scm true\nrepro\n"
    (checkout / ".dvc" / "config.local").write_text("[core]\n    no_scm = true\n")
    (checkout / "called").unlink()
    (checkout / ".git").mkdir()
    assert "no git repository" not in CliRunner().invoke(main, ["repro"]).output
    assert (checkout / "called").read_text() == "config --local --unset core.no_scm\nrepro\n"


@pytest.mark.parametrize("name", ["data", "data/raw"])
def test_a_data_folder_that_is_a_link_is_one_line(
    checkout: Path, tmp_path_factory: pytest.TempPathFactory, name: str
) -> None:
    """DVC would build, and refuse the result afterwards."""
    (checkout / name).parent.mkdir(exist_ok=True)
    (checkout / name).symlink_to(tmp_path_factory.mktemp("elsewhere"))
    done = CliRunner().invoke(main, ["repro"])
    assert done.exit_code == 78
    assert done.stderr.startswith(f"repro: error: {name}: is a link out of the checkout")
    assert not (checkout / "called").exists()


def test_stages_of_another_build_are_waited_for(checkout: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One whose DVC was killed would put its output in the place of what the next DVC takes from its cache."""
    (checkout / ".git").mkdir()
    (checkout / "data").mkdir()
    lock, said = FileLock(checkout / "data" / ".dedupe.lock"), []
    lock.acquire()

    def note(line: str) -> None:
        said.append((line, (checkout / "called").exists()))
        lock.release()

    monkeypatch.setattr("impulse.sharing.preparation.click.echo", note)
    assert CliRunner().invoke(main, ["repro"]).exit_code == 0
    waiting = f"another run holds the lock of {checkout / 'data' / 'dedupe'}; waiting for it to end"
    assert said[0] == (waiting, False)
    assert (checkout / "called").read_text() == "repro\n"


@pytest.mark.parametrize(
    ("number", "line", "code"),
    [
        (errno.EROFS, "the disk of data/.parse.lock is read-only; ", 78),
        (errno.ENOSPC, "no space left on the disk of data/.parse.lock; free some and run the same command again", 1),
        (errno.EDQUOT, "no space left on the disk of data/.parse.lock; free some and run the same command again", 1),
        (
            errno.EFBIG,
            "data/.parse.lock may not be as long as it must be; raise the limit of this shell (`ulimit -f`)",
            1,
        ),
    ],
)
def test_a_disk_that_takes_nothing_is_one_line(
    capsys: pytest.CaptureFixture[str], number: int, line: str, code: int
) -> None:
    """Whichever file is the first that cannot be written."""
    with pytest.raises(SystemExit) as caught, one_line_errors("parse"):
        raise OSError(number, os.strerror(number), "data/.parse.lock")
    assert caught.value.code == code
    assert capsys.readouterr().err.startswith(f"parse: error: {line}")


@pytest.mark.parametrize("stage", ["fetch", "parse", "validate", "dedupe", "export"])
def test_help_of_a_stage_is_our_own(stage: str) -> None:
    """It names settings with values and meaning, and loads neither Hydra nor anything that works on data."""
    script = ROOT / "stages" / f"{stage}.py"
    done = run_python(
        "import runpy, sys; sys.argv = sys.argv[1:]; runpy.run_path(sys.argv[0], run_name='__main__');"
        f"print([name for name in {HEAVY} if name in sys.modules])",
        str(script),
        "--help",
    )
    assert done.stderr == ""
    assert done.stdout.splitlines()[-1] == "[]"
    assert f"python stages/{stage}.py" in done.stdout
    assert f"  {stage}." in done.stdout


@pytest.mark.parametrize("text", ["parse: [", "- parse", None], ids=["no-yaml", "no-mapping", "missing"])
def test_settings_that_cannot_be_read_are_one_line(tmp_path: Path, text: str | None) -> None:
    """Whether a stage is asked for help or for work."""
    script = tmp_path / "stages" / "parse.py"
    script.parent.mkdir()
    script.write_text((ROOT / "stages" / "parse.py").read_text())
    if text is not None:
        (tmp_path / "params.yaml").write_text(text)
    for arguments in (["--help"], []):
        done = subprocess.run(
            [sys.executable, script, *arguments],
            env={"PYTHONPATH": str(ROOT / "stages")},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 78
        (line,) = done.stderr.splitlines()
        assert line.startswith("parse: error: params.yaml: ")


def test_a_setting_of_another_stage_is_refused() -> None:
    """It would change nothing there without a word."""
    done = subprocess.run(
        [sys.executable, "stages/export.py", "parse.fps=5"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 78
    assert done.stderr.startswith("export: error: parse.fps: export has no such setting")
    assert len(done.stderr.splitlines()) == 1
