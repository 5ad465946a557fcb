"""What a user sees while something takes long: on a terminal, in files, and in programs with and without logging of their own."""

from __future__ import annotations

import fcntl
import logging
import os
import pty
import re
import struct
import subprocess
import sys
import termios
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.paths import ROOT

from impulse.run import progress

LINES = [f"fetch: thread {thread} says line {line} and so on" for thread in range(3) for line in range(60)]

PROGRAM = """
import logging, threading
from impulse.run import progress
from impulse.run.program import log_to_stdout

log_to_stdout("fetch")
progress.LINE_EVERY_SECONDS = 0.0
log = logging.getLogger("impulse.collection.client")

def talk(thread):
    for line in range(60):
        log.info("thread %d says line %d %s", thread, line, "and so on")

threads = [threading.Thread(target=talk, args=[number]) for number in range(3)]

def items():
    for thread in threads:
        thread.start()
    for number in range(400):
        if number == 399:
            for thread in threads:
                thread.join()
        yield number

for _ in progress.with_progress(items(), total=400, what="replays", note=lambda: "7 left"):
    pass
log.info("the end")
"""
ENVIRON = {
    **os.environ,
    "PYTHONPATH": str(ROOT / "stages"),
    "TQDM_MININTERVAL": "0",
    "TQDM_MINITERS": "1",
    "TERM": "xterm",
}


def seen_on_a_terminal(code: str, *, columns: int = 100) -> list[str]:
    """Run a program in a terminal and return the rows of its screen at the end, those that were scrolled away too."""
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 50, columns, 0, 0))
    with subprocess.Popen(
        [sys.executable, "-c", code], stdin=slave, stdout=slave, stderr=slave, env=ENVIRON
    ) as program:
        os.close(slave)
        received = b""
        while True:
            try:
                received += (part := os.read(master, 65536))
            except OSError:  # the other end is closed
                break
            if not part:
                break
    os.close(master)
    assert program.returncode == 0, received
    return rendered(received.decode())


def rendered(text: str) -> list[str]:
    """Return what a terminal shows of a text: carriage returns go back, and what is written there replaces what was."""
    rows, row, column = [""], 0, 0
    for part in re.findall(r"\x1b\[[0-9;]*[A-Za-z]|[\r\n]|[^\x1b\r\n]+", text):
        if part == "\r":
            column = 0
        elif part == "\n":
            row += 1
            rows += [""] * (row + 1 - len(rows))
        elif part.endswith("A") and part.startswith("\x1b"):
            row = max(0, row - int(part[2:-1] or 1))
        elif not part.startswith("\x1b"):
            rows[row] = rows[row].ljust(column)[:column] + part + rows[row][column + len(part) :]
            column += len(part)
    return [line.rstrip() for line in rows if line.strip()]


def test_lines_are_above_the_bar_and_whole() -> None:
    """Lines of several threads, each in a row of its own, and one bar, which is below them until the end."""
    rows = seen_on_a_terminal(PROGRAM)

    assert sorted(rows[:-2]) == sorted(LINES)
    assert re.fullmatch(r"100%\|█+\| 400/400 \[.* replays/s, 7 left\]", rows[-2])
    assert rows[-1] == "fetch: the end"


def test_without_a_terminal_there_are_whole_lines_alone(tmp_path: Path) -> None:
    """In files and other programs nothing goes back, and both streams in one file tear nothing."""
    with (tmp_path / "log").open("wb") as file:
        subprocess.run([sys.executable, "-c", PROGRAM], stdout=file, stderr=file, env=ENVIRON, check=True)
    text = (tmp_path / "log").read_text()
    assert "\r" not in text
    lines = text.splitlines()
    counts = [line for line in lines if re.fullmatch(r"fetch: \d+ of 400 replays, [\d.]+/s, \d+ s to go, 7 left", line)]
    assert len(counts) == 399
    assert sorted({*lines} - {*counts}) == sorted([*LINES, "fetch: the end"])


@pytest.fixture
def logger_as_before(monkeypatch: pytest.MonkeyPatch) -> Iterator[logging.Logger]:
    """The logger of impulse, which must be found as it was."""
    monkeypatch.setattr("impulse.run.progress.LINE_EVERY_SECONDS", 0.0)
    logger = logging.getLogger("impulse")
    before = (list(logger.handlers), logger.level, logger.propagate)
    yield logger
    assert (logger.handlers, logger.level, logger.propagate) == before


def work() -> None:
    """Log a little, with progress."""
    logging.getLogger("impulse.collection.client").warning("the server asks to wait")
    for _ in progress.with_progress(range(3), total=3, what="replays"):
        pass


def test_library_calls_show_lines_where_no_logging_is_set_up(
    logger_as_before: logging.Logger, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """As in a notebook, whose stderr is no terminal; afterwards the program's logging is what it was."""
    monkeypatch.setattr(logging.getLogger(), "handlers", [])
    with progress.shown(is_wanted=True), progress.shown(is_wanted=True):
        work()
    shown = capsys.readouterr().err.splitlines()
    assert [re.sub(r"^\d\d:\d\d:\d\d |\d+\.\d/s.*", "", line) for line in shown] == [
        "impulse: the server asks to wait",
        "impulse: 1 of 3 replays, ",
        "impulse: 2 of 3 replays, ",
    ]
    with progress.shown(is_wanted=False):
        work()
    work()
    assert capsys.readouterr() == ("", "")


class Kept(logging.Handler):
    """Keeps what a program's own handler gets."""

    def __init__(self) -> None:
        super().__init__()
        self.got: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.got.append(f"{record.levelname} {record.getMessage()[:6]}")


@pytest.mark.parametrize(
    ("level", "theirs", "ours"),
    [
        (logging.INFO, ["WARNING the se", "INFO 1 of 3", "INFO 2 of 3"], 0),
        (logging.WARNING, ["WARNING the se"], 2),
        (logging.ERROR, [], 3),
    ],
)
def test_a_program_with_logging_gets_what_it_asked_for(
    level: int, theirs: list[str], ours: int, logger_as_before: logging.Logger, capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    """Its handlers get neither more nor less than without us, and no line is shown twice."""
    handler, root = Kept(), logging.getLogger()
    monkeypatch.setattr(root, "handlers", [handler])
    before = root.level
    root.setLevel(level)
    try:
        with progress.shown(is_wanted=True):
            work()
    finally:
        root.setLevel(before)
    assert handler.got == theirs
    assert len(capsys.readouterr().err.splitlines()) == ours


def test_a_bar_of_the_library_is_seen_on_a_terminal_unless_it_is_not_wanted() -> None:
    """The bar needs no logging, and False silences it with the lines."""
    code = (
        "import logging; from impulse.run import progress\n"
        "with progress.shown(is_wanted={}):\n"
        "    for n in progress.with_progress(range(5), total=5, what='replays'):\n"
        "        logging.getLogger('impulse.x').info('line %d', n)\n"
    )
    rows = seen_on_a_terminal(code.format(True))
    assert [row[9:] for row in rows[:-1]] == [f"impulse: line {number}" for number in range(5)]
    assert rows[-1].startswith("100%|")
    assert seen_on_a_terminal(code.format(False)) == []
