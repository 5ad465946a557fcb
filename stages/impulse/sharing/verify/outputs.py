"""The outputs that dvc.lock pins, and DVC's cache of them: which file has which hash."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
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
    is_persisted: bool
    """A stage adds to it and takes nothing away, so that it may hold more than dvc.lock says."""


@dataclass(frozen=True, slots=True)
class Pinned:
    """What dvc.lock pins, and where DVC's cache has it."""

    outputs: tuple[Output, ...]
    cache: Path

    @classmethod
    def of(cls, root: Path) -> Pinned:
        """Read dvc.yaml and dvc.lock.

        Raises:
            ConfigError: DVC cannot read them.
        """
        with opened(root) as repo:
            outputs = tuple(
                Output(Path(out.fs_path), out.hash_info.value, bool(out.persist))
                for out in repo.index.outs
                if out.use_cache and out.hash_info and out.hash_info.name == "md5"
            )
            return cls(outputs, Path(repo.cache.local.path))

    def object_path(self, oid: str) -> Path:
        """Return where the cache keeps an object."""
        return self.cache / oid[:2] / oid[2:]

    def objects(self) -> Iterator[tuple[str, Path]]:
        """Yield name and file of every object of the cache, those of earlier datasets too."""
        for path in sorted(self.cache.glob("[0-9a-f][0-9a-f]/*")):
            oid = path.parent.name + path.name
            if _OBJECT.fullmatch(oid) and path.is_file():
                yield oid, path

    def files_of(self, output: Output) -> dict[Path, str] | None:
        """Return the MD5 of each file of an output; None when the cache does not have the list of a folder."""
        if not output.oid.endswith(".dir"):
            return {output.path: output.oid}
        try:
            listed = files_listed(self.object_path(output.oid).read_bytes())
            return {output.path / name: md5 for name, md5 in listed.items()}
        except (OSError, ValueError, KeyError, TypeError):
            return None


def files_listed(content: bytes) -> dict[str, str]:
    """Return the MD5 of each file by its name in a folder, from DVC's list of them.

    Raises:
        ValueError, KeyError, TypeError: it is no such list.
    """
    listed: list[Mapping[str, Any]] = json.loads(content)
    return {str(entry["relpath"]): str(entry["md5"]) for entry in listed}
