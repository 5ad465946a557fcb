"""Downloads the group ``top`` in a process of its own, which a test kills. Time runs faster by a factor."""

from __future__ import annotations

import signal
import sys
import time
from pathlib import Path

from impulse.collection import CollectionConfig, download_group
from impulse.collection.pacing import Clock

FACTOR = 400.0


class FastClock(Clock):
    """The machine's time, faster."""

    def now(self) -> float:
        return time.time() * FACTOR

    def sleep(self, seconds: float) -> None:
        super().sleep(seconds / FACTOR)


def main(url: str, key: str, folder: Path) -> None:
    """Download, and say on standard output when it begins and when it is done."""
    config = CollectionConfig(ballchasing_api_key=key, base_url=url, database_path=folder / "ledger.sqlite")
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    result = download_group("top", output_dir=folder / "replays", config=config, clock=FastClock())
    sys.stdout.write(f"{result.successful}\n")


if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.default_int_handler)  # a suite in the background of a shell ignores Ctrl-C
    main(sys.argv[1], sys.argv[2], Path(sys.argv[3]))
