"""No large vision model at all."""

from __future__ import annotations

import numpy as np

from laecips_core.config import MaskConfig
from laecips_core.masks.runs import from_booleans
from laecips_core.values import Image
from laecips_core.values import LabelMap
from laecips_core.values import MaskSet


class NoMasks:
    """
    Gives no masks, so that fusion keeps the edge's labels: the ablation of fusion.

    :param config: not read.
    """

    name = 'none'

    def __init__(self, config: MaskConfig) -> None:
        """Need nothing."""

    def masks(self, image: Image, annotation: LabelMap | None = None) -> MaskSet:
        """
        Give the empty set.

        :param image: (H, W, 3) uint8 RGB.
        :param annotation: not read.
        """
        return from_booleans(np.zeros((0, 1, 1), np.bool_), image.shape[:2], generator=self.name)
