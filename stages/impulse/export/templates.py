"""Texts of a dataset, from the templates beside this module."""

from __future__ import annotations

from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined


def filled(name: str, **facts: Any) -> str:  # noqa: ANN401 - whatever the template asks for
    """Return a template with its facts; one that it lacks is an error."""
    environment = Environment(
        loader=PackageLoader("impulse.export", ""),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    return environment.get_template(name).render(facts)
