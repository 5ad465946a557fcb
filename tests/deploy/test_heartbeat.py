"""What a run says of itself in the remote, and how it is shown elsewhere."""

from __future__ import annotations

import json
from functools import partial
from typing import Any

import pytest
from tests.deploy.conftest import New
from tests.deploy.test_snapshots import add_rows, names
from tests.s3.fixtures import Bucket

from impulse.errors import ConfigError
from impulse.sharing.long_run.heartbeat import Heartbeat, heartbeat_lines, span
from impulse.sharing.long_run.notify import State

NOW = 1_700_000_000.0


class Memory(dict[str, bytes]):
    """A bucket without a server."""

    def objects(self, *, again: bool) -> dict[str, bytes]:
        return dict(self)

    def read(self, name: str, limit: int) -> bytes:
        return self[name][:limit]

    def write(self, name: str, content: bytes) -> None:
        self[name] = content

    def remove(self, name: str) -> None:
        self.pop(name, None)


@pytest.fixture
def place() -> Any:
    return Memory()


@pytest.mark.parametrize(
    ("state", "age", "every", "line"),
    [
        (State.RUNNING, 180, 300, "last heard of 3 min ago, in step fetch: why"),
        (State.RUNNING, 5 * 3600, 300, "silent for 5 h, last in step fetch: it has died or lost the network"),
        (State.RUNNING, 1801, 300, "silent for 30 min, last in step fetch: it has died or lost the network"),
        (State.RUNNING, 1801, 700, "last heard of 30 min ago, in step fetch: why"),
        (State.RUNNING, -90, 300, "last heard of 0 s ago, in step fetch: why"),
        (State.STALLED, 60, 300, "last heard of 60 s ago, in step fetch: why"),
        (State.FAILED, 60, 300, "failed 60 s ago, in step fetch: why; it is started again by itself"),
        (
            State.FAILED,
            3 * 86400,
            300,
            "failed 3 days ago, in step fetch: why; it is started again by itself, but it has died or lost the network since",
        ),
        (State.BLOCKED, 5 * 86400, 300, "ended 5 days ago, in step fetch, and needs a change: why"),
        (
            State.INTERRUPTED,
            60,
            300,
            "interrupted by the spot market 60 s ago, in step fetch; another machine goes on from the snapshot",
        ),
        (State.STOPPED, 7200, 300, "stopped on request 2 h ago, in step fetch; start the service again to go on"),
        (State.FINISHED, 86400, 300, "last heard of 24 h ago, when it had finished"),
    ],
)
def test_last_words_are_told_by_their_age(place: Any, state: State, age: float, every: float, line: str) -> None:
    """A run that speaks is told from one that ended, and from one that is silent for too long."""
    Heartbeat(place, "a" * 16, now=lambda: NOW).write(state, step="fetch", every_seconds=every, reason="why", counts={})
    assert heartbeat_lines(place, now=NOW + age) == [line]


def test_each_checkout_speaks_for_itself(place: Any) -> None:
    """The newest is first; one that another goes on from is removed; foreign and damaged ones are passed over."""
    for number in range(5):
        beat = Heartbeat(place, f"{number}" * 16, now=partial(float, NOW + number))
        beat.write(State.RUNNING, step=f"{number}", every_seconds=300, reason="", counts={"downloaded": number})
    for name, content in (
        ("broken", b"{"),
        ("list", b"[]"),
        ("empty", b""),
        ("more", b'{"at": "x"}'),
        ("bin", b"\xff" * 99),
    ):
        place[f"heartbeat-{name}"] = content
    lines = heartbeat_lines(place, now=NOW + 10)
    assert lines == [f"last heard of {10 - number} s ago, in step {number}" for number in (4, 3, 2)]
    Heartbeat(place, "5" * 16).replace("4" * 16)
    assert heartbeat_lines(place, now=NOW + 10)[0] == "last heard of 7 s ago, in step 3"
    said = json.loads(place[f"heartbeat-{'3' * 16}"])
    assert said["counts"] == {"downloaded": 3}


def test_control_characters_do_not_reach_a_terminal(place: Any) -> None:
    """The object may have been written by anybody who may write the remote."""
    beat = Heartbeat(place, "a" * 16, now=lambda: NOW)
    beat.write(State.BLOCKED, step="fetch", every_seconds=300, reason="red \x1b[31m\nline", counts={})
    assert heartbeat_lines(place, now=NOW) == ["ended 0 s ago, in step fetch, and needs a change: red [31mline"]


@pytest.mark.slow
def test_heartbeats_are_no_snapshots(new: New, bucket: Bucket) -> None:
    """Another checkout is still refused, a machine that goes on is not, and status shows words before any snapshot."""
    root, first = new("first")
    words: dict[str, Any] = {"step": "fetch", "every_seconds": 300, "reason": "the key is refused", "counts": {}}
    first.heartbeat().write(State.BLOCKED, **words)
    (line,) = first.status(now=NOW)
    assert "the key is refused" in line
    add_rows(root, 1)
    name = first.save()
    stranger, other = new("second")
    add_rows(stranger, 7)
    other.heartbeat().write(State.RUNNING, **words)
    with pytest.raises(ConfigError, match="another checkout made"):
        other.save()
    (stranger / ".state" / "ledger.sqlite").unlink()
    assert other.restore() == name
    other.heartbeat().write(State.RUNNING, **words)
    assert len([entry for entry in names(bucket) if entry.startswith("heartbeat-")]) == 1, "that of the first is gone"
    add_rows(stranger, 9)
    assert other.save() is not None


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0 s"),
        (119, "119 s"),
        (120, "2 min"),
        (7199, "119 min"),
        (7200, "2 h"),
        (172799, "47 h"),
        (172800, "2 days"),
    ],
)
def test_a_time_has_its_largest_unit(seconds: float, text: str) -> None:
    """So that it reads at a glance."""
    assert span(seconds) == text
