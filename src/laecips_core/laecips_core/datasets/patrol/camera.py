"""A pinhole camera in the patrol's world."""

from __future__ import annotations

from dataclasses import dataclass
import math

import numpy as np
from numpy.typing import NDArray

WIDTH_PX = 480
HEIGHT_PX = 360
FOCAL_PX = 360.0
NEAR_M = 0.25

Floats = NDArray[np.float64]

_COLUMNS, _ROWS = np.meshgrid(
    np.arange(WIDTH_PX, dtype=np.float32), np.arange(HEIGHT_PX, dtype=np.float32)
)


@dataclass(frozen=True)
class Pose:
    """
    Where the camera is and looks.

    :param position: (x, y, z) in metres; y is the height above the ground.
    :param yaw_rad: heading, 0 along z, positive to the right.
    :param pitch_rad: positive downwards.
    :param roll_rad: positive clockwise.
    """

    position: tuple[float, float, float]
    yaw_rad: float
    pitch_rad: float
    roll_rad: float


def _rotation(pose: Pose) -> Floats:
    yaw, pitch, roll = pose.yaw_rad, pose.pitch_rad, pose.roll_rad
    level = np.array((math.sin(yaw), 0.0, math.cos(yaw)))
    right = np.array((math.cos(yaw), 0.0, -math.sin(yaw)))
    up = np.array((0.0, 1.0, 0.0))
    ahead = math.cos(pitch) * level - math.sin(pitch) * up
    down = -math.cos(pitch) * up - math.sin(pitch) * level
    return np.stack(
        (
            math.cos(roll) * right + math.sin(roll) * down,
            math.cos(roll) * down - math.sin(roll) * right,
            ahead,
        )
    )


def affine_map(row: Floats) -> NDArray[np.float32]:
    """
    Evaluate an affine function at every pixel.

    :param row: (3,) factors of column, row and 1.
    :returns: (360, 480) float32.
    """
    a, b, c = (np.float32(v) for v in row)
    return (a * _COLUMNS[:1] + (b * _ROWS[:, :1] + c)).astype(np.float32)


def window_map(row: Floats, left: int, top: int, right: int, bottom: int) -> NDArray[np.float32]:
    """
    Evaluate an affine function in a window of the image.

    :param row: (3,) factors of column, row and 1.
    :param left: first column.
    :param top: first row.
    :param right: column after the last.
    :param bottom: row after the last.
    :returns: (bottom - top, right - left) float32.
    """
    a, b, c = (np.float32(v) for v in row)
    across = a * _COLUMNS[:1, left:right]
    return (across + (b * _ROWS[top:bottom, :1] + c)).astype(np.float32)


def clip_near(points: Floats) -> Floats:
    """
    Cut off the part of a polygon that is behind the camera or too near (Sutherland-Hodgman).

    :param points: (N, 3) homogeneous image points; the third number is the depth in metres.
    :returns: (K, 3), all with a depth of at least NEAR_M; K is 0 where nothing is left.
    """
    if (points[:, 2] >= NEAR_M).all():
        return points
    kept: list[Floats] = []
    for start, end in zip(points, np.roll(points, -1, axis=0), strict=True):
        if start[2] >= NEAR_M:
            kept.append(start)
        if (start[2] >= NEAR_M) != (end[2] >= NEAR_M):
            share = (NEAR_M - start[2]) / (end[2] - start[2])
            kept.append(start + share * (end - start))
    return np.array(kept).reshape(-1, 3)


def to_pixels(points: Floats) -> Floats:
    """
    Divide homogeneous image points by their depth.

    :param points: (N, 3), depth at least NEAR_M.
    :returns: (N, 2) column and row in pixels.
    """
    return points[:, :2] / points[:, 2:]


class Camera:
    """A camera at one pose."""

    def __init__(self, pose: Pose) -> None:
        """
        Prepare the projection.

        :param pose: where it is and looks.
        """
        self.pose = pose
        self.position: Floats = np.array(pose.position)
        rotation = _rotation(pose)
        intrinsics = np.array(
            ((FOCAL_PX, 0, WIDTH_PX / 2), (0, FOCAL_PX, HEIGHT_PX / 2), (0, 0, 1.0))
        )
        self.matrix: Floats = intrinsics @ rotation
        self.rays: Floats = rotation.T @ np.linalg.inv(intrinsics)
        self.right: Floats = np.array((math.cos(pose.yaw_rad), 0.0, -math.sin(pose.yaw_rad)))
        self.ahead: Floats = np.array((math.sin(pose.yaw_rad), 0.0, math.cos(pose.yaw_rad)))

    def project(self, points: Floats) -> Floats:
        """
        Project points of the world.

        :param points: (N, 3) in metres.
        :returns: (N, 3) homogeneous image points; the third number is the depth in metres.
        """
        projected: Floats = (points - self.position) @ self.matrix.T
        return projected

    def project_ground(self, points: Floats) -> Floats:
        """
        Project points of the ground and cut off what is not in front.

        :param points: (N, 2) x and z in metres.
        :returns: (K, 2) column and row in pixels; K is 0 where nothing is in front.
        """
        upright = np.stack((points[:, 0], np.zeros(len(points)), points[:, 1]), axis=1)
        return to_pixels(clip_near(self.project(upright)))

    def ground_inverse_depth(self) -> NDArray[np.float32]:
        """
        Give 1 / depth of the ground at every pixel.

        :returns: (360, 480) float32 in 1 / metres; 0 or less above the horizon.
        """
        return affine_map(-self.rays[1] / self.position[1])
