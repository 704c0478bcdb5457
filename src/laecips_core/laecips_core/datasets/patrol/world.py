"""What a place of the patrol consists of: ground, upright panels, lamps and a walk."""

from __future__ import annotations

from dataclasses import dataclass
import math

import numpy as np
from numpy.typing import NDArray

from laecips_core.datasets.patrol.camera import Pose
from laecips_core.datasets.patrol.classes import ClassId
from laecips_core.datasets.patrol.textures import Texture

# World axes: x to the right of the street, y up, z along the street, all in metres.

STRIP_STEP_M = 0.02
STRIP_HALF_WIDTH_M = 60.0


@dataclass(frozen=True)
class Material:
    """
    What a piece of ground is made of.

    :param class_id: its class.
    :param colour: mean RGB colour in [0, 255].
    :param relief: (N, N) float32, relative brightness around 0, repeats without a seam.
    :param tile_m: metres that one relief covers.
    """

    class_id: ClassId
    colour: tuple[float, float, float]
    relief: NDArray[np.float32]
    tile_m: float


@dataclass(frozen=True)
class Patch:
    """
    A piece of ground lying on the strips.

    :param points: (N, 2) float64 corners (x, z) in metres.
    :param material: index into the place's materials.
    """

    points: NDArray[np.float64]
    material: int


@dataclass(frozen=True)
class Panel:
    """
    An upright textured rectangle.

    :param base: (x, y, z) of its lower left corner, or of its lower middle where it turns.
    :param along: (x, z) from its left to its right lower corner.
    :param height_m: height.
    :param texture: what is painted on it.
    :param shade: brightness of the side, 1 in full light.
    :param velocity_m_s: (x, z) of its motion.
    :param turns: whether it always faces the camera.
    :param range_m: distance beyond which it is left out.
    :param shadow_m: radius of its shadow on the ground; 0 for none.
    """

    base: tuple[float, float, float]
    along: tuple[float, float]
    height_m: float
    texture: Texture
    shade: float = 1.0
    velocity_m_s: tuple[float, float] = (0.0, 0.0)
    turns: bool = False
    range_m: float = 120.0
    shadow_m: float = 0.0

    def base_at(self, time_s: float) -> NDArray[np.float64]:
        """
        Give the base at one time.

        :param time_s: seconds since the walk began.
        :returns: (3,) x, y, z in metres.
        """
        x, y, z = self.base
        step_x, step_z = self.velocity_m_s
        return np.array((x + step_x * time_s, y, z + step_z * time_s))

    def shadow_at(self, time_s: float) -> NDArray[np.float64]:
        """
        Give the middle of its shadow at one time.

        :param time_s: seconds since the walk began.
        :returns: (2,) x, z in metres.
        """
        middle = self.base_at(time_s)[::2]
        return middle if self.turns else middle + np.array(self.along) / 2


@dataclass(frozen=True)
class Walk:
    """
    The way of the robot dog: ahead along z, with a swing, slow turns and a trot.

    :param x_m: lateral position.
    :param swing_m: amplitude of the lateral swing.
    :param swing_length_m: length of one swing.
    :param yaw_rad: mean heading, positive to the right of z.
    :param turn_rad: amplitude of the slow turns.
    :param phase_rad: phase of swing and turns.
    :param speed_m_s: speed along z.
    """

    x_m: float
    swing_m: float
    swing_length_m: float
    yaw_rad: float
    turn_rad: float
    phase_rad: float
    speed_m_s: float = 3.0

    def x_at(self, z: float) -> float:
        """
        Give the lateral position of the way.

        :param z: metres along the street.
        """
        angle = 2 * math.pi * z / self.swing_length_m + self.phase_rad
        return self.x_m + self.swing_m * math.sin(angle)

    def pose(self, time_s: float) -> Pose:
        """
        Give the camera's pose at one time.

        :param time_s: seconds since the walk began.
        """
        z = self.speed_m_s * time_s
        step = 2 * math.pi * 1.7 * time_s
        ahead = math.atan2(self.x_at(z + 1) - self.x_at(z - 1), 2.0)
        turn = self.turn_rad * math.sin(2 * math.pi * time_s / 5.0 + self.phase_rad)
        return Pose(
            position=(self.x_at(z), 0.85 + 0.015 * math.sin(2 * step), z),
            yaw_rad=self.yaw_rad + ahead + turn,
            pitch_rad=0.02 + 0.008 * math.sin(2 * step + 1.0),
            roll_rad=0.012 * math.sin(step),
        )


@dataclass(frozen=True)
class Place:
    """
    Everything that can be seen on one walk.

    :param materials: what the ground is made of.
    :param strips: (S,) uint8 material at x = -60 m + STRIP_STEP_M * index, for every z.
    :param patches: ground on top of the strips, later ones on top.
    :param panels: all upright things.
    :param lamps: (L, 3) float64 positions of the lights.
    :param clouds: (h, w) float32 cover in [0, 1], repeats horizontally.
    :param walk: the way through it.
    """

    materials: tuple[Material, ...]
    strips: NDArray[np.uint8]
    patches: tuple[Patch, ...]
    panels: tuple[Panel, ...]
    lamps: NDArray[np.float64]
    clouds: NDArray[np.float32]
    walk: Walk
