"""What a sweep costs: three trials and three experiments against one run of parse and the later stages.

    python tests/benchmarks/sweep.py [matches] [jobs]

All times are of this run, on this machine, so that their ratio means something; the CPU seconds say whether others used
the machine meanwhile.
"""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
SWEEP = "parse.fps=5,15,30"
TRIALS = "parse.fps=6,16,29"


def main(matches: int, jobs: int) -> None:
    """Build once, time one run at another fps, time trials of three more and a sweep over another three."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:  # idle workers of the queue end later
        checkout = Path(folder) / "impulse"
        subprocess.run(["git", "clone", "-q", str(ROOT), str(checkout)], check=True)
        env = {
            **{name: value for name, value in os.environ.items() if not name.startswith(("DVC_", "HYDRA_"))},
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
            "DVC_SITE_CACHE_DIR": str(Path(folder) / "dvc-state"),
            "PYTHONPATH": "stages",
        }

        def run(*command: str) -> tuple[float, float]:
            used = resource.getrusage(resource.RUSAGE_CHILDREN)
            start = time.perf_counter()
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
        trials, _ = run(sys.executable, "-m", "impulse.sharing.trials", str(jobs), TRIALS)
        three, _ = run(sys.executable, "-m", "impulse.sharing.sweep", str(jobs), SWEEP)
    print(f"{matches} matches, {jobs} experiments at a time, load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
    print(f"one run of parse to export: {one:.1f} s ({one_cpu:.1f} s of CPU)")
    print(f"three trials:               {trials:.1f} s, {trials / one:.2f} times one run")
    print(f"sweep of three:             {three:.1f} s, {three / one:.2f} times one run")


if __name__ == "__main__":
    given = [int(value) for value in sys.argv[1:]]
    main(given[0] if given else 12, given[1] if len(given) > 1 else 2)
