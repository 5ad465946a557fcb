"""Boost pads on request: where those of the match are, and one row for each time that one was picked up.

Owns: the form of both tables, whose each pickup is, and what the car gained. Which states are pickups is in ``decoding/pads.py``.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from impulse.decoding.array_call import reading_raw_data
from impulse.decoding.attributes import FOR_PADS
from impulse.decoding.bodies import bodies_of
from impulse.decoding.boost import FULL, boost_of, updates_by_life
from impulse.decoding.cars import Drive, components, drives_and_demolitions
from impulse.decoding.pads import Pad, Pickup, pads_of
from impulse.decoding.parsed_file import ParsedFile
from impulse.decoding.people import Stint, people_of
from impulse.decoding.walk import Walk, walk_replay
from impulse.replay.container import read_header
from impulse.replay.facts import TEAMS, header_facts
from impulse.schema.pads import PAD_PLACES, size_of

USES = ("decoding",)
"""What this product uses beside the ground rooms; its digest covers them."""

Row = dict[str, Any]


def make_pads(file: ParsedFile) -> dict[str, list[Row]]:
    """Return the replay's rows of the tables pads, in the order of their numbers, and pad_pickups, in that of network frames.

    Raises:
        ReplayError: the parser refused the replay, or what it gives is not of the form expected; the reason code says how.
    """
    data = file.path.read_bytes()
    walk = walk_replay(data, FOR_PADS)
    header = read_header(data)
    map_name = header_facts(header)["map_code"]
    with reading_raw_data():
        pads = pads_of(walk, bodies_of(walk, header.net_version), map_name)
        taken = _numbered(pads)
        known = {"replay_id": file.replay_id}
        places = [
            {**known, "pad": number, "map": map_name, **_described(number, mine)} for number, mine in taken.items()
        ]
        cars = _Cars(walk)
        rows = [
            _row(pickup, after, pad, number, cars, file)
            for number, mine in taken.items()
            for pad in mine
            for pickup, after in pad.turns
        ]
    rows.sort(key=lambda row: (row["frame"], row["pad"]))
    return {"pads": places, "pad_pickups": [{**known, "pickup": number, **row} for number, row in enumerate(rows)]}


def _numbered(pads: Sequence[Pad]) -> dict[int, list[Pad]]:
    """Return pads by their numbers: those of the standard arena, unless none was recognised, and after them those without a place."""
    numbered: dict[int, list[Pad]] = {}
    if any(pad.place is not None for pad in pads):
        numbered = {place: [pad for pad in pads if pad.place == place] for place in range(len(PAD_PLACES))}
    others = [pad for pad in pads if pad.place is None]
    return numbered | {len(PAD_PLACES) + number: [pad] for number, pad in enumerate(others)}


def _described(number: int, mine: Sequence[Pad]) -> Row:
    is_place = number < len(PAD_PLACES)
    x, y, z = PAD_PLACES[number] if is_place else (None, None, None)
    size = size_of(number) if is_place else mine[0].size
    names = [pad.name for pad in mine]
    return {"names": names, "x": x, "y": y, "z": z, "size": size.name if size else None}


def _row(pickup: Pickup, after: Pickup | None, pad: Pad, number: int, cars: _Cars, file: ParsedFile) -> Row:
    times, size = cars.walk.times, pad.size
    time, row = float(times[pickup.frame]), file.row_at(float(times[pickup.frame]))
    stint = cars.stint(pickup)
    mine = {} if stint is None else _listed(file, cars.account(stint), TEAMS[stint.team], row)
    before = cars.boost_before(pickup)
    gained = None if size is None or before is None else min(size.grant, 100.0 - before)
    return {
        "pad": number,
        "frame": pickup.frame,
        "time": time,
        "row": row,
        "team": None if stint is None else TEAMS[stint.team],
        "player": mine.get("player"),
        "slot": mine.get("slot"),
        "amount": gained,
        "overfill": None if size is None or gained is None else size.grant - gained,
        "is_stolen": _is_stolen(pad, stint),
        **_back(pickup, after, pad, times),
    }


def _is_stolen(pad: Pad, stint: Stint | None) -> bool | None:
    if pad.place is None or stint is None:
        return None
    y = PAD_PLACES[pad.place][1]
    return y > 0 if stint.team == 0 else y < 0


def _back(pickup: Pickup, after: Pickup | None, pad: Pad, times: npt.NDArray[np.float32]) -> Row:
    """Return when a pad is there again: as told, else by the rules, unless it was picked up again before."""
    if pickup.back is not None:
        return {"back_frame": pickup.back, "back_time": float(times[pickup.back]), "is_back_recorded": True}
    due = None if pad.size is None else float(times[pickup.frame]) + pad.size.respawn_seconds
    if due is not None and after is not None and times[after.frame] < due:
        due = None
    return {"back_frame": None, "back_time": due, "is_back_recorded": False}


@dataclass(frozen=True)
class _Cars:
    """Who drives the cars of a walk, and how full their tanks are."""

    walk: Walk

    @cached_property
    def people(self) -> list[Any]:
        return people_of(self.walk)

    @cached_property
    def drives(self) -> Mapping[int, Sequence[Drive]]:
        """By car."""
        found: defaultdict[int, list[Drive]] = defaultdict(list)
        for drive in drives_and_demolitions(self.walk, self.people)[0]:
            found[drive.car].append(drive)
        return found

    @cached_property
    def tanks(self) -> Mapping[int, Sequence[tuple[int, int, int]]]:
        return components(self.walk, "Boost")

    @cached_property
    def amounts(self) -> dict[int, npt.NDArray[np.float32]]:
        """By component."""
        by_life = updates_by_life(self.walk)
        return {life: boost_of(self.walk, life, by_life) for of_car in self.tanks.values() for _, _, life in of_car}

    def account(self, stint: Stint) -> tuple[str, int]:
        person = self.people[stint.person]
        return person.id_text, person.local_id

    def stint(self, pickup: Pickup) -> Stint | None:
        """Return who drove the car, the last one that did so by then; None where that is not known."""
        mine = self.drives.get(pickup.car, ()) if pickup.car is not None else ()
        begun = [drive.stint for drive in mine if drive.start <= pickup.frame]
        return next(iter([*begun[-1:], *(drive.stint for drive in mine)]), None)

    def boost_before(self, pickup: Pickup) -> float | None:
        """Return the percent of a tank that the car had before; None where that is not known."""
        for start, end, life in self.tanks.get(pickup.car, ()) if pickup.car is not None else ():
            if start < pickup.frame < end:
                amount = self.amounts[life][pickup.frame - 1 - self.walk.lives[life].start]
                return None if np.isnan(amount) else float(amount) * 100 / FULL
        return None


def _listed(file: ParsedFile, account: tuple[str, int], team: str, row: int | None) -> Mapping[str, Any]:
    """Return the row of the stints table of somebody in a team: the last one that had begun, else the first.

    It is empty for nobody, and where several have one account and number, as the file then does not tell who it was.
    """
    players = {
        player["player"]
        for player, player_id in zip(file.players, file.player_ids, strict=True)
        if (player_id, player["local_id"]) == account
    }
    if len(players) > 1:
        return {}
    mine = sorted(
        (stint for stint in file.stints if stint["player"] in players and stint["team"] == team),
        key=lambda stint: stint["first_row"] or 0,
    )
    begun = [stint for stint in mine if row is None or (stint["first_row"] or 0) <= row]
    return next(iter([*begun[-1:], *mine]), {})
