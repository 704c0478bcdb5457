"""Procedural textures of the patrol: noise, facades, fences and ground reliefs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from laecips_core.datasets.patrol.classes import ClassId
from laecips_core.datasets.patrol.classes import TRANSPARENT

Colour = tuple[float, float, float]
Rgb = NDArray[np.uint8]
Labels = NDArray[np.uint8]

_LEVELS = 5


@dataclass(frozen=True)
class Texture:
    """
    An image with a class for every texel, in falling sizes.

    :param levels: pairs of (h, w, 3) uint8 RGB and (h, w) uint8 class ids, TRANSPARENT where one
        sees through; each level has half the size of the one before.
    """

    levels: tuple[tuple[Rgb, Labels], ...]


def _halved(array: NDArray[np.uint8], method: int) -> NDArray[np.uint8]:
    height, width = max(1, array.shape[0] // 2), max(1, array.shape[1] // 2)
    return np.asarray(cv2.resize(array, (width, height), interpolation=method), np.uint8)


def make_texture(rgb: NDArray[Any], labels: Labels) -> Texture:
    """
    Build all levels of a texture.

    Colours of the shape are spread into its surroundings first, so that no fringe of background
    shows at its contour.

    :param rgb: (h, w, 3) numbers in [0, 255], clipped.
    :param labels: (h, w) uint8 class ids or TRANSPARENT.
    """
    solid = (labels != TRANSPARENT).astype(np.float32)
    colour = np.clip(rgb, 0, 255).astype(np.float32)
    if not solid.all():
        spread = cv2.blur(colour * solid[..., None], (9, 9))
        weight = cv2.blur(solid, (9, 9))[..., None] + 1e-3
        colour = np.where(solid[..., None] > 0, colour, spread / weight)
    levels = [(colour.astype(np.uint8), labels)]
    for _ in range(_LEVELS - 1):
        image, classes = levels[-1]
        halves = _halved(image, cv2.INTER_AREA), _halved(classes, cv2.INTER_NEAREST)
        levels.append(halves)
    return Texture(tuple(levels))


def noise(rng: Generator, size: int, cells: tuple[int, ...]) -> NDArray[np.float32]:
    """
    Make smooth noise that repeats without a seam.

    :param rng: source of randomness.
    :param size: side in texels.
    :param cells: waves a side, of each octave; every one divides ``size``.
    :returns: (size, size) float32 with mean 0 and standard deviation 1.
    """
    total = np.zeros((size, size), np.float32)
    for octave, count in enumerate(cells):
        grid = rng.standard_normal((count, count), dtype=np.float32)
        wrapped = np.pad(grid, 2, mode='wrap')
        step = size // count
        side = (count + 4) * step
        fine = cv2.resize(wrapped, (side, side), interpolation=cv2.INTER_CUBIC)
        total += 0.7**octave * fine[2 * step : 2 * step + size, 2 * step : 2 * step + size]
    centred = total - total.mean()
    scaled: NDArray[np.float32] = (centred / centred.std()).astype(np.float32)
    return scaled


def speckle(rng: Generator, height: int, width: int, cell: int) -> NDArray[np.float32]:
    """
    Make blurred noise of any size.

    :param rng: source of randomness.
    :param height: rows.
    :param width: columns.
    :param cell: size of a blotch in texels.
    :returns: (height, width, 1) float32 around 0, standard deviation about 0.6.
    """
    shape = (height // cell + 2, width // cell + 2)
    grid = rng.standard_normal(shape, dtype=np.float32)
    return np.asarray(cv2.resize(grid, (width, height)), np.float32)[..., None]


def _windows(rgb: Rgb, rng: Generator, px_m: float, lit_ratio: float, glass: Colour) -> None:
    height, width = rgb.shape[:2]
    storey, gap = rng.uniform(2.7, 3.3) * px_m, rng.uniform(1.9, 2.8) * px_m
    wide, tall = gap * rng.uniform(0.42, 0.6), storey * rng.uniform(0.45, 0.62)
    frame = (215, 212, 205) if rng.random() < 0.6 else (70, 60, 55)
    columns = max(1, int((width - 0.3 * gap) // gap))
    margin = (width - columns * gap) / 2
    for floor in range(int(height // storey)):
        for column in range(columns):
            left = int(margin + column * gap + (gap - wide) / 2)
            bottom = int(height - floor * storey - 0.25 * storey)
            door = floor == 0 and column == columns // 2
            right, top = int(left + wide), int(bottom - tall)
            if door:
                bottom = height
            pane = (255, 214, 130) if rng.random() < lit_ratio else glass
            pane = (95, 62, 45) if door else pane
            cv2.rectangle(rgb, (left, top), (right, bottom), frame, -1)
            cv2.rectangle(rgb, (left + 2, top + 2), (right - 2, bottom - 2), pane, -1)
            cv2.line(rgb, ((left + right) // 2, top), ((left + right) // 2, bottom), frame, 1)


def facade(
    rng: Generator, wall: Colour, width_m: float, height_m: float, lit_ratio: float
) -> Texture:
    """
    Paint the front of a house.

    :param rng: source of randomness.
    :param wall: RGB colour of the wall.
    :param width_m: width.
    :param height_m: height.
    :param lit_ratio: share of windows with light behind them.
    """
    px_m = 22.0
    height, width = int(height_m * px_m), int(width_m * px_m)
    colour = np.asarray(wall, np.float32) * rng.uniform(0.9, 1.08)
    image = colour * (
        1 + 0.035 * speckle(rng, height, width, 2) + 0.04 * speckle(rng, height, width, 24)
    )
    if rng.random() < 0.5:
        image[::6] *= 0.86
    rgb = np.ascontiguousarray(np.clip(image, 0, 255).astype(np.uint8))
    glass = tuple(float(v) for v in np.array((62, 78, 96)) * rng.uniform(0.7, 1.25))
    _windows(rgb, rng, px_m, lit_ratio, (glass[0], glass[1], glass[2]))
    roof = int(rng.uniform(0.04, 0.2) * height)
    slate = (96, 62, 52) if rng.random() < 0.5 else (72, 74, 80)
    rgb[:roof] = np.clip(np.array(slate) * (1 + 0.06 * speckle(rng, roof, width, 3)), 0, 255)
    rgb[roof : roof + 3] = (205, 200, 190)
    return make_texture(rgb, np.full((height, width), ClassId.BUILDING, np.uint8))


def fence(rng: Generator, colour: Colour, width_m: float, height_m: float) -> Texture:
    """
    Paint a fence of planks.

    :param rng: source of randomness.
    :param colour: RGB colour of the wood.
    :param width_m: width.
    :param height_m: height.
    """
    px_m = 40.0
    height, width = int(height_m * px_m), int(width_m * px_m)
    plank = int(rng.integers(7, 13))
    tone = rng.normal(1.0, 0.05, width // plank + 1).repeat(plank)[:width]
    image = np.asarray(colour, np.float32) * tone[None, :, None].astype(np.float32)
    image = image * (1 + 0.06 * speckle(rng, height, width, 4))
    image[:, ::plank] *= 0.5
    image[[height // 5, height - height // 5]] *= 0.7
    image[:3] *= 1.15
    return make_texture(image, np.full((height, width), ClassId.FENCE, np.uint8))


def slabs(rng: Generator, size: int, rows: int) -> NDArray[np.float32]:
    """
    Make the relief of paving: slabs of different tone with dark joints.

    :param rng: source of randomness.
    :param size: side in texels.
    :param rows: slabs a side; divides ``size``.
    :returns: (size, size) float32 around 0.
    """
    step = size // rows
    tones = rng.normal(0.0, 0.045, (rows, rows)).astype(np.float32)
    relief = tones.repeat(step, axis=0).repeat(step, axis=1)
    relief[::step] = relief[1::step] = -0.22
    relief[:, ::step] = relief[:, 1::step] = -0.22
    return relief + 0.025 * noise(rng, size, (64, 128))
