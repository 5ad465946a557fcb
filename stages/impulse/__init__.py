"""impulse: reproducible builds of Rocket League datasets from replay files.

Where to go to
    download replays or read a folder of them   impulse.collection
    turn a replay into arrays                   impulse.parsing (ReplayParser)
    decide which replays are good               impulse.validation
    keep one recording per match                impulse.dedupe
    write the dataset                           impulse.export
    open a dataset                              impulse.load, impulse.open_dataset (impulse.loading)
    cut it into windows for training            impulse.training
    know where the corners of a car are         impulse.geometry
    write synthetic replays                     impulse.demo
    know what a column means                    impulse.schema.frames
    know why a replay is missing                impulse.tables.rejects
    read or check settings                      impulse.config
"""

from __future__ import annotations

import importlib
import logging
import sys
from typing import Any

if sys.version_info < (3, 13, 1):  # later ones see to it themselves
    from impulse import bytecode

    bytecode.keep_whole()

logging.getLogger(__name__).addHandler(logging.NullHandler())

_LOADED_ON_FIRST_USE = {"load": "impulse.loading", "open_dataset": "impulse.loading"}


def __getattr__(name: str) -> Any:  # noqa: ANN401  (types stand in __init__.pyi)
    """Import what opens datasets when it is first asked for: ``import impulse`` alone must cost nothing."""
    if name not in _LOADED_ON_FIRST_USE:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(_LOADED_ON_FIRST_USE[name]), name)


def __dir__() -> list[str]:
    """Names of the module, for completion."""
    return [*globals(), *_LOADED_ON_FIRST_USE]
