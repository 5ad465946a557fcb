"""params.yaml: made from conf/. A hand edit is never overwritten silently, and what an experiment left is never built unasked."""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import yaml
from dvc.utils.hydra import compose_and_dump
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.errors import HydraException
from omegaconf.errors import OmegaConfBaseException

from impulse.config.committed import committed
from impulse.config.composition import checked, differing_keys, translate
from impulse.config.conf_files import ENVIRONMENT, NO_ENVIRONMENT, PRIMARY, ConfFile, files_in_use, line_of, read_conf
from impulse.config.hydra_schema import CHECK, register_schema
from impulse.config.lock_file import LOCK_FILE, read_lock
from impulse.config.params import Params
from impulse.errors import ConfigError
from impulse.files.output import output_file, write_text
from impulse.files.yaml_text import load_yaml
from impulse.tables.paths import COMPOSED, PARAMS_FILE, WAY_BACK

EXPERIMENTS = ".state/experiments"
"""Digests of what DVC composed for its last experiments: such a params.yaml is nobody's edit."""
_LISTED = 5
"""How many settings a message names at most."""


def refresh(root: Path) -> list[str]:
    """Bring params.yaml up to date with conf/.

    Inside an experiment the file is left as DVC composed it. Elsewhere it is composed again, unless someone edited it by
    hand, which is refused with the place where the value belongs.

    Args:
        root: folder of the checkout.

    Returns:
        A line about each thing that changed.

    Raises:
        ConfigError: conf/ is wrong, or params.yaml was edited by hand.
    """
    target = root / PARAMS_FILE
    if "DVC_EXP_NAME" in os.environ:
        checked(Params, _load(target.read_text(encoding="utf-8")))
        return []
    composed = compose(root)
    current, said = _read(target) or composed, []
    if _is_cut_short(root, current, composed):
        said.append(f"{PARAMS_FILE} was cut short by a crash and is composed again")
        current = composed
    if current != composed:
        _refuse_hand_edit(root, current, composed)
    said += [f"{key}: {before} -> {after}" for key, before, after in differing_keys(_load(current), _load(composed))]
    for path in (root / COMPOSED, target):
        _write(path, composed)
    return said


def settle(root: Path) -> list[str]:
    """Compose away what an experiment that did not end left in params.yaml, before anything is built from it.

    One that ended, or was applied, stays: DVC has all its results, and nothing has to be built.

    Args:
        root: folder of the checkout.

    Returns:
        A line about each value that changed, or where params.yaml stays other than conf/ gives it.

    Raises:
        ConfigError: as :func:`refresh`.
    """
    current, composed = _read(root / PARAMS_FILE), compose(root)
    if not current or _is_cut_short(root, current, composed) or not _is_built(root, _load(current), _load(composed)):
        return [f"config: {line}" for line in refresh(root)]
    if _digest(current) not in (_read(root / EXPERIMENTS) or "").split():
        return []  # conf/ was edited: DVC sees that
    return [
        f"{PARAMS_FILE} has the values of an experiment, whose results stay: {_differences(root, current, composed)}"
    ]


def check(root: Path) -> None:
    """Check that params.yaml is what conf/ gives; a stage asks before it works on anything else.

    Args:
        root: folder of the checkout.

    Raises:
        ConfigError: it is not, which DVC alone does not notice after an experiment; the line names what differs.
    """
    composed, current = compose(root), _read(root / PARAMS_FILE) or ""
    if any(differing_keys(_load(current), _load(composed))):
        raise ConfigError(
            PARAMS_FILE, f"is of an experiment or another checkout: {_differences(root, current, composed)}"
        )
    with suppress(OSError):  # only saves the next stage from composing again
        _write(root / COMPOSED, current)


def compose(root: Path, overrides: Sequence[str] = ()) -> str:
    """Return the text of params.yaml for the present conf/, exactly as DVC would write it.

    Args:
        root: folder of the checkout.
        overrides: of an experiment, in Hydra's form.

    Raises:
        ConfigError: conf/ has a slip; a key is unknown, a value has the wrong type or is out of range; the line says
            where conf/ sets it.
    """
    conf = read_conf(root)
    overridden = _overridden(overrides)
    register_schema()
    with tempfile.TemporaryDirectory() as folder:
        written = Path(folder) / PARAMS_FILE
        try:
            compose_and_dump(written, str(root / "conf"), None, "config", str(root / "stages"), list(overrides))
            text = written.read_text(encoding="utf-8")
            if CHECK not in (root / PRIMARY).read_text(encoding="utf-8"):  # else that was done while composing
                checked(Params, _load(text))
        except (HydraException, OmegaConfBaseException, ConfigError) as error:
            raise _located(translate(error), conf, files_in_use(root, overrides), overridden) from error
    return text


def remember_experiments(root: Path, composed: Sequence[str]) -> None:
    """Keep what DVC is about to compose for experiments, so that it is known for theirs if they do not end."""
    with suppress(OSError):  # on a read-only disk there is nothing to remember it for
        _write(root / EXPERIMENTS, "".join(f"{_digest(text)}\n" for text in composed))


def _differences(root: Path, current: str, composed: str) -> str:
    """Return which settings are not those of conf/, and how to choose."""
    found = list(differing_keys(_load(current), _load(composed)))
    values = [f"{key} is {mine!r} and {other!r} in conf/" for key, mine, other in found[:_LISTED]]
    more = f", and {len(found) - _LISTED} more" if len(found) > _LISTED else ""
    return (
        f"{', '.join(values)}{more}; `python stages/config.py` goes back to conf/, an edit of "
        f"{_home_of(root, found[0][0])} keeps what was tried"
    )


def _overridden(overrides: Sequence[str]) -> set[str]:
    """Return the keys and groups that overrides set, of which none may be the layout's version or hold a secret."""
    try:
        parsed = OverridesParser.create().parse_overrides(list(overrides))
    except HydraException as error:
        raise translate(error) from error
    for override in parsed:
        if override.key_or_group == "params_version":
            raise ConfigError("params_version", "says which layout the settings have; it is not to be set")
        if ENVIRONMENT.search(override.input_line or ""):
            raise ConfigError(override.key_or_group, NO_ENVIRONMENT)
    return {override.key_or_group for override in parsed}


def _located(error: ConfigError, conf: dict[str, ConfFile], in_use: Sequence[str], overridden: set[str]) -> ConfigError:
    """Return the error with the line of conf/ that sets its key, unless an override does."""
    place = line_of(conf, in_use, error.key)
    if place is None or any(f"{error.key}.".startswith(f"{key}.") for key in overridden):
        return error
    return ConfigError(error.key, f"{str(error).removeprefix(f'{error.key}: ')} ({place[0]}, line {place[1]})")


def _load(text: str) -> dict[str, Any]:
    try:
        loaded = load_yaml(text) if text else {}
    except yaml.YAMLError as error:
        line = getattr(getattr(error, "problem_mark", None), "line", None)
        where = "" if line is None else f" (line {line + 1})"
        raise ConfigError(PARAMS_FILE, f"is cut short or damaged{where}; {WAY_BACK}") from error
    if not isinstance(loaded, dict):
        raise ConfigError(PARAMS_FILE, f"is cut short or damaged; {WAY_BACK}")
    return loaded


def _refuse_hand_edit(root: Path, current: str, composed: str) -> None:
    """Raise unless the file is as it was composed, or as DVC or git last recorded it: nobody's edit is in it.

    Where nothing was recorded, as in an unpacked archive that was never built, conf/ was edited: settings are edited there.
    """
    known = [text for text in (_read(root / COMPOSED), committed(root, PARAMS_FILE)) if text is not None]
    digest = hashlib.md5(current.encode(), usedforsecurity=False).hexdigest()
    locked, experiments = _locked(root), (_read(root / EXPERIMENTS) or "").split()
    values = _load(current)
    if current in known or digest in locked or _digest(current) in experiments or not (known or locked):
        return
    edits = list(differing_keys(values, _load(known[0] if known else composed)))
    if not edits:  # only comments or layout
        return
    key, by_hand, before = edits[0]
    raise ConfigError(
        key,
        f"params.yaml was edited by hand ({before!r} became {by_hand!r}); put the value into {_home_of(root, key)}, "
        f"or use `dvc exp run -S {key}=...`, then `rm {PARAMS_FILE} && python stages/config.py`",
    )


def _is_cut_short(root: Path, current: str, composed: str) -> bool:
    """Tell whether the file is the beginning of one that was known here: nobody's edit, and nothing is lost with it."""
    known = (composed, _read(root / COMPOSED), committed(root, PARAMS_FILE) if current != composed else None)
    return any(text is not None and text != current and text.startswith(current) for text in known)


def _is_built(root: Path, current: dict[str, Any], composed: dict[str, Any]) -> bool:
    """Tell whether every stage was built with what params.yaml has for it, and something of that is not what conf/ gives."""
    stages = _lock(root).get("stages", {}).values()
    recorded = {key: value for stage in stages for key, value in stage.get("params", {}).get(PARAMS_FILE, {}).items()}
    sections = {name for name in current if name not in ("params_version", "engine")}
    return (
        sections <= recorded.keys()
        and all(_value(current, key) == value for key, value in recorded.items())
        and any(differing_keys({key: _value(composed, key) for key in recorded}, recorded))
    )


def _value(values: Mapping[str, Any], key: str) -> Any:  # noqa: ANN401 - YAML
    """Return the value of a dotted key, None for one that is missing."""
    found: Any = values
    for part in key.split("."):
        found = found.get(part) if isinstance(found, Mapping) else None
    return found


def _digest(text: str) -> str:
    """Return a digest of the values, whatever their layout."""
    return hashlib.sha256(repr(sorted(_load(text).items())).encode()).hexdigest()


def _read(path: Path) -> str | None:
    try:
        return path.read_text(encoding="utf-8") if path.is_file() else None
    except UnicodeDecodeError as error:
        raise ConfigError(path.name, f"is cut short or damaged; {WAY_BACK}") from error


def _write(path: Path, text: str) -> None:
    if _read(path) != text:
        with output_file(path) as partial:
            write_text(partial, text)


def _lock(root: Path) -> dict[str, Any]:
    return read_lock(_read(root / LOCK_FILE) or "") or {}


def _locked(root: Path) -> set[str]:
    """Return the MD5 under which dvc.lock knows the file, as the result of a build or of an experiment."""
    outs = _lock(root).get("stages", {}).get("config", {}).get("outs", [])
    return {out.get("md5") for out in outs if out.get("path") == PARAMS_FILE}


def _home_of(root: Path, key: str) -> str:
    """Return the file of conf/ that sets a key, one of those in use where there are several."""
    register_schema()
    place = line_of(read_conf(root), files_in_use(root), key)
    return PRIMARY if place is None else place[0]
