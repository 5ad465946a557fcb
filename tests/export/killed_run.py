"""One export of a prepared data folder, to be killed: ``python killed_run.py <data> <folder of the result>``."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "stages"))


def main(data: Path, target: Path) -> None:
    """Export with a store beside the result, everything that can be exported."""
    from impulse.config.engine import EngineParams
    from impulse.config.export import ExportParams
    from impulse.export.stage import export_dataset
    from impulse.export.store import ExportStore

    export_dataset(
        parsed=data / "parsed",
        deduped=data / "deduped",
        target=target / "export",
        params=ExportParams(long=True, numpy=True, npz=True),
        engine=EngineParams(workers=2),
        store=ExportStore(target / "store"),
    )


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
