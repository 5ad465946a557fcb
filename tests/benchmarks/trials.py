"""Benchmark of trials and experiments."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import time
from pathlib import Path

from tests.paths import ROOT


def trials(folder: Path, *, matches: int = 12, jobs: int = 2) -> None:
    """Three trials and three queued experiments against one run of parse and the later stages.

    All times are of this run, on this machine, so that their ratio means something; the CPU seconds say whether others
    used the machine meanwhile.
    """
    checkout = folder / "impulse"
    subprocess.run(["git", "clone", "-q", str(ROOT), str(checkout)], check=True)
    env = {
        **{name: value for name, value in os.environ.items() if not name.startswith(("DVC_", "HYDRA_"))},
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "DVC_SITE_CACHE_DIR": str(folder / "dvc-state"),
        "PYTHONPATH": "stages",
    }

    def run(*command: str) -> tuple[float, float]:
        used, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
        subprocess.run(command, cwd=checkout, env=env, check=True, stdout=subprocess.DEVNULL)
        seconds, after = time.perf_counter() - start, resource.getrusage(resource.RUSAGE_CHILDREN)
        return seconds, after.ru_utime + after.ru_stime - used.ru_utime - used.ru_stime

    def edit(file: str, old: str, new: str) -> None:
        path = checkout / file
        path.write_text(path.read_text().replace(old, new))

    edit("conf/source/demo.yaml", "matches: 12", f"matches: {matches}")
    run("dvc", "repro")
    run("git", "add", "-A")
    run("git", "-c", "user.name=b", "-c", "user.email=b@example.org", "commit", "-qm", "baseline")
    edit("conf/config.yaml", "fps: 10.0", "fps: 12.0")
    one, one_cpu = run("dvc", "repro")
    run("git", "checkout", "-q", ".")
    run("dvc", "checkout", "--quiet", "--force")
    several, _ = run(sys.executable, "-m", "impulse", "trials", "--jobs", str(jobs), "parse.fps=6,16,29")
    run("dvc", "exp", "run", "--queue", "-S", "parse.fps=5,15,30")
    queued, _ = run("dvc", "exp", "run", "--run-all", "--jobs", str(jobs))
    print(f"{jobs} at a time, load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
    print(f"one run of parse to export: {one:.1f} s ({one_cpu:.1f} s of CPU)")
    print(f"three trials:               {several:.1f} s, {several / one:.2f} times one run")
    print(f"three experiments:          {queued:.1f} s, {queued / one:.2f} times one run")
