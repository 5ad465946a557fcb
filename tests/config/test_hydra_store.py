"""What impulse puts into Hydra's store, which it shares with every Hydra program of its environment."""

from __future__ import annotations

import subprocess
import sys

from tests.paths import STAGES

PROGRAM = """
from hydra import compose, initialize
from hydra.core.config_store import ConfigStore
store = ConfigStore.instance()
store.store(name="schema", node={"mine": 1})
store.store(name="stage", node={"defaults": ["schema"]})
with initialize(config_path=None, version_base="1.3"):
    print(dict(compose("stage")), sorted(name for name in store.repo if name.startswith("impulse")))
"""


def test_names_of_other_programs_are_theirs() -> None:
    """An installed impulse registers names of its own, and a program with a node called schema keeps it."""
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], env={"PYTHONPATH": str(STAGES)}, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "{'mine': 1} ['impulse_schema.yaml']"
