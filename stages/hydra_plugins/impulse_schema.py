"""Makes impulse's types known to DVC's own Hydra composition, and has `dvc exp run -S` refuse wrong values at once."""

import sys
from pathlib import Path

from hydra.core.config_search_path import ConfigSearchPath
from hydra.plugins.search_path_plugin import SearchPathPlugin

ROOT = Path(__file__).resolve().parent.parent.parent

if "impulse.run.program" not in sys.modules:  # a stage brings the types of its own section and needs no others
    from impulse.config.hydra_schema import register_schema

    register_schema()


class ImpulseExperiments(SearchPathPlugin):
    """Adds nothing to the search path: it is where Hydra asks before it composes."""

    def manipulate_search_path(self, search_path: ConfigSearchPath) -> None:
        """Check the experiments of a command of DVC in this checkout; any other program of Hydra is none of ours."""
        composed = {item.path for item in search_path.get_path()}
        if "dvc.cli" in sys.modules and "impulse.run.program" not in sys.modules and str(ROOT / "conf") in composed:
            from impulse.config.experiments import check_experiments

            check_experiments(ROOT)
