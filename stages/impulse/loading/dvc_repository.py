"""The dataset of a Git repository at a revision, read from its DVC cache or remote without pulling it.

DVC's own ``open`` moves whole files; here it only says where each file is stored, and Arrow reads the parts it needs.
"""

from __future__ import annotations

import logging
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from pyarrow import fs

from impulse.errors import DatasetError, StageError, one_line
from impulse.loading.dataset_files import SCHEMA_FILE, DatasetFile, DatasetFiles, Store, is_hidden, no_dataset
from impulse.s3.arrow import arrow_bucket
from impulse.s3.credentials import S3Settings

if TYPE_CHECKING:
    from dvc.repo import Repo
    from dvc_data.index import DataIndex, DataIndexEntry

_ADVICE = (
    "it is missing or damaged in the DVC cache and on the remote: where the dataset was built, `impulse push` brings what is "
    "missing there and `impulse verify --remote --heal` what is damaged; or give remote= and credentials"
)
_log = logging.getLogger(__name__)


def repository_files(repository: str, *, path: str, rev: str | None, remote: str | None) -> DatasetFiles:
    """Return the files of a folder that a DVC repository tracks.

    Args:
        repository: path or URL of the Git repository.
        path: the folder inside the repository.
        rev: branch, tag or commit; None takes the working tree of a local repository, the newest commit of another.
        remote: name of the DVC remote; None takes the default one.

    Raises:
        DatasetError: no such repository, revision or folder, or its list of files is neither in the cache nor on the
            remote; or DVC, Git or the disk refuse it.
    """
    from dvc.repo import Repo
    from dvc_data.index import DataIndexDirError, StorageKeyError

    name = f"{repository}@{rev}:{path}" if rev else f"{repository}:{path}"
    try:
        settings: dict[str, Any] = {"rev": rev, "subrepos": True, "uninitialized": True, "remote": remote}
        with _subfolder(Path(repository), **settings) or Repo.open(repository, **settings) as opened:
            index, entry = opened.get_data_index_entry(path)
            is_file = entry.key and not (entry.meta and entry.meta.isdir)
            files, server = ({}, "") if is_file else _stored_files(index, entry)
    except DatasetError:
        raise
    except DataIndexDirError as error:
        raise DatasetError(f"{name}: the list of its files cannot be read; {_ADVICE}{_cause(error)}") from error
    except StorageKeyError as error:
        raise DatasetError(f"{name}: the repository has no DVC remote, and no such data in its cache") from error
    except Exception as error:  # DVC, its file systems and three libraries of Git have no common kind of error
        raise DatasetError(f"{name}: cannot be opened{_cause(error) or f' ({one_line(error)})'}") from error
    if is_file:
        raise DatasetError(f"{name}: is a file; give the folder of a dataset")
    if SCHEMA_FILE not in files:
        raise no_dataset(name)
    # Files are kept by their content, so none of them ever becomes that of another build.
    stored = DatasetFiles(name, files, b"", advice=_ADVICE, server=server)
    return replace(stored, schema=stored.read(SCHEMA_FILE))


def _subfolder(folder: Path, *, rev: str | None, **settings: Any) -> Repo | None:  # noqa: ANN401  (options of DVC)
    """Open a revision of a checkout that is a subfolder of a larger repository, which DVC itself seeks at the top.

    Returns:
        The checkout with the remotes that it has now, as DVC opens others; None for anything else.
    """
    from dvc.fs import GitFileSystem
    from dvc.repo import Repo
    from dvc.scm import SCM

    if rev is None or (folder / ".git").exists() or not (folder / ".dvc").is_dir():
        return None
    with Repo(str(folder)) as now:
        remotes = {"remote": now.config["remote"]}
    scm = SCM(str(folder))
    inside = folder.resolve().relative_to(Path(scm.root_dir).resolve())
    return Repo(f"/{inside.as_posix()}", fs=GitFileSystem(scm=scm, rev=rev), scm=scm, config=remotes, **settings)


def _stored_files(index: DataIndex, folder: DataIndexEntry) -> tuple[dict[str, DatasetFile], str]:
    """Return every file of a tracked folder: from the cache when it is there, else from the remote, and the remote's address."""
    storage = index.storage_map
    translated: dict[tuple[int, str], fs.FileSystem | Store] = {}
    files, server = {}, ""
    for key, entry in index.iteritems(prefix=folder.key):
        name = "/".join(key[len(folder.key or ()) :])
        if is_hidden(name) or (entry.meta and entry.meta.isdir):
            continue
        where, path = storage.get_cache(entry) if storage.cache_exists(entry) else storage.get_remote(entry)
        bucket = path.split("/")[0] if where.protocol == "s3" else ""
        if (id(where), bucket) not in translated:
            translated[id(where), bucket] = _store(where, bucket)
        if where.protocol != "local":
            server = _server(where, path)
        size = entry.meta.size if entry.meta else None
        files[name] = DatasetFile(translated[id(where), bucket], path, size)
    return files, server


def _server(stored: Any, path: str) -> str:  # noqa: ANN401  (a file system of DVC)
    """Return what to call the server of a remote."""
    if stored.protocol == "s3":
        return S3Settings.of_dvc(stored.fs_args).endpoint or "AWS"
    parts = urlsplit(path)  # without what may be secret in it
    return f"{parts.scheme}://{parts.hostname}" if parts.hostname else str(stored.protocol)


def _store(stored: Any, bucket: str) -> fs.FileSystem | Store:  # noqa: ANN401  (a file system of DVC)
    """Return Arrow's way to what a file system of DVC has."""
    if stored.protocol == "local":
        return fs.LocalFileSystem()
    if stored.protocol == "s3":
        try:
            return arrow_bucket(bucket, S3Settings.of_dvc(stored.fs_args))
        except StageError as error:
            raise DatasetError(str(error)) from error
    _log.info("reading through DVC's own access to %s", stored.protocol)
    return fs.PyFileSystem(fs.FSSpecHandler(stored.fs))


def _cause(error: BaseException) -> str:
    """Return what is at the bottom of an error, for a person."""
    causes = []
    while error.__cause__ is not None:
        error = error.__cause__
        causes.append(error)
    return f" ({one_line(causes[-1])})" if causes else ""
