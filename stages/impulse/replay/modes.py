"""Game modes and playlists: what was played, from the playlist's number and the class of the game.

Numbers are the game's own (BakkesMod's list of playlists, read 2026-11); names of playlists are the API's where it has
one (documentation of the API, read 2025-12). A private match is of the mode whose rules it started from, or, with items, of the mode
that has them; what else differs from a mode's own rules are mutators.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from enum import StrEnum


class GameMode(StrEnum):
    """Rules that a match was played by."""

    soccer = "soccer"
    hoops = "hoops"
    snowday = "snowday"
    rumble = "rumble"
    dropshot = "dropshot"
    dropshot_rumble = "dropshot_rumble"
    heatseeker = "heatseeker"
    gridiron = "gridiron"
    knockout = "knockout"
    special = "special"
    """A mode of limited time: ghost hunt, beach ball, spike rush, boomer ball, cubes, rocket labs, ..."""


PLAYLISTS: dict[int, tuple[str, GameMode | None]] = {
    1: ("unranked-duels", GameMode.soccer),
    2: ("unranked-doubles", GameMode.soccer),
    3: ("unranked-standard", GameMode.soccer),
    4: ("unranked-chaos", GameMode.soccer),
    6: ("private", None),
    7: ("season", None),
    8: ("offline", None),
    10: ("ranked-duels", GameMode.soccer),
    11: ("ranked-doubles", GameMode.soccer),
    12: ("ranked-solo-standard", GameMode.soccer),
    13: ("ranked-standard", GameMode.soccer),
    15: ("snowday", GameMode.snowday),
    16: ("rocketlabs", GameMode.special),
    17: ("hoops", GameMode.hoops),
    18: ("rumble", GameMode.rumble),
    22: ("tournament", None),
    23: ("dropshot", GameMode.dropshot),
    24: ("local-lobby", None),
    25: ("anniversary", GameMode.special),
    26: ("faceit", GameMode.soccer),
    27: ("ranked-hoops", GameMode.hoops),
    28: ("ranked-rumble", GameMode.rumble),
    29: ("ranked-dropshot", GameMode.dropshot),
    30: ("ranked-snowday", GameMode.snowday),
    31: ("ghost-hunt", GameMode.special),
    32: ("beach-ball", GameMode.special),
    33: ("spike-rush", GameMode.special),
    34: ("tournament", None),
    35: ("rocketlabs", GameMode.special),
    37: ("dropshot-rumble", GameMode.dropshot_rumble),
    38: ("heatseeker", GameMode.heatseeker),
    41: ("boomer-ball", GameMode.special),
    43: ("heatseeker-doubles", GameMode.heatseeker),
    44: ("winter-breakaway", GameMode.snowday),
    46: ("gridiron", GameMode.gridiron),
    47: ("spooky-cube", GameMode.special),
    48: ("tactical-rumble", GameMode.rumble),
    49: ("spring-loaded", GameMode.rumble),
    50: ("speed-demon", GameMode.special),
    52: ("gotham-city-rumble", GameMode.rumble),
    54: ("knockout", GameMode.knockout),
    61: ("ranked-quads", GameMode.soccer),
    63: ("ranked-heatseeker-doubles", GameMode.heatseeker),
}
"""Name of a playlist, and its mode; None where the playlist hosts several modes and the class of the game tells."""


def playlist_name(playlist_id: int | None) -> str | None:
    """Return the API's name of a playlist; None for one that is not known."""
    return PLAYLISTS[playlist_id][0] if playlist_id in PLAYLISTS else None


_CLASS_MODES = {
    "soccar": GameMode.soccer,
    "season": GameMode.soccer,
    "basketball": GameMode.hoops,
    "hockey": GameMode.snowday,
    "items": GameMode.rumble,
    "breakout": GameMode.dropshot,
    "ltm_dropshotrumble": GameMode.dropshot_rumble,
    "godball": GameMode.heatseeker,
    "heatseekerterritory": GameMode.heatseeker,
    "football": GameMode.gridiron,
    "knockout": GameMode.knockout,
    "ltm_beachball": GameMode.special,
}
_GAME_CLASS = re.compile(
    r"TAGame\.GameInfo_(\w+)_TA|GameInfo_(\w+)\.GameInfo\.\w+:GameReplicationInfoArchetype", re.IGNORECASE
)


_WITH_ITEMS = {GameMode.soccer: GameMode.rumble, GameMode.dropshot: GameMode.dropshot_rumble}
"""What modes become by items."""
_SPECIAL_ITEMS = {"ItemsMode_HauntedBallBeam"}
"""Sets of items that are a mode of their own: ghost hunt."""

OWN_RULES: dict[GameMode, frozenset[str]] = {
    GameMode.soccer: frozenset({"ball=default", "ball=worldcup"}),
    GameMode.rumble: frozenset({"ball=default", "ball=worldcup", "items=ItemsMode"}),
    GameMode.hoops: frozenset({"ball=basketball"}),
    GameMode.dropshot: frozenset({"ball=breakout", "boost_recharge_delay=0.25", "boost_recharge_rate=0.1"}),
    GameMode.heatseeker: frozenset({"ball=god", "unlimited_boost=true"}),
    GameMode.knockout: frozenset(
        {"boost_recharge_delay=0.5", "boost_recharge_on_ground=true", "boost_recharge_rate=0.32"}
    ),
}
"""Rules that the game sends in matches of its own playlists (real files of 2015 to 2026; in summer 2026 ranked matches had the ball of
the World Cup). Modes that are not here were seen in private matches only, which do not tell whose rules are whose."""


def mutators_of(rules: Sequence[str] | None, mode: GameMode | None) -> list[str] | None:
    """Return the rules that are not a mode's own, or not soccer's where a mode's own are not known; None where none are told."""
    own = OWN_RULES.get(mode or GameMode.soccer, OWN_RULES[GameMode.soccer])
    return None if rules is None else [rule for rule in rules if rule not in own]


def is_mutated(mutators: Sequence[str] | None, mode: str | None) -> bool | None:
    """Tell whether a match has mutators; None where they are not known, or which rules are the mode's own."""
    return None if mutators is None or mode not in OWN_RULES else bool(mutators)


def game_mode(playlist_id: int | None, objects: Iterable[str], items: str | None = None) -> GameMode | None:
    """Return the mode of a match; None when it is not known.

    Args:
        playlist_id: the playlist's number from the network data; None when the recording has none.
        objects: names of the replay's object table.
        items: the game's name of the set of items that is played with; None without items.
    """
    mode = _mode_without_items(playlist_id, objects)
    if items is None or mode not in _WITH_ITEMS:
        return mode
    return GameMode.special if items in _SPECIAL_ITEMS else _WITH_ITEMS[mode]


def _mode_without_items(playlist_id: int | None, objects: Iterable[str]) -> GameMode | None:
    if playlist_id is not None:
        if playlist_id not in PLAYLISTS:
            return None
        mode = PLAYLISTS[playlist_id][1]
        if mode is not None:
            return mode
    found = (
        match
        for name in objects
        if "GameInfo_" in name or "Gameinfo_" in name
        if (match := _GAME_CLASS.fullmatch(name))
    )
    classes = {(match[1] or match[2]).lower() for match in found}
    modes = {_CLASS_MODES.get(name) for name in classes}
    return modes.pop() if len(modes) == 1 else None
