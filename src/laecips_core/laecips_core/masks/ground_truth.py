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

    :param config: boundary error, share of masks left out, smallest mask and seed.
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
        regions = _regions(moved, self._config.min_area_px, self._config.drop_ratio, random)
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


def _regions(
    labels: LabelMap, min_area_px: int, drop_ratio: float, random: np.random.Generator
) -> NDArray[np.int64]:
    regions = label(  # type: ignore[no-untyped-call]
        labels.astype(np.int32), background=UNLABELLED, connectivity=1
    )
    areas_px = np.bincount(regions.ravel())
    keep = areas_px >= min_area_px
    keep &= random.random(len(keep)) >= drop_ratio
    keep[0] = False
    numbers = np.where(keep, np.cumsum(keep) - 1, -1)
    return np.asarray(numbers[regions], np.int64)
