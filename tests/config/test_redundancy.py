"""Redundant columns: which are dropped, and that they really say nothing new."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from impulse.config.dedupe import DedupeParams
from impulse.config.parsing_config import ParsingConfig
from impulse.config.pipeline_config import PipelineConfig
from impulse.config.redundancy import bodies_without_rotation, dropped_columns
from impulse.demo import Recording
from impulse.parsing import ReplayParser
from impulse.parsing.parse_result_formatter import ParseResultFormatter
from impulse.parsing.parsed_replay import ParsedReplay, parse_replay
from impulse.schema.column import Column
from impulse.schema.features import FEATURE_PRESETS, frame_layout

ALL = FEATURE_PRESETS["all"]
COLUMNS = frame_layout(ALL.global_features, ALL.player_features, slots_per_team=2).columns
EULER_ONLY = frame_layout(("BallRigidBody",), ("PlayerRigidBody",), slots_per_team=1).chosen(
    {"BallRigidBody", "PlayerRigidBody"}
)


def kept(params: DedupeParams, columns: tuple[Column, ...] = COLUMNS) -> set[str]:
    return {column.name for column in columns} - set(dropped_columns(columns, params))


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
    assert "p1_interp_quat_x" in kept(DedupeParams())
    assert "p1_interp_quat_x" not in kept(DedupeParams(keep_quaternions=False))
    assert "p1_rot_x" in kept(DedupeParams(keep_euler_angles=True))
    without = kept(DedupeParams(keep_velocities=False))
    assert "p1_vel_x" not in without
    assert "ball_angvel_z" not in without
    assert "p1_pos_x" in without


def test_euler_angles_stay_where_they_alone_tell_the_rotation() -> None:
    """Without a quaternion beside them they are not redundant."""
    assert {"ball_rot_x", "p1_rot_z"} <= kept(DedupeParams(), EULER_ONLY)


def test_a_lost_rotation_is_told() -> None:
    """Quaternions and Euler angles may both be switched off; then the bodies are named, unless a basis is left."""
    nothing = DedupeParams(keep_quaternions=False)
    standard = frame_layout(slots_per_team=1).columns
    assert bodies_without_rotation(standard, dropped_columns(standard, nothing)) == ["ball", "p0", "p1"]
    assert bodies_without_rotation(standard, dropped_columns(standard, DedupeParams())) == []
    assert bodies_without_rotation(COLUMNS, dropped_columns(COLUMNS, nothing)) == []  # forward and up are left
    euler = DedupeParams(keep_quaternions=False, keep_euler_angles=True)
    assert bodies_without_rotation(COLUMNS, dropped_columns(COLUMNS, euler)) == []
    positions = frame_layout(slots_per_team=1).chosen({"BallRigidBodyQuaternions", "BallRigidBodyQuaternionVelocities"})
    assert bodies_without_rotation(positions, dropped_columns(positions, nothing)) == ["ball"]


def test_standard_features_hold_no_redundancy() -> None:
    """The standard preset loses no column."""
    assert dropped_columns(frame_layout(slots_per_team=4).columns, DedupeParams()) == {}


def check_redundancy(parsed: ParsedReplay) -> None:
    """Columns declared to repeat another are equal to it, nulls included; rotations agree with the quaternion."""
    table = parsed.frames
    repeats = [column for column in parsed.layout.columns if column.duplicate_of]
    assert len(repeats) > 100
    for column in repeats:
        assert table[column.name].equals(table[column.duplicate_of]), column.name
    slots = {column.name.split("_")[0] for column in parsed.layout.columns if column.quantity == "rot"}
    seen = 0
    for body in sorted(slots):
        quaternion, euler, forward, up = (
            columns_of(table, f"{body}_{kind}", axes)
            for kind, axes in (("quat", "xyzw"), ("rot", "xyz"), ("forward", "xyz"), ("up", "xyz"))
        )
        np.testing.assert_array_equal(np.isnan(quaternion[0]), np.isnan(euler[0]))
        there = ~np.isnan(quaternion[0])
        seen += int(there.sum())
        turn = matrices(quaternion[:, there])
        np.testing.assert_allclose(turn[:, 0], forward[:, there], atol=1e-5)
        np.testing.assert_allclose(turn[:, 2], up[:, there], atol=1e-5)
        np.testing.assert_allclose(turned_xyz(euler[:, there]), turn, atol=2e-3)
    assert seen > 500


def columns_of(table: pa.Table, name: str, axes: str) -> np.ndarray:
    """Return (axes, rows) float64, NaN for null."""
    return np.stack([table[f"{name}_{axis}"].to_numpy().astype(float) for axis in axes])


def matrices(quaternion: np.ndarray) -> np.ndarray:
    """Return the rotation matrices (3, 3, rows) of quaternions (4, rows)."""
    x, y, z, w = quaternion
    return np.array(
        [
            [1 - 2 * (y * y + z * z), 2 * (x * y - z * w), 2 * (x * z + y * w)],
            [2 * (x * y + z * w), 1 - 2 * (x * x + z * z), 2 * (y * z - x * w)],
            [2 * (x * z - y * w), 2 * (y * z + x * w), 1 - 2 * (x * x + y * y)],
        ]
    )


def turned_xyz(euler: np.ndarray) -> np.ndarray:
    """Return the rotation matrices of Euler angles: about x, then the turned y, then the turned z."""
    zero, one = np.zeros(euler.shape[1]), np.ones(euler.shape[1])
    (cx, cy, cz), (sx, sy, sz) = np.cos(euler), np.sin(euler)
    about_x = np.array([[one, zero, zero], [zero, cx, -sx], [zero, sx, cx]])
    about_y = np.array([[cy, zero, sy], [zero, one, zero], [-sy, zero, cy]])
    about_z = np.array([[cz, -sz, zero], [sz, cz, zero], [zero, zero, one]])
    turned: np.ndarray = np.einsum("ijr,jkr,klr->ilr", about_x, about_y, about_z)
    return turned


def test_redundant_columns_of_a_synthetic_replay_say_nothing_new(synthetic: tuple[Path, Recording]) -> None:
    """With every feature, what is dropped can be had from what is kept."""
    check_redundancy(parse_replay(synthetic[0], ParsingConfig.get_preset("all").params()))


@pytest.mark.real_replays
@pytest.mark.parametrize("name", ["replay-format-2016-07-21*", "post-eac-ranked-duel*"])
def test_redundant_columns_of_real_replays_say_nothing_new(real_replays: Path, name: str) -> None:
    """Also where the game stored Euler angles itself, as before 2018."""
    (path,) = (real_replays / "match").glob(name)
    check_redundancy(parse_replay(path, replace(ParsingConfig.get_preset("all").params(), fps=2.0)))


@pytest.mark.parametrize(
    ("switch", "column", "is_there"),
    [
        ({}, "p0_quat_w", True),
        ({}, "p0_rot_x", False),
        ({}, "p0_pos_x__PlayerRigidBody", False),
        ({"DEDUPLICATE_POSITION": False}, "p0_pos_x__PlayerRigidBody", True),
        ({"KEEP_QUATERNIONS": False}, "p0_quat_w", False),
        ({"KEEP_EULER_ANGLES": True}, "p0_rot_x", True),
        ({"KEEP_VELOCITIES": False}, "p0_vel_x", False),
        ({"KEEP_VELOCITIES": False}, "ball_angvel_x", False),
    ],
    ids=str,
)
def test_the_library_has_the_same_switches(
    all_features: ReplayParser, synthetic: tuple[Path, Recording], switch: dict[str, Any], column: str, is_there: bool
) -> None:
    """PipelineConfig decides what the formatter's table has."""
    formatted = ParseResultFormatter(PipelineConfig(**switch)).format(all_features.parse_file(synthetic[0]))
    assert (column in formatted.dataframe.columns) == is_there


@pytest.fixture(scope="module")
def all_features() -> ReplayParser:
    return ReplayParser.from_preset("all", fps=1.0)
