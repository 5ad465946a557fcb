"""The outputs that dvc.lock pins, and DVC's cache of them: which file has which hash."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from impulse.sharing.repository import opened

_OBJECT = re.compile(r"[0-9a-f]{32}(\.dir)?")


@dataclass(frozen=True, slots=True)
class Output:
    """One output of a stage."""

    path: Path
    oid: str
    """Its MD5 in dvc.lock; that of its list of files, with the ending ``.dir``, for a folder."""


@dataclass(frozen=True, slots=True)
class Pinned:
    """What dvc.lock pins, and where DVC's cache has it."""

    outputs: tuple[Output, ...]
    cache: Path
    here: Mapping[Path, tuple[Path, ...]]
    """The files of each output that are here, without those that DVC ignores."""
    is_linked: bool
    """DVC gives files of the cache second names instead of copying them."""

    @classmethod
    def of(cls, root: Path) -> Pinned:
        """Read dvc.yaml and dvc.lock.

        Raises:
            ConfigError: DVC cannot read them.
        """
        with opened(root) as repo:
            outputs = tuple(
                Output(Path(out.fs_path), out.hash_info.value)
                for out in repo.index.outs
                if out.use_cache and out.hash_info and out.hash_info.name == "md5"
            )
            here = {output.path: tuple(_files_here(repo, output.path)) for output in outputs}
            cache = repo.cache.local
            return cls(outputs, Path(cache.path), here, "hardlink" in cache.cache_types)

    def object_path(self, oid: str) -> Path:
        """Return where the cache keeps an object."""
        return self.cache / oid[:2] / oid[2:]

    def objects(self) -> Iterator[tuple[str, Path]]:
        """Yield name and file of every object of the cache, those of earlier datasets too."""
        for path in sorted(self.cache.glob("[0-9a-f][0-9a-f]/*")):
            oid = path.parent.name + path.name
            if _OBJECT.fullmatch(oid) and path.is_file():
                yield oid, path

    def owners(self, paths: Collection[Path]) -> list[Path]:
        """Return the outputs that some files are of: of their own files, and of objects of the cache."""
        found = []
        for output in self.outputs:
            oids = {output.oid, *(self.files_of(output) or {}).values()}
            objects = {self.object_path(oid) for oid in oids}
            if any(path in objects or path == output.path or output.path in path.parents for path in paths):
                found.append(output.path)
        return found

    def files_of(self, output: Output) -> dict[Path, str] | None:
        """Return the MD5 of each file of an output; None when the cache does not have the list of a folder."""
        if not output.oid.endswith(".dir"):
            return {output.path: output.oid}
        try:
            listed = files_listed(self.object_path(output.oid).read_bytes())
            return {output.path / name: md5 for name, md5 in listed.items()}
        except (OSError, ValueError, KeyError, TypeError):
            return None


def _files_here(repo: Any, path: Path) -> Iterator[Path]:  # noqa: ANN401 - DVC's types have no types
    if path.is_file():
        yield path
        return
    for folder, _, names in repo.dvcignore.walk(repo.fs, str(path)):
        yield from (Path(folder) / name for name in sorted(names))


def files_listed(content: bytes) -> dict[str, str]:
    """Return the MD5 of each file by its name in a folder, from DVC's list of them.

    Raises:
        ValueError, KeyError, TypeError: it is no such list.
    """
    listed: list[Mapping[str, Any]] = json.loads(content)
    return {str(entry["relpath"]): str(entry["md5"]) for entry in listed}
