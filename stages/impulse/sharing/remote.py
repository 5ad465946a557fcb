"""The remote of this checkout: is one set, may it be used, and is no secret where git would publish it.

DVC itself answers a missing bucket or wrong credentials with pages or with half a sentence, some of it minutes into an
upload, so ``impulse push`` and its like ask here first. This is the only module that knows the classes of DVC's remotes.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from impulse.errors import ConfigError
from impulse.s3.credentials import S3Settings, checksum_variables
from impulse.s3.url import S3Url
from impulse.sharing.repository import opened

if TYPE_CHECKING:
    from impulse.s3.bucket import S3Bucket

SECRET_OPTIONS = ("secret_access_key", "session_token", "access_key_id", "password", "sse_customer_key")
"""Options of a remote that must be in .dvc/config.local, which git ignores."""
PROBE = "impulse-writes.txt"
"""Object that is written and removed to see whether uploads will be allowed."""
HOW_TO_SET = "`impulse remote s3://bucket/prefix`"


@dataclass(frozen=True, slots=True)
class Remote:
    """The default remote, with DVC's own settings and credentials."""

    address: str
    place: S3Url | None
    """Bucket and prefix; None for a remote of another kind."""
    settings: S3Settings
    is_plain: bool
    """False for one that keeps versions of files under their own names."""

    def open(self, folder: str = "") -> S3Bucket:
        """Return the objects right below a folder of the remote. Close it in the end.

        Raises:
            ConfigError: the remote is no bucket.
            StoreUnusable: the settings of AWS on this machine cannot be used.
        """
        from impulse.s3.bucket import S3Bucket

        if self.place is None:
            raise ConfigError("the DVC remote", f"{self.address} is no bucket; set one with {HOW_TO_SET}")
        place = S3Url(self.place.bucket, self.place.key(folder).rstrip("/"))
        return S3Bucket(place, settings=self.settings)


def default_remote(root: Path) -> Remote:
    """Read DVC's settings; nothing is sent yet.

    Args:
        root: folder of the checkout.

    Raises:
        ConfigError: the checkout has no remote that can be used, or .dvc/config holds a secret.
    """
    with opened(root, what="the DVC remote") as repo:
        _refuse_secrets(repo.config.load_one("repo").get("remote", {}))
        remote: Any = repo.cloud.get_remote()
    if "<" in remote.path:
        raise ConfigError("the DVC remote", f"no bucket is set yet; call {HOW_TO_SET}, then commit .dvc/config")
    bucket, _, prefix = str(remote.path).partition("/")
    is_bucket = remote.fs.protocol == "s3"
    return Remote(
        str(remote.fs.unstrip_protocol(remote.path)),
        S3Url(bucket, prefix.strip("/")) if is_bucket else None,
        S3Settings.of_dvc(remote.fs.fs_args) if is_bucket else S3Settings(),
        is_plain=not (remote.worktree or remote.fs.version_aware),
    )


def check_url(url: str, endpoint: str | None) -> None:
    """Refuse an address that DVC would take for a folder of this machine although a bucket is meant, and secrets in one.

    Raises:
        ConfigError: the address has no scheme and is no path of a folder, or one of the two names a user.
    """
    for name, given in (("URL", url), ("--endpoint", endpoint or "")):
        if "@" in urlsplit(given).netloc:
            raise ConfigError(
                name,
                "names a user, and git publishes it; leave that out, credentials come from AWS_PROFILE and the like",
            )
    if "://" not in url and not url.startswith(("/", ".", "~")) and not Path(url).is_absolute():
        raise ConfigError(
            "URL", f"{url!r} has no scheme; for a bucket it is s3://{url}, for a folder of this machine ./{url}"
        )


def check_remote(root: Path, *, writing: bool = False) -> str:
    """Ask the default remote for a listing; what DVC uploads from here on then suits it.

    Args:
        root: folder of the checkout.
        writing: also put a small object below the prefix, and remove it.

    Returns:
        The address of the remote.

    Raises:
        ConfigError: as for :func:`default_remote`.
        StageError: the bucket does not exist, cannot be reached or refuses the credentials.
    """
    remote = default_remote(root)
    if remote.place is not None:
        with closing(remote.open()) as bucket:
            os.environ.update(checksum_variables(bucket.endpoint, os.environ))
            bucket.objects()
            if writing:
                bucket.write(PROBE, b"impulse may write here\n")
                bucket.remove(PROBE)
    return remote.address


def _refuse_secrets(remotes: Mapping[str, Mapping[str, Any]]) -> None:
    """Raise for a secret among the options of remotes that git publishes."""
    for name, options in remotes.items():
        for option in SECRET_OPTIONS:
            if option in options:
                raise ConfigError(
                    f"remote.{name}.{option}",
                    "is in .dvc/config, which git publishes; move it with "
                    f"`dvc remote modify --unset {name} {option}` to the environment (AWS_PROFILE, AWS_ACCESS_KEY_ID, ...), "
                    "and make a new key if it was committed",
                )
