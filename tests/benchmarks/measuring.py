"""What work costs when it runs in a process of its own, so that its memory and processor time are its own."""

from __future__ import annotations

import importlib
import os
import pickle
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from tests.paths import ROOT, STAGES

from impulse.config.engine import EngineParams
from impulse.run.job import Counts, Job

ENGINE = EngineParams(workers=2)


@dataclass(frozen=True)
class Cost:
    """What a process used, with all its children and the imports."""

    result: Any
    wall: float
    """Seconds."""
    cpu: float
    """Seconds of processor time."""
    peak_mb: float
    """Memory of the largest process."""

    def __str__(self) -> str:
        """Return the figures for a line of output."""
        return f"{self.wall:.1f} s, {self.cpu:.1f} s of CPU, {self.peak_mb:.0f} MB"


def measured(work: Callable[..., Any], *arguments: object) -> Cost:
    """Run a function of a module in a process of its own."""
    with TemporaryDirectory() as folder:
        task = pickle.dumps((work.__module__, work.__qualname__, arguments))
        env = {**os.environ, "PYTHONPATH": f"{ROOT}{os.pathsep}{STAGES}"}
        before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
        command = [sys.executable, "-m", "tests.benchmarks.measuring", f"{folder}/out"]
        subprocess.run(command, input=task, check=True, env=env)
        wall, after = time.perf_counter() - start, resource.getrusage(resource.RUSAGE_CHILDREN)
        result, peak = pickle.loads(Path(folder, "out").read_bytes())
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return Cost(result, wall, cpu, peak / 1024)


def run_stage(stage: str, settings: Any, data: Path, *, output: Path | None = None, state: Path | None = None) -> Cost:
    """Run a stage's work in a process of its own; the result is what it counted."""
    return measured(
        _run, f"impulse.{stage}.stage", Job(settings, ENGINE, data, data, output or data, state or data / ".state")
    )


def _run(module: str, job: Job[Any]) -> Counts:
    counts: Counts = importlib.import_module(module).run(job)
    return counts


def _main() -> None:
    module, name, arguments = pickle.load(sys.stdin.buffer)
    result = getattr(importlib.import_module(module), name)(*arguments)
    # Not ru_maxrss of this process, which starts with that of the one that started it.
    own = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM"))
    peak = max(int(own.split()[1]), resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
    Path(sys.argv[1]).write_bytes(pickle.dumps((result, peak)))


if __name__ == "__main__":
    _main()
