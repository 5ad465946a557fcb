"""The object table of a synthetic replay: classes, their replicated fields, archetypes, and stream ids.

Owns: what a real replay lists in its object table and class net cache, cut down to what the encoder uses.
"""

from __future__ import annotations

from dataclasses import dataclass

from impulse.demo.writer.bits import Bits, bounded

MAX_CHANNELS = 2047
"""Bound of actor ids, in the header of every real replay."""


@dataclass(frozen=True, slots=True)
class ReplayClass:
    """One class of the game."""

    name: str
    parent: str
    fields: tuple[str, ...] = ()
    """Replicated fields of its own, in stream-id order."""
    archetypes: tuple[str, ...] = ()
    """What actors of the class are spawned from."""


def _class(name: str, parent: str, fields: str = "", *archetypes: str) -> ReplayClass:
    return ReplayClass(name, parent, tuple(f"{name}:{item}" for item in fields.split()), archetypes)


@dataclass(frozen=True, slots=True)
class Archetypes:
    """What the actors are spawned from whose archetypes differ between modes."""

    game_event: str
    gri: str
    pri: str
    car: str
    components: tuple[str, ...]
    """In the order of :attr:`impulse.demo.match.Match.component_counts`, then one that is never used."""
    ball: str | None
    """None where nothing is played with a ball."""
    playlist: int | None = None
    """The game's number; None where it depends on the size of the teams."""


SOCCER_BALL = "Archetypes.Ball.Ball_Default"
SOCCER = Archetypes(
    "Archetypes.GameEvent.GameEvent_Soccar",
    "GameInfo_Soccar.GameInfo.GameInfo_Soccar:GameReplicationInfoArchetype",
    "TAGame.Default__PRI_TA",
    "Archetypes.Car.Car_Default",
    tuple(
        f"Archetypes.CarComponents.CarComponent_{name}" for name in ("Boost", "Dodge", "Jump", "DoubleJump", "FlipCar")
    ),
    SOCCER_BALL,
)
_KNOCKOUT_EVENT = "Archetypes.KnockOut.GameEvent_Knockout"
KNOCKOUT = Archetypes(
    _KNOCKOUT_EVENT,
    "GameInfo_KnockOut.KnockOut.GameInfo_KnockOut:GameReplicationInfoArchetype",
    "TAGame.Default__PRI_KnockOut_TA",
    f"{_KNOCKOUT_EVENT}:CarArchetype",
    tuple(f"{_KNOCKOUT_EVENT}:CarArchetype.{name}" for name in ("Boost", "Dodge", "Jump", "DoubleJump", "Flip")),
    None,
    playlist=54,
)
"""A mode without a ball, whose cars are not those of all others (real file of 2023)."""
BODIES = (SOCCER_BALL, SOCCER.car, KNOCKOUT.car)
"""Archetypes of rigid bodies."""
TEAMS = ("Archetypes.Teams.Team0", "Archetypes.Teams.Team1")
BALL_SPAWNER = "Archetypes.Ball.Ball_RingSpawner"
CAMERA = "TAGame.Default__CameraSettingsActor_TA"
GOAL_EVENT = "StatEvents.Events.Goal"
TITLE_PROPERTY = "TAGame.ProductAttribute_TitleID_TA"
PAD_CLASS = "TAGame.VehiclePickup_Boost_TA"

_CLASSES = (
    _class("Core.Object", ""),
    _class("Engine.Actor", "Core.Object", "bBlockActors bCollideActors bHidden"),
    _class("Engine.Info", "Engine.Actor"),
    _class("Engine.ReplicationInfo", "Engine.Info"),
    _class("Engine.GameReplicationInfo", "Engine.ReplicationInfo", "ServerName"),
    _class(
        "ProjectX.GRI_X",
        "Engine.GameReplicationInfo",
        "MatchGUID MatchGuid bGameStarted ReplicatedGamePlaylist ReplicatedServerRegion",
    ),
    _class("TAGame.GRI_TA", "ProjectX.GRI_X", "", SOCCER.gri, KNOCKOUT.gri),
    _class(
        "TAGame.GameEvent_TA",
        "Engine.ReplicationInfo",
        "ReplicatedRoundCountDownNumber ReplicatedGameStateTimeRemaining ReplicatedStateName MatchTypeClass",
    ),
    _class("TAGame.GameEvent_Team_TA", "TAGame.GameEvent_TA", "MaxTeamSize bForfeit"),
    _class(
        "TAGame.GameEvent_Soccar_TA",
        "TAGame.GameEvent_Team_TA",
        "ReplicatedStatEvent RoundNum ReplicatedScoredOnTeam SecondsRemaining bMatchEnded bUnlimitedTime bBallHasBeenHit "
        "bOverTime bNoContest SubRulesArchetype",
        SOCCER.game_event,
    ),
    _class("TAGame.GameEvent_KnockOut_TA", "TAGame.GameEvent_Soccar_TA", "", KNOCKOUT.game_event),
    _class("Engine.TeamInfo", "Engine.Info", "Score"),
    _class("TAGame.Team_TA", "Engine.TeamInfo", "GameEvent CustomTeamName"),
    _class("TAGame.Team_Soccar_TA", "TAGame.Team_TA", "GameScore", *TEAMS),
    _class("Engine.Pawn", "Engine.Actor", "PlayerReplicationInfo"),
    _class("ProjectX.Pawn_X", "Engine.Pawn"),
    _class("TAGame.RBActor_TA", "ProjectX.Pawn_X", "ReplicatedRBState"),
    _class(
        "TAGame.Ball_TA",
        "TAGame.RBActor_TA",
        "ReplicatedExplosionDataExtended ReplicatedExplosionData GameEvent HitTeamNum ReplicatedBallScale "
        "ReplicatedBallMaxLinearSpeedScale ReplicatedBallGravityScale",
        SOCCER_BALL,
    ),
    _class("TAGame.Ball_Spawner_TA", "Engine.ReplicationInfo", "SpawnDelaySeconds SpawnedBall", BALL_SPAWNER),
    _class(
        "Engine.PlayerReplicationInfo",
        "Engine.ReplicationInfo",
        "UniqueId bBot Team PlayerID PlayerName Ping Score",
    ),
    _class("ProjectX.PRI_X", "Engine.PlayerReplicationInfo"),
    _class(
        "TAGame.PRI_TA",
        "ProjectX.PRI_X",
        "ClientLoadouts ClientLoadout ClientLoadoutsOnline SteeringSensitivity Title PartyLeader ReplicatedGameEvent MatchShots "
        "MatchSaves MatchAssists MatchGoals MatchScore MatchDemolishes bMatchMVP bUsingItems",
        SOCCER.pri,
    ),
    _class("TAGame.PRI_KnockOut_TA", "TAGame.PRI_TA", "", KNOCKOUT.pri),
    _class("TAGame.CameraSettingsActor_TA", "Engine.ReplicationInfo", "ProfileSettings PRI", CAMERA),
    _class(
        "TAGame.Vehicle_TA", "TAGame.RBActor_TA", "ReplicatedSteer ReplicatedThrottle bDriving bReplicatedHandbrake"
    ),
    _class(
        "TAGame.Car_TA",
        "TAGame.Vehicle_TA",
        "ReplicatedDemolishGoalExplosion ReplicatedDemolish_CustomFX ReplicatedDemolish ReplicatedDemolishExtended "
        "ReplicatedCarScale bUnlimitedJumps",
        SOCCER.car,
    ),
    _class("TAGame.Car_KnockOut_TA", "TAGame.Car_TA", "", KNOCKOUT.car),
    _class("TAGame.CarComponent_TA", "Engine.ReplicationInfo", "Vehicle ReplicatedActive"),
    _class("TAGame.CarComponent_AirActivate_TA", "TAGame.CarComponent_TA", "AirActivateCount"),
    _class(
        "TAGame.CarComponent_Boost_TA",
        "TAGame.CarComponent_AirActivate_TA",
        "ReplicatedBoost ReplicatedBoostAmount UnlimitedBoostRefCount bUnlimitedBoost BoostModifier RechargeRate RechargeDelay",
        SOCCER.components[0],
    ),
    _class("TAGame.CarComponent_Boost_KO_TA", "TAGame.CarComponent_Boost_TA", "", KNOCKOUT.components[0]),
    _class("TAGame.CarComponent_Dodge_TA", "TAGame.CarComponent_AirActivate_TA", "DodgeTorque", SOCCER.components[1]),
    _class("TAGame.CarComponent_Dodge_KO_TA", "TAGame.CarComponent_Dodge_TA", "", KNOCKOUT.components[1]),
    _class("TAGame.CarComponent_Jump_TA", "TAGame.CarComponent_TA", "", SOCCER.components[2], KNOCKOUT.components[2]),
    _class("TAGame.CarComponent_DoubleJump_TA", "TAGame.CarComponent_AirActivate_TA", "", SOCCER.components[3]),
    _class("TAGame.CarComponent_DoubleJump_KO_TA", "TAGame.CarComponent_DoubleJump_TA", "", KNOCKOUT.components[3]),
    _class(
        "TAGame.CarComponent_FlipCar_TA",
        "TAGame.CarComponent_TA",
        "FlipCarTime",
        SOCCER.components[4],
        KNOCKOUT.components[4],
    ),
    _class("TAGame.VehiclePickup_TA", "Engine.ReplicationInfo", "NewReplicatedPickupData ReplicatedPickupData"),
    _class(PAD_CLASS, "TAGame.VehiclePickup_TA"),
)

ITEMS_MODES = ("ItemsMode", "ItemsMode_HauntedBallBeam")
SUB_RULES = "Archetypes.Mutators.SubRules."
_OTHER_OBJECTS = (
    GOAL_EVENT,
    TITLE_PROPERTY,
    *(f"{SUB_RULES}{name}" for name in ITEMS_MODES),
    "TAGame.MatchType_Public_TA",
    "TAGame.MatchType_PublicRanked_TA",
    "TAGame.MatchType_Lan_TA",
)
"""Referred to by number: the event of a goal, the title among the properties of a loadout, sets of items, and kinds of matches."""


ARCHETYPES = frozenset(name for item in _CLASSES for name in item.archetypes)
"""All from which something can be spawned, but for boost pads."""


class ObjectTable:
    """Objects of one replay, with the numbers by which its stream names them."""

    def __init__(self, *, map_name: str, pads: int, unused: frozenset[str], unlisted: frozenset[str]) -> None:
        """Lay the table out: fields of a class, the class, its archetypes; parents first, as in the game.

        Args:
            map_name: file name of the map, for example ``Stadium_P``.
            pads: boost pads of the map.
            unused: archetypes from which nothing is spawned. They are not listed, nor are classes that have no other.
            unlisted: fields that the game did not know, so they are not listed.
        """
        self.objects: list[str] = []
        self.pads = [f"{map_name}.TheWorld:PersistentLevel.VehiclePickup_Boost_TA_{pad}" for pad in range(pads)]
        """Archetype of each boost pad, which is a map actor of its own."""
        self._own_fields: dict[str, tuple[int, tuple[str, ...]]] = {}
        self._fields: dict[str, dict[str, Bits]] = {}
        ids: dict[str, dict[str, int]] = {"": {}}
        parents = {item.parent for item in _CLASSES}
        for item in _CLASSES:
            archetypes = tuple(name for name in item.archetypes if name not in unused)
            if item.archetypes and not archetypes and item.name not in parents:
                continue
            fields = tuple(name for name in item.fields if name not in unlisted)
            if item.name == PAD_CLASS:
                archetypes = tuple(self.pads)
            base = len(ids[item.parent])
            ids[item.name] = ids[item.parent] | {name: base + number for number, name in enumerate(fields)}
            self._own_fields[item.name] = (base, fields)
            self.objects += [*fields, item.name, *archetypes]
            limit = len(ids[item.name])
            bits = {name: bounded(number, limit) for name, number in ids[item.name].items()}
            self._fields |= dict.fromkeys(archetypes, bits)
        self.objects += _OTHER_OBJECTS
        self._index = {name: number for number, name in enumerate(self.objects)}

    def index(self, name: str) -> int:
        """Return the number of an object."""
        return self._index[name]

    def field_id(self, archetype: str, field: str) -> Bits:
        """Return the stream id of a field as written for actors of this archetype.

        Its width follows from the class's limit: one more than the largest stream id of the class and its
        ancestors.
        """
        return self._fields[archetype][field]

    def class_indices(self) -> list[tuple[str, int]]:
        """Return every class with its object number."""
        return [(name, self.index(name)) for name in self._own_fields]

    def net_cache(self) -> list[tuple[int, int, int, list[tuple[int, int]]]]:
        """Return the class net cache.

        A row has the class's object number, parent id, cache id, and its fields' (object number, stream id).
        With no client functions listed, a class's base equals its parent's cache id, so that it serves as
        parent id.
        """
        rows = []
        for name, (base, fields) in self._own_fields.items():
            ids = [(self.index(field), base + number) for number, field in enumerate(fields)]
            rows.append((self.index(name), base, base + len(ids), ids))
        return rows
