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

THROTTLE, STEER = "TAGame.Vehicle_TA:ReplicatedThrottle", "TAGame.Vehicle_TA:ReplicatedSteer"
HANDBRAKE = "TAGame.Vehicle_TA:bReplicatedHandbrake"
DODGE_TORQUE = "TAGame.CarComponent_Dodge_TA:DodgeTorque"

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
MVP = "TAGame.PRI_TA:bMatchMVP"
"""Sent when the match is over, so only in recordings that go on for that long: 1 of 71 files."""

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

GUIDS = ("ProjectX.GRI_X:MatchGUID", "ProjectX.GRI_X:MatchGuid")
"""The same by two spellings, of which a file has one: the second in files of autumn 2022 to July 2025."""
SERVER_NAME = "Engine.GameReplicationInfo:ServerName"
SERVER_REGION = "ProjectX.GRI_X:ReplicatedServerRegion"
TEAM_CUSTOM_NAME = "TAGame.Team_TA:CustomTeamName"
FORFEIT = "TAGame.GameEvent_Team_TA:bForfeit"
NO_CONTEST = "TAGame.GameEvent_Soccar_TA:bNoContest"
OVERTIME = "TAGame.GameEvent_Soccar_TA:bOverTime"
SUB_RULES = "TAGame.GameEvent_Soccar_TA:SubRulesArchetype"
USES_ITEMS = "TAGame.PRI_TA:bUsingItems"

RULES = {
    "TAGame.Ball_TA:ReplicatedBallScale": "ball_scale",
    "TAGame.Ball_TA:ReplicatedBallMaxLinearSpeedScale": "ball_max_speed_scale",
    "TAGame.Ball_TA:ReplicatedBallGravityScale": "ball_gravity_scale",
    "TAGame.Ball_TA:ReplicatedWorldBounceScale": "ball_bounce_scale",
    "TAGame.Ball_TA:ReplicatedAddedCarBounceScale": "ball_car_bounce_scale",
    "TAGame.Ball_TA:BallHitSpinScale": "ball_hit_spin_scale",
    "TAGame.Car_TA:ReplicatedCarScale": "car_scale",
    "TAGame.Car_TA:ReplicatedCarMaxLinearSpeedScale": "car_max_speed_scale",
    "TAGame.Car_TA:bUnlimitedJumps": "unlimited_jumps",
    "TAGame.Car_TA:bUnlimitedTimeForDodge": "unlimited_dodge_time",
    "TAGame.CarComponent_Boost_TA:BoostModifier": "boost_strength",
    "TAGame.CarComponent_Boost_TA:RechargeRate": "boost_recharge_rate",
    "TAGame.CarComponent_Boost_TA:RechargeDelay": "boost_recharge_delay",
    "TAGame.CarComponent_Boost_TA:bRechargeGroundOnly": "boost_recharge_on_ground",
    "TAGame.CarComponent_Boost_TA:BoostRestriction": "boost_restriction",
    "TAGame.CarComponent_Boost_TA:bNoBoost": "no_boost",
    "TAGame.GameEvent_Soccar_TA:MaxScore": "max_score",
    UNLIMITED_TIME: "unlimited_time",
    **dict.fromkeys(BOOST_UNLIMITED, "unlimited_boost"),
}
"""What the game sends of rules that are not as usual, and what impulse calls it. AddedBallForceMultiplier and AddedCarForceMultiplier
of cars are none: they come and go with an item."""
USUAL = {
    "ball_scale": 1.0, "ball_max_speed_scale": 1.0, "ball_gravity_scale": 1.0, "ball_bounce_scale": 1.0,
    "car_scale": 1.0, "car_max_speed_scale": 1.0, "boost_strength": 1.0,
}  # fmt: skip
"""What rules are ordinarily, where that is not 0 or no."""

FOR_PEOPLE = (PAWN_PLAYER, PLAYER_ID, PLAYER_TEAM, PLAYER_NAME, PLAYER_IS_BOT)
FOR_MATCH = (
    *GUIDS, SERVER_NAME, SERVER_REGION, TEAM_CUSTOM_NAME, FORFEIT, NO_CONTEST, OVERTIME, SUB_RULES, USES_ITEMS, BALL_MATCH, *RULES,
)  # fmt: skip
FOR_FRAMES = (
    *FOR_PEOPLE, *FOR_MATCH, BODY, COMPONENT_CAR, COMPONENT_ACTIVE, *BOOST_AMOUNTS, *DEMOLITIONS, *MATCH,
    *SCORES, PLAYLIST, *STATISTICS.values(), MVP, *FOR_SETUPS,
)  # fmt: skip
"""All that frames and the tables that follow from them are made of."""

FOR_CONTROLS = (
    *FOR_PEOPLE,
    BODY,
    COMPONENT_CAR,
    COMPONENT_ACTIVE,
    *DEMOLITIONS,
    THROTTLE,
    STEER,
    HANDBRAKE,
    DODGE_TORQUE,
)
"""What controls are made of; frames do without most of it."""

PICKUPS = ("TAGame.VehiclePickup_TA:NewReplicatedPickupData", "TAGame.VehiclePickup_TA:ReplicatedPickupData")
"""Of boost pads: who picked one up, with a count of it since 2019, or that it is there again."""

FOR_PADS = (
    *FOR_PEOPLE,
    BODY,
    COMPONENT_CAR,
    COMPONENT_ACTIVE,
    *BOOST_AMOUNTS,
    *BOOST_UNLIMITED,
    *DEMOLITIONS,
    *PICKUPS,
)
"""What pads and their pickups are made of."""
