"""The catalogue of kinds of events is complete: every kind and field that the parser tells is in it, as what it is."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
import subtr_actor
from tests.decoding.test_decoders_agree import real_files

from impulse.decoding.array_call import id_text
from impulse.decoding.parsed_file import ParsedFile
from impulse.demo import Recording
from impulse.products import events as events_module
from impulse.products.events import make_events
from impulse.tables.event_kinds.catalogue import EVENT_KINDS
from impulse.tables.event_kinds.document import events_document
from impulse.tables.event_kinds.kind import BOOST, Field, Type, paths
from impulse.tables.event_kinds.shared import SHARED
from impulse.tables.statistics.match import GOALS

UNITS = {"", "s", "uu", "uu/s", "deg", "rad", "1/100 rad/s", BOOST}


def is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def is_whole(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def is_of(value: object, field: Field) -> bool:
    """Tell whether a value is of the field's type, and one of its words where they are listed."""
    match field.type:
        case Type.NUMBER:
            return is_number(value)
        case Type.WHOLE:
            return is_whole(value)
        case Type.PLAYER:
            return is_whole(value) or isinstance(value, str)
        case Type.TRUTH:
            return isinstance(value, bool)
        case Type.TEXT:
            return isinstance(value, str) and (not field.values or value in field.values)
        case Type.TEXTS:
            return isinstance(value, list) and set(value) <= {*field.values}
        case Type.VECTOR:
            return isinstance(value, list) and len(value) in (2, 3) and all(map(is_number, value))
        case Type.PLACE:
            return isinstance(value, Mapping) and value.keys() == {*"xyz"} and all(map(is_number, value.values()))
        case Type.PARTS:
            return isinstance(value, Mapping)
        case Type.LIST:
            return isinstance(value, list) and all(isinstance(item, Mapping) for item in value)


def unknown(detail: Mapping[str, Any], fields: Mapping[str, Field], where: str) -> Iterator[str]:
    """Yield what is not in the catalogue, or something else than it says."""
    for name, value in detail.items():
        field = fields.get(name)
        if field is None:
            yield f"{where}.{name}"
        elif value is not None:
            if not is_of(value, field):
                yield f"{where}.{name} = {value!r}"
            elif field.type is Type.PARTS:
                yield from unknown(value, field.fields, f"{where}.{name}")
            elif field.type is Type.LIST:
                for item in value:
                    yield from unknown(item, field.fields, f"{where}.{name}")


def events_of(told: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """Return the rows of what the parser told, of a table of players that has all."""
    people = {
        id_text(told_of)
        for event in told
        for who in ("primary", "secondary")
        if (told_of := event["meta"].get(f"{who}_player"))
    }
    monkeypatch.setattr(events_module, "call_events", lambda path: told)
    file = ParsedFile(
        Path("any"),
        "r",
        players=[{"player": number} for number in range(len(people))],
        player_ids=sorted(people),
        stints=[{"player": number, "slot": number, "team": "blue", "first_row": 0} for number in range(len(people))],
        frame_time=np.array([0.0, 1e6], dtype=np.float32),
        frames=pa.table({}),
    )
    return make_events(file)["events"]


def wrong(paths: Iterable[Path], monkeypatch: pytest.MonkeyPatch) -> tuple[set[str], set[str], set[tuple[str, str]]]:
    """Return what is not as the catalogue says, and which kinds and fields there are."""
    found: set[str] = set()
    kinds: set[str] = set()
    seen: set[tuple[str, str]] = set()
    for path in paths:
        try:
            told = subtr_actor.get_stats_events(path)["events"]
        except Exception:  # noqa: BLE001  (the parser's own; such a file has no events)
            continue
        for event in told:
            meta = event["meta"]
            kind = EVENT_KINDS.get(meta["stream"])
            if kind and kind.scope != meta["scope"]:
                found.add(f"{meta['stream']} of a {meta['scope']}")
        for row in events_of(told, monkeypatch):
            name, kind = row["kind"], EVENT_KINDS.get(row["kind"])
            kinds.add(name)
            if kind is None:
                found.add(name)
                continue
            detail = json.loads(row["detail"])
            seen.update((name, field) for field in detail)
            found.update(unknown(detail, kind.fields, name))
            if kind.has_length is not None and kind.has_length != (row["end_frame"] is not None):
                found.add(f"{name} with end {row['end_frame']}")
            if (row["other_player"] is None) == bool(kind.other):
                found.add(f"{name} with other player {row['other_player']}")
            known = {f"{group}={value}" if group else value for group, values in kind.tags.items() for value in values}
            found.update(f"{name} is {tag}" for tag in {*(row["tags"] or ())} - known)
    return found, kinds, seen


def test_synthetic_matches_have_no_kind_without_a_meaning(
    synthetic: tuple[Path, Recording], monkeypatch: pytest.MonkeyPatch
) -> None:
    found, kinds, _ = wrong([synthetic[0]], monkeypatch)
    assert found == set()
    assert len(kinds) > 15


@pytest.mark.heavy
def test_real_matches_have_no_kind_without_a_meaning(real_replays: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """And the catalogue has no kind and no field that no file tells."""
    found, kinds, seen = wrong(real_files(real_replays), monkeypatch)
    assert found == set()
    assert kinds == EVENT_KINDS.keys()
    assert {(name, field) for name, kind in EVENT_KINDS.items() for field in kind.fields} == seen


def test_what_the_catalogue_lacks_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    """The checks above find a new field, another type, a new word and a new kind."""
    field = EVENT_KINDS["kickoff"].fields["team_one_taker"]
    taker = {"new": 1, "outcome": "slept", "boost_used": "all", "player": 3, "start_position": [1.0, 2.0, 3.0]}
    assert sorted(unknown(taker, field.fields, "k")) == ["k.boost_used = 'all'", "k.new", "k.outcome = 'slept'"]
    told = [
        {"meta": {"stream": "new", "timing": {"type": "moment", "frame": 1, "time": 1.0}}, "payload": {"payload": {}}}
    ]
    assert events_of(told, monkeypatch)[0]["kind"] not in EVENT_KINDS


def test_the_catalogue_is_in_words_of_the_house() -> None:
    """Every meaning is there, units are few, an object has fields, and a shared field is used by more than one kind."""
    for name, kind in EVENT_KINDS.items():
        assert kind.meaning.endswith("."), name
        assert kind.scope in ("player", "team", "match")
        for path, field in paths(kind.fields):
            assert field.meaning, (name, path)
            assert field.unit in UNITS, (name, path)
            assert bool(field.fields) == (field.type in (Type.PARTS, Type.LIST)), (name, path)
    every = [field for kind in EVENT_KINDS.values() for _, field in paths(kind.fields)]
    assert [name for name, field in SHARED.items() if sum(one is field for one in every) < 2] == []
    assert set(EVENT_KINDS["goal_context"].tags[""]) == {module.name for module in GOALS}


def test_the_document_has_every_kind_and_field() -> None:
    text = events_document()
    for name, kind in EVENT_KINDS.items():
        section = text.split(f"\n## {name}\n")[1].split("\n## ")[0]
        assert kind.meaning in section
        for field in kind.fields:
            assert f"`{field}`" in section or f"| {field} |" in section, (name, field)
