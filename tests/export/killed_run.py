"""One export of a prepared data folder, to be killed: ``python killed_run.py <data> <folder of the result>``."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path[:0] = [str(Path(__file__).resolve().parents[2] / name) for name in ("stages", "")]

if __name__ == "__main__":
    from tests.exported import exported

    from impulse.config.export import ExportParams

    exported(Path(sys.argv[1]), Path(sys.argv[2]), ExportParams(numpy=True))
