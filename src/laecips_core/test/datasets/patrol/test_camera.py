from __future__ import annotations

import numpy as np
import pytest

from laecips_core.datasets.patrol.camera import affine_map
from laecips_core.datasets.patrol.camera import Camera
from laecips_core.datasets.patrol.camera import clip_near
from laecips_core.datasets.patrol.camera import NEAR_M
from laecips_core.datasets.patrol.camera import Pose
from laecips_core.datasets.patrol.camera import to_pixels
from laecips_core.datasets.patrol.camera import window_map

LEVEL = Pose(position=(2.0, 0.8, 5.0), yaw_rad=0.0, pitch_rad=0.0, roll_rad=0.0)
TILTED = Pose(position=(2.0, 0.8, 5.0), yaw_rad=0.3, pitch_rad=0.1, roll_rad=0.05)


def test_point_straight_ahead_is_in_the_middle() -> None:
    projected = Camera(LEVEL).project(np.array(((2.0, 0.8, 15.0),)))
    np.testing.assert_allclose(projected[0], (2400.0, 1800.0, 10.0))


def test_right_and_down_follow_the_focal_length() -> None:
    pixels = to_pixels(Camera(LEVEL).project(np.array(((3.0, 0.3, 15.0),))))
    np.testing.assert_allclose(pixels[0], (240 + 36.0, 180 + 18.0))


def test_yaw_to_the_right_moves_things_left() -> None:
    turned = Camera(Pose(position=(2.0, 0.8, 5.0), yaw_rad=0.1, pitch_rad=0.0, roll_rad=0.0))
    pixels = to_pixels(turned.project(np.array(((2.0, 0.8, 15.0),))))
    np.testing.assert_allclose(pixels[0], (240 - 360 * np.tan(0.1), 180.0))


@pytest.mark.parametrize('pose', [LEVEL, TILTED])
def test_ground_depth_agrees_with_projection(pose: Pose) -> None:
    camera = Camera(pose)
    column, row, depth = camera.project(np.array(((3.0, 0.0, 9.0),)))[0]
    factors = -camera.rays[1] / 0.8
    assert factors @ (column / depth, row / depth, 1.0) == pytest.approx(1 / depth)
    assert camera.ground_inverse_depth()[300, 100] == pytest.approx(
        factors @ (100, 300, 1), rel=1e-4
    )


def test_window_is_a_part_of_the_whole_map() -> None:
    row = np.array((0.5, -2.0, 7.0))
    np.testing.assert_array_equal(window_map(row, 10, 20, 30, 25), affine_map(row)[20:25, 10:30])


def test_polygon_in_front_is_not_cut() -> None:
    points = np.array(((0.0, 0, 1), (1, 0, 1), (1, 1, 2)))
    np.testing.assert_array_equal(clip_near(points), points)


def test_polygon_behind_vanishes() -> None:
    assert clip_near(np.array(((0.0, 0, -1), (1, 0, -1), (1, 1, -2)))).shape == (0, 3)


def test_polygon_across_the_near_plane_is_cut_there() -> None:
    cut = clip_near(np.array(((0.0, 0, NEAR_M + 1), (4, 0, NEAR_M + 1), (0, 0, NEAR_M - 1))))
    np.testing.assert_allclose(
        cut, ((0, 0, NEAR_M + 1), (4, 0, NEAR_M + 1), (2, 0, NEAR_M), (0, 0, NEAR_M))
    )
