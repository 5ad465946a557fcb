"""Makes impulse's types known to DVC's own Hydra composition, so that `dvc exp run -S` refuses wrong values at once."""

from impulse.config.composition import register_schema

register_schema()
