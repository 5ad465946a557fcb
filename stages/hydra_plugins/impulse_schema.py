"""Makes impulse's types known to DVC's own Hydra composition, so that `dvc exp run -S` refuses wrong values at once."""

import sys

if "impulse.run.program" not in sys.modules:  # a stage brings the types of its own section and needs no others
    from impulse.config.hydra_schema import register_schema

    register_schema()
