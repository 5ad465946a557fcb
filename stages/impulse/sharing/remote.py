"""The remote of this checkout: is one set, may it be used, and is no secret where git would publish it.

DVC itself answers a missing bucket or wrong credentials with pages or with half a sentence, some of it minutes into an
upload. ``impulse push`` and its like ask here first.
"""

from __future__ import annotations

from pathlib import Path

from dvc.repo import Repo

from impulse.errors import ConfigError
from impulse.sharing.long_run.remote import Remote

SECRET_OPTIONS = ("secret_access_key", "session_token", "access_key_id", "password", "sse_customer_key")
"""Options of a remote that must stand in .dvc/config.local, which git ignores."""


def check_remote(root: Path) -> str:
    """Ask the default remote for a listing.

    Args:
        root: folder of the checkout.

    Returns:
        The address of the remote.

    Raises:
        ConfigError: no bucket is set, it does not exist, or .dvc/config holds a secret.
        StageError: the bucket cannot be reached or refuses the credentials.
    """
    _refuse_secrets(root)
    remote = Remote(root)
    remote.check_reading()
    return remote.address


def _refuse_secrets(root: Path) -> None:
    with Repo(str(root)) as repo:
        remotes = repo.config.load_one("repo").get("remote", {})
    for name, options in remotes.items():
        for option in SECRET_OPTIONS:
            if option in options:
                raise ConfigError(
                    f"remote.{name}.{option}",
                    "stands in .dvc/config, which git publishes; move it with "
                    f"`dvc remote modify --unset {name} {option}` to the environment (AWS_PROFILE, AWS_ACCESS_KEY_ID, ...), "
                    "and make a new key if it was committed",
                )
