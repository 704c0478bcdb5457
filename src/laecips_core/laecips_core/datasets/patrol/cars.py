"""Cars of the patrol: four upright sides and a cabin."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from laecips_core.datasets.patrol.classes import ClassId
from laecips_core.datasets.patrol.classes import TRANSPARENT
from laecips_core.datasets.patrol.textures import Colour
from laecips_core.datasets.patrol.textures import make_texture
from laecips_core.datasets.patrol.textures import Texture
from laecips_core.datasets.patrol.world import Panel

_LENGTH_M, _WIDTH_M, _HEIGHT_M = 4.2, 1.76, 1.5
_PX_M = 48.0
_GLASS = (52, 62, 74)
_TYRE = (32, 32, 34)
_PAINTS = (
    (176, 32, 34),
    (36, 66, 140),
    (206, 208, 210),
    (62, 64, 68),
    (238, 238, 236),
    (120, 132, 60),
    (224, 150, 30),
    (96, 120, 140),
)


def _fill(rgb: NDArray[np.uint8], shape: list[tuple[float, float]], colour: Colour) -> None:
    points = np.round(np.array(shape) * _PX_M).astype(np.int32)
    points[:, 1] = rgb.shape[0] - points[:, 1]
    cv2.fillPoly(rgb, [points], colour)


def _blank(width_m: float) -> NDArray[np.uint8]:
    return np.zeros((int(_HEIGHT_M * _PX_M), int(width_m * _PX_M), 3), np.uint8)


def _texture(rgb: NDArray[np.uint8]) -> Texture:
    # Nothing on a car is pure black, so black is where one sees past it.
    labels = np.where(rgb.any(axis=2), np.uint8(ClassId.CAR), np.uint8(TRANSPARENT))
    shine = np.linspace(1.1, 0.85, len(rgb))[:, None, None]
    return make_texture(rgb * shine, labels.astype(np.uint8))


def _side(paint: Colour) -> Texture:
    rgb = _blank(_LENGTH_M)
    rear, nose = [(0.0, 0.25), (0.05, 0.95), (0.35, 1.45)], [(4.05, 0.85), (4.2, 0.3)]
    _fill(rgb, [*rear, (2.35, 1.5), (3.05, 1.0), *nose], paint)
    _fill(rgb, [(0.35, 1.0), (0.55, 1.38), (1.3, 1.4), (1.3, 1.0)], _GLASS)
    _fill(rgb, [(1.4, 1.0), (1.4, 1.4), (2.25, 1.4), (2.8, 1.0)], _GLASS)
    _fill(rgb, [(0.03, 0.7), (0.2, 0.72), (0.2, 0.85), (0.05, 0.85)], (170, 30, 30))
    for middle in (0.8, 3.35):
        point = (int(middle * _PX_M), int((_HEIGHT_M - 0.32) * _PX_M))
        cv2.circle(rgb, point, int(0.33 * _PX_M), _TYRE, -1)
        cv2.circle(rgb, point, int(0.18 * _PX_M), (150, 152, 155), -1)
    return _texture(rgb)


def _end(paint: Colour, lamps: Colour, top_m: float) -> Texture:
    rgb = _blank(_WIDTH_M)
    for left in (0.08, 1.4):
        _fill(rgb, [(left, 0.0), (left + 0.26, 0.0), (left + 0.26, 0.4), (left, 0.4)], _TYRE)
    _fill(
        rgb,
        [(0.0, 0.22), (1.76, 0.22), (1.76, 0.8), (1.66, top_m), (0.1, top_m), (0.0, 0.8)],
        paint,
    )
    for left in (0.06, 1.36):
        _fill(rgb, [(left, 0.6), (left + 0.34, 0.6), (left + 0.34, 0.78), (left, 0.78)], lamps)
    _fill(rgb, [(0.6, 0.42), (1.16, 0.42), (1.16, 0.54), (0.6, 0.54)], (232, 226, 180))
    return _texture(rgb)


def _cabin(paint: Colour) -> Texture:
    rgb = _blank(_WIDTH_M)
    _fill(rgb, [(0.02, 0.8), (1.74, 0.8), (1.5, 1.48), (0.26, 1.48)], paint)
    _fill(rgb, [(0.16, 0.98), (1.6, 0.98), (1.42, 1.4), (0.34, 1.4)], _GLASS)
    return _texture(rgb)


def car(rng: Generator, x: float, z: float, heading: int, speed_m_s: float = 0.0) -> list[Panel]:
    """
    Build a car along the street.

    :param rng: source of randomness.
    :param x: middle of the car, metres across.
    :param z: middle of the car, metres along.
    :param heading: 1 along z, -1 against it.
    :param speed_m_s: speed in that direction.
    :returns: its panels.
    """
    chosen = np.array(_PAINTS[int(rng.integers(len(_PAINTS)))]) * rng.uniform(0.8, 1.05)
    paint = (float(chosen[0]), float(chosen[1]), float(chosen[2]))
    half, velocity = _WIDTH_M / 2, (0.0, heading * speed_m_s)
    tail, side = z - heading * _LENGTH_M / 2, _side(paint)
    panels = [
        Panel(
            (x + offset, 0.0, tail),
            (0.0, heading * _LENGTH_M),
            _HEIGHT_M,
            side,
            0.8 if offset > 0 else 0.95,
            velocity,
            range_m=55.0,
            shadow_m=1.8,
        )
        for offset in (-half, half)
    ]
    ends = (
        (0.02, _end(paint, (170, 26, 28), 1.0)),
        (0.3, _cabin(paint)),
        (2.6, _cabin(paint)),
        (_LENGTH_M - 0.02, _end(paint, (235, 235, 220), 0.92)),
    )
    for ahead, texture in ends:
        base = (x - half, 0.0, tail + heading * ahead)
        panels.append(
            Panel(base, (_WIDTH_M, 0.0), _HEIGHT_M, texture, 0.85, velocity, range_m=55.0)
        )
    return panels
