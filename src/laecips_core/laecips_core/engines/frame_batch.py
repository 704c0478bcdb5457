"""Images as a network's input, without torch."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from laecips_core.errors import ShapeError
from laecips_core.values import Image


def frame_batch(images: Sequence[Image], input_size_px: tuple[int, int]) -> NDArray[np.float32]:
    """
    Resize images and stack them for a network.

    :param images: N images, each (H, W, 3) uint8 RGB; sizes may differ.
    :param input_size_px: height and width of the network's input.
    :returns: (N, 3, h, w) float32 in [0, 255], channels last in memory.
    :raises ShapeError: when there is no image.
    """
    if not images:
        raise ShapeError('images', 'at least one (H, W, 3)', 'none')
    height, width = input_size_px
    small = [cv2.resize(i, (width, height), interpolation=cv2.INTER_AREA) for i in images]
    return np.stack(small).transpose(0, 3, 1, 2).astype(np.float32)
