"""docs/events.md: every kind of events, and the fields of its detail. ``make docs`` writes it."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping

from impulse.tables.event_kinds.catalogue import EVENT_KINDS
from impulse.tables.event_kinds.kind import BOOST, Field, Kind, paths
from impulse.tables.event_kinds.shared import SHARED

_HEAD = ("| field | type | unit | meaning |", "| --- | --- | --- | --- |")

_INTRODUCTION = f"""# Events

`parse.events` gives the table `events.parquet` ([columns](../data/README.md#eventsparquet)): what subtr-actor-py finds by its
own rules, whose words and thresholds (of version 1.5.1) these are. `kind` says what happened; `detail`, a JSON object, has what
else is told of it. Times are those of the network frames. Fields that have the name and the value of a column are left out of
the detail, and any of them may be null. Where a player was at an event, the frames tell: `p{{slot}}_pos_*` in `row`. An event
is a change of a value, not one that a keyframe sends again: no kind is on keyframes more often than chance. Only in recordings
of 2016 and early 2017 that send bodies or amounts of boost seconds late, changes have the keyframe that tells them. Boost is in
{BOOST} here, where frames and statistics have 0 to 100. Blue is called zero, orange one.

This page is generated from `impulse.tables.event_kinds` (`make docs`). A kind or field that an upgrade of the parser adds is kept in
the table by its name, and is not here until it has a meaning."""


def events_document() -> str:
    """Return the text of docs/events.md."""
    lines = [_INTRODUCTION, "", "| kind | of a | length | meaning |", "| --- | --- | --- | --- |"]
    lines += [
        f"| [{name}](#{name}) | {kind.scope} | {_LENGTHS[kind.has_length]} | {kind.meaning} |"
        for name, kind in EVENT_KINDS.items()
    ]
    lines += ["", "## Fields of several kinds", "", *_HEAD]
    lines += [_row(name, field) for name, field in SHARED.items()]
    for name, kind in EVENT_KINDS.items():
        lines += ["", f"## {name}", "", kind.meaning, "", *_details(kind)]
    return "\n".join(lines) + "\n"


_LENGTHS = {True: "span", False: "moment", None: "either"}


def _details(kind: Kind) -> Iterator[str]:
    people = [f"`{column}`: {who}" for column, who in (("player", kind.player), ("other_player", kind.other)) if who]
    if people:
        yield f"- People: {'; '.join(people)}."
    if kind.tags:
        groups = (f"{group}={'/'.join(values)}" if group else ", ".join(values) for group, values in kind.tags.items())
        yield f"- Tags: {'; '.join(groups)}."
    shared = [f"`{name}`" for name, field in kind.fields.items() if SHARED.get(name) is field]
    if shared:
        yield f"- Fields of several kinds: {', '.join(shared)}."
    own = {name: field for name, field in kind.fields.items() if SHARED.get(name) is not field}
    if own:
        yield from ("", *_HEAD, *_rows(own))


def _rows(fields: Mapping[str, Field]) -> Iterator[str]:
    """Yield a row for each field, and for those inside of it; what is inside of two is told of the first."""
    told: dict[int, str] = {}
    for path, field in paths(fields):
        parent = path.rpartition(".")[0]
        if parent and told.get(id(_at(fields, parent).fields)) != parent:
            continue
        first = told.setdefault(id(field.fields), path) if field.fields else path
        yield _row(path, field, "" if first == path else f"; fields as of `{first}`")


def _at(fields: Mapping[str, Field], path: str) -> Field:
    """Return the field at a path."""
    name, _, rest = path.partition(".")
    return _at(fields[name].fields, rest) if rest else fields[name]


def _row(name: str, field: Field, further: str = "") -> str:
    values = f": {', '.join(field.values)}" if field.values else ""
    return f"| {name} | {field.type.value} | {field.unit} | {field.meaning}{values}{further} |"


if __name__ == "__main__":
    sys.stdout.write(events_document())
