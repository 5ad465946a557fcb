"""Settings of the library's downloads, and the only place where the key is read from the environment."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from impulse.config.fetch import checked_base_url
from impulse.config.ranges import check_numbers, check_range
from impulse.config.source_place import BASE_URL_VARIABLE
from impulse.errors import AuthError
from impulse.s3.env_file import variables

DEFAULT_BASE_URL = "https://ballchasing.com/api"
KEY_VARIABLE = "BALLCHASING_API_KEY"


@dataclass(frozen=True)
class CollectionConfig:
    """Where downloads come from, with whose key, and where what was done is remembered."""

    ballchasing_api_key: str = field(repr=False)
    """The key; it leaves this object for the header of calls to ``base_url`` and for nothing else."""
    aws_region: str | None = None
    s3_bucket_name: str | None = None
    database_path: str | Path = Path(".state") / "ledger.sqlite"
    """The ledger: listings, outcomes and used quota; share one among all downloads with the same key."""
    rate_limit_per_hour: int | None = None
    """Downloads an hour; None takes what the key's tier allows."""
    base_url: str = DEFAULT_BASE_URL
    threads: int = 4
    """Downloads at a time."""
    s3_prefix: str | None = None
    """Start of every key in the bucket."""
    server: str | None = None
    """Name of the server in the ledger where its address is another in every run; None takes ``base_url``."""

    def __post_init__(self) -> None:
        """Check values; no message shows the key."""
        if not self.ballchasing_api_key:
            raise AuthError(
                f"no API key: set the environment variable {KEY_VARIABLE}, or write {KEY_VARIABLE}=... into .env"
            )
        if not re.fullmatch(r"[\x21-\x7e]+", self.ballchasing_api_key):
            raise AuthError(f"{KEY_VARIABLE} holds characters that no key has, such as spaces or line ends")
        check_numbers(self)
        if self.rate_limit_per_hour is not None:
            check_range("rate_limit_per_hour", self.rate_limit_per_hour, 1)
        check_range("threads", self.threads, 1)
        object.__setattr__(self, "base_url", checked_base_url(self.base_url, key="base_url"))

    @property
    def listed_as(self) -> str:
        """What the ledger knows lists and tier of the server by."""
        return self.server or self.base_url

    @classmethod
    def from_env(cls, env_file: str | Path = ".env", *, environ: Mapping[str, str] | None = None) -> CollectionConfig:
        """Return settings from BALLCHASING_API_KEY, BALLCHASING_BASE_URL, AWS_REGION, S3_BUCKET_NAME and S3_PREFIX.

        Args:
            env_file: file with further variables; the environment has precedence, an empty variable counts as none, and no
                file is fine.
            environ: the environment; None takes the process's own.

        Raises:
            AuthError: no key is set, or it is not one.
            ConfigError: the base URL cannot be used, or the file cannot be read.
        """
        found = variables(Path(env_file), os.environ if environ is None else environ)
        return cls(
            ballchasing_api_key=(found.get(KEY_VARIABLE) or "").strip(),
            aws_region=found.get("AWS_REGION") or None,
            s3_bucket_name=found.get("S3_BUCKET_NAME") or None,
            base_url=found.get(BASE_URL_VARIABLE) or DEFAULT_BASE_URL,
            s3_prefix=found.get("S3_PREFIX") or None,
        )


def origin(url: str) -> tuple[str, str, int]:
    """Return scheme, host and port of a URL.

    Raises:
        ValueError: the URL cannot be read.
    """
    parts = urlsplit(url)
    return parts.scheme, parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80)
