from __future__ import annotations

from impulse.config.params import DedupeParams
from impulse.features import FEATURE_PRESETS, frame_layout
from impulse.redundancy import dropped_columns

ALL = FEATURE_PRESETS["all"]
COLUMNS = frame_layout(ALL.global_features, ALL.player_features, slots_per_team=2).columns


def kept(params: DedupeParams) -> set[str]:
    return {column.name for column in COLUMNS} - set(dropped_columns(COLUMNS, params))


def test_each_quantity_is_kept_once_by_default() -> None:
    """Of several adders with the same position the first stays; Euler angles go beside quaternions."""
    names = kept(DedupeParams())
    assert {"ball_pos_x", "p3_pos_z", "p0_quat_w", "p0_vel_x", "p0_interp_pos_x"} <= names
    assert not {name for name in names if "__" in name}
    assert "p0_rot_x" not in names


def test_every_switch_decides_about_its_own_quantity() -> None:
    """Rotation as quaternion or Euler angles, velocities and repeats are switched one by one."""
    assert "ball_pos_x__BallRigidBody" in kept(DedupeParams(deduplicate_position=False))
    assert "p1_quat_x" not in kept(DedupeParams(keep_quaternions=False))
    assert "p1_interp_quat_x" not in kept(DedupeParams(keep_quaternions=False))
    assert "p1_rot_x" in kept(DedupeParams(keep_euler_angles=True))
    without = kept(DedupeParams(keep_velocities=False))
    assert "p1_vel_x" not in without
    assert "ball_angvel_z" not in without
    assert "p1_pos_x" in without


def test_standard_features_hold_no_redundancy() -> None:
    """The standard preset loses no column."""
    standard = FEATURE_PRESETS["standard"]
    columns = frame_layout(standard.global_features, standard.player_features, slots_per_team=4).columns
    assert dropped_columns(columns, DedupeParams()) == {}
