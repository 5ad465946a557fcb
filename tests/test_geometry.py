"""Corners of hitboxes: by rotations that anyone can follow, and where cars of real matches lie on the floor."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from impulse.config.parsing_config import ParsingConfig
from impulse.errors import ConfigError, ReplayError
from impulse.geometry import hitbox_corners
from impulse.parsing.parsed_replay import parse_replay
from impulse.schema.hitboxes import Hitbox

BOX = Hitbox(length=10, width=6, height=4, offset_x=1, offset_z=2)
UPRIGHT = (0.0, 0.0, 0.0, 1.0)


def test_a_car_that_stands_straight() -> None:
    """From the back to the front, the left to the right, the bottom to the top."""
    corners = hitbox_corners((100, 200, 300), UPRIGHT, BOX)

    assert corners[0].tolist() == [96, 197, 300]
    assert corners[7].tolist() == [106, 203, 304]
    assert corners[1].tolist() == [96, 197, 304]
    assert corners[4].tolist() == [106, 197, 300]


@pytest.mark.parametrize(
    ("quaternion", "front_right_top"),
    [
        ((0, 0, 0.5**0.5, 0.5**0.5), (-3, 6, 4)),  # a quarter turn: x forward becomes y
        ((0, 0, 1, 0), (-6, -3, 4)),  # half a turn
        ((1, 0, 0, 0), (6, -3, -4)),  # rolled onto its roof
        ((0, -(0.5**0.5), 0, 0.5**0.5), (-4, 3, 6)),  # nose up
    ],
    ids=["turned", "turned round", "on its roof", "nose up"],
)
def test_corners_turn_with_the_car(quaternion: tuple[float, ...], front_right_top: tuple[float, float, float]) -> None:
    """Quaternions turn the car's axes to those of the arena."""
    np.testing.assert_allclose(hitbox_corners((0, 0, 0), quaternion, BOX)[7], front_right_top, atol=1e-12)


def test_rows_are_taken_together() -> None:
    """As one by one; a row without a car has no corners."""
    draws = np.random.default_rng(1)
    position, quaternion = draws.normal(size=(5, 3)) * 1000, draws.normal(size=(5, 4))
    quaternion /= np.linalg.norm(quaternion, axis=1, keepdims=True)
    position[2] = quaternion[2] = np.nan

    corners = hitbox_corners(position.astype(np.float32), quaternion.astype(np.float32), "octane")

    assert corners.shape == (5, 8, 3)
    assert np.isnan(corners[2]).all()
    for row in (0, 1, 3, 4):
        np.testing.assert_allclose(corners[row], hitbox_corners(position[row], quaternion[row], "octane"), atol=1e-3)
        lengths = np.linalg.norm(corners[row][[4, 2, 1]] - corners[row][0], axis=1)
        np.testing.assert_allclose(lengths, (120.507, 86.6994, 38.6591), rtol=1e-5)
    assert hitbox_corners(np.zeros((2, 3, 3)), np.tile(UPRIGHT, (2, 3, 1)), BOX).shape == (2, 3, 8, 3)


def test_what_is_no_hitbox_or_no_row_is_said() -> None:
    """A family that does not exist, the null of an unknown body, arrays that are turned round."""
    with pytest.raises(ConfigError, match=r"hitbox: unknown name 'octan'; did you mean octane\?"):
        hitbox_corners((0, 0, 0), UPRIGHT, "octan")
    with pytest.raises(ConfigError, match="hitbox: is null"):
        hitbox_corners((0, 0, 0), UPRIGHT, None)
    with pytest.raises(ConfigError, match=r"quaternion: must be of shape \(\.\.\., 4\), not \(4, 9\)"):
        hitbox_corners(np.zeros((9, 3)), np.zeros((4, 9)), "octane")


QUATERNIONS_SINCE = 7
"""Network version; before it positions are in whole uu, or rotations are angles."""
LIES_FLAT, SLOW_UU_S = 0.999, 5.0
"""From which cosine on a car lies on its roof or side, and up to which speed it neither falls nor jumps."""
REST_UU = {"octane": (40.08, 43.35), "plank": (28.04, 43.59)}
"""Height of a car's position on its roof and on its side."""


def test_boxes_imply_the_heights_at_which_cars_lie() -> None:
    """On the roof and on the side; the heights are measured in real recordings (the heavy test below)."""
    for family, heights in REST_UU.items():
        for quaternion, height in zip(((1, 0, 0, 0), (0.5**0.5, 0, 0, 0.5**0.5)), heights, strict=True):
            lowest = hitbox_corners((0, 0, height), quaternion, family)[:, 2].min()
            assert lowest == pytest.approx(0, abs=0.02)


@pytest.mark.heavy
def test_cars_of_real_matches_lie_on_the_floor(real_replays: Path) -> None:
    """The lowest corner of an octane that lies on its roof or side is at the floor, to within half a uu."""
    params = replace(ParsingConfig.get_preset("standard", fps=30.0).params(), slots_per_team=8)
    lowest = []
    for path in sorted(real_replays.rglob("*.replay")):
        try:
            parsed = parse_replay(path, params)
        except ReplayError:
            continue
        net_version = parsed.manifest["format_version"].split(".")[2:]
        if not net_version or int(net_version[0]) < QUATERNIONS_SINCE:
            continue
        for player in parsed.players:
            if player["hitbox"] == "octane":
                position, quaternion, velocity = (
                    np.stack([parsed.frames[f"p{player['slot']}_{part}_{axis}"].to_numpy() for axis in axes], axis=1)
                    for part, axes in (("pos", "xyz"), ("quat", "xyzw"), ("vel", "xyz"))
                )
                x, y, z, w = quaternion.T
                roof, side = 2 * (x**2 + y**2) - 1, np.abs(2 * (y * z + x * w))
                near_goals_or_walls = (np.abs(position) > (3400, 4300, 60)).any(axis=1)
                lies = (np.fmax(roof, side) > LIES_FLAT) & (np.abs(velocity[:, 2]) < SLOW_UU_S) & ~near_goals_or_walls
                corners = hitbox_corners(position[lies], quaternion[lies], "octane")
                lowest.append(corners[..., 2].min(axis=1))
    heights = np.concatenate(lowest)
    assert len(heights) > 20
    assert abs(np.median(heights)) < 0.5
