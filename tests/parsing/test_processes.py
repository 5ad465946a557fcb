"""A replay gives the same in every process, whatever the order of hash tables in it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections import defaultdict
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from tests.paths import STAGES

PROCESSES, AT_ONCE = 8, 2
QUICK_SECONDS = 1.0
"""Two processes alone parse files that take longer."""
BY_CHANCE = {"sonic_spin.replay", "multiple_balls.replay"}
"""Files with several balls are parsed by all: what the parser shows of those hangs on the order of a hash table."""

PARSE_ALL = """
import hashlib, json, sys, time
from pathlib import Path
import pyarrow as pa
from impulse.config.parse import ParseParams
from impulse.errors import ReplayError
from impulse.parsing.parsed_replay import parse_replay

for path in map(Path, sys.argv[1:]):
    started = time.process_time()
    try:
        parsed = parse_replay(path, ParseParams())
    except ReplayError as error:
        content = str(error).encode()
    else:
        sink = pa.BufferOutputStream()
        with pa.ipc.new_stream(sink, parsed.frames.schema) as writer:
            writer.write_table(parsed.frames)
        tables = [parsed.replay, parsed.measures, parsed.players, parsed.goals, parsed.demolitions]
        content = bytes(sink.getvalue()) + json.dumps(tables, default=str).encode()
    print(json.dumps([str(path), hashlib.sha256(content).hexdigest(), time.process_time() - started]))
"""


def parsed_in(seed: int, files: Sequence[Path]) -> dict[str, tuple[str, float]]:
    """Parse files in a process of their own; return hash and CPU time of each."""
    environment = {**os.environ, "PYTHONPATH": str(STAGES), "PYTHONHASHSEED": str(seed)}
    command = [sys.executable, "-c", PARSE_ALL, *map(str, files)]
    result = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    return {path: (content, seconds) for path, content, seconds in map(json.loads, result.stdout.splitlines())}


@pytest.mark.heavy
@pytest.mark.real_replays
def test_every_process_makes_the_same_of_a_replay(real_replays: Path, hazards: Path) -> None:
    """Frames and tables, in eight processes, of which each has its own order of sets and of the parser's tables."""
    files = sorted([*real_replays.glob("*/*.replay"), *hazards.rglob("*.replay")])
    found: defaultdict[str, set[str]] = defaultdict(set)
    with ThreadPoolExecutor(AT_ONCE) as pool:
        first = list(pool.map(lambda seed: parsed_in(seed, files), range(1, 3)))
        seconds = {path: took for path, (_, took) in first[0].items()}
        again = [path for path in files if seconds[str(path)] < QUICK_SECONDS or path.name in BY_CHANCE]
        others = list(pool.map(lambda seed: parsed_in(seed, again), range(3, PROCESSES + 1)))
    for outcomes in (*first, *others):
        for path, (content, _) in outcomes.items():
            found[path].add(content)
    assert len(found) == len(files)
    assert [path for path, contents in found.items() if len(contents) > 1] == []
