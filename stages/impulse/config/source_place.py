"""Where a source was when it was read last, as far as the environment says so: DVC sees settings, not the environment."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from impulse.config.fetch import SourceKind
from impulse.files.disk import from_home
from impulse.files.output import output_file, write_text
from impulse.files.yaml_text import load_yaml
from impulse.s3.env_file import variables
from impulse.tables.paths import PARAMS_FILE

FOLDER_VARIABLE = "IMPULSE_REPLAYS"
"""Variable of the environment or ``.env`` that names the folder of replays, so that no committed file holds a path of one machine."""
BASE_URL_VARIABLE = "BALLCHASING_BASE_URL"
PLACE = "source_place"
"""File in .state."""
_NAMED_BY = {
    SourceKind.local: (FOLDER_VARIABLE, "path"),
    SourceKind.ballchasing: (BASE_URL_VARIABLE, "base_url"),
    SourceKind.s3: ("AWS_ENDPOINT_URL", None),
}
"""Variable that names the place, and the setting that is in its stead."""


def place_of(fetch: Mapping[str, Any], environ: Mapping[str, str], *, home: Path) -> str | None:
    """Return the place of a source that the environment or ``.env`` names; None where the settings do, or nobody does.

    Args:
        fetch: settings of the fetch stage.
        environ: the environment.
        home: the checkout with ``.env``, which relative paths start from.
    """
    variable, setting = _NAMED_BY.get(fetch.get("source", ""), (None, None))
    if variable is None or (setting is not None and fetch.get(setting)):
        return None
    value = variables(home / ".env", environ).get(variable, "").strip()
    if value and variable == FOLDER_VARIABLE:
        value = str((home / from_home(value)).resolve())
    return f"{variable}={value}" if value else None


def ledger_of(root: Path) -> Path:
    """Return the ledger of the source that params.yaml names; of Ballchasing.com where it names another or cannot be read.

    Args:
        root: folder of the checkout.
    """
    try:
        settings = load_yaml((root / PARAMS_FILE).read_text(encoding="utf-8"))
        source = SourceKind(settings["fetch"]["source"])
    except (OSError, UnicodeDecodeError, yaml.YAMLError, LookupError, TypeError, ValueError):
        source = SourceKind.ballchasing
    return root / ".state" / source.ledger


def remember_place(fetch: Mapping[str, Any], environ: Mapping[str, str], *, state: Path) -> None:
    """Note the place that was just read."""
    with output_file(state / PLACE) as partial:
        write_text(partial, (place_of(fetch, environ, home=state.parent) or "") + "\n")


def moved_place(root: Path, environ: Mapping[str, str]) -> str | None:
    """Return the present place of the source when another one was read last; None when there is nothing to look at again.

    Args:
        root: folder of the checkout, whose params.yaml is up to date.
        environ: the environment.
    """
    noted, params = root / ".state" / PLACE, root / PARAMS_FILE
    if not (noted.is_file() and params.is_file()):
        return None
    place = place_of(load_yaml(params.read_text(encoding="utf-8"))["fetch"], environ, home=root)
    return place if place is not None and f"{place}\n" != noted.read_text(encoding="utf-8") else None
