"""Tasks that do to a worker what a hostile replay could do; workers import them by name."""

from __future__ import annotations

import os
import signal
import threading
from pathlib import Path

from impulse.errors import ConfigError, CorruptReplay, ReplayLost
from impulse.replay.reasons import Reason
from impulse.run.worker import say_step


class Panic(BaseException):
    """Stands for the parser's panic, which does not derive from Exception."""


class Unsendable(Exception):
    """Cannot be made from the arguments that it keeps, like many an error of a library."""

    def __init__(self, *words: str) -> None:
        super().__init__(f"{words[0]}, {words[1]} {words[2]}")


class Stutter:
    """Half of it is sent when its process stops."""

    def __reduce__(self) -> tuple[type[bytes], tuple[bytes]]:
        threading.Timer(0.3, os.kill, (os.getpid(), signal.SIGSTOP)).start()
        return bytes, (bytes(1 << 28),)


def work(task: str) -> object:
    match task.split("-")[0]:
        case "fine":
            return None
        case "refuse":
            raise CorruptReplay(Reason.BODY_CRC, task)
        case "lost":
            raise ReplayLost("its file is missing")
        case "hang":
            threading.Event().wait()
        case "busy":
            while True:
                pass
        case "once":  # killed from outside, the first time only
            marker = Path(task.partition("-")[2])
            if not marker.exists():
                marker.touch()
                os.kill(os.getpid(), signal.SIGKILL)
        case "abort":
            os.abort()
        case "killed":
            os.kill(os.getpid(), signal.SIGKILL)
        case "parent":
            os.kill(os.getppid(), signal.SIGKILL)
            threading.Event().wait()
        case "exit":
            os._exit(3)
        case "memory":
            bytearray(1 << 60)
        case "panic":
            raise Panic
        case "stutter":
            return Stutter()
        case "step":  # ends while it makes what is named last
            for name in task.split("-")[2:]:
                say_step(name)
            return work(task.split("-")[1])
        case "unsendable":
            if task.endswith("error"):
                raise Unsendable("no", "three", "arguments")
            return lambda: None
        case "setting":
            raise ConfigError("parse.fps", "is out of range")
        case "defect":
            raise ZeroDivisionError(task)
    return None
