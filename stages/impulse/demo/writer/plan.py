"""How a match is recorded: the choices that lie between what happened and the bytes.

Owns: format, dropped and frozen updates, and what recordings of some years and modes leave out or write again.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from impulse.demo.writer.classes import BALL_SPAWNER, SOCCER, SOCCER_BALL, Archetypes
from impulse.demo.writer.version import LATEST, FormatVersion
from impulse.errors import ConfigError


class ExtraBall(Enum):
    """What else is there under ``Archetypes.Ball.`` for the whole match."""

    SPAWNER = BALL_SPAWNER
    """A thing that never moves, so it is plain which ball plays."""
    SECOND = SOCCER_BALL
    """Another ball of the same kind that moves too, so that nobody can tell which one plays."""


class GuidPlace(Enum):
    """Where a recording names the match."""

    USUAL = "usual"
    """In the network data of 2017 and later, and in the header of the latest version."""
    OTHERWISE = "otherwise"
    """The same, spelled as in files of October 2024 to July 2025."""
    NETWORK = "network"
    """In the network data alone."""
    NOWHERE = "nowhere"


@dataclass(frozen=True, slots=True)
class Freeze:
    """A body of which the recording tells nothing for a while, although it moves; only spawns are told."""

    body: int
    """0 is the ball, 1 + p the car of player p."""
    first: int
    stop: int
    """First frame that is told again."""


@dataclass(frozen=True, slots=True)
class RecordingPlan:
    """How a match is recorded."""

    version: FormatVersion = LATEST
    dropped_updates: float = 0.5
    """Share (0..1) of rigid-body updates that are left out; real 30 fps replays lack about half."""
    repeats_actors: bool = True
    """Keyframes write every living actor again, as the game does."""
    recorder: int = 0
    """Who recorded: different recorders' recordings of a match have other ids, lack other updates, and list another player
    first."""
    starts_after_s: float = 0.0
    """How long after the match's first frame the recording starts, in s; the header's date tells."""
    zone_minutes: int = 0
    """How far the recorder's clock is ahead of other recorders', in another time zone."""
    guid: GuidPlace = GuidPlace.USUAL
    """Where the match is named."""
    rules: tuple[tuple[str, float | bool], ...] = ()
    """Attributes of balls, cars and boosts that tell of rules which are not as usual, and their values; without effect."""
    items: str | None = None
    """Items are played with: the game's name of the set, one of :data:`impulse.demo.writer.classes.ITEMS_MODES`."""
    team_names: tuple[str, str] | None = None
    """Names that the teams were given."""
    is_unfinished: bool = False
    """Saved before the match was over: the header says that nobody has won yet, if its format can."""
    names_mvp: bool = False
    """The last frame names the best player of the winning team, as in recordings that go on until the game shows him."""
    is_no_contest: bool = False
    """The server ended the match without a result: it says so, and that it was forfeited, from the first frame on."""
    has_boost: bool = True
    """Without, there is no attribute of boost amounts at all, as in some files of 2015 and 2016."""
    boost_delay_frames: int = 0
    """So many frames after a car appears its boost is first told (1 to 6 after some respawns in real files)."""
    links_components_late: bool = False
    """Which car the boost and jumps of a new car belong to is told by the next keyframe only, but for the cars of the first
    frame, as in files of summer 2016."""
    frozen: tuple[Freeze, ...] = ()
    """Bodies that get no updates for a while."""
    has_state: bool = True
    """Without, the state of the game is never told, as in some files of 2015 and 2016."""
    has_hit_flag: bool = True
    """Without, nothing tells whether the ball has been hit since the last kickoff."""
    keeps_wreck_links: bool = False
    """A demolished car stays linked to its player, as in files from before summer 2019."""
    wreck_seconds: float | None = None
    """How long a wreck is kept, in s, at most until the next kickoff: 5 in most real files, 0.5 to 12 in others; None keeps
    it until the new car appears. Keyframes write it after the new car."""
    repeats_demolitions: bool = False
    """Keyframes tell of a demolition again while the wreck is there, as real ones do."""
    repeats_pads: bool = False
    """Keyframes tell the state of every boost pad again that was used, as real ones do."""
    hides_attackers: bool = False
    """Demolitions name no attacker, as up to half of those of real files."""
    extra_ball: ExtraBall | None = None
    """What else is there under ``Archetypes.Ball.``."""
    second_entry: int | None = None
    """The account of this player has a second entry, without a team: a spectator's, or that of a seat that was not taken."""
    named_from_frame: int = 0
    """From this frame on the first player is called by his name; before that by ``earlier_name``, or by none."""
    earlier_name: str = ""
    archetypes: Archetypes = SOCCER
    """What players, cars and the game are spawned from."""

    def __post_init__(self) -> None:
        """Refuse what cannot be recorded."""
        if not 0 <= self.dropped_updates <= 1:
            raise ConfigError("dropped_updates", f"must be 0..1, not {self.dropped_updates}")
        if self.boost_delay_frames < 0:
            raise ConfigError("boost_delay_frames", f"must not be negative, not {self.boost_delay_frames}")
        if self.archetypes.ball is None and self.extra_ball:
            raise ConfigError("extra_ball", "there is no ball in this mode")

    @property
    def unlisted(self) -> frozenset[str]:
        """Attributes that the recording does not know."""
        unknown = {*self.version.demolish.unknown_yet, *self.version.unknown_yet}
        if not self.has_boost:
            unknown |= {f"TAGame.CarComponent_Boost_TA:{name}" for name in ("ReplicatedBoost", "ReplicatedBoostAmount")}
        if not self.has_state:
            unknown.add("TAGame.GameEvent_TA:ReplicatedStateName")
        if not self.has_hit_flag:
            unknown.add("TAGame.GameEvent_Soccar_TA:bBallHasBeenHit")
        spelled = "MatchGuid" if self.guid is GuidPlace.OTHERWISE else "MatchGUID"
        unknown |= {"ProjectX.GRI_X:MatchGUID", "ProjectX.GRI_X:MatchGuid"} - {f"ProjectX.GRI_X:{spelled}"}
        return frozenset(unknown)
