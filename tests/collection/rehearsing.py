"""What rehearsals of a service that fails are held against: what the server truly has, and what must never leave."""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pyarrow.parquet as pq
from tests.collection.conftest import Place

from impulse.demo import edit_header, with_flipped_bits
from impulse.demo.server import KEY, DemoServer

ROOT_GROUP = "top"
TREE = {"a": "top", "b": "top", "c": "top", "deep": "b", "deeper": "deep"}
REPLAYS = 40
SECOND_UPLOADS = 4
DELETED, CORRUPT = "replay-07", "replay-21"
NEW_KEY = "the-next-key-of-the-demo-server"


def fill(server: DemoServer, replays: list[bytes]) -> None:
    """Give a server six groups with forty replays: second uploads, one in two groups, one deleted, one corrupt, one without an id."""
    for group, parent in TREE.items():
        server.add_group(group, parent)
    groups = [ROOT_GROUP, *TREE]
    recordings = REPLAYS - SECOND_UPLOADS
    for number in range(recordings):
        server.add_replay(f"replay-{number:02d}", replays[number], groups[number % len(groups)])
    for number in range(SECOND_UPLOADS):
        data, of = replays[number], server.entries[f"replay-{number:02d}"]["rocket_league_id"]
        if number % 2:  # recorded by another player
            data = edit_header(data, {"ReplayName": "Synthetic match, seen by another"})
        server.add_replay(f"upload-{number}", data, groups[-1 - number], rocket_league_id=of)
    server.members["a"].append("replay-05")
    server.entries["replay-11"]["rocket_league_id"] = None
    del server.files[DELETED]
    server.files[CORRUPT] = with_flipped_bits(server.files[CORRUPT])


@dataclass(frozen=True)
class Truth:
    """What a server has, by its own data alone."""

    recordings: dict[str, set[str]]
    """Ids of the uploads of each recording that has a good file."""
    groups_of: dict[str, set[str]]
    """Groups that each replay is in, with all above them."""
    files: dict[str, bytes]


def truth_of(server: DemoServer, *, bad: tuple[str, ...] = (CORRUPT,)) -> Truth:
    """Return what there is to be had of the group of the server."""
    above: dict[str, set[str]] = {}
    todo = [(ROOT_GROUP, {ROOT_GROUP})]
    while todo:
        group, path = todo.pop()
        above[group] = path
        todo += [(child, path | {child}) for child in server.children.get(group, [])]
    groups_of: dict[str, set[str]] = defaultdict(set)
    recordings: dict[str, set[str]] = defaultdict(set)
    for group, path in above.items():
        for replay_id in server.members.get(group, []):
            groups_of[replay_id] |= path
            recordings[server.entries[replay_id]["rocket_league_id"] or replay_id].add(replay_id)
    good = {
        key: ids for key, ids in recordings.items() if any(name in server.files and name not in bad for name in ids)
    }
    return Truth(good, groups_of, dict(server.files))


@dataclass
class Held:
    """A folder held against the truth."""

    missing: set[str]
    """Recordings that the server has and the folder has not."""
    unnamed: set[str]
    """Those of them that no table gives a reason for."""
    wrong: list[str]
    """Files that are not what the server has."""


def held_against(truth: Truth, folder: Path) -> Held:
    """Compare a folder with the truth."""
    kept = {path.stem: path.read_bytes() for path in folder.glob("*.replay")}
    wrong = sorted(name for name, data in kept.items() if truth.files.get(name) != data)
    missing = {key for key, ids in truth.recordings.items() if not ids & kept.keys()}
    named = _rows(folder, "rejects.parquet", "source_path", "reason")
    lists = _rows(folder, "listings.parquet", "group_id", "problem")
    unnamed = set()
    for key in missing:
        groups = set[str]().union(*(truth.groups_of[name] for name in truth.recordings[key]))
        if not any(named.get(name) for name in truth.recordings[key]) and not any(lists.get(name) for name in groups):
            unnamed.add(key)
    return Held(missing, unnamed, wrong)


def _rows(folder: Path, name: str, key: str, value: str) -> dict[str, str | None]:
    if not (folder / name).exists():
        return {}
    return {row[key]: row[value] for row in pq.read_table(folder / name).to_pylist()}


@dataclass
class Watch(logging.Handler):
    """Sees every log record, and remembers those that have a key."""

    leaks: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__(logging.DEBUG)

    __hash__ = logging.Handler.__hash__

    def emit(self, record: logging.LogRecord) -> None:
        """Look at a record."""
        text = f"{record.getMessage()} {record.exc_text or ''} {record.exc_info or ''}"
        if KEY in text or NEW_KEY in text:
            self.leaks.append(f"log: {text}")


@contextmanager
def watched() -> Iterator[Watch]:
    """See every log record of all libraries."""
    watch, root = Watch(), logging.getLogger()
    level = root.level
    root.addHandler(watch)
    root.setLevel(logging.DEBUG)
    try:
        yield watch
    finally:
        root.removeHandler(watch)
        root.setLevel(level)


def leaks(place: Place, *others: DemoServer) -> list[str]:
    """Return where a key is that it must not be: in calls to other hosts, or in a file."""
    found = [f"call to storage: {headers}" for headers in place.server.storage_headers if "Authorization" in headers]
    for other in others:
        found += [f"call to {other.url}: {headers}" for headers in other.headers if "Authorization" in headers]
    for path in place.folder.rglob("*"):
        if path.is_file() and any(key.encode() in path.read_bytes() for key in (KEY, NEW_KEY)):
            found.append(f"file: {path.name}")
    return found
