"""The DVC remote of the checkout, with DVC's own settings and credentials: where checkpoints and raw files are kept.

This is the only module that knows the classes of DVC's remotes. Raw files go where ``dvc push`` puts them, under the MD5 of
their bytes.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from impulse.errors import ConfigError, StageError

FOLDER = "long-run"
"""Folder of checkpoints beside DVC's own in the remote."""
THREADS = 8
HOW_TO_SET = "`make remote URL=s3://bucket/prefix`"
_NAME = re.compile(r"(\d{6,})-([0-9a-f]{16})\.zip")


class Remote:
    """The default remote. Everything that goes wrong with it is one line."""

    def __init__(self, root: Path) -> None:
        """Read DVC's settings; nothing is sent yet.

        Args:
            root: folder of the checkout.

        Raises:
            ConfigError: the checkout has no remote that can be used.
        """
        from dvc.config import ConfigError as DvcConfigError
        from dvc.exceptions import DvcException
        from dvc.repo import Repo

        try:
            remote: Any = Repo(str(root)).cloud.get_remote()
        except (DvcException, DvcConfigError) as error:
            raise ConfigError("the DVC remote", _text(error)) from error
        if "<" in remote.path:
            raise ConfigError("the DVC remote", f"no bucket is set yet; call {HOW_TO_SET}, then commit .dvc/config")
        if remote.worktree or remote.fs.version_aware:
            raise ConfigError("the DVC remote", "a version-aware remote cannot keep checkpoints; use a plain one")
        self.address = str(remote.fs.unstrip_protocol(remote.path))
        """Where it is, for people."""
        self._path = str(remote.path)
        self._files = remote.fs
        self._folder = str(remote.fs.join(remote.path, FOLDER))
        self._objects = remote.odb

    def check_reading(self) -> None:
        """Ask for one name.

        Raises:
            ConfigError: the bucket does not exist.
            StageError: the store refuses, or cannot be reached.
        """
        if self._files.protocol != "s3":
            return
        bucket, _, prefix = self._path.partition("/")
        with self._one_line():
            try:
                self._files.fs.call_s3("list_objects_v2", Bucket=bucket, Prefix=prefix, MaxKeys=1)
            except FileNotFoundError as error:
                raise self._is_missing(error) from error

    def check_access(self) -> None:
        """Write, read and remove a small object, because days of work depend on it.

        Raises:
            ConfigError: the bucket does not exist.
            StageError: the store refuses, or cannot be reached.
        """
        probe = self._files.join(self._folder, ".probe")
        with self._one_line():
            self._listed()  # first, because some stores make a bucket for whoever writes into one that is not there
            self._put(probe, b"impulse")
            self._files.cat_file(probe)
            self._files.rm_file(probe)

    def checkpoints(self) -> list[str]:
        """Return the names of checkpoints, oldest first."""
        with self._one_line():
            names = self._listed()
        return sorted((name for name in names if _NAME.fullmatch(name)), key=lambda name: (number_of(name), name))

    def read_checkpoint(self, name: str) -> bytes:
        """Return the bytes of a checkpoint."""
        with self._one_line():
            content: bytes = self._files.cat_file(self._files.join(self._folder, name))
        return content

    def write_checkpoint(self, name: str, content: bytes) -> None:
        """Store a checkpoint, whole or not at all."""
        with self._one_line():
            self._put(self._files.join(self._folder, name), content)

    def remove_checkpoint(self, name: str) -> None:
        """Remove a checkpoint; one that is gone is fine."""
        with self._one_line():
            try:
                self._files.rm_file(self._files.join(self._folder, name))
            except FileNotFoundError:
                return

    def which_are_there(self, md5s: Iterable[str]) -> set[str]:
        """Return those of the given hashes that the remote has a file for."""
        asked = set(md5s)
        if not asked:
            return set()
        with self._one_line():
            return set(self._objects.oids_exist(asked))

    def store_file(self, content: bytes) -> str:
        """Store bytes where DVC looks for them, and return their MD5."""
        digest = hashlib.md5(content, usedforsecurity=False).hexdigest()
        with self._one_line():
            self._put(self._objects.oid_to_path(digest), content)
        return digest

    def read_file(self, md5: str) -> bytes | None:
        """Return the bytes with a hash; None when the remote has none, or others under its name."""
        with self._one_line():
            try:
                content: bytes = self._files.cat_file(self._objects.oid_to_path(md5))
            except FileNotFoundError:
                return None
        return content if hashlib.md5(content, usedforsecurity=False).hexdigest() == md5 else None

    def _listed(self) -> list[str]:
        self._files.fs.invalidate_cache()
        try:
            return [self._files.name(path) for path in self._files.find(self._folder)]
        except FileNotFoundError as error:
            if self._files.protocol == "local":
                return []
            raise self._is_missing(error) from error

    def _put(self, path: str, content: bytes) -> None:
        import io

        self._files.put_file(io.BytesIO(content), path, size=len(content))  # atomic, also in a local folder

    def _is_missing(self, error: FileNotFoundError) -> ConfigError:
        return ConfigError("the DVC remote", f"{self.address} does not exist ({_text(error)})")

    @contextmanager
    def _one_line(self) -> Iterator[None]:
        """Say in one line what went wrong. No message of the AWS libraries holds a secret."""
        from aiohttp import ClientError as BodyError
        from botocore.exceptions import BotoCoreError, NoCredentialsError, PartialCredentialsError
        from dvc.exceptions import DvcException

        try:
            yield
        except (NoCredentialsError, PartialCredentialsError) as error:
            raise StageError(
                f"{self.address}: no AWS credentials found; set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, "
                f"or AWS_PROFILE, or use a role ({_text(error)})"
            ) from error
        except PermissionError as error:
            raise StageError(
                f"{self.address}: the store refuses access; check the credentials ({_text(error)})"
            ) from error
        except ConfigError:
            raise
        except (OSError, BotoCoreError, BodyError, DvcException, ValueError) as error:
            raise StageError(f"{self.address}: the store cannot be used now ({_text(error)})") from error


def number_of(name: str) -> int:
    """Return the number of a checkpoint."""
    return int(name.split("-")[0])


def maker_of(name: str) -> str:
    """Return which checkout made a checkpoint."""
    return name.removesuffix(".zip").split("-")[1]


def checkpoint_name(number: int, maker: str) -> str:
    """Return the name of a checkpoint: a number that counts up, whatever the clocks say, and who made it."""
    return f"{number:06d}-{maker}.zip"


def in_threads() -> ThreadPoolExecutor:
    """Return threads for many small objects."""
    return ThreadPoolExecutor(THREADS, thread_name_prefix="remote")


def _text(error: Exception) -> str:
    return " ".join(str(error).split()) or type(error).__name__
