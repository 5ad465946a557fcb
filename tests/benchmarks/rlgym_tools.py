"""Controls beside those of rlgym-tools 2.6.5, which infers them from replays too: share of equal values, and the cost of both.

python tests/benchmarks/rlgym_tools.py PYTHON [MATCHES]

PYTHON is that of an environment of its own, which needs an older NumPy and is no dependency of impulse:

    python -m venv FOLDER && FOLDER/bin/pip install rlgym-tools==2.6.5 "numpy<2" "pandas<3" "pyarrow<21" numba scipy

rlgym-tools decodes with a program of its own (carball, for Linux and Windows) that comes with it. Rows are its network frames, from
kickoffs to goals; there pitch, yaw and roll are compared where impulse knows them. Real matches (``IMPULSE_REPLAYS``) are needed.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "stages"), str(ROOT)]

from tests.paths import REPLAYS  # noqa: E402 - the path comes first

from impulse.config.parsing_config import ParsingConfig  # noqa: E402
from impulse.decoding.attributes import FOR_CONTROLS  # noqa: E402
from impulse.decoding.walk import walk_replay  # noqa: E402
from impulse.parsing.parsed_replay import parse_replay  # noqa: E402
from impulse.schema.controls import CONTROLS  # noqa: E402
from impulse.schema.sampling import Sampling  # noqa: E402

Floats = npt.NDArray[np.float64]
MATCHES = 10
EQUAL = {"throttle": 0.02, "steer": 0.02, "pitch": 0.1, "yaw": 0.1, "roll": 0.1}
"""How far values may be apart; the others are yes or no."""

THEIRS = """
import sys, time
import numpy as np
from pathlib import Path
from rlgym_tools.rocket_league.replays.convert import replay_to_rlgym
from rlgym_tools.rocket_league.replays.parsed_replay import ParsedReplay
source, target = Path(sys.argv[1]), sys.argv[2]
start = time.perf_counter()
replay = ParsedReplay.load(source)
loaded = time.perf_counter()
times, actions, ages = [], [], []
for frame in replay_to_rlgym(replay, interpolation="none"):
    times.append(frame.state.tick_count / 120)
    who = sorted(frame.actions)
    actions.append([frame.actions[player] for player in who])
    ages.append([frame.update_age[player] for player in who])
done = time.perf_counter()
people = {int(player["unique_id"]): player for player in replay.metadata["players"]}
names = [people[player]["name"] for player in who]
np.savez(target, times=times, actions=actions, ages=ages, names=names, seconds=[loaded - start, done - loaded])
"""


def main(python: str, matches: int = MATCHES) -> None:
    """Print the table."""
    params = replace(ParsingConfig.get_preset("standard").params(), controls=True, sampling=Sampling.native)
    equal: defaultdict[str, list[npt.NDArray[np.bool_]]] = defaultdict(list)
    seconds: list[tuple[float, ...]] = []
    paths = sorted((REPLAYS / "match").glob("*.replay"), key=lambda path: path.stat().st_size)
    for path in paths:
        if len(seconds) == matches:
            break
        with tempfile.TemporaryDirectory() as folder:
            target = Path(folder) / "theirs.npz"
            made = subprocess.run(
                [python, "-W", "ignore", "-c", THEIRS, str(path), str(target)],
                capture_output=True,
                text=True,
                check=False,
            )
            if not target.is_file():
                print(f"{path.stem}: rlgym-tools ends with {made.stderr.strip().splitlines()[-1]}")
                continue
            theirs = dict(np.load(target))
        start = time.perf_counter()
        ours = parse_replay(path, params)
        whole = time.perf_counter()
        walk_replay(path.read_bytes(), FOR_CONTROLS)
        seconds.append((*map(float, theirs["seconds"]), whole - start, time.perf_counter() - whole))
        frame_time = ours.frames["frame_time"].to_numpy().astype(np.float64)
        rows = np.abs(frame_time[:, None] - theirs["times"]).argmin(axis=0)
        is_same = np.abs(frame_time[rows] - theirs["times"]) < 1e-3
        assert ours.controls is not None
        players = {row["name"]: row["slot"] for row in ours.players}
        for number, name in enumerate(theirs["names"].tolist()):
            if name not in players or theirs["names"].tolist().count(name) > 1:
                continue
            for index, control in enumerate(CONTROLS):
                column = ours.controls[f"p{players[name]}_control_{control}"]
                mine = np.array(column.to_pylist(), dtype=np.float64)[rows]
                use = is_same & np.isfinite(mine)
                its = theirs["actions"][:, number, index].astype(np.float64)
                equal[control].append(np.abs(mine - its)[use] <= EQUAL.get(control, 0.5))
                equal[f"{control}, new state"].append(
                    (np.abs(mine - its) <= EQUAL.get(control, 0.5))[use & (theirs["ages"][:, number] == 0)]
                )
        print(f"{path.stem}: {len(rows)} rows, {is_same.mean():.1%} at the same times", file=sys.stderr)
    print(
        "| control | equal within | values | equal | where the car has a new state |\n| --- | --- | --- | --- | --- |"
    )
    for control in CONTROLS:
        every, new = (np.concatenate(equal[name]) for name in (control, f"{control}, new state"))
        print(f"| {control} | {EQUAL.get(control, 0)} | {len(every):,} | {every.mean():.1%} | {new.mean():.1%} |")
    load, convert, parsed, walked = np.array(seconds).sum(axis=0)
    print(
        f"\n{len(seconds)} matches: rlgym-tools {load:.0f} s to decode and {convert:.0f} s to convert, without interpolation; impulse "
        f"{parsed:.0f} s for frames and controls, of which one walk through the raw data is {walked:.0f} s."
    )


if __name__ == "__main__":
    main(sys.argv[1], *map(int, sys.argv[2:]))
