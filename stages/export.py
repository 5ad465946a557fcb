"""export: the dataset in data/export."""

from __future__ import annotations

from impulse.config.export import ExportParams
from impulse.run.program import run_program

if __name__ == "__main__":
    run_program("export", ExportParams, "impulse.export.stage", about=__doc__)
