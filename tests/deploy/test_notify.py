"""Who is told of a run: what a receiver and a command get, and that their failures are one line."""

from __future__ import annotations

import json
import logging
import os
import shlex
import socket
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.deploy.receiver import Receiver

from impulse.errors import ConfigError
from impulse.sharing.long_run import notify as notify_module
from impulse.sharing.long_run.notify import AGAIN_SECONDS, VARIABLE, Notifier, State

SECRETS = {"BALLCHASING_API_KEY": "key-5e0d-of-mine", "AWS_SECRET_ACCESS_KEY": "aws/s3cret", "NTFY_TOKEN": "tk_abcdef"}
COUNTS = {"downloaded": 7, "pending": 2}


class Clock:
    """Time that passes when somebody waits."""

    def __init__(self) -> None:
        self.time = 1_700_000_000.0
        self.slept: list[float] = []

    def now(self) -> float:
        return self.time

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.time += seconds


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver() as server:
        yield server


@pytest.fixture(autouse=True)
def lines(caplog: pytest.LogCaptureFixture) -> pytest.LogCaptureFixture:
    caplog.set_level(logging.INFO, "impulse")
    return caplog


def notifier(root: Path, to: str, clock: Clock) -> Notifier:
    return Notifier(root, {VARIABLE: to, "PATH": "/usr/bin:/bin", **SECRETS}, sleep=clock.sleep, now=clock.now)


def test_receiver_gets_a_text_and_its_parts(receiver: Receiver, tmp_path: Path, clock: Clock) -> None:
    """`text` is what Slack and its like show; no path of the machine and no secret is in any of it."""
    secrets = " ".join(SECRETS.values())
    reason = f"fetch: {tmp_path}/data/raw is\nfull; {secrets} {receiver.url}/x"
    assert notifier(tmp_path, f"{receiver.url}/x", clock).tell(State.BLOCKED, reason, COUNTS)
    assert receiver.bodies == [
        {
            "text": "impulse: blocked: fetch: data/raw is full; *** *** *** *** (7 downloaded, 2 pending)",
            "state": "blocked",
            "reason": "fetch: data/raw is full; *** *** *** ***",
            "counts": COUNTS,
            "at": "2023-11-14T22:13:20+00:00",
        }
    ]


@pytest.mark.parametrize("answers", [[500], [429, 503], [302, 404]])
def test_receiver_is_tried_again(receiver: Receiver, tmp_path: Path, clock: Clock, answers: list[int]) -> None:
    """A few times; a redirect is not followed, because it may lead anywhere."""
    receiver.answers = answers.copy()
    assert notifier(tmp_path, receiver.url, clock).tell(State.FAILED, "x", {})
    assert clock.slept == [2.0, 8.0][: len(answers)]
    assert receiver.paths == ["/"] * (len(answers) + 1)


@pytest.mark.parametrize("kind", ["refuses", "away", "silent"])
def test_receiver_that_fails_is_one_line(
    receiver: Receiver,
    tmp_path: Path,
    clock: Clock,
    kind: str,
    lines: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It does not name the address, waits no longer than said, and the next word is tried anew."""
    monkeypatch.setattr(notify_module, "TIMEOUTS", (0.2, 0.2))
    receiver.answers = [403] * 3
    with socket.create_server(("127.0.0.1", 0)) as silent:
        to = {
            "refuses": f"{receiver.url}/hook-5e0d",
            "away": "http://127.0.0.1:1/hook-5e0d",
            "silent": f"http://127.0.0.1:{silent.getsockname()[1]}/hook-5e0d",
        }[kind]
        told = notifier(tmp_path, to, clock)
        assert not told.tell(State.FAILED, "x", {})
    assert clock.slept == [2.0, 8.0]
    (line,) = lines.messages
    assert line.startswith("nobody could be told that the run is failed: the receiver ")
    assert "hook-5e0d" not in line
    assert told.has_said_nothing


def test_same_word_is_said_once(receiver: Receiver, tmp_path: Path, clock: Clock) -> None:
    """A run that fails every hour tells it twice a day, in whichever process; another reason is told at once."""
    for hour in range(20):
        notifier(tmp_path, receiver.url, clock).tell(State.FAILED, f"the store was away for {hour} h", COUNTS)
        clock.time += 3600
    assert len(receiver.bodies) == 1 + 20 * 3600 // AGAIN_SECONDS
    notifier(tmp_path, receiver.url, clock).tell(State.FAILED, "the key is refused", COUNTS)
    assert receiver.bodies[-1]["reason"] == "the key is refused"
    before = len(receiver.bodies)
    for counts in (COUNTS, COUNTS, {"downloaded": 9}):
        notifier(tmp_path, receiver.url, clock).tell(State.FINISHED, "done", counts)
        clock.time += 10 * AGAIN_SECONDS
    assert len(receiver.bodies) == before + 2, "every start after the end finds it finished"


def test_command_gets_the_text_on_its_input_and_in_variables(tmp_path: Path, clock: Clock) -> None:
    """As `aws sns publish --message file:///dev/stdin` reads it."""
    program = "import os, sys, json; print(json.dumps([sys.stdin.read(), dict(os.environ)]))"
    command = shlex.join([sys.executable, "-c", program]) + " >told"
    assert notifier(tmp_path, command, clock).tell(State.STALLED, "no new replay for 3 h", COUNTS)
    text, variables = json.loads((tmp_path / "told").read_text())
    assert text == "impulse: stalled: no new replay for 3 h (7 downloaded, 2 pending)\n"
    assert variables["IMPULSE_TEXT"] == text.strip()
    assert variables["IMPULSE_STATE"] == "stalled"
    assert variables["IMPULSE_REASON"] == "no new replay for 3 h"
    assert json.loads(variables["IMPULSE_JSON"])["counts"] == COUNTS


@pytest.mark.parametrize(
    ("command", "text"),
    [
        ("echo no credentials of aws/s3cret >&2; exit 3", "ended with exit code 3 (no credentials of ***)"),
        ("sleep 100 & sleep 100", "took longer than"),
        ("/no/such/program", "ended with exit code 127"),
    ],
)
def test_command_that_fails_is_one_line(
    tmp_path: Path,
    clock: Clock,
    command: str,
    text: str,
    lines: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """With what it says itself; one that hangs is ended with all that it started."""
    monkeypatch.setattr(notify_module, "COMMAND_SECONDS", 0.3 if "sleep" in command else 20.0)
    assert not notifier(tmp_path, command, clock).tell(State.FAILED, "x", {}, tries=1)
    (line,) = lines.messages
    assert text in line
    assert clock.slept == []


def has_writer(reading: int) -> bool:
    """Whether a process holds the writing end of a pipe that nothing is written to."""
    try:
        return os.read(reading, 1) != b""
    except BlockingIOError:
        return True


def test_command_that_hangs_leaves_nothing_behind(
    tmp_path: Path, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What it started in the background holds the writing end of a pipe; it is closed when all of them have ended."""
    monkeypatch.setattr(notify_module, "COMMAND_SECONDS", 0.3)
    os.mkfifo(tmp_path / "alive")
    reading = os.open(tmp_path / "alive", os.O_RDONLY | os.O_NONBLOCK)
    try:
        assert not notifier(tmp_path, "exec 7>alive; sleep 100 & sleep 100", clock).tell(State.FAILED, "x", {}, tries=1)
        deadline = time.monotonic() + 10
        while has_writer(reading) and time.monotonic() < deadline:
            time.sleep(0.01)
        assert not has_writer(reading)
    finally:
        os.close(reading)


def test_nobody_is_told_where_nobody_is_named(tmp_path: Path, clock: Clock, lines: pytest.LogCaptureFixture) -> None:
    """No line, no file."""
    assert not notifier(tmp_path, " ", clock).tell(State.FAILED, "x", {})
    assert lines.messages == []
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("to", ["https:///hook-5e0d", "http://[hook-5e0d"])
def test_url_that_is_none_is_one_line_without_it(tmp_path: Path, clock: Clock, to: str) -> None:
    """It is a setting to change before days of work."""
    with pytest.raises(ConfigError, match=VARIABLE) as caught:
        notifier(tmp_path, to, clock).check()
    assert "5e0d" not in str(caught.value)
    assert not notifier(tmp_path, to, clock).tell(State.FAILED, "x", {})


def test_what_can_be_told_passes_the_check(tmp_path: Path, clock: Clock) -> None:
    """A URL, a command, nobody."""
    for to in ("https://example.org/x", "aws sns publish", ""):
        notifier(tmp_path, to, clock).check()
