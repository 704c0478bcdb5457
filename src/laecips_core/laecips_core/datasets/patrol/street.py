"""Lays out a street: houses, gardens, pavements, a road with cars."""

from __future__ import annotations

import numpy as np
from numpy.random import Generator

from laecips_core.datasets.patrol.furniture import Furniture
from laecips_core.datasets.patrol.places import GRASS
from laecips_core.datasets.patrol.places import lay_strips
from laecips_core.datasets.patrol.places import make_clouds
from laecips_core.datasets.patrol.places import make_stock
from laecips_core.datasets.patrol.places import materials
from laecips_core.datasets.patrol.places import PAINT
from laecips_core.datasets.patrol.places import PAVEMENT
from laecips_core.datasets.patrol.places import ROAD
from laecips_core.datasets.patrol.places import Style
from laecips_core.datasets.patrol.world import Patch
from laecips_core.datasets.patrol.world import Place
from laecips_core.datasets.patrol.world import Walk

_START_M, _END_M = -8.0, 96.0


def build_street(rng: Generator, style: Style) -> Place:
    """
    Build a street; the walk leads over its right pavement.

    :param rng: source of randomness.
    :param style: its style.
    """
    furniture = Furniture(rng, make_stock(rng, style))
    kerb, verge = rng.uniform(3.5, 4.1), rng.uniform(1.0, 1.6)
    pavement = kerb + verge + rng.uniform(2.2, 2.8)
    front = pavement + rng.uniform(2.5, 4.5)
    strips = lay_strips(
        GRASS,
        [
            (-pavement, PAVEMENT),
            (-kerb - verge, GRASS),
            (-kerb, ROAD),
            (kerb, GRASS),
            (kerb + verge, PAVEMENT),
            (pavement, GRASS),
        ],
    )
    walk = Walk(
        x_m=kerb + verge + 0.9,
        swing_m=0.25,
        swing_length_m=rng.uniform(12, 20),
        yaw_rad=rng.uniform(-0.42, -0.24),
        turn_rad=0.1,
        phase_rad=rng.uniform(0, 6.28),
    )
    _markings(furniture, kerb)
    for side in (-1, 1):
        _houses(furniture, side, pavement, front, style.green)
        _verge(furniture, side, kerb + verge / 2, style.green)
    _traffic(furniture, kerb)
    _people(furniture, walk, kerb + verge, pavement)
    _puddles(furniture, kerb)
    _far_end(furniture)
    return Place(
        materials(rng, style),
        strips,
        tuple(furniture.patches),
        tuple(furniture.panels),
        np.array(furniture.lamps),
        make_clouds(rng),
        walk,
    )


def _rectangle(left: float, right: float, start: float, end: float, material: int) -> Patch:
    corners = np.array(((left, start), (right, start), (right, end), (left, end)))
    return Patch(corners, material)


def _markings(furniture: Furniture, kerb: float) -> None:
    for z in np.arange(_START_M, 60.0, 5.0):
        furniture.patches.append(_rectangle(-0.08, 0.08, z, z + 2.5, PAINT))
    crossing = furniture.rng.uniform(8.0, 26.0)
    for x in np.arange(-kerb + 0.5, kerb - 0.5, 1.0):
        furniture.patches.append(_rectangle(x, x + 0.5, crossing, crossing + 3.0, PAINT))


def _houses(furniture: Furniture, side: int, pavement: float, front: float, green: float) -> None:
    rng, z = furniture.rng, _START_M
    while z < _END_M:
        width = rng.uniform(6.5, 10.5)
        if rng.random() < 0.2:
            for _ in range(3):
                furniture.tree(side * (front + rng.uniform(0, 4)), z + rng.uniform(0, width))
        else:
            furniture.house(side * front, z, width, side)
        if rng.random() < 0.6:
            furniture.fence(side * (pavement + 0.1), z, z + width)
        for _ in range(int(rng.poisson(1.1 * green))):
            furniture.bush(side * (front - rng.uniform(0.4, 1.4)), z + rng.uniform(0, width))
        if rng.random() < 0.3 * green:
            furniture.tree(side * (front - 1.2), z + rng.uniform(0, width))
        z += width + (rng.uniform(1.0, 3.0) if rng.random() < 0.3 else 0.0)


def _verge(furniture: Furniture, side: int, x: float, green: float) -> None:
    rng, z = furniture.rng, _START_M + furniture.rng.uniform(0, 5)
    while z < 70.0:
        drawn = rng.random()
        if drawn < 0.3 * green:
            furniture.tree(side * x, z)
        elif drawn < 0.6:
            furniture.lamp(side * x, z)
        elif drawn < 0.85:
            furniture.sign(side * x, z)
        else:
            furniture.board(side * x - 0.9, z)
        z += rng.uniform(3.0, 5.5)


def _traffic(furniture: Furniture, kerb: float) -> None:
    rng = furniture.rng
    for side in (-1, 1):
        z = _START_M + rng.uniform(0, 6)
        while z < 60.0:
            if rng.random() < 0.5:
                furniture.car(side * (kerb - 1.0), z, side)
            z += rng.uniform(5.2, 8.0)
    for z in np.arange(12.0, 90.0, 26.0):
        furniture.car(-1.25, float(z) + rng.uniform(0, 12), -1, 5.0)
    furniture.car(1.25, rng.uniform(4, 16), 1, 3.5)


def _people(furniture: Furniture, walk: Walk, inner: float, outer: float) -> None:
    rng = furniture.rng
    for z in np.arange(4.0, 44.0, 6.0):
        z = float(z) + rng.uniform(0, 4)
        # Everyone passes the dog well to the right, so no one ever fills the view.
        furniture.person(walk.x_m + rng.uniform(1.0, 1.4), z, rng.uniform(-1.2, 1.4))
        if rng.random() < 0.6:
            furniture.person(-rng.uniform(inner + 0.3, outer - 0.3), z, rng.uniform(-1.3, 1.3))


def _puddles(furniture: Furniture, kerb: float) -> None:
    rng = furniture.rng
    for z in np.arange(4.0, 50.0, 5.5):
        x = rng.uniform(0.2, kerb - 0.2) * (1 if rng.random() < 0.75 else -1)
        furniture.water(x, float(z) + rng.uniform(0, 3), rng.uniform(0.7, 1.3), rng.uniform(1, 2))
        if rng.random() < 0.4:
            furniture.water(kerb + 2.2, float(z) + 2.5, rng.uniform(0.4, 0.7), rng.uniform(0.5, 1))


def _far_end(furniture: Furniture) -> None:
    furniture.row_of_houses(_END_M + 8, (6.0, 10.0))
    for x in np.arange(-36.0, 36.0, 9.0):
        furniture.tree(float(x) + furniture.rng.uniform(0, 8), 72.0)
