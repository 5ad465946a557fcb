"""The object table of a synthetic replay: classes, their replicated fields, archetypes, and stream ids.

Owns: what a real replay lists in its object table and class net cache, cut down to what the encoder uses.
"""

from __future__ import annotations

from dataclasses import dataclass

from impulse.demo.writer.bits import Bits, bounded
from impulse.demo.writer.version import DemolishFormat

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


GAME_EVENT = "Archetypes.GameEvent.GameEvent_Soccar"
GRI = "GameInfo_Soccar.GameInfo.GameInfo_Soccar:GameReplicationInfoArchetype"
TEAMS = ("Archetypes.Teams.Team0", "Archetypes.Teams.Team1")
BALL = "Archetypes.Ball.Ball_Default"
PRI = "TAGame.Default__PRI_TA"
CAMERA = "TAGame.Default__CameraSettingsActor_TA"
CAR = "Archetypes.Car.Car_Default"
COMPONENTS = tuple(
    f"Archetypes.CarComponents.CarComponent_{name}" for name in ("Boost", "Dodge", "Jump", "DoubleJump", "FlipCar")
)
"""In the order of :attr:`impulse.demo.match.Match.component_counts`, then one that is never used."""
GOAL_EVENT = "StatEvents.Events.Goal"
PAD_CLASS = "TAGame.VehiclePickup_Boost_TA"

_CLASSES = (
    _class("Core.Object", ""),
    _class("Engine.Actor", "Core.Object", "bBlockActors bCollideActors bHidden"),
    _class("Engine.Info", "Engine.Actor"),
    _class("Engine.ReplicationInfo", "Engine.Info"),
    _class("Engine.GameReplicationInfo", "Engine.ReplicationInfo", "ServerName"),
    _class("ProjectX.GRI_X", "Engine.GameReplicationInfo", "MatchGUID bGameStarted ReplicatedGamePlaylist"),
    _class("TAGame.GRI_TA", "ProjectX.GRI_X", "", GRI),
    _class(
        "TAGame.GameEvent_TA",
        "Engine.ReplicationInfo",
        "ReplicatedRoundCountDownNumber ReplicatedGameStateTimeRemaining ReplicatedStateName MatchTypeClass",
    ),
    _class("TAGame.GameEvent_Team_TA", "TAGame.GameEvent_TA", "MaxTeamSize bForfeit"),
    _class(
        "TAGame.GameEvent_Soccar_TA",
        "TAGame.GameEvent_Team_TA",
        "ReplicatedStatEvent RoundNum ReplicatedScoredOnTeam SecondsRemaining bMatchEnded bBallHasBeenHit",
        GAME_EVENT,
    ),
    _class("Engine.TeamInfo", "Engine.Info", "Score"),
    _class("TAGame.Team_TA", "Engine.TeamInfo", "GameEvent"),
    _class("TAGame.Team_Soccar_TA", "TAGame.Team_TA", "GameScore", *TEAMS),
    _class("Engine.Pawn", "Engine.Actor", "PlayerReplicationInfo"),
    _class("ProjectX.Pawn_X", "Engine.Pawn"),
    _class("TAGame.RBActor_TA", "ProjectX.Pawn_X", "ReplicatedRBState"),
    _class(
        "TAGame.Ball_TA",
        "TAGame.RBActor_TA",
        "ReplicatedExplosionDataExtended ReplicatedExplosionData GameEvent HitTeamNum",
        BALL,
    ),
    _class(
        "Engine.PlayerReplicationInfo",
        "Engine.ReplicationInfo",
        "UniqueId bBot Team PlayerID PlayerName Ping Score",
    ),
    _class("ProjectX.PRI_X", "Engine.PlayerReplicationInfo"),
    _class(
        "TAGame.PRI_TA",
        "ProjectX.PRI_X",
        "ClientLoadouts ReplicatedGameEvent MatchShots MatchSaves MatchAssists MatchGoals MatchScore",
        PRI,
    ),
    _class("TAGame.CameraSettingsActor_TA", "Engine.ReplicationInfo", "ProfileSettings PRI", CAMERA),
    _class("TAGame.Vehicle_TA", "TAGame.RBActor_TA", "ReplicatedSteer ReplicatedThrottle bDriving"),
    _class(
        "TAGame.Car_TA",
        "TAGame.Vehicle_TA",
        "ReplicatedDemolishGoalExplosion ReplicatedDemolish ReplicatedDemolishExtended",
        CAR,
    ),
    _class("TAGame.CarComponent_TA", "Engine.ReplicationInfo", "Vehicle ReplicatedActive"),
    _class("TAGame.CarComponent_AirActivate_TA", "TAGame.CarComponent_TA", "AirActivateCount"),
    _class(
        "TAGame.CarComponent_Boost_TA",
        "TAGame.CarComponent_AirActivate_TA",
        "ReplicatedBoost ReplicatedBoostAmount",
        COMPONENTS[0],
    ),
    _class("TAGame.CarComponent_Dodge_TA", "TAGame.CarComponent_AirActivate_TA", "DodgeTorque", COMPONENTS[1]),
    _class("TAGame.CarComponent_Jump_TA", "TAGame.CarComponent_TA", "", COMPONENTS[2]),
    _class("TAGame.CarComponent_DoubleJump_TA", "TAGame.CarComponent_AirActivate_TA", "", COMPONENTS[3]),
    _class("TAGame.CarComponent_FlipCar_TA", "TAGame.CarComponent_TA", "FlipCarTime", COMPONENTS[4]),
    _class("TAGame.VehiclePickup_TA", "Engine.ReplicationInfo", "NewReplicatedPickupData ReplicatedPickupData"),
    _class(PAD_CLASS, "TAGame.VehiclePickup_TA"),
)

_OTHER_OBJECTS = (
    GOAL_EVENT,
    "TAGame.MatchType_Public_TA",
    "TAGame.MatchType_PublicRanked_TA",
    "TAGame.MatchType_Lan_TA",
)
"""Referred to by number: the event of a goal, and kinds of matches."""


class ObjectTable:
    """Objects of one replay, with the numbers by which its stream names them."""

    def __init__(self, *, map_name: str, pads: int, demolish: DemolishFormat) -> None:
        """Lay the table out: fields of a class, the class, its archetypes; parents first, as in the game.

        Args:
            map_name: file name of the map, for example ``Stadium_P``.
            pads: boost pads of the map.
            demolish: the newest attribute of demolitions that the game knew; later ones are not listed.
        """
        self.objects: list[str] = []
        self.pads = [f"{map_name}.TheWorld:PersistentLevel.VehiclePickup_Boost_TA_{pad}" for pad in range(pads)]
        """Archetype of each boost pad, which is a map actor of its own."""
        self._own_fields: dict[str, tuple[int, tuple[str, ...]]] = {}
        self._fields: dict[str, dict[str, Bits]] = {}
        ids: dict[str, dict[str, int]] = {"": {}}
        for item in _CLASSES:
            fields = tuple(name for name in item.fields if name not in demolish.unknown_yet)
            archetypes = item.archetypes
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
