"""Fields that mean the same in every kind of events that has them."""

from __future__ import annotations

from collections.abc import Mapping

from impulse.tables.event_kinds.kind import Field, named, number, player, truth, vector, whole, word

THIRDS = ("team_zero_third", "neutral_third", "team_one_third")

SHARED: Mapping[str, Field] = {
    "frame": whole("network frame at which it happened, where that is not the begin of the span"),
    "time": number("time of that network frame", "s"),
    "sample_frame": whole("network frame at which the parser measured it"),
    "sample_time": number("time of that network frame", "s"),
    "resolved_frame": whole("network frame at which the parser had decided"),
    "resolved_time": number("time of that network frame", "s"),
    "duration": number("how long it lasts, without times in which play is held", "s"),
    "active": truth("play goes on; false while it is held"),
    "confidence": number("how sure the parser is, from 0 to 1"),
    "start_position": vector("position of the car at the begin"),
    "end_position": vector("position of the car at the end"),
    "start_speed": number("speed of the car at the begin", "uu/s"),
    "end_speed": number("speed of the car at the end", "uu/s"),
    "touch_id": whole("number of the touch; that of the same touch is equal in all kinds"),
    "touch_count": whole("touches in it"),
    "ball_speed": number("speed of the ball after the touch", "uu/s"),
    "ball_speed_change": number("change of the ball's velocity by the touch", "uu/s"),
    "ball_travel_distance": number("way of the ball", "uu"),
    "ball_advance_distance": number("of that, towards the other goal; negative backwards", "uu"),
    "advance_distance": number("way of the ball towards the other goal", "uu"),
    "retreat_distance": number("way of the ball towards the own goal", "uu"),
    "goal_alignment": number("cosine between the ball's velocity and the way to the other goal"),
    "forward_alignment": number("cosine between the car's nose and the way to the ball"),
    "average_horizontal_gap": number("mean horizontal distance between car and ball", "uu"),
    "average_vertical_gap": number("mean height of the ball above the car", "uu"),
    "path_distance": number("way of the ball", "uu"),
    "straight_line_distance": number("distance from start to end", "uu"),
    "average_speed": number("mean speed", "uu/s"),
    "air_touch_count": whole("touches of the ball in the air"),
    "local_ball_position": vector("position of the ball from the car: ahead, right, up"),
    "approach_speed": number("speed of the car towards the ball", "uu/s"),
    "aerial": truth("in the air"),
    "dodge_active": truth("with a dodge"),
    "dodge_frame": whole("network frame of the dodge"),
    "dodge_time": number("time of the dodge", "s"),
    "time_since_dodge": number("time from the dodge on", "s"),
    "dodge_torque": vector("torque of the dodge as the game sends it, which tells its direction", ""),
    "max_forward_deviation_degrees": number("most that the nose turns away", "deg"),
    "setup_start_frame": whole("network frame in which the player came to control the ball for it"),
    "setup_start_time": number("time of that network frame", "s"),
    "setup_duration": number("time of that control", "s"),
    "passer": player("who passed"),
    "passer_position": vector("position of who passed, at the pass"),
    "counter_value": whole(
        "the game's own count of dodges given back since the car left the ground; 0 where it tells none"
    ),
    "possession_state": word("who has the ball: blue is zero, orange one", "team_zero", "team_one", "neutral"),
    "wall": word("wall that it starts from, as the player's team attacks", "left", "right", "back", "front"),
    "wall_contact_frame": whole("last network frame on the wall"),
    "wall_contact_time": number("time of that network frame", "s"),
    "wall_contact_position": vector("position of the car then"),
    "takeoff_frame": whole("first network frame off the wall"),
    "takeoff_time": number("time of that network frame", "s"),
    "takeoff_position": vector("position of the car then"),
    "time_since_takeoff": number("time from there to the touch", "s"),
    "victim": player("who was hit"),
    "victim_is_team_0": truth("he is blue"),
    "winning_team_is_team_0": truth("blue won it; null where nobody did"),
    "scoring_team_is_team_0": truth("blue scored"),
    "is_team_0": truth("of the blue team"),
}

SPAN = named(SHARED, "duration")
"""What most spans have."""
