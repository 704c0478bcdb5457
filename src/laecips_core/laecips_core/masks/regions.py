"""Masks without a network: regions of similar colour."""

from __future__ import annotations

from skimage.segmentation import felzenszwalb

from laecips_core.config import MaskConfig
from laecips_core.masks.runs import from_partition
from laecips_core.values import Image
from laecips_core.values import LabelMap
from laecips_core.values import MaskSet


class RegionGenerator:
    """
    Cuts an image by graph-based segmentation; every pixel is in exactly one mask.

    Felzenszwalb and Huttenlocher, "Efficient Graph-Based Image Segmentation", IJCV 2004. No
    weights, one CPU core; time grows in proportion to the pixels.

    :param config: scale, blur and smallest region.
    """

    name = 'regions'

    def __init__(self, config: MaskConfig) -> None:
        """Keep the settings."""
        self._config = config

    def masks(self, image: Image, annotation: LabelMap | None = None) -> MaskSet:
        """
        Cut an image into regions.

        :param image: (H, W, 3) uint8 RGB.
        :param annotation: not read.
        :returns: a partition of the image.
        """
        regions = felzenszwalb(
            image,
            scale=self._config.scale,
            sigma=self._config.sigma_px,
            min_size=self._config.min_area_px,
            channel_axis=-1,
        )
        return from_partition(regions, generator=self.name)
