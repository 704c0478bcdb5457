"""Masks taken from the annotation: an upper bound on what any mask generator can give."""

from __future__ import annotations

import zlib

import cv2
import numpy as np
from numpy.typing import NDArray
from skimage.measure import label

from laecips_core.config import MaskConfig
from laecips_core.errors import DataSetError
from laecips_core.errors import ShapeError
from laecips_core.masks.runs import from_partition
from laecips_core.values import Image
from laecips_core.values import LabelMap
from laecips_core.values import MaskSet
from laecips_core.values import UNLABELLED

_SMOOTHNESS_PX = 6.0
"""Length over which the boundary error of neighbouring pixels is alike, pixels."""


class GroundTruthGenerator:
    """
    Gives the connected regions of the annotation, made worse on request.

    :param config: boundary error, shares of masks joined and left out, smallest mask and seed.
    """

    name = 'ground_truth'

    def __init__(self, config: MaskConfig) -> None:
        """Keep the settings."""
        self._config = config

    def masks(self, image: Image, annotation: LabelMap | None = None) -> MaskSet:
        """
        Cut the annotation into connected regions (4 neighbours) of one class.

        The same image and settings give the same masks, in whatever order images come.

        :param image: (H, W, 3) uint8 RGB; seeds the errors.
        :param annotation: (H, W) uint8 class ids; pixels of 255 are in no mask.
        :returns: at most one mask a pixel; ``generator`` says that they are an upper bound.
        :raises DataSetError: without an annotation.
        :raises ShapeError: when image and annotation are of different sizes.
        """
        if annotation is None:
            raise DataSetError(
                'annotation',
                'one for every frame',
                'none',
                'choose another mask generator for frames without annotation',
            )
        if annotation.shape != image.shape[:2]:
            raise ShapeError('annotation', f'{image.shape[:2]} uint8', annotation.shape)
        seed = zlib.crc32(image.tobytes())
        random = np.random.default_rng([self._config.seed, seed])
        moved = _jitter(annotation, self._config.jitter_px, random)
        regions = _regions(moved)
        regions = _merged(regions, self._config.merge_ratio, random)
        regions = _kept(regions, self._config.min_area_px, self._config.drop_ratio, random)
        generator = f'{self.name} (upper bound: masks from the annotation)'
        return from_partition(regions, generator=generator)


def _jitter(labels: LabelMap, jitter_px: float, random: np.random.Generator) -> LabelMap:
    if jitter_px == 0.0:
        return labels
    height, width = labels.shape
    y, x = np.mgrid[:height, :width].astype(np.float32)
    moved = cv2.remap(
        labels,
        x + _smooth_noise(labels.shape, jitter_px, random),
        y + _smooth_noise(labels.shape, jitter_px, random),
        cv2.INTER_NEAREST,
        borderMode=cv2.BORDER_REPLICATE,
    )
    return np.asarray(moved, np.uint8)


def _smooth_noise(
    size_px: tuple[int, ...], deviation: float, random: np.random.Generator
) -> NDArray[np.float32]:
    noise = random.standard_normal(size_px).astype(np.float32)
    smooth = cv2.GaussianBlur(noise, (0, 0), _SMOOTHNESS_PX)
    # White noise blurred by σ keeps a deviation of 1 / (2 σ sqrt(pi)).
    gain = deviation * 2.0 * _SMOOTHNESS_PX * np.sqrt(np.pi)
    return np.asarray(smooth * np.float32(gain), np.float32)


def _regions(labels: LabelMap) -> NDArray[np.int64]:
    """Give each connected region a number from 1; 0 where nothing is annotated."""
    regions = label(  # type: ignore[no-untyped-call]
        labels.astype(np.int32), background=UNLABELLED, connectivity=1
    )
    return np.asarray(regions, np.int64)


def _merged(
    regions: NDArray[np.int64], merge_ratio: float, random: np.random.Generator
) -> NDArray[np.int64]:
    """Join a share of the regions with a neighbour each, as a model does that misses a border."""
    if merge_ratio == 0.0:
        return regions
    pairs = _neighbours(regions)
    count = int(regions.max(initial=0)) + 1
    becomes = np.arange(count)
    for region in np.flatnonzero(random.random(count) < merge_ratio):
        beside = pairs[pairs[:, 0] == region, 1]
        if len(beside):
            # A neighbour that was joined itself takes this one along.
            becomes[becomes == becomes[region]] = becomes[random.choice(beside)]
    return becomes[regions]


def _neighbours(regions: NDArray[np.int64]) -> NDArray[np.int64]:
    """List the (P, 2) ordered pairs of regions that touch; region 0 is none."""
    across = np.stack([regions[:, :-1].ravel(), regions[:, 1:].ravel()], axis=1)
    down = np.stack([regions[:-1].ravel(), regions[1:].ravel()], axis=1)
    pairs = np.concatenate([across, down])
    pairs = pairs[(pairs[:, 0] != pairs[:, 1]) & pairs.all(axis=1)]
    return np.unique(np.concatenate([pairs, pairs[:, ::-1]]), axis=0)


def _kept(
    regions: NDArray[np.int64], min_area_px: int, drop_ratio: float, random: np.random.Generator
) -> NDArray[np.int64]:
    """Give each region that stays a number from 0; -1 elsewhere."""
    areas_px = np.bincount(regions.ravel())
    keep = areas_px >= min_area_px
    keep &= random.random(len(keep)) >= drop_ratio
    keep[0] = False
    numbers = np.where(keep, np.cumsum(keep) - 1, -1)
    return np.asarray(numbers[regions], np.int64)
