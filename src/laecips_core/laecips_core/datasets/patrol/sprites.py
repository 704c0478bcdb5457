"""Procedural pictures of single things of the patrol: trees, people, poles, signs and cars."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from laecips_core.datasets.patrol.classes import ClassId
from laecips_core.datasets.patrol.classes import TRANSPARENT
from laecips_core.datasets.patrol.textures import Colour
from laecips_core.datasets.patrol.textures import make_texture
from laecips_core.datasets.patrol.textures import speckle
from laecips_core.datasets.patrol.textures import Texture

Point = tuple[float, float]
Shape = list[Point]

_COATS = (
    (170, 40, 40),
    (40, 60, 130),
    (220, 190, 60),
    (60, 110, 80),
    (200, 200, 205),
    (60, 55, 60),
)


class _Drawing:
    """Draws shapes, in parts of width and height, on image and label map alike."""

    def __init__(self, width: int, height: int) -> None:
        self.rgb: NDArray[np.uint8] = np.zeros((height, width, 3), np.uint8)
        self.labels: NDArray[np.uint8] = np.full((height, width), TRANSPARENT, np.uint8)
        self._size = np.array((width, height))

    def polygon(self, shape: Shape, colour: Colour, label: ClassId) -> None:
        points = np.round(np.array(shape) * self._size).astype(np.int32)
        cv2.fillPoly(self.rgb, [points], colour)
        cv2.fillPoly(self.labels, [points], (int(label),))

    def box(self, box: tuple[float, float, float, float], colour: Colour, label: ClassId) -> None:
        left, top, right, bottom = box
        self.polygon([(left, top), (right, top), (right, bottom), (left, bottom)], colour, label)

    def disc(self, centre: Point, radius: float, colour: Colour, label: ClassId) -> None:
        middle = np.round(np.array(centre) * self._size).astype(int)
        point, pixels = (int(middle[0]), int(middle[1])), round(radius * float(self._size[0]))
        cv2.circle(self.rgb, point, pixels, colour, -1)
        cv2.circle(self.labels, point, pixels, (int(label),), -1)

    def texture(self, rng: Generator, roughness: float) -> Texture:
        height, width = self.labels.shape
        grain = speckle(rng, height, width, 3) + 0.7 * speckle(rng, height, width, 9)
        return make_texture(self.rgb * (1 + roughness * grain), self.labels)


def _tinted(colour: Colour, factor: float) -> Colour:
    red, green, blue = (min(255.0, v * factor) for v in colour)
    return red, green, blue


def tree(rng: Generator, leaf: Colour) -> Texture:
    """
    Draw a tree with an irregular crown; its texture is as wide as 0.8 of its height.

    :param rng: source of randomness.
    :param leaf: RGB colour of the leaves.
    """
    drawing = _Drawing(144, 180)
    trunk = rng.uniform(0.025, 0.045)
    drawing.box((0.5 - trunk, 0.4, 0.5 + trunk, 1.0), (88, 68, 50), ClassId.TREE)
    for _ in range(26):
        angle, reach = rng.uniform(0, 2 * np.pi), np.sqrt(rng.random())
        centre = (0.5 + 0.33 * reach * np.cos(angle), 0.34 + 0.22 * reach * np.sin(angle))
        light = 1.12 - 0.5 * (centre[1] - 0.15) + rng.normal(0, 0.07)
        radius = rng.uniform(0.09, 0.16)
        drawing.disc(centre, radius, _tinted(leaf, light), ClassId.TREE)
    return drawing.texture(rng, 0.16)


def bush(rng: Generator, leaf: Colour) -> Texture:
    """
    Draw a bush; its texture is as wide as 1.6 of its height.

    :param rng: source of randomness.
    :param leaf: RGB colour of the leaves.
    """
    drawing = _Drawing(128, 80)
    for _ in range(24):
        centre = (rng.uniform(0.16, 0.84), rng.uniform(0.35, 0.95))
        light = 1.1 - 0.4 * (centre[1] - 0.35) + rng.normal(0, 0.07)
        drawing.disc(centre, rng.uniform(0.08, 0.14), _tinted(leaf, light), ClassId.TREE)
    return drawing.texture(rng, 0.16)


def person(rng: Generator) -> Texture:
    """
    Draw a standing or walking person; the texture is as wide as 0.45 of its height.

    :param rng: source of randomness.
    """
    drawing = _Drawing(72, 160)
    coat = _COATS[int(rng.integers(len(_COATS)))]
    legs = ((45, 50, 75), (60, 55, 50), (110, 100, 85))[int(rng.integers(3))]
    skin = _tinted((224, 172, 140), rng.uniform(0.5, 1.05))
    stride, label = rng.uniform(0.02, 0.16), ClassId.PERSON
    for side in (-1, 1):
        foot = 0.5 + side * (0.06 + stride)
        hip = 0.5 + side * 0.09
        leg = [(hip - 0.1, 0.5), (hip + 0.1, 0.5), (foot + 0.08, 1.0), (foot - 0.09, 1.0)]
        drawing.polygon(leg, _tinted(legs, 1 + 0.1 * side), label)
        arm = [
            (0.5 + side * 0.2, 0.19),
            (0.5 + side * 0.3, 0.24),
            (0.5 + side * 0.36, 0.52),
            (0.5 + side * 0.24, 0.52),
        ]
        drawing.polygon(arm, _tinted(coat, 0.85), label)
    body = [(0.26, 0.2), (0.4, 0.155), (0.6, 0.155), (0.74, 0.2), (0.7, 0.56), (0.3, 0.56)]
    drawing.polygon(body, coat, label)
    drawing.disc((0.5, 0.085), 0.17, skin, label)
    hair = [(0.33, 0.08), (0.38, 0.01), (0.62, 0.01), (0.67, 0.08), (0.6, 0.05), (0.4, 0.05)]
    drawing.polygon(hair, (50, 36, 28), label)
    return drawing.texture(rng, 0.07)


def lamp_post(rng: Generator) -> Texture:
    """
    Draw a street lamp; the texture is as wide as 0.25 of its height.

    :param rng: source of randomness.
    """
    drawing = _Drawing(56, 224)
    metal = _tinted((118, 122, 124), rng.uniform(0.55, 1.2))
    drawing.box((0.42, 0.03, 0.58, 1.0), metal, ClassId.POLE)
    drawing.box((0.36, 0.86, 0.64, 1.0), _tinted(metal, 0.85), ClassId.POLE)
    drawing.box((0.1, 0.02, 0.9, 0.055), (228, 224, 205), ClassId.POLE)
    return drawing.texture(rng, 0.04)


def sign_post(rng: Generator) -> Texture:
    """
    Draw a traffic sign on its post; the texture is as wide as 0.4 of its height.

    :param rng: source of randomness.
    """
    drawing, label = _Drawing(72, 180), ClassId.SIGN
    drawing.box((0.45, 0.1, 0.55, 1.0), (140, 143, 145), ClassId.POLE)
    kind = int(rng.integers(3))
    if kind == 0:
        drawing.disc((0.5, 0.2), 0.48, (200, 30, 35), label)
        drawing.disc((0.5, 0.2), 0.33, (240, 240, 235), label)
    elif kind == 1:
        drawing.box((0.04, 0.02, 0.96, 0.36), (30, 80, 180), label)
        drawing.box((0.3, 0.08, 0.7, 0.3), (240, 240, 240), label)
    else:
        drawing.polygon([(0.5, 0.0), (1.0, 0.36), (0.0, 0.36)], (205, 35, 35), label)
        drawing.polygon([(0.5, 0.1), (0.8, 0.32), (0.2, 0.32)], (245, 225, 60), label)
    return drawing.texture(rng, 0.03)


def board(rng: Generator) -> Texture:
    """
    Draw an advertising board on two legs; the texture is as wide as 0.8 of its height.

    :param rng: source of randomness.
    """
    drawing, label = _Drawing(120, 150), ClassId.SIGN
    for left in (0.12, 0.78):
        drawing.box((left, 0.5, left + 0.09, 1.0), (95, 98, 100), ClassId.POLE)
    grounds = ((235, 200, 40), (215, 60, 50), (40, 100, 190), (240, 240, 235))
    ground = grounds[int(rng.integers(len(grounds)))]
    drawing.box((0.0, 0.0, 1.0, 0.74), (70, 72, 75), label)
    drawing.box((0.04, 0.03, 0.96, 0.7), ground, label)
    drawing.disc((rng.uniform(0.25, 0.75), 0.3), 0.18, _tinted(ground, 0.45), label)
    for row in (0.5, 0.58):
        drawing.box((0.12, row, rng.uniform(0.5, 0.9), row + 0.04), (60, 50, 60), label)
    return drawing.texture(rng, 0.03)
