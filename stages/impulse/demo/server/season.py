"""A synthetic season: the corpus as a league would upload it, in a tree of groups with all that makes real ones difficult.

The root has events, an event stages, a stage series, a series the games of two teams. Some games are there twice, as two
players recorded them; one is uploaded again to another group; of one the first upload is damaged and a later one is good;
one recording is listed and its file is gone; one stage is empty.
"""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass
from datetime import timedelta
from enum import Enum
from uuid import UUID

from impulse.demo.corpus import DemoReplay, Kind, corpus, with_flipped_bits
from impulse.demo.match.draws import Draws
from impulse.demo.match.people import Platform, roster
from impulse.demo.server.catalog import Catalog
from impulse.demo.server.entries import entry_of, recorded_at
from impulse.demo.writer.header import edit_header

ROOT = "Demo League 2026"
EVENTS = ("Major 1: Raleigh", "Open 4 / Europe", "Last Chance Qualifier & Finals", "World Championship")
STAGES = ("Swiss Stage", "Playoffs (Day 2 & 3)")
"""Stages of every event."""
EMPTY_STAGE = "Tiebreakers"
TEAMS = (
    "Boost Goblins", "Wall Dashers", "Kickoff Kings", "Corner Pads", "Équipe Démo", "Half Flip FC", "Post Hit",
    "Double Commit", "Pinch & Co.", "Air Roll Right", "The Whiffs", "Zero Boost",
)  # fmt: skip
GAMES = 3
"""Games of a series."""
DELETED_MATCH = 1
"""The match of which one more recording is listed whose file is gone."""
DAMAGED_MATCH = 2
"""The match whose first upload is damaged."""
MAX_SLUG = 32
"""Characters of a group's id before the last part (captured answers)."""

IDENTITY_LENGTH = 16


class _Upload(Enum):
    """What an upload of a match is; each is by another person."""

    MATCH = 0
    SECOND = 1
    """Another player's recording."""
    AGAIN = 2
    """The same recording."""
    DAMAGED = 3
    """The same recording, first and with wrong bytes."""
    DELETED = 4
    """A recording that is listed, and whose file is gone."""


MINUTES_TO_UPLOAD = {
    _Upload.DAMAGED: 12, _Upload.MATCH: 20, _Upload.DELETED: 31, _Upload.SECOND: 47, _Upload.AGAIN: 1440,
}  # fmt: skip
"""When each is made after the start of the match."""


@dataclass(frozen=True, slots=True)
class Season:
    """What a season has."""

    group: str
    """Id of its root."""
    recordings: int
    """Different recordings that can be had."""
    deleted: tuple[str, ...]
    """Ids of replays that are listed and whose file is gone."""
    damaged: tuple[str, ...]
    """Ids of replays whose file is damaged."""
    identity: str
    """Another where anything is another that the server lists; the same on every port."""


def add_season(catalog: Catalog, *, matches: int = 8, seed: int = 1, match_seconds: float = 75.0) -> Season:
    """Fill a server with a season; the same arguments give the same season.

    Args:
        catalog: the server.
        matches: number of different matches.
        seed: another seed gives other matches of other players.
        match_seconds: mean playing time of a match in s.
    """
    season = _Uploads(catalog, matches=matches, seed=seed)
    for item in corpus(matches=matches, seed=seed, duration_seconds=match_seconds):
        season.add(item)
    return season.done()


class _Uploads:
    """A season that is being uploaded."""

    def __init__(self, catalog: Catalog, *, matches: int, seed: int) -> None:
        self.catalog = catalog
        self.seed = seed
        self.people = [player for player in roster(seed) if player.platform is Platform.STEAM]
        self.root = self._group(ROOT)
        self.series = self._tree(-(-matches // GAMES))
        self.recordings = 0
        self.deleted: list[str] = []
        self.damaged: list[str] = []

    def done(self) -> Season:
        """Return what was uploaded."""
        catalog = self.catalog
        listed = json.dumps([catalog.entries, catalog.groups, catalog.children, catalog.members], sort_keys=True)
        identity = hashlib.sha256(listed.encode()).hexdigest()[:IDENTITY_LENGTH]
        return Season(self.root, self.recordings, tuple(self.deleted), tuple(self.damaged), identity)

    def add(self, item: DemoReplay) -> None:
        """Upload a file of the corpus as what it is, and what belongs to its match."""
        event, series = self.series[_match(item) // GAMES]
        if item.kind is Kind.CORRUPT:
            return
        if item.kind is Kind.COPY:
            self._upload(item, event, _Upload.AGAIN, item.data)
            return
        self.recordings += 1
        if item.kind is Kind.SECOND_RECORDING:
            self._upload(item, series, _Upload.SECOND, item.data)
            return
        if _match(item) == DAMAGED_MATCH:
            data = with_flipped_bits(item.data, seed=self.seed)
            self.damaged.append(self._upload(item, series, _Upload.DAMAGED, data))
        self._upload(item, series, _Upload.MATCH, item.data)
        if _match(item) == DELETED_MATCH:
            other = Draws(self.seed, "deleted", item.recording.replay_id).hex(32).upper()
            data = edit_header(item.data, {"Id": other})
            self.deleted.append(self._upload(item, series, _Upload.DELETED, data, rocket_league_id=other))
            del self.catalog.files[self.deleted[-1]]

    def _upload(self, item: DemoReplay, group: str, what: _Upload, data: bytes, **fields: object) -> str:
        """Add a replay; its id follows from its bytes, so that other bytes are never taken for these."""
        draws = Draws(self.seed, "upload", what.name, hashlib.sha256(data).hexdigest())
        replay_id = str(UUID(draws.hex(32)))
        uploader = self.people[(_match(item) + what.value) % len(self.people)]
        created = recorded_at(item.recording) + timedelta(minutes=MINUTES_TO_UPLOAD[what])
        return self.catalog.add_replay(
            replay_id,
            data,
            group,
            **{
                **entry_of(item.recording, seed=self.seed),
                "replay_title": f"{self.catalog.groups[group]} - Game {_match(item) % GAMES + 1}",
                "created": f"{created:%Y-%m-%dT%H:%M:%S}.{draws.integer(0, 999_999):06d}Z",
                "uploader": {"steam_id": str(uploader.number), "name": uploader.name},
                "groups": [{"id": group, "name": self.catalog.groups[group]}],
                **fields,
            },
        )

    def _tree(self, count: int) -> list[tuple[str, str]]:
        """Make the groups; return event and series of so many series, in their order."""
        draws = Draws(self.seed, "teams")
        stages = min(count, len(EVENTS) * len(STAGES))
        made: list[tuple[str, str]] = []
        for number in range(stages):
            if number % len(STAGES) == 0:
                event = self._group(EVENTS[number // len(STAGES)], self.root)
            stage = self._group(STAGES[number % len(STAGES)], event)
            series = count * (number + 1) // stages - count * number // stages
            made += [(event, self._group(" vs ".join(draws.sample(TEAMS, 2)), stage)) for _ in range(series)]
        self._group(EMPTY_STAGE, event)
        return made

    def _group(self, name: str, parent: str | None = None) -> str:
        """Add a group with an id as the service makes them: of its name, and a part that is unique."""
        slug = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")[:MAX_SLUG]
        unique = Draws(self.seed, "group", len(self.catalog.groups)).hex(10)
        return self.catalog.add_group(f"{slug}-{unique}", parent, name=name)


def _match(item: DemoReplay) -> int:
    """Return the number of the match that a file of the corpus is of."""
    return int(item.name.split("-")[1])
