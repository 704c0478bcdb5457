"""The classes of the patrol."""

from __future__ import annotations

from enum import IntEnum

from laecips_core.catalogue import ClassCatalogue
from laecips_core.values import UNLABELLED

TRANSPARENT = UNLABELLED
"""Label of the texels of a texture that show what is behind."""


class ClassId(IntEnum):
    """Class ids of every patrol label map."""

    SKY = 0
    BUILDING = 1
    ROAD = 2
    PAVEMENT = 3
    GRASS = 4
    TREE = 5
    POLE = 6
    SIGN = 7
    FENCE = 8
    CAR = 9
    PERSON = 10
    WATER = 11


_COLOURS = (
    (135, 206, 235),
    (140, 90, 80),
    (110, 70, 130),
    (225, 120, 215),
    (150, 220, 90),
    (40, 120, 45),
    (180, 180, 180),
    (245, 215, 30),
    (200, 140, 60),
    (20, 50, 170),
    (225, 40, 60),
    (50, 160, 190),
)

CATALOGUE = ClassCatalogue(tuple(c.name.lower() for c in ClassId), _COLOURS)
