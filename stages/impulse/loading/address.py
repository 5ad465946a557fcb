"""From an address to the files of the dataset that is there."""

from __future__ import annotations

import os
import re
from pathlib import Path
from urllib.parse import unquote, urlsplit

from impulse.errors import ConfigError, DatasetError, one_line
from impulse.files.disk import from_home
from impulse.loading.dataset_files import SCHEMA_FILE, DatasetFiles
from impulse.loading.places import bucket_files, folder_files

_BUCKET_SCHEMES = ("s3", "s3a", "s3n")
"""Hadoop and Spark call S3 by the latter two."""

_GIT_SCHEMES = ("http", "https", "ssh", "git", "git+ssh", "git+https", "git+http", "file")


def files_of(path_or_url: str | os.PathLike[str], *, rev: str | None, remote: str | None, path: str) -> DatasetFiles:
    """Return the files of a dataset; arguments and errors as for :func:`impulse.loading.api.open_dataset`."""
    try:
        address = os.fspath(path_or_url)
    except TypeError:
        address = ""
    if not address:
        raise ConfigError(
            "path_or_url", f"{path_or_url!r} is no address; give a folder, s3://bucket/prefix or a repository"
        )
    scheme, separator, rest = address.partition("://")
    scheme = scheme.lower() if separator else ""
    if scheme in _BUCKET_SCHEMES:
        if rev or remote:
            raise ConfigError("rev" if rev else "remote", "is for a Git repository; a bucket has no revisions")
        return bucket_files(f"s3://{rest}")
    if scheme and scheme not in _GIT_SCHEMES:
        raise DatasetError(
            f"{address.split('?')[0]}: impulse reads no {scheme}://; it reads folders, s3://bucket/prefix and Git repositories. "
            "Copy the dataset into a folder"
        )
    folder = Path(unquote(urlsplit(address).path)) if scheme == "file" else Path(address)
    try:
        folder = from_home(folder)
        return _local_or_repository(address, folder, rev=rev, remote=remote, path=path)
    except (OSError, RuntimeError) as error:  # no access; or a home that is not known
        raise DatasetError(f"{address} cannot be read; give yourself access to it ({one_line(error)})") from error


def _local_or_repository(address: str, folder: Path, *, rev: str | None, remote: str | None, path: str) -> DatasetFiles:
    if not rev and not remote:
        for candidate in (folder, folder / path):
            if (candidate / SCHEMA_FILE).is_file():
                return folder_files(candidate)
    if repository := _repository(address, folder):
        from impulse.loading.dvc_repository import repository_files

        return repository_files(repository, path=path, rev=rev, remote=remote)
    if not folder.exists():
        raise DatasetError(f"{address}: no such folder")
    if rev or remote:
        raise ConfigError("rev" if rev else "remote", f"{address} is no Git repository")
    return folder_files(folder)


def _repository(address: str, folder: Path) -> str | None:
    """Return the address of a Git repository in a form that DVC opens; None for what is none."""
    if not folder.exists():
        return address if "://" in address or re.match(r"[\w.-]+@[\w.-]+:", address) else None
    if (folder / ".git").exists() or (folder / ".dvc").exists():
        return address if "://" in address else str(folder)
    # DVC looks for the settings of a bare repository beside its objects, unless it comes as a URL.
    return folder.resolve().as_uri() if (folder / "HEAD").is_file() else None
