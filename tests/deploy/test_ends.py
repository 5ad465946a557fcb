"""How a long run ends: exit code, last heartbeat, who is told and when the next start begins, with programs of the test."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from unittest.mock import MagicMock

import pytest
from tests.deploy.fake_metadata import FakeMetadata
from tests.deploy.receiver import Receiver

from impulse.errors import EXIT_CONFIG, ConfigError, ImpulseError, StageError
from impulse.sharing.long_run import restarts as restarts_module
from impulse.sharing.long_run import run as run_module
from impulse.sharing.long_run.programs import Programs
from impulse.sharing.long_run.restarts import LONGEST_WAIT_SECONDS, Restarts
from impulse.sharing.long_run.run import EXIT_STOPPED
from impulse.sharing.long_run.spot import ENDPOINT_VARIABLE

OK = "import sys; sys.exit(0)"
FAILS = "import sys; print('fetch: error: the server answers HTML', file=sys.stderr); sys.exit(1)"
BLOCKED = "import sys; print('fetch: error: the server refuses the API key', file=sys.stderr); sys.exit(78)"
CRASHES = "import os; os.abort()"
HANGS = "import time; print('at work', flush=True); time.sleep(100)"


class Scene:
    """A checkout whose stages are scripts of the test, a remote that writes down, and a receiver."""

    def __init__(self, root: Path, receiver: Receiver, metadata: FakeMetadata) -> None:
        self.root, self.receiver, self.metadata = root, receiver, metadata
        self.slept = 0.0
        self.remote = MagicMock(endpoint="http://127.0.0.1", address="s3://b/p")
        (root / "stages").mkdir()
        (root / "params.yaml").write_text("fetch: {storage: s3}")
        self.stage("config", OK)

    def stage(self, name: str, code: str) -> None:
        (self.root / "stages" / f"{name}.py").write_text(code)

    def run(self, **more: str) -> int:
        environ = {
            "PATH": os.defpath,
            "IMPULSE_NOTIFY": self.receiver.url,
            ENDPOINT_VARIABLE: self.metadata.url,
            "IMPULSE_SNAPSHOT_MINUTES": "0.002",
            "IMPULSE_DISK_FLOOR_GB": "0",
            **more,
        }
        return run_module.run(self.root, environ, sleep=self._sleep)

    def _sleep(self, seconds: float) -> None:
        self.slept += seconds

    @property
    def words(self) -> list[tuple[str, str, str]]:
        """State, step and reason of all heartbeats."""
        calls = self.remote.heartbeat.return_value.write.call_args_list
        return [(str(call.args[0]), call.kwargs["step"], call.kwargs["reason"]) for call in calls]

    @property
    def told(self) -> list[tuple[str, str]]:
        return [(body["state"], body["reason"]) for body in self.receiver.bodies]


@pytest.fixture
def scene(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Scene]:
    handlers = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    with Receiver() as receiver, FakeMetadata() as metadata:
        made = Scene(tmp_path, receiver, metadata)

        @contextmanager
        def snapshots(_: Path) -> Iterator[MagicMock]:
            yield made.remote

        monkeypatch.setattr(run_module, "open_snapshots", snapshots)
        for name in ("refuse_damage", "forget_index", "refuse_incomplete"):
            monkeypatch.setattr(run_module, name, lambda _: None)
        yield made
    for number, handler in handlers.items():
        signal.signal(number, handler)


BEGIN = ("running", "collects into s3://b/p")


@pytest.mark.parametrize(
    ("code", "error", "state", "reason"),
    [
        (FAILS, StageError, "failed", "the server answers HTML"),
        (BLOCKED, ConfigError, "blocked", "the server refuses the API key"),
        (CRASHES, StageError, "failed", "exit code -6"),
    ],
    ids=["failed", "blocked", "crashed"],
)
def test_failure_leaves_its_reason_everywhere(
    scene: Scene, code: str, error: type[ImpulseError], state: str, reason: str
) -> None:
    """In the remote, at the receiver and in the error itself, as the stage said it; a snapshot is saved."""
    scene.stage("fetch", code)
    with pytest.raises(error, match=reason) as caught:
        scene.run()
    assert caught.value.exit_code == (EXIT_CONFIG if state == "blocked" else 1)
    assert scene.words[-1][:2] == (state, "fetch")
    assert reason in scene.words[-1][2]
    assert scene.told[0] == BEGIN
    ((told, why),) = scene.told[1:]
    assert told == state
    assert reason in why
    assert scene.remote.save.called
    assert (scene.root / ".state" / "long-run-failures.json").exists() is (state == "failed"), "the next start may wait"


def test_slip_in_the_environment_is_told(scene: Scene) -> None:
    """At the receiver and in the remote, like any other end."""
    with pytest.raises(ConfigError, match="IMPULSE_STALL_HOURS"):
        scene.run(IMPULSE_STALL_HOURS="never")
    reason = "IMPULSE_STALL_HOURS: 'never' is not a number of hours between 0 and 8760"
    assert scene.told == [("blocked", reason)]
    assert scene.words == [("blocked", "start", reason)]
    with pytest.raises(ConfigError, match="IMPULSE_NOTIFY"):
        scene.run(IMPULSE_NOTIFY="https:///x")
    assert scene.words[1:] == [("blocked", "start", "IMPULSE_NOTIFY: is no URL of the form https://host/path")]


def test_remote_that_is_none_is_told(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where nothing can be left in the remote, the receiver hears it."""

    def none(_: Path) -> MagicMock:
        raise ConfigError("the DVC remote", "no bucket is set yet")

    monkeypatch.setattr(run_module, "open_snapshots", none)
    with pytest.raises(ConfigError):
        scene.run()
    assert scene.told == [("blocked", "the DVC remote: no bucket is set yet")]


def test_defect_of_the_program_is_told_with_its_kind(scene: Scene) -> None:
    """It is started again; the traceback is for the journal."""
    scene.remote.restore.side_effect = KeyError("x")
    with pytest.raises(KeyError):
        scene.run()
    assert scene.told == [("failed", "KeyError: 'x'")]
    assert scene.words[-1] == ("failed", "start", "KeyError: 'x'")


def test_end_is_told(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the code after which the machine may be switched off."""
    scene.stage("fetch", OK)
    run = Programs.run
    monkeypatch.setattr(
        Programs, "run", lambda self, *command, **more: 0 if command[0] == "dvc" else run(self, *command, **more)
    )
    for _ in range(9):
        Restarts(scene.root).failed(after_seconds=3)
    assert scene.run() == 0
    assert Restarts(scene.root).wait_seconds == 0
    assert scene.told == [BEGIN, ("finished", "the dataset is in s3://b/p")]
    assert [words[:2] for words in scene.words if words[1] != "fetch"] == [
        ("running", "build"),
        ("running", "push"),
        ("finished", "push"),
    ]


def _when_at_work(scene: Scene, act: Callable[[], None]) -> None:
    """Do something while fetch is at work: at the third snapshot."""
    count = iter(range(10**6))
    scene.remote.save.side_effect = lambda: act() if next(count) == 2 else None


def test_notice_of_the_spot_market_ends_the_run(scene: Scene) -> None:
    """All programs end, all is saved, and neither a restart nor a switch-off follows."""
    scene.stage("fetch", HANGS)
    _when_at_work(scene, scene.metadata.take_machine)
    start = time.monotonic()
    assert scene.run() == EXIT_STOPPED
    assert time.monotonic() - start < 30
    assert scene.words[-1][:2] == ("interrupted", "fetch")
    assert scene.told == [BEGIN, ("interrupted", "the spot market takes the machine")]
    assert not (scene.root / ".state" / "long-run-failures.json").exists()


def test_request_to_stop_is_no_alert(scene: Scene) -> None:
    """Whoever asks knows; the remote says it to the others."""
    scene.stage("fetch", HANGS)
    _when_at_work(scene, lambda: os.kill(os.getpid(), signal.SIGTERM))
    assert scene.run() == EXIT_STOPPED
    assert scene.words[-1][:2] == ("stopped", "fetch")
    assert scene.told == [BEGIN]


def test_full_disk_ends_the_run_for_good(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    """In the middle of a program, with a snapshot and the code that the service does not start again."""
    scene.stage("fetch", HANGS)
    free = [10**15]
    monkeypatch.setattr("shutil.disk_usage", lambda _: MagicMock(free=free[0]))
    _when_at_work(scene, lambda: free.__setitem__(0, 10**6))
    with pytest.raises(ConfigError, match=r"0\.0 GB are free"):
        scene.run(IMPULSE_DISK_FLOOR_GB="1")
    assert scene.words[-1][:2] == ("blocked", "fetch")
    assert scene.told[-1][0] == "blocked"
    assert "the disk: 0.0 GB are free" in scene.told[-1][1]


def test_outage_of_days_ends_in_a_run_that_goes_on(scene: Scene) -> None:
    """Waits grow to an hour, nobody is called more than twice a day, and there is no last try."""
    scene.stage("fetch", FAILS)
    waits = []
    for _ in range(12):
        scene.slept = 0.0
        with pytest.raises(StageError):
            scene.run()
        waits.append(scene.slept)
    assert waits == [0, 0, 60, 120, 240, 480, 960, 1920, 3600, 3600, 3600, 3600]
    assert [state for state, _ in scene.told] == ["running", "failed"]
    (scene.root / ".state" / "long-run-failures.json").write_text('{"failures": 99999}')
    assert Restarts(scene.root).wait_seconds == LONGEST_WAIT_SECONDS
    (scene.root / ".state" / "long-run-failures.json").write_text("")
    assert Restarts(scene.root).wait_seconds == 0, "after a power cut"


def test_run_that_worked_for_an_hour_is_no_failed_start(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    """What ends it is the first failure again."""
    for _ in range(9):
        Restarts(scene.root).failed(after_seconds=3)
    monkeypatch.setattr(restarts_module, "LONG_ENOUGH_SECONDS", 0.0)
    scene.stage("fetch", FAILS)
    with pytest.raises(StageError):
        scene.run()
    assert Restarts(scene.root).wait_seconds == 0


def test_request_to_stop_ends_a_wait_and_forgets_it(scene: Scene) -> None:
    """So `systemctl restart` begins at once, when the trouble is known to be over."""
    for _ in range(9):
        Restarts(scene.root).failed(after_seconds=3)

    def sleep(seconds: float) -> None:
        os.kill(os.getpid(), signal.SIGTERM)

    assert run_module.run(scene.root, {"PATH": os.defpath}, sleep=sleep) == EXIT_STOPPED
    assert Restarts(scene.root).wait_seconds == 0
    assert scene.words == []


def test_reason_is_the_stage_s_own_below_dvc_too(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """DVC repeats it as an exit code; its own words are taken where there are no others. All is passed on."""
    (tmp_path / "dvc").write_text('#!/bin/sh\nfor line in "$@"; do [ "$line" = "$1" ] || echo "$line"; done\nexit $1\n')
    (tmp_path / "dvc").chmod(0o755)
    lines = [
        "working",
        "parse: error: no space left",
        "ERROR: failed to reproduce 'parse': exited with 1",
        "Traceback: x",
    ]
    programs = Programs(tmp_path, {"PATH": str(tmp_path)})
    command = str(tmp_path / "dvc")
    assert programs.run(command, "1", *lines) == 1
    assert programs.reason == "no space left"
    assert capfd.readouterr().out.splitlines() == lines
    assert programs.run(command, "1", lines[2]) == 1
    assert programs.reason == "failed to reproduce 'parse': exited with 1"
    assert programs.run(command, "0", "all well") == 0
    assert programs.reason == ""
