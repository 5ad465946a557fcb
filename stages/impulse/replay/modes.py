"""Game modes and playlists: what was played, from the playlist's number and the class of the game.

Numbers are the game's own (BakkesMod's list of playlists, read 2026-11); names of playlists are the API's where it has
one (documentation of the API, read 2025-12). Mutators of private matches are not recorded, so a private match counts as
the mode whose rules it started from.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
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


def game_mode(playlist_id: int | None, objects: Iterable[str]) -> GameMode | None:
    """Return the mode of a match; None when it is not known.

    Args:
        playlist_id: the playlist's number from the network data; None when the recording has none.
        objects: names of the replay's object table.
    """
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
