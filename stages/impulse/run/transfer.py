"""How a task reaches a worker that shares no disk with this machine, and how what the work made comes back."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, TypeVar

Task = TypeVar("Task")
Value = TypeVar("Value")


@dataclass(frozen=True, slots=True)
class Transfer(Generic[Task, Value]):
    """Of a task that is all that its work needs, and whose value is all that the work makes. Others override what they need."""

    work: Callable[[Task], Value]
    """Done on the worker's machine: a function of a module, which is imported there by name."""

    def size(self, task: Task) -> int:
        """Return about how many bytes a task has on its way; nothing is read for that."""
        return 0

    def packed(self, task: Task) -> Any:  # noqa: ANN401 - whatever can be pickled
        """Return what is sent of a task; it names no place of this machine.

        Raises:
            ReplayLost: it is not there to be sent.
        """
        return task

    def opened(self, packed: Any, folder: Path) -> Task:  # noqa: ANN401 - what was packed
        """Return the task on the worker's machine.

        Args:
            packed: what was sent.
            folder: an empty one, which is there until the work is done.

        Raises:
            ReplayLost: it came damaged.
        """
        task: Task = packed
        return task

    def sent_back(self, task: Task, value: Value | None) -> Any:  # noqa: ANN401 - whatever can be pickled
        """Return what the work made on the worker's machine.

        Args:
            task: as it was opened there.
            value: what the work returned; None when it failed, which need not have been its first step.
        """
        return value

    def taken_in(self, task: Task, sent_back: Any) -> Value | None:  # noqa: ANN401 - what was sent back
        """Keep on this machine what the work made, and return its value; None when it failed.

        Raises:
            ReplayLost: it came damaged.
        """
        value: Value | None = sent_back
        return value
