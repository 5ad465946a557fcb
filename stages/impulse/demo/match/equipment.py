"""What players of synthetic matches play with: cars, cameras, steering, titles and parties.

Owns: what each person has, the same in every match, and who came together in one.
"""

from __future__ import annotations

from dataclasses import dataclass

from impulse.demo.match.draws import Draws
from impulse.demo.match.people import Platform, Player
from impulse.demo.match.truth import Match

BODIES = (23, 4284, 29, 403, 803, 22, 28, 30)
"""Product numbers of car bodies, of all families of hitboxes: Octane, Fennec, Hotshot, Dominus, Batmobile, Breakout, X-Devil,
Merc."""
TITLES = ("Est_2016", "RP1_BallChaser", "XP_EliteChallenger")
"""Titles by the game's own words (real files)."""
DEFAULT_STEERING = 1.0
"""Steering sensitivity that everyone begins with (real files)."""


@dataclass(frozen=True, slots=True)
class Car:
    """Product numbers of a car; 0 is a part that it does not have."""

    body: int
    decal: int
    wheels: int
    rocket_trail: int
    topper: int
    banner: int


@dataclass(frozen=True, slots=True)
class Camera:
    """Settings of a camera."""

    fov: float
    """Degrees."""
    height: float
    """uu."""
    angle: float
    """Degrees, downwards negative."""
    distance: float
    """uu."""
    stiffness: float
    swivel: float
    transition: float


@dataclass(frozen=True, slots=True)
class Equipment:
    """What one player plays with."""

    cars: tuple[Car, Car]
    """His car as blue and as orange."""
    camera: Camera | None
    """None for bots."""
    steering: float
    title: str | None
    title_number: int
    party_leader: Player | None


def equipment(match: Match, number: int) -> Equipment:
    """Return what a player of a match plays with."""
    player = match.players[number].player
    is_bot = player.platform is Platform.BOT
    draws = Draws("equipment", player.name, player.number, player.account)
    cars = _car(draws), _car(draws)
    camera = Camera(
        fov=float(draws.integer(90, 110)),
        height=10.0 * draws.integer(8, 14),
        angle=-float(draws.integer(2, 9)),
        distance=10.0 * draws.integer(24, 31),
        stiffness=draws.integer(0, 20) / 20,
        swivel=draws.integer(10, 100) / 10,
        transition=draws.integer(10, 20) / 10,
    )
    steering = draws.choice((DEFAULT_STEERING, DEFAULT_STEERING, 1.3, 1.55, 2.0))
    title = draws.choice((None, *TITLES))
    return Equipment(
        cars,
        None if is_bot else camera,
        DEFAULT_STEERING if is_bot else steering,
        None if is_bot else title,
        0 if is_bot else draws.integer(0, 99),
        None if is_bot else _party_leader(match, match.players[number].team, number),
    )


def _car(draws: Draws) -> Car:
    return Car(draws.choice(BODIES), *(draws.choice((0, draws.integer(300, 9000))) for _ in range(5)))


def _party_leader(match: Match, team: int, number: int) -> Player | None:
    """Return who leads a player's party: in some teams the first two people came together."""
    people = [
        other
        for other, who in enumerate(match.players)
        if who.team == team and who.player.platform is not Platform.BOT and not who.is_late
    ]
    came = len(people) > 1 and number in people[:2] and Draws(match.seed, "party", team).chance(0.5)
    return match.players[people[0]].player if came else None
