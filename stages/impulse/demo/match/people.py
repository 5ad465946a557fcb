"""Players of synthetic matches: platforms, ids and names.

Owns: the roster from which teams are drawn. Ids are shaped like each platform's, but lie outside the ranges
that platforms give to people.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum

from impulse.demo.match.draws import Draws


class Platform(Enum):
    """Where a player plays; the value is the header's name for it, after ``OnlinePlatform_``."""

    STEAM = "Steam"
    EPIC = "Epic"
    PLAYSTATION = "PS4"
    XBOX = "Dingo"
    SWITCH = "NNX"
    BOT = "Unknown"


@dataclass(frozen=True, slots=True)
class Player:
    """One player, the same in every match he plays."""

    name: str
    platform: Platform
    number: int
    """Numeric id of the platform; 0 for Epic players and bots."""
    account: str = ""
    """Epic: 32 lower-case hex digits. PlayStation: at most 16 ASCII characters. Else empty."""
    local_id: int = 0
    """Number at the screen: a guest, who plays on another one's account, has 1."""


NAMES = (
    "Boost Goblin", "Zoë", "Łukasz", "さくら", "wall dash 🚀", "Ñandú", "kickoff_king", "Иван",
    "Müller", "ball", "Élodie", "김민준", "half flip", "Åse", "demo🧨only", "Žofia",
    "corner.pad", "Søren", "阿明", "pinch+pinch", "Chloé", "Ωmega", "flip reset", "Jürgen",
    "speedflip", "Δelta", "Post Hit", "naïve_GK", "🐢", "double commit", "José", "whiff",
)  # fmt: skip
"""Latin-1 names are stored in the 8-bit form, others in UTF-16; one is a word that readers use as a key."""

BOT_NAMES = ("Sundown", "Goose", "Jester", "Merlin", "Iceman", "Viper", "Caveman", "Tex")
"""Names that the game gives to bots (real replays)."""

_HUMANS = (Platform.STEAM, Platform.EPIC, Platform.PLAYSTATION, Platform.XBOX, Platform.SWITCH)
# Individual Steam accounts start at 76561197960265728 and Xbox ids at 2533274790395904; these stay below.
_FIRST_NUMBER = {
    Platform.STEAM: 76_561_190_000_000_000,
    Platform.EPIC: 0,
    Platform.PLAYSTATION: 1_000_000_000_000_000_000,
    Platform.XBOX: 2_533_000_000_000_000,
    Platform.SWITCH: 100_000_000_000_000_000,
}


def roster(seed: int) -> tuple[Player, ...]:
    """Return the players of all matches with this seed, one for each name, platforms taking turns."""
    draws = Draws(seed, "roster")
    first_platform = draws.integer(0, len(_HUMANS) - 1)
    players = []
    for index, name in enumerate(NAMES):
        platform = _HUMANS[(first_platform + index) % len(_HUMANS)]
        number = 0 if platform is Platform.EPIC else _FIRST_NUMBER[platform] + draws.integer(1, 899_999_999)
        account = {Platform.EPIC: "de30" + draws.hex(28), Platform.PLAYSTATION: f"demo_{draws.hex(8)}"}.get(
            platform, ""
        )
        players.append(Player(name, platform, number, account))
    return tuple(players)


def guest(host: Player) -> Player:
    """Return who plays at the same screen, on the same account and by his host's name with a number."""
    return replace(host, name=f"{host.name}(2)", local_id=1)


def bot(index: int) -> Player:
    """Return a bot; bots have no id."""
    return Player(BOT_NAMES[index % len(BOT_NAMES)], Platform.BOT, 0)
