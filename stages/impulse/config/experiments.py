"""Settings of an experiment of DVC, checked before DVC composes, queues or runs anything.

DVC composes the members of a sweep one by one and queues each at once, so a wrong value in the middle would leave the first
members queued; and it wraps the error of a composition into lines of its own. Here all members are composed first, and what is
wrong is an error of DVC's own kind, whose text is the last line.
"""

from __future__ import annotations

import sys
from pathlib import Path

from dvc.exceptions import DvcException

from impulse.config.params_file import compose, remember_experiments
from impulse.errors import ConfigError
from impulse.tables.paths import PARAMS_FILE

_checking: list[Path] = []
"""The checkout whose experiments are being checked: composing them comes by here again."""


def check_experiments(root: Path) -> None:
    """Compose every experiment that the present command of DVC asks for.

    Args:
        root: folder of the checkout.

    Raises:
        DvcException: one of them has a wrong setting, or conf/ a slip; nothing was changed.
    """
    if _checking:
        return
    _checking.append(root)
    try:
        remember_experiments(root, [compose(root, overrides) for overrides in _members(sys.argv[1:])])
    except ConfigError as error:
        raise DvcException(str(error)) from None
    finally:
        _checking.clear()


def _members(arguments: list[str]) -> list[list[str]]:
    """Return the overrides of params.yaml of each experiment that a command line of DVC asks for."""
    from dvc.cli import parse_args
    from dvc.utils.cli_parse import to_path_overrides
    from dvc.utils.hydra import get_hydra_sweeps

    given = getattr(parse_args(arguments), "set_param", None)
    sweeps = get_hydra_sweeps(to_path_overrides(given)) if given else [{}]
    return [list(member.get(PARAMS_FILE, [])) for member in sweeps]
