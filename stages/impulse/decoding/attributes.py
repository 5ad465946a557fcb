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

FOR_PEOPLE = (PAWN_PLAYER, PLAYER_ID, PLAYER_TEAM, PLAYER_NAME, PLAYER_IS_BOT)
FOR_FRAMES = (
    *FOR_PEOPLE, BODY, COMPONENT_CAR, COMPONENT_ACTIVE, *BOOST_AMOUNTS, *BOOST_UNLIMITED, *DEMOLITIONS, *MATCH,
    UNLIMITED_TIME, *SCORES, PLAYLIST, BALL_MATCH,
)  # fmt: skip
"""All that frames and the tables that follow from them are made of."""
