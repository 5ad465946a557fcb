"""Folders of conf/ whose presets a stage takes."""

from __future__ import annotations

OWN_GROUPS = {
    "fetch": ("source", "storage"),
    "parse": ("features",),
    "validate": ("quality",),
    "dedupe": ("dedupe",),
    "export": ("export",),
}
"""Folders of conf/ whose presets set a stage's own section, as in ``features=minimal``."""

COMMON_GROUPS = ("engine",)
"""Folders of conf/ whose presets any stage takes. Those of ``experiment`` set several sections: they are for whole builds."""


def groups(name: str) -> tuple[str, ...]:
    """Return the folders of conf/ whose presets a stage takes."""
    return (*OWN_GROUPS[name], *COMMON_GROUPS)


def concerns(name: str, override: str) -> bool:
    """Tell whether an override is about a stage: its section, its groups, or what is common to all."""
    first = override.lstrip("+~").partition("=")[0].partition("@")[0].split(".")[0].split("/")[0]
    return first in (name, "engine", "hydra", *groups(name))
