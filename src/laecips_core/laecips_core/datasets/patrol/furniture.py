"""Puts single things into a place: trees, people, lamps, signs, fences, houses and puddles."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.random import Generator

from laecips_core.datasets.patrol.cars import car
from laecips_core.datasets.patrol.places import Stock
from laecips_core.datasets.patrol.places import WATER
from laecips_core.datasets.patrol.textures import Texture
from laecips_core.datasets.patrol.world import Panel
from laecips_core.datasets.patrol.world import Patch

_SMALL_RANGE_M = 32.0


class Furniture:
    """Collects the panels, patches and lamps of one place."""

    def __init__(self, rng: Generator, stock: Stock) -> None:
        """
        Start empty.

        :param rng: source of randomness.
        :param stock: textures to furnish with.
        """
        self.rng, self.stock = rng, stock
        self.panels: list[Panel] = []
        self.patches: list[Patch] = []
        self.lamps: list[tuple[float, float, float]] = []

    def _pick(self, textures: tuple[Texture, ...]) -> Texture:
        return textures[int(self.rng.integers(len(textures)))]

    def _stand(
        self, x: float, z: float, height_m: float, ratio: float, texture: Texture, **facts: Any
    ) -> None:
        along = (ratio * height_m, 0.0)
        self.panels.append(Panel((x, -0.02, z), along, height_m, texture, turns=True, **facts))

    def tree(self, x: float, z: float) -> None:
        """
        Plant a tree.

        :param x: metres across.
        :param z: metres along.
        """
        tall, light = self.rng.uniform(4.0, 6.5), self.rng.uniform(0.85, 1.1)
        texture = self._pick(self.stock.trees)
        self._stand(x, z, tall, 0.8, texture, shade=light, range_m=80.0, shadow_m=1.5)

    def bush(self, x: float, z: float) -> None:
        """
        Plant a bush.

        :param x: metres across.
        :param z: metres along.
        """
        tall, light = self.rng.uniform(0.8, 1.5), self.rng.uniform(0.85, 1.1)
        texture = self._pick(self.stock.bushes)
        self._stand(x, z, tall, 1.6, texture, shade=light, range_m=50.0, shadow_m=0.6)

    def person(self, x: float, z: float, speed_m_s: float) -> None:
        """
        Put a person on the way.

        :param x: metres across.
        :param z: metres along, at the start.
        :param speed_m_s: walking speed along z.
        """
        tall, velocity = self.rng.uniform(1.55, 1.9), (0.0, speed_m_s)
        facts = {'velocity_m_s': velocity, 'range_m': _SMALL_RANGE_M, 'shadow_m': 0.35}
        self._stand(x, z, tall, 0.45, self._pick(self.stock.people), **facts)

    def lamp(self, x: float, z: float) -> None:
        """
        Put up a street lamp.

        :param x: metres across.
        :param z: metres along.
        """
        self._stand(x, z, 4.2, 0.24, self.stock.lamp, range_m=_SMALL_RANGE_M, shadow_m=0.2)
        self.lamps.append((x, 4.05, z))

    def sign(self, x: float, z: float) -> None:
        """
        Put up a traffic sign.

        :param x: metres across.
        :param z: metres along.
        """
        texture = self._pick(self.stock.signs)
        self._stand(x, z, 2.5, 0.4, texture, range_m=_SMALL_RANGE_M, shadow_m=0.2)

    def board(self, x: float, z: float) -> None:
        """
        Put up an advertising board across the way.

        :param x: its left end, metres across.
        :param z: metres along.
        """
        self.panels.append(
            Panel(
                (x, 0.0, z),
                (1.76, 0.25),
                2.2,
                self._pick(self.stock.boards),
                range_m=40.0,
            )
        )

    def fence(self, x: float, start_z: float, end_z: float) -> None:
        """
        Put up a fence along the way.

        :param x: metres across.
        :param start_z: where it starts.
        :param end_z: where it ends at the latest; it is made of 3 m pieces.
        """
        kind = int(self.rng.integers(len(self.stock.fences)))
        height, texture = (0.95, 1.25)[kind], self.stock.fences[kind]
        for z in np.arange(start_z, end_z - 2.9, 3.0):
            self.panels.append(
                Panel((x, 0.0, float(z)), (0.0, 3.0), height, texture, 0.92, range_m=60.0)
            )

    def house(self, x: float, z: float, width_m: float, outwards: int) -> None:
        """
        Build a house along the way.

        :param x: its front, metres across.
        :param z: where its front starts.
        :param width_m: length of its front.
        :param outwards: 1 right of the way, -1 left of it.
        """
        front, height = self._pick(self.stock.houses), self.rng.uniform(5.5, 10.5)
        light = 0.84 if outwards < 0 else 1.0
        self.panels.append(Panel((x, 0.0, z), (0.0, width_m), height, front, light))
        self.panels.append(Panel((x, 0.0, z), (7.0 * outwards, 0.0), height, front, 0.7))

    def car(self, x: float, z: float, heading: int, speed_m_s: float = 0.0) -> None:
        """
        Put a car on the road.

        :param x: metres across.
        :param z: metres along, at the start.
        :param heading: 1 along z, -1 against it.
        :param speed_m_s: speed in that direction.
        """
        self.panels.extend(car(self.rng, x, z, heading, speed_m_s))

    def water(self, x: float, z: float, half_x_m: float, half_z_m: float) -> None:
        """
        Lay a puddle or pond of irregular shape.

        :param x: its middle, metres across.
        :param z: its middle, metres along.
        :param half_x_m: half its size across.
        :param half_z_m: half its size along.
        """
        angles = np.linspace(0, 2 * np.pi, 28, endpoint=False)
        phase = self.rng.uniform(0, 2 * np.pi, 2)
        reach = 1 + 0.15 * np.sin(2 * angles + phase[0]) + 0.1 * np.sin(3 * angles + phase[1])
        shape = np.stack((half_x_m * reach * np.cos(angles), half_z_m * reach * np.sin(angles)), 1)
        self.patches.append(Patch(shape + np.array((x, z)), WATER))

    def row_of_houses(self, z: float, height_m: tuple[float, float]) -> None:
        """
        Close the view with houses across the way.

        :param z: metres along.
        :param height_m: least and greatest height.
        """
        for x in np.arange(-40.0, 40.0, 9.0):
            height, front = self.rng.uniform(*height_m), self._pick(self.stock.houses)
            self.panels.append(Panel((float(x), 0.0, z), (9.0, 0.0), height, front, 0.9))
