"""What weather and camera make of a painted scene: sky, haze, lamps, exposure, noise."""

from __future__ import annotations

from functools import cache
import math

import cv2
import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from laecips_core.datasets.patrol.camera import FOCAL_PX
from laecips_core.datasets.patrol.camera import window_map
from laecips_core.datasets.patrol.classes import ClassId
from laecips_core.datasets.patrol.light import Light
from laecips_core.datasets.patrol.painter import Canvas
from laecips_core.datasets.patrol.world import Place

_LAMP_COLOUR = np.array((1.0, 0.85, 0.55), np.float32)
_LAMP_RANGE_M = 45.0
_NOISE_STARTS = 2**20


def paint_sky(canvas: Canvas, place: Place, light: Light) -> None:
    """
    Fill what is still sky with its gradient and clouds.

    :param canvas: a canvas with everything else painted.
    :param place: the place, for its clouds.
    :param light: the light.
    """
    sky = canvas.labels == ClassId.SKY
    found = np.flatnonzero(sky.any(axis=1))
    if len(found) == 0:
        return
    rows = slice(int(found[0]), int(found[-1]) + 1)
    height, width = rows.stop - rows.start, sky.shape[1]
    up = window_map(canvas.camera.rays[1], 0, rows.start, width, rows.stop)
    up = np.clip(up * 2.0, 0, 1)[..., None]
    colour = np.asarray(light.sky_low, np.float32) * (1 - up)
    colour += np.asarray(light.sky_top, np.float32) * up
    turn = canvas.camera.pose.yaw_rad * FOCAL_PX
    columns = (np.arange(width) + int(turn)) % place.clouds.shape[1]
    cover = light.clouds * place.clouds[:height, columns][..., None]
    colour += (235 * np.asarray(light.sky_low, np.float32) / 230 - colour) * cover
    canvas.rgb[rows][sky[rows]] = np.clip(colour, 0, 255)[sky[rows]].astype(np.uint8)


def _hidden(canvas: Canvas, column: float, row: float, depth: float) -> bool:
    height, width = canvas.inverse_depth.shape
    inside = 0 <= column < width and 0 <= row < height
    return inside and bool(canvas.inverse_depth[int(row), int(column)] > 1.1 / depth)


def _add_lamps(image: NDArray[np.float32], canvas: Canvas, place: Place, light: Light) -> None:
    if light.lamps <= 0 or len(place.lamps) == 0:
        return
    points = canvas.camera.project(place.lamps)
    for across, down, depth in points[(points[:, 2] > 0.5) & (points[:, 2] < _LAMP_RANGE_M)]:
        column, row = across / depth, down / depth
        if not _hidden(canvas, column, row, depth):
            _add_glow(image, column, row, 0.9 * FOCAL_PX / depth + 8, light.lamps * 0.6)


def _add_glow(
    image: NDArray[np.float32], column: float, row: float, radius: float, brightness: float
) -> None:
    left, right = (int(np.clip(column + s * 3 * radius, 0, image.shape[1])) for s in (-1, 1))
    top, bottom = (int(np.clip(row + s * 3 * radius, 0, image.shape[0])) for s in (-1, 1))
    fall_x = np.exp(-(((np.arange(left, right) - column) / radius) ** 2)).astype(np.float32)
    fall_y = np.exp(-(((np.arange(top, bottom) - row) / radius) ** 2)).astype(np.float32)
    glow = np.float32(brightness) * fall_y[:, None] * fall_x[None]
    image[top:bottom, left:right] += glow[..., None] * _LAMP_COLOUR


@cache
def _noise_pool() -> NDArray[np.float32]:
    return np.random.default_rng(0).standard_normal(2 * _NOISE_STARTS, dtype=np.float32)


def _noise(rng: Generator, shape: tuple[int, ...]) -> NDArray[np.float32]:
    # Drawing half a million numbers a frame would cost as much as painting the houses.
    start = int(rng.integers(_NOISE_STARTS))
    return _noise_pool()[start : start + math.prod(shape)].reshape(shape)


def _tone_curves(light: Light) -> NDArray[np.float32]:
    levels = (np.arange(256, dtype=np.float32) / 255) ** np.float32(light.gamma)
    curves = light.lift + 255 * levels[:, None] * np.asarray(light.gain, np.float32)
    return curves.astype(np.float32)


def expose(canvas: Canvas, place: Place, light: Light, rng: Generator) -> NDArray[np.uint8]:
    """
    Turn a painted scene into what the camera delivers.

    Haze follows Koschmieder's law: the scene's part is exp(-extinction * depth).

    :param canvas: a complete canvas.
    :param place: the place, for its lamps.
    :param light: the light.
    :param rng: source of the sensor noise.
    :returns: (360, 480, 3) uint8 RGB.
    """
    clear = np.exp(np.float32(-light.haze_per_m) / canvas.inverse_depth)[..., None]
    haze = np.asarray(light.haze, np.float32)
    hazed = (canvas.rgb - haze) * clear + haze
    blurred = cv2.GaussianBlur(hazed.astype(np.uint8), (5, 5), light.blur_px)
    curves = np.clip(_tone_curves(light), 0, 255)
    image = np.stack([curves[:, c][blurred[..., c]] for c in range(3)], axis=-1)
    _add_lamps(image, canvas, place, light)
    image += _noise(rng, image.shape) * np.float32(light.noise)
    exposed: NDArray[np.uint8] = np.clip(image, 0, 255).astype(np.uint8)
    return exposed
