"""Names of the attributes of the network data that frames come from."""

BODY = "TAGame.RBActor_TA:ReplicatedRBState"
PAWN_PLAYER = "Engine.Pawn:PlayerReplicationInfo"
PLAYER_ID = "Engine.PlayerReplicationInfo:UniqueId"
PLAYER_TEAM = "Engine.PlayerReplicationInfo:Team"
PLAYER_NAME = "Engine.PlayerReplicationInfo:PlayerName"
PLAYER_IS_BOT = "Engine.PlayerReplicationInfo:bBot"

COMPONENT_CAR = "TAGame.CarComponent_TA:Vehicle"
COMPONENT_ACTIVE = "TAGame.CarComponent_TA:ReplicatedActive"
BOOST_AMOUNTS = ("TAGame.CarComponent_Boost_TA:ReplicatedBoost", "TAGame.CarComponent_Boost_TA:ReplicatedBoostAmount")
"""The present one, and the one before 2025."""
BOOST_UNLIMITED = (
    "TAGame.CarComponent_Boost_TA:UnlimitedBoostRefCount",
    "TAGame.CarComponent_Boost_TA:bUnlimitedBoost",
)
"""A count today, a flag in the first years; both are above 0 where boost is not used up."""

DEMOLITIONS = (
    "TAGame.Car_TA:ReplicatedDemolish",
    "TAGame.Car_TA:ReplicatedDemolishGoalExplosion",
    "TAGame.Car_TA:ReplicatedDemolishExtended",
)
"""Until 2020, until 2025, and since."""
DEMOLITIONS_OF_ARRAY = DEMOLITIONS[1:]
"""Those that the parser's array call reads."""

STATE = "TAGame.GameEvent_TA:ReplicatedStateName"
COUNTDOWN = "TAGame.GameEvent_TA:ReplicatedGameStateTimeRemaining"
CLOCK = "TAGame.GameEvent_Soccar_TA:SecondsRemaining"
BALL_HIT = "TAGame.GameEvent_Soccar_TA:bBallHasBeenHit"
UNLIMITED_TIME = "TAGame.GameEvent_Soccar_TA:bUnlimitedTime"
MATCH = (CLOCK, STATE, COUNTDOWN, BALL_HIT)

SCORES = ("Engine.TeamInfo:Score", "TAGame.Team_Soccar_TA:GameScore")

BALL_MATCH = "TAGame.Ball_TA:GameEvent"
PLAYLIST = "ProjectX.GRI_X:ReplicatedGamePlaylist"

STATISTICS = {
    "score": "TAGame.PRI_TA:MatchScore",
    "goals": "TAGame.PRI_TA:MatchGoals",
    "assists": "TAGame.PRI_TA:MatchAssists",
    "saves": "TAGame.PRI_TA:MatchSaves",
    "shots": "TAGame.PRI_TA:MatchShots",
    "demolitions": "TAGame.PRI_TA:MatchDemolishes",
}
"""Counts of a person's entry, by the names of the table of players; demolitions are counted since 2025."""

LOADOUTS, LOADOUT_OF_2015 = "TAGame.PRI_TA:ClientLoadouts", "TAGame.PRI_TA:ClientLoadout"
"""The cars of a person, one for either team; and one for both, until summer 2016."""
LOADOUT_TEXTS = "TAGame.PRI_TA:ClientLoadoutsOnline"
"""Properties of the parts: paint, title, ..."""
CAMERA, CAMERA_OWNER = "TAGame.CameraSettingsActor_TA:ProfileSettings", "TAGame.CameraSettingsActor_TA:PRI"
CAMERA_OF_2015 = "TAGame.PRI_TA:CameraSettings"
STEERING = "TAGame.PRI_TA:SteeringSensitivity"
TITLE_NUMBER = "TAGame.PRI_TA:Title"
PARTY_LEADER = "TAGame.PRI_TA:PartyLeader"

FOR_SETUPS = (
    LOADOUTS, LOADOUT_OF_2015, LOADOUT_TEXTS, CAMERA, CAMERA_OWNER, CAMERA_OF_2015, STEERING, TITLE_NUMBER, PARTY_LEADER,
)  # fmt: skip
FOR_PEOPLE = (PAWN_PLAYER, PLAYER_ID, PLAYER_TEAM, PLAYER_NAME, PLAYER_IS_BOT)
FOR_FRAMES = (
    *FOR_PEOPLE, BODY, COMPONENT_CAR, COMPONENT_ACTIVE, *BOOST_AMOUNTS, *BOOST_UNLIMITED, *DEMOLITIONS, *MATCH,
    UNLIMITED_TIME, *SCORES, PLAYLIST, BALL_MATCH, *STATISTICS.values(), *FOR_SETUPS,
)  # fmt: skip
"""All that frames and the tables that follow from them are made of."""
