"""Encodings of replicated attributes, from game terms to bit strings.

Owns: the layout of each attribute type and how it differs between format versions. Rigid bodies, which make
up most of a replay, are encoded in bulk by :mod:`impulse.demo.writer.rigid_body`.
"""

from __future__ import annotations

from dataclasses import astuple

from impulse.demo.match.equipment import Camera, Car
from impulse.demo.match.people import Platform, Player
from impulse.demo.writer.bits import ONE, ZERO, Bits, bounded, byte, flag, float32, int32, join, raw, uint64
from impulse.demo.writer.texts import encode_text
from impulse.demo.writer.version import DemolishFormat, FormatVersion

NOBODY = -1
"""Actor id that points to no actor."""

AVAILABLE = 255
"""State of a boost pad that can be picked up again."""

LOADOUT_VERSION = 28
"""Version of the loadouts written; it gives sixteen product ids (files of 2020 and later)."""

LOADOUT_PARTS = 26
"""Parts of a car of which the game tells properties in a list for each (real files of 2025)."""
TITLE_PART = 21
"""Which of them is the title (real files)."""

Triple = tuple[float, float, float]


def text(value: str) -> Bits:
    """Return a text."""
    return raw(encode_text(value))


def actor(actor_id: int) -> Bits:
    """Return a reference to an actor, or to nobody."""
    return join(flag(actor_id != NOBODY), int32(actor_id))


def object_reference(index: int) -> Bits:
    """Return a reference to an entry of the object table in the place of an actor."""
    return join(ZERO, int32(index))


def stat_event(index: int) -> Bits:
    """Return an event of the scoreboard, named by its entry in the object table."""
    return join(ONE, int32(index))


def vector(values: Triple, version: FormatVersion) -> Bits:
    """Return a vector rounded to whole units."""
    whole = [round(float(value)) for value in values]
    size = max(max(abs(value) for value in whole).bit_length() - 1, 0)
    bias = 1 << (size + 1)
    return join(bounded(size, version.vector_limit), *(Bits(value + bias, size + 2) for value in whole))


def unique_id(player: Player, version: FormatVersion) -> Bits:
    """Return the network id of a player; the game gives bots none, or one of zeros."""
    match player.platform:
        case Platform.STEAM:
            system, content = 1, uint64(player.number)
        case Platform.PLAYSTATION:
            system, content = 2, raw(playstation_block(player, version))
        case Platform.XBOX:
            system, content = 4, uint64(player.number)
        case Platform.SWITCH:
            system, content = 6, join(uint64(player.number), Bits(0, 24 * 8))
        case Platform.EPIC:
            system, content = 11, text(player.account)
        case Platform.BOT:
            system, content = 0, Bits(0, 24)
    return join(byte(system), content, byte(player.local_id))


def playstation_block(player: Player, version: FormatVersion) -> bytes:
    """Return a PlayStation id: 16 bytes of name, 16 (earlier 8) of region and console, the number."""
    name = player.account.encode("ascii").ljust(16, b"\0")
    region = b"a0usps4\0\1".ljust(version.playstation_bytes, b"\0")[: version.playstation_bytes]
    return name + region + player.number.to_bytes(8, "little")


def loadouts(cars: tuple[Car, Car], version: FormatVersion) -> Bits:
    """Return a player's cars as blue and as orange, or in the first year one for both."""
    return join(*(_loadout(car) for car in (cars if version.has_two_loadouts else cars[:1])))


def _loadout(car: Car) -> Bits:
    parts = (car.body, car.decal, car.wheels, car.rocket_trail, 0, car.topper, 0, 0, 0, 0, 0, car.banner, 0, 0, 0, 0)
    return join(byte(LOADOUT_VERSION), *(Bits(part, 32) for part in parts))


def loadout_titles(title: str, title_object: int) -> Bits:
    """Return the properties of a player's parts, the same for both teams, of which only the title has one."""
    none = Bits(0, 8)
    of_title = join(byte(1), ZERO, int32(title_object), text(title))
    one = join(byte(LOADOUT_PARTS), *(of_title if part == TITLE_PART else none for part in range(LOADOUT_PARTS)))
    return join(one, one, Bits(0, 2))


def camera_settings(camera: Camera, version: FormatVersion) -> Bits:
    """Return a player's camera preset."""
    count = 7 if version.has_camera_transition else 6
    return join(*(float32(value) for value in astuple(camera)[:count]))


def boost(amount: int, *, grants: int, version: FormatVersion) -> Bits:
    """Return a report of a car's boost, 0..255, which ``grants`` grants led to."""
    if version.counts_grants:
        return join(byte(grants % 256), byte(amount), Bits(0, 16))
    return byte(amount)


def unlimited_boost(version: FormatVersion) -> tuple[str, Bits]:
    """Return what a boost component tells where boost is unlimited: field and value."""
    if version.counts_unlimited_boost:
        return "TAGame.CarComponent_Boost_TA:UnlimitedBoostRefCount", int32(1)
    return "TAGame.CarComponent_Boost_TA:bUnlimitedBoost", ONE


def pickup(car: int, *, state: int, version: FormatVersion) -> Bits:
    """Return a boost pad's state: picked up by a car (1, 2, ...), or available again (nobody, AVAILABLE)."""
    instigator = join(ONE, int32(car)) if car != NOBODY else ZERO
    return join(instigator, byte(state) if version.is_recent else flag(state != AVAILABLE))


def explosion(scorer: int, *, place: Triple, version: FormatVersion) -> Bits:
    """Return a goal explosion, at a place in uu, with the scorer's PRI.

    The first actor of real files is an object number that readers may take for an actor id, hence nobody
    here.
    """
    if version.is_recent:
        return join(ZERO, int32(NOBODY), vector(place, version), ONE, int32(scorer))
    return join(ONE, int32(scorer), vector(place, version))


def demolish(
    cars: tuple[int, int],
    *,
    attacker_pri: int,
    velocities: tuple[Triple, Triple],
    kind: DemolishFormat,
    version: FormatVersion,
) -> Bits:
    """Return a demolition: attacker's and victim's car, and their velocities in uu/s; the attacker can be NOBODY."""
    attacker, victim = (actor(car) for car in cars)
    speeds = join(*(vector(velocity, version) for velocity in velocities))
    nobody = actor(NOBODY)
    match kind:
        case DemolishFormat.EXTENDED:
            return join(actor(attacker_pri), nobody, ZERO, nobody, attacker, victim, speeds)
        case DemolishFormat.EFFECT | DemolishFormat.CUSTOM:
            return join(nobody, attacker, victim, speeds)
        case DemolishFormat.OLDEST:
            return join(attacker, victim, speeds)
