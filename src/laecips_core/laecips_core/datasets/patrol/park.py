"""Lays out a park: a winding path, ponds, trees, with a road and houses beside it."""

from __future__ import annotations

import math

import numpy as np
from numpy.random import Generator

from laecips_core.datasets.patrol.furniture import Furniture
from laecips_core.datasets.patrol.places import GRASS
from laecips_core.datasets.patrol.places import lay_strips
from laecips_core.datasets.patrol.places import make_clouds
from laecips_core.datasets.patrol.places import make_stock
from laecips_core.datasets.patrol.places import materials
from laecips_core.datasets.patrol.places import PAVEMENT
from laecips_core.datasets.patrol.places import ROAD
from laecips_core.datasets.patrol.places import Style
from laecips_core.datasets.patrol.world import Patch
from laecips_core.datasets.patrol.world import Place
from laecips_core.datasets.patrol.world import Walk

_START_M, _END_M = -8.0, 90.0


def build_park(rng: Generator, style: Style) -> Place:
    """
    Build a park; the walk follows its path.

    :param rng: source of randomness.
    :param style: its style.
    """
    furniture = Furniture(rng, make_stock(rng, style))
    road = -rng.uniform(4.6, 5.6)
    strips = lay_strips(
        GRASS,
        [
            (road - 9.5, PAVEMENT),
            (road - 7.5, ROAD),
            (road, PAVEMENT),
            (road + 1.6, GRASS),
        ],
    )
    walk = Walk(
        x_m=0.0,
        swing_m=rng.uniform(0.6, 1.0),
        swing_length_m=rng.uniform(24, 36),
        yaw_rad=rng.uniform(-0.34, -0.14),
        turn_rad=0.12,
        phase_rad=rng.uniform(0, 6.28),
    )
    furniture.patches.append(_path(walk, rng.uniform(1.1, 1.5)))
    _ponds(furniture)
    _trees(furniture, walk, road, style.green)
    _things(furniture, walk, road)
    _road(furniture, road)
    return Place(
        materials(rng, style),
        strips,
        tuple(furniture.patches),
        tuple(furniture.panels),
        np.array(furniture.lamps),
        make_clouds(rng),
        walk,
    )


def _path(walk: Walk, half_width_m: float) -> Patch:
    along = np.arange(_START_M, _END_M, 0.5)
    middle = np.array([walk.x_at(float(z)) for z in along])
    left = np.stack((middle - half_width_m, along), axis=1)
    right = np.stack((middle + half_width_m, along), axis=1)
    return Patch(np.concatenate((left, right[::-1])), PAVEMENT)


def _ponds(furniture: Furniture) -> None:
    rng = furniture.rng
    for z in np.arange(6.0, 60.0, 13.0):
        half = rng.uniform(2.0, 3.2)
        furniture.water(3.6 + 1.3 * half, float(z) + rng.uniform(0, 4), half, rng.uniform(3, 5))
    for z in np.arange(5.0, 40.0, 9.0):
        furniture.water(rng.uniform(-2.9, -2.2), float(z) + rng.uniform(0, 5), 0.7, 1.2)


def _trees(furniture: Furniture, walk: Walk, road: float, green: float) -> None:
    rng = furniture.rng
    for z in np.arange(_START_M, 75.0, 4.5 / green):
        middle = walk.x_at(float(z))
        furniture.tree(middle + rng.uniform(3.2, 12.0), float(z) + rng.uniform(0, 3))
        furniture.bush(middle + rng.uniform(2.6, 12.0), float(z) + rng.uniform(0, 3))
        if rng.random() < 0.3:
            furniture.tree(rng.uniform(road + 1.9, -2.4), float(z) + rng.uniform(0, 3))
        furniture.tree(rng.uniform(14.0, 24.0), float(z))
    for x in np.arange(-30.0, 36.0, 3.5):
        furniture.tree(float(x) + rng.uniform(0, 2), 74.0 + rng.uniform(0, 4))


def _things(furniture: Furniture, walk: Walk, road: float) -> None:
    rng = furniture.rng
    for number, z in enumerate(np.arange(2.0, 60.0, 4.5)):
        middle, side = walk.x_at(float(z)), -1 if rng.random() < 0.5 else 1
        put = (furniture.lamp, furniture.sign)[number % 2]
        put(middle + side * rng.uniform(1.8, 2.3), float(z))
        if rng.random() < 0.35:
            furniture.board(middle - rng.uniform(3.6, 4.4), float(z) + 1.0)
        walker = 1 if math.sin(7.0 * number) > 0 else -1
        furniture.person(
            middle + walker * rng.uniform(0.9, 1.5), float(z) + 2, rng.uniform(-1, 1.4)
        )
        if rng.random() < 0.5:
            furniture.person(rng.uniform(-5.0, 6.0), float(z) + 6.0, 0.0)
    for z in np.arange(2.0, 66.0, 16.0):
        furniture.fence(road + 1.7, float(z) + rng.uniform(0, 3), float(z) + 9.0)
    furniture.fence(rng.uniform(11.5, 13.0), _START_M, 50.0)


def _road(furniture: Furniture, road: float) -> None:
    rng, z = furniture.rng, _START_M
    while z < 60.0:
        furniture.car(road - 1.1, z, 1)
        z += rng.uniform(5.4, 11.0)
    for start in np.arange(10.0, 80.0, 20.0):
        furniture.car(road - 5.4, float(start) + rng.uniform(0, 8), -1, 5.0)
    z = _START_M
    while z < _END_M:
        width = rng.uniform(7.0, 11.0)
        furniture.house(road - 11.0, z, width, -1)
        z += width + (rng.uniform(1.0, 4.0) if rng.random() < 0.4 else 0.0)
    furniture.row_of_houses(_END_M + 10, (7.0, 14.0))
