"""Lays out streets and parks from a style and a random generator."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import cv2
import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from laecips_core.datasets.patrol import sprites
from laecips_core.datasets.patrol.classes import ClassId
from laecips_core.datasets.patrol.textures import Colour
from laecips_core.datasets.patrol.textures import facade
from laecips_core.datasets.patrol.textures import fence
from laecips_core.datasets.patrol.textures import noise
from laecips_core.datasets.patrol.textures import slabs
from laecips_core.datasets.patrol.textures import Texture
from laecips_core.datasets.patrol.world import Material
from laecips_core.datasets.patrol.world import STRIP_HALF_WIDTH_M
from laecips_core.datasets.patrol.world import STRIP_STEP_M

ROAD, PAVEMENT, GRASS, WATER, PAINT = range(5)
"""Indices of the materials of every place."""


@dataclass(frozen=True)
class Style:
    """
    What the places of one task have in common; all colours are RGB in [0, 255].

    :param kind: the layout.
    :param walls: colours of houses.
    :param leaf: colour of leaves.
    :param grass: colour of grass.
    :param road: grey level of the road.
    :param paving: colour of pavements.
    :param wood: colour of fences.
    :param lit_ratio: share of windows with light.
    :param green: how many trees there are, 1 for usual.
    """

    kind: Literal['street', 'park']
    walls: tuple[Colour, ...]
    leaf: Colour
    grass: Colour
    road: float
    paving: Colour
    wood: Colour
    lit_ratio: float = 0.0
    green: float = 1.0


@dataclass(frozen=True)
class Stock:
    """
    Textures that a place is furnished from.

    :param houses: fronts of houses.
    :param trees: trees.
    :param bushes: bushes.
    :param people: people.
    :param fences: fences.
    :param signs: traffic signs.
    :param boards: advertising boards.
    :param lamp: the street lamp.
    """

    houses: tuple[Texture, ...]
    trees: tuple[Texture, ...]
    bushes: tuple[Texture, ...]
    people: tuple[Texture, ...]
    fences: tuple[Texture, ...]
    signs: tuple[Texture, ...]
    boards: tuple[Texture, ...]
    lamp: Texture


_WALLS: tuple[Colour, ...] = (
    (176, 96, 76),
    (206, 184, 146),
    (168, 164, 158),
    (196, 150, 100),
    (222, 214, 200),
    (150, 118, 104),
    (188, 172, 176),
    (134, 74, 62),
)


def random_style(rng: Generator, kind: Literal['street', 'park']) -> Style:
    """
    Draw a style.

    :param rng: source of randomness.
    :param kind: the layout.
    """
    chosen = rng.permutation(len(_WALLS))[:4]

    def around(colour: Colour, spread: float) -> Colour:
        red, green, blue = (
            np.array(colour) * rng.uniform(1 - spread, 1 + spread) * rng.uniform(0.95, 1.05, 3)
        )
        return float(red), float(green), float(blue)

    return Style(
        kind=kind,
        walls=tuple(_WALLS[int(i)] for i in chosen),
        leaf=around((66, 112, 48), 0.2),
        grass=around((108, 148, 66), 0.14),
        road=rng.uniform(84, 112),
        paving=around((166, 160, 150), 0.12),
        wood=around(((150, 104, 62), (196, 190, 178), (108, 84, 66))[int(rng.integers(3))], 0.12),
        green=rng.uniform(0.8, 1.3),
    )


def materials(rng: Generator, style: Style) -> tuple[Material, ...]:
    """
    Make the ground's materials, in the order of ROAD, PAVEMENT, GRASS, WATER, PAINT.

    :param rng: source of randomness.
    :param style: the style.
    """
    grain = 0.05 * noise(rng, 256, (8, 64, 128))
    turf = 0.09 * noise(rng, 256, (8, 32, 128))
    waves = 0.035 * noise(rng, 256, (4, 16))
    tar = (style.road, style.road, style.road * 1.03)
    water = (92.0, 124.0, 150.0)
    return (
        Material(ClassId.ROAD, tar, grain, 3.0),
        Material(ClassId.PAVEMENT, style.paving, slabs(rng, 256, 4), 2.4),
        Material(ClassId.GRASS, style.grass, turf, 2.5),
        Material(ClassId.WATER, water, waves, 4.0),
        Material(ClassId.ROAD, (214.0, 212.0, 204.0), grain, 3.0),
    )


def make_stock(rng: Generator, style: Style) -> Stock:
    """
    Paint the textures of a place.

    :param rng: source of randomness.
    :param style: the style.
    """
    walls = style.walls
    houses = [
        facade(
            rng, walls[i % len(walls)], rng.uniform(7, 10), rng.uniform(5.5, 10), style.lit_ratio
        )
        for i in range(5)
    ]
    return Stock(
        houses=tuple(houses),
        trees=tuple(sprites.tree(rng, style.leaf) for _ in range(4)),
        bushes=tuple(sprites.bush(rng, style.leaf) for _ in range(2)),
        people=tuple(sprites.person(rng) for _ in range(5)),
        fences=tuple(fence(rng, style.wood, 3.0, height) for height in (0.95, 1.25)),
        signs=tuple(sprites.sign_post(rng) for _ in range(3)),
        boards=tuple(sprites.board(rng) for _ in range(2)),
        lamp=sprites.lamp_post(rng),
    )


def lay_strips(default: int, borders: list[tuple[float, int]]) -> NDArray[np.uint8]:
    """
    Fill the strip table of a place.

    :param default: material left of the first border.
    :param borders: (x in metres, material to the right of it), from left to right.
    :returns: (6000,) uint8 materials.
    """
    strips = np.full(round(2 * STRIP_HALF_WIDTH_M / STRIP_STEP_M), default, np.uint8)
    for x, material in borders:
        strips[round((x + STRIP_HALF_WIDTH_M) / STRIP_STEP_M) :] = material
    return strips


def make_clouds(rng: Generator) -> NDArray[np.float32]:
    """
    Make the clouds of a place.

    :param rng: source of randomness.
    :returns: (512, 2048) float32 cover in [0, 1].
    """
    field = noise(rng, 512, (4, 8, 16, 32))
    wide = cv2.resize(field, (2048, 512), interpolation=cv2.INTER_LINEAR)
    cover: NDArray[np.float32] = np.clip(wide * 0.6, 0, 1).astype(np.float32)
    return cover
