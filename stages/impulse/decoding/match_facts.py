"""What the network data tells of a match as a whole: guid, server, teams' names, rules that were changed, forfeits.

The game sends a value only where it differs from that of the archetype, in the frame in which its actor appears. So a rule that is
listed in the file's table and was not sent is as the game has it, and one that is not listed did not exist when the file was made. All
but forfeits and overtime is taken from the first network frames, which are read whatever decodes the replay: so both decoders tell
the same.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from impulse.decoding import attributes
from impulse.decoding.first_frames import LOOK_FRAMES
from impulse.decoding.people import team_number
from impulse.decoding.walk import Update, Walk
from impulse.replay.facts import match_id

_SPECIAL_ITEM = "TAGame.SpecialPickup_"
"""How the names of items begin in a file's table, which lists those that were sent."""


@dataclass(frozen=True, slots=True)
class MatchFacts:
    """Facts of a match; None is what the network data does not tell."""

    guid: str | None = None
    server_name: str | None = None
    server_region: str | None = None
    team_names: tuple[str | None, str | None] = (None, None)
    """Names that the teams were given, blue's first."""
    has_unlimited_time: bool | None = None
    items: str | None = None
    """The game's name of the set of items that is played with, such as ``ItemsMode``; None without items."""
    rules: tuple[str, ...] | None = None
    """What is not as in ordinary soccer, and which ball: ``name=value``, sorted. None where cars or ball come later."""
    is_overtime: bool | None = None
    """True where the game said so; else not known by this."""
    is_forfeit: bool | None = None
    """None also where not all network frames were read."""


def match_facts(walk: Walk, objects: Sequence[str], *, is_whole: bool) -> MatchFacts:
    """Return what network frames tell of the match.

    Args:
        walk: with :data:`~impulse.decoding.attributes.FOR_MATCH`, at least the first frames.
        objects: the file's table.
        is_whole: the walk holds all network frames.
    """
    first = _Start(walk)
    items = _items(first, objects)
    unlimited = attributes.UNLIMITED_TIME
    return MatchFacts(
        guid=match_id(first.last(*attributes.GUIDS)),
        server_name=first.last(attributes.SERVER_NAME) or None,
        server_region=first.last(attributes.SERVER_REGION) or None,
        team_names=_team_names(walk, first),
        has_unlimited_time=any(first.values(unlimited)) if unlimited in objects else None,
        items=items,
        rules=_rules(walk, first, objects, items),
        is_overtime=any(update.value for update in walk.updates.get(attributes.OVERTIME, ())) or None,
        is_forfeit=_is_forfeit(walk, objects) if is_whole else None,
    )


class _Start:
    """Updates of the first network frames."""

    def __init__(self, walk: Walk) -> None:
        self._updates = walk.updates

    def updates(self, name: str) -> Iterator[Update]:
        """Yield the updates of an attribute in the first network frames."""
        return (update for update in self._updates.get(name, ()) if update.frame < LOOK_FRAMES)

    def values(self, name: str) -> list[Any]:
        """Return what was sent of an attribute."""
        return [update.value for update in self.updates(name)]

    def last(self, *names: str) -> Any:  # noqa: ANN401 - whatever the attribute holds
        """Return what was sent last of the attribute that has these names; None for nothing."""
        return next((values[-1] for name in names if (values := self.values(name))), None)


def _team_names(walk: Walk, first: _Start) -> tuple[str | None, str | None]:
    names: list[str | None] = [None, None]
    for update in first.updates(attributes.TEAM_CUSTOM_NAME):
        names[team_number(walk.lives[update.life].archetype)] = update.value or None
    return names[0], names[1]


def _rules(walk: Walk, first: _Start, objects: Sequence[str], items: str | None) -> tuple[str, ...] | None:
    """Return the rules that are not as in ordinary soccer."""
    parts = {life.archetype.rsplit(".", 1)[-1] for life in walk.lives if life.start < LOOK_FRAMES}
    balls = {walk.lives[update.life].archetype for update in first.updates(attributes.BALL_MATCH)}
    # Without a car's boost or a ball nothing can have been sent of theirs.
    if not any(part.endswith("Boost") for part in parts) or (attributes.BALL_MATCH in objects and not balls):
        return None
    found = {f"ball={ball.rsplit('.', 1)[-1].removeprefix('Ball_').lower()}" for ball in balls}
    for name, rule in attributes.RULES.items():
        sent = [value > 0 if rule == "unlimited_boost" else value for value in first.values(name)]  # a count, or a flag
        found |= {f"{rule}={_text(value)}" for value in sent if value != attributes.USUAL.get(rule, 0)}
    if items:
        found.add(f"items={items}")
    return tuple(sorted(found))


def _text(value: float | bool) -> str:
    return str(value).lower() if isinstance(value, bool) else f"{value:g}"


def _items(first: _Start, objects: Sequence[str]) -> str | None:
    """Return the game's name of the set of items that is played with."""
    archetype = first.last(attributes.SUB_RULES)
    name = objects[archetype["actor"]].rsplit(".", 1)[-1] if archetype and archetype["actor"] >= 0 else ""
    if name.startswith("ItemsMode"):
        return name
    is_using = any(first.values(attributes.USES_ITEMS)) or any(item.startswith(_SPECIAL_ITEM) for item in objects)
    return "ItemsMode" if is_using else None


def _is_forfeit(walk: Walk, objects: Sequence[str]) -> bool | None:
    """Tell whether a team forfeited.

    A server that ended a match without a result says so, and calls it forfeited from the first frame on. What that means is not known.
    """
    if attributes.FORFEIT not in objects or any(update.value for update in walk.updates.get(attributes.NO_CONTEST, ())):
        return None
    return any(update.value for update in walk.updates.get(attributes.FORFEIT, ()))
