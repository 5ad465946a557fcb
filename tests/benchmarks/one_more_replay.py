"""What one new replay costs when ten thousand are parsed already: the parse stage's work, without DVC's.

python tests/benchmarks/one_more_replay.py [--replays 10000]
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "stages"))


def main() -> None:
    """Fill a store with clones, then parse one replay more."""
    from tests.demo.variants import clones

    from impulse.config.engine import EngineParams
    from impulse.config.parsing_config import ParsingConfig
    from impulse.demo import write_replay
    from impulse.parsing.parsed_replay import describe, parse_replay
    from impulse.parsing.stage import parse_batch
    from impulse.parsing.store import ParseStore
    from impulse.replay.container import read_header
    from impulse.tables.io import table_of
    from impulse.tables.manifest import MANIFEST_COLUMNS

    parser = argparse.ArgumentParser()
    parser.add_argument("--replays", type=int, default=10_000)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        params = ParsingConfig.get_preset("standard").params()
        store = ParseStore(folder / "store")
        original = write_replay(folder / "original.replay", seed=1, team_size=3, duration_seconds=30.0).data
        parsed = parse_replay(folder / "original.replay", params)
        store.write_parsed("original", parsed.frames, parsed.records())
        record = (folder / "store" / "or" / "original.json").read_text()
        rows = []
        for data in clones(original, count=arguments.replays + 1):
            row = describe(data, read_header(data), folder / f"{hashlib.md5(data).hexdigest()}.replay")
            rows.append(row)
            if len(rows) <= arguments.replays:
                key = store.key(row["replay_id"], row["sha256"], params)
                home = folder / "store" / key[:2]
                home.mkdir(exist_ok=True)
                os.link(folder / "store" / "or" / "original.arrow", home / f"{key}.arrow")
                (home / f"{key}.json").write_text(json.dumps(json.loads(record)))
            else:
                (folder / row["path"]).write_bytes(data)
        manifest = table_of(rows, MANIFEST_COLUMNS)
        start = time.perf_counter()
        summary = parse_batch(
            manifest,
            raw=folder,
            target=folder / "parsed",
            params=params,
            engine=EngineParams(workers=2),
            store=store,
        )
        seconds = time.perf_counter() - start
        print(f"{summary.replays_out} replays, {summary.parsed_now} of them new: {seconds:.1f} s")


if __name__ == "__main__":
    main()
