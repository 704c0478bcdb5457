"""A segmentation drawn over its frame, for people."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from laecips_core.values import Image
from laecips_core.values import LabelMap

_MASK_SHARE = 0.5


def overlay(image: Image, labels: LabelMap, palette: NDArray[np.uint8]) -> Image:
    """
    Blend class colours over a frame.

    :param image: (H, W, 3) uint8 RGB.
    :param labels: (H, W) uint8 class ids.
    :param palette: (256, 3) uint8 RGB, the colour of each id.
    :returns: (H, W, 3) uint8 RGB, half frame, half colour.
    """
    # Ten times as fast as palette[labels].
    colours = cv2.applyColorMap(labels, palette[:, None])
    blended = cv2.addWeighted(image, 1.0 - _MASK_SHARE, colours, _MASK_SHARE, 0.0)
    return blended.astype(np.uint8, copy=False)
