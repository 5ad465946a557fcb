"""Makes impulse's types known to DVC's own Hydra composition, and has `dvc exp run -S` refuse wrong values at once."""

import sys
from pathlib import Path

from hydra.core.config_search_path import ConfigSearchPath
from hydra.plugins.search_path_plugin import SearchPathPlugin

if "impulse.run.program" not in sys.modules:  # a stage brings the types of its own section and needs no others
    from impulse.config.hydra_schema import register_schema

    register_schema()


class ImpulseExperiments(SearchPathPlugin):
    """Adds nothing to the search path: it is where Hydra asks before it composes."""

    def manipulate_search_path(self, search_path: ConfigSearchPath) -> None:
        """Check the experiments of a command of DVC in this checkout; any other program of Hydra is none of ours."""
        if "dvc.cli" not in sys.modules or "impulse.run.program" in sys.modules:
            return
        # Not the folder of this file: an environment may have another checkout installed.
        for conf in {Path(item.path) for item in search_path.get_path() if item.path}:
            if conf.name == "conf" and (conf.parent / "stages" / "hydra_plugins" / Path(__file__).name).is_file():
                from impulse.config.experiments import check_experiments

                check_experiments(conf.parent)
