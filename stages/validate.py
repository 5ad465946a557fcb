"""validate: a verdict for every parsed replay, with report and plots, in data/validated."""

from __future__ import annotations

from impulse.config.validate import ValidateParams
from impulse.run.program import run_program

if __name__ == "__main__":
    run_program("validate", ValidateParams, "impulse.validation.stage", about=__doc__)
