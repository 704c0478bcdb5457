"""Frames and masks as the page draws them."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from laecips_bringup.view_values import Picture
from laecips_core.overlay import overlay
from laecips_core.values import Image
from laecips_core.values import LabelMap

SHOWN_WIDTH_PX = 480
"""Width at most; a page has three pictures beside each other."""


def shrunk(image: Image) -> Image:
    """
    Make a frame as small as it is shown.

    :param image: (H, W, 3) uint8 RGB.
    :returns: (H', W', 3) uint8 RGB of the same shape of picture; the same array when small enough.
    """
    height, width = image.shape[:2]
    if width <= SHOWN_WIDTH_PX:
        return image
    size = (SHOWN_WIDTH_PX, max(round(height * SHOWN_WIDTH_PX / width), 1))
    return np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA), np.uint8)


def drawn(picture: Picture, palette: NDArray[np.uint8]) -> Image:
    """
    Draw a frame, or a mask over its frame.

    :param picture: what to draw; a mask without its frame gives class colours alone.
    :param palette: (256, 3) uint8 RGB, the colour of each class id.
    :returns: (H, W, 3) uint8 RGB.
    """
    if picture.labels is None:
        assert picture.image is not None
        return picture.image
    if picture.image is None:
        return shrunk(palette[picture.labels])
    return overlay(picture.image, _of_size(picture.labels, picture.image), palette)


def rgba_of(image: Image) -> NDArray[np.uint32]:
    """
    Give an image as the browser's canvas takes it.

    :param image: (H, W, 3) uint8 RGB.
    :returns: (H, W) uint32, bytes R, G, B, A of each pixel; the bottom row first.
    """
    rgba = cv2.cvtColor(np.ascontiguousarray(image[::-1]), cv2.COLOR_RGB2RGBA)
    return np.asarray(rgba, np.uint8).view(np.uint32)[..., 0]


def _of_size(labels: LabelMap, image: Image) -> LabelMap:
    if labels.shape == image.shape[:2]:
        return labels
    size = (image.shape[1], image.shape[0])
    return np.asarray(cv2.resize(labels, size, interpolation=cv2.INTER_NEAREST), np.uint8)
