"""params.yaml: made from conf/; a hand edit is never overwritten silently."""

from __future__ import annotations

import hashlib
import logging
import os
import re
import tempfile
from pathlib import Path
from typing import Any

import yaml
from dvc.utils.hydra import compose_and_dump
from hydra.errors import HydraException
from omegaconf.errors import OmegaConfBaseException

from impulse.config.committed import committed
from impulse.config.composition import checked, differing_keys, translate
from impulse.config.hydra_schema import register_schema
from impulse.config.lock_file import LOCK_FILE, read_lock
from impulse.config.params import Params
from impulse.errors import ConfigError
from impulse.files.output import output_file, write_text

log = logging.getLogger(__name__)

PARAMS_FILE = "params.yaml"
GENERATED = ".state/params.yaml"
"""Copy of the params.yaml that was composed last in this checkout."""
_PACKAGE = re.compile(r"^#\s*@package\s+(\S+)", re.MULTILINE)


def refresh(root: Path) -> None:
    """Bring params.yaml up to date with conf/.

    Inside an experiment the file is left as DVC composed it. Elsewhere it is composed again, unless someone edited it by
    hand, which is refused with the place where the value belongs.

    Args:
        root: folder of the checkout.

    Raises:
        ConfigError: conf/ is wrong, or params.yaml was edited by hand.
    """
    target = root / PARAMS_FILE
    if "DVC_EXP_NAME" in os.environ:
        checked(Params, _load(target.read_text(encoding="utf-8")))
        return
    composed = compose(root)
    current = target.read_text(encoding="utf-8") if target.is_file() else composed
    if current != composed:
        _refuse_hand_edit(root, current, composed)
    for key, before, after in differing_keys(_load(current), _load(composed)):
        print(f"config: {key}: {before} -> {after}", flush=True)  # noqa: T201 - a line for the user of dvc repro
    for path in (root / GENERATED, target):
        if not path.is_file() or path.read_text(encoding="utf-8") != composed:
            with output_file(path) as partial:
                write_text(partial, composed)


def compose(root: Path) -> str:
    """Return the text of params.yaml for the present conf/, exactly as DVC would write it.

    Raises:
        ConfigError: a key is unknown, a value has the wrong type or is out of range.
    """
    register_schema()
    with tempfile.TemporaryDirectory() as folder:
        written = Path(folder) / PARAMS_FILE
        try:
            compose_and_dump(written, str(root / "conf"), None, "config", str(root / "stages"), [])
        except (HydraException, OmegaConfBaseException) as error:
            raise translate(error) from error
        return written.read_text(encoding="utf-8")


def _load(text: str) -> dict[str, Any]:
    loaded = yaml.safe_load(text) or {}
    if not isinstance(loaded, dict):
        raise ConfigError(PARAMS_FILE, "is not a mapping; restore it with `git checkout params.yaml`")
    return loaded


def _refuse_hand_edit(root: Path, current: str, composed: str) -> None:
    """Raise unless the file is as it was composed, or as DVC or git last recorded it: nobody's edit is in it."""
    known = [text for text in (_read(root / GENERATED), committed(root, PARAMS_FILE)) if text is not None]
    digest = hashlib.md5(current.encode(), usedforsecurity=False).hexdigest()
    if current in known or digest in _locked(root):
        return
    edits = list(differing_keys(_load(current), _load(known[0] if known else composed)))
    if not edits:  # only comments or layout
        return
    key, by_hand, before = edits[0]
    raise ConfigError(
        key,
        f"params.yaml was edited by hand ({before!r} became {by_hand!r}); put the value into {_home_of(root, key)}, "
        f"or use `dvc exp run -S {key}=...`, then `git checkout {PARAMS_FILE}`",
    )


def _read(path: Path) -> str | None:
    return path.read_text(encoding="utf-8") if path.is_file() else None


def _locked(root: Path) -> set[str]:
    """Return the MD5 under which dvc.lock knows the file, as the result of a build or of an experiment."""
    lock = read_lock(_read(root / LOCK_FILE) or "") or {}
    outs = lock.get("stages", {}).get("config", {}).get("outs", [])
    return {out.get("md5") for out in outs if out.get("path") == PARAMS_FILE}


def _home_of(root: Path, key: str) -> str:
    """Return the file of conf/ that sets a key, one of those in use where there are several."""
    conf = root / "conf"
    primary = conf / "config.yaml"
    defaults = yaml.safe_load(primary.read_text(encoding="utf-8")).get("defaults", [])
    groups = [next(iter(entry.items())) for entry in defaults if isinstance(entry, dict)]
    in_use = [conf / group / f"{option}.yaml" for group, option in groups if option]
    return next(
        (path.relative_to(root).as_posix() for path in (primary, *in_use) if path.is_file() and _sets(path, key)),
        primary.relative_to(root).as_posix(),
    )


def _sets(path: Path, key: str) -> bool:
    text = path.read_text(encoding="utf-8")
    package = _PACKAGE.search(text)
    prefix = package.group(1).split(".") if package and package.group(1) != "_global_" else []
    parts = key.split(".")
    if parts[: len(prefix)] != prefix:
        return False
    node: Any = yaml.safe_load(text) or {}
    for part in parts[len(prefix) :]:
        if not isinstance(node, dict) or part not in node:
            return False
        node = node[part]
    return True
