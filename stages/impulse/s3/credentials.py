"""The variables of AWS from ``.env``, for the libraries of AWS, which know the environment alone."""

from __future__ import annotations

from collections.abc import MutableMapping
from pathlib import Path

from dotenv import dotenv_values

CREDENTIALS = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_PROFILE")


def add_aws_variables(environ: MutableMapping[str, str], *, env_file: Path) -> None:
    """Put the variables of AWS that a file sets into an environment that lacks them.

    Credentials are taken from the one place or from the other, for parts of two do not fit together.

    Args:
        environ: the environment; worker processes inherit it, and nothing else passes a secret on.
        env_file: the file; none is fine.
    """
    if not env_file.is_file():
        return
    has_credentials = any(environ.get(name) for name in CREDENTIALS)
    for name, value in dotenv_values(env_file, interpolate=False).items():
        if value and name.startswith("AWS_") and not (has_credentials and name in CREDENTIALS):
            environ.setdefault(name, value)
