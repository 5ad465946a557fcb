"""DVC's own view of a checkout: its outputs, its cache, its remotes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from impulse.errors import ConfigError, one_line


@contextmanager
def opened(root: Path, *, what: str = "DVC") -> Iterator[Any]:
    """Give DVC's repository of a checkout; its types have no types.

    Args:
        root: folder of the checkout.
        what: what the block is about, for the message.

    Raises:
        ConfigError: DVC cannot read the checkout, or refuses what the block asks for.
    """
    from dvc.config import ConfigError as DvcConfigError
    from dvc.exceptions import DvcException
    from dvc.repo import Repo

    try:
        with Repo(str(root)) as repo:
            yield repo
    except (DvcException, DvcConfigError) as error:
        raise ConfigError(what, one_line(error)) from error


def forget_index(root: Path) -> None:
    """Let DVC collect anew what there is to push or pull.

    It keeps an index of that. One that a kill left half made counts as whole, so that all later pushes and pulls would
    leave out the same files.

    Raises:
        ConfigError: DVC cannot read the checkout, or another DVC is at work.
    """
    with opened(root) as repo, repo.lock:
        repo.drop_data_index()
