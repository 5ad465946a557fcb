"""Figures that are ratios or rates of one run, and no part of the suite.

python tests/benchmarks/run.py [CASE ...] [NAME=VALUE ...] [--small] [--list]

Without cases all of them run. NAME=VALUE sets an argument of the cases that have it; --small takes sizes that show
whether a case works and whose figures say nothing.
"""

from __future__ import annotations

import argparse
import inspect
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "stages"), str(ROOT)]

from tests.benchmarks import builds, cluster, costs, downloads, on_request, parsing, reading, tables, trials, writing  # noqa: E402 - the path comes first

CASES: dict[str, tuple[Callable[..., object], dict[str, int]]] = {
    "table": (builds.table, {"matches": 4, "short": 20, "rounds": 1, "workers": 1}),
    "synthetic": (parsing.synthetic, {"matches": 1}),
    "parse": (parsing.overhead, {"times": 1, "repeat": 1}),
    "on-request": (on_request.on_request, {"replays": 1, "rounds": 1}),
    "costs": (costs.costs, {"replays": 1}),
    "one-more": (parsing.one_more, {"replays": 20}),
    "cluster": (cluster.cluster, {"replays": 4, "seconds": 20, "rounds": 1}),
    "bucket": (parsing.bucket, {"replays": 4, "objects": 20, "rounds": 1}),
    "validate": (tables.validate, {"replays": 200}),
    "dedupe": (tables.dedupe, {"recordings": 200}),
    "encodings": (writing.encodings, {"replays": 1}),
    "export": (writing.incremental, {"replays": 20, "seconds": 20}),
    "trials": (trials.trials, {"matches": 2}),
    "windows": (reading.windows, {"replays": 20, "seconds": 20}),
    "nothing-to-do": (downloads.nothing_to_do, {"replays": 300}),
    "remote": (reading.remote, {"matches": 4, "seconds": 20}),
}
"""Work of each case, and sizes that show whether it works."""


def main() -> None:
    """Run the cases that are asked for."""
    parser = argparse.ArgumentParser(usage=__doc__)
    parser.add_argument("what", nargs="*")
    parser.add_argument("--small", action="store_true")
    parser.add_argument("--list", action="store_true")
    asked = parser.parse_args()
    values = {name: int(value) for name, _, value in (text.partition("=") for text in asked.what if "=" in text)}
    chosen = [text for text in asked.what if "=" not in text] or list(CASES)
    if unknown := set(chosen) - set(CASES):
        parser.error(f"no case {', '.join(sorted(unknown))}; there are {', '.join(CASES)}")
    sizes = {name: _sizes(name, small=asked.small) for name in chosen}
    if unknown := set(values) - {key for found in sizes.values() for key in found}:
        parser.error(f"no such size: {', '.join(sorted(unknown))}; --list names those of each case")
    for name, found in sizes.items():
        work = CASES[name][0]
        chosen_sizes = found | {key: value for key, value in values.items() if key in found}
        about = (work.__doc__ or "").split("\n\n", maxsplit=1)[0]
        print(f"{name}: {about} [{' '.join(f'{key}={value}' for key, value in chosen_sizes.items())}]", flush=True)
        if not asked.list:
            with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
                work(Path(folder), **chosen_sizes)


def _sizes(name: str, *, small: bool) -> dict[str, int]:
    """Return the sizes of a case by name: its defaults, or small ones."""
    work, small_sizes = CASES[name]
    fields = [field for field in inspect.signature(work).parameters.values() if field.kind is field.KEYWORD_ONLY]
    return {field.name: field.default for field in fields} | (small_sizes if small else {})


if __name__ == "__main__":
    main()
