"""Paints upright things as a camera sees them: image, labels and depth at once."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from laecips_core.datasets.patrol.camera import Camera
from laecips_core.datasets.patrol.camera import clip_near
from laecips_core.datasets.patrol.camera import Floats
from laecips_core.datasets.patrol.camera import HEIGHT_PX
from laecips_core.datasets.patrol.camera import NEAR_M
from laecips_core.datasets.patrol.camera import to_pixels
from laecips_core.datasets.patrol.camera import WIDTH_PX
from laecips_core.datasets.patrol.camera import window_map
from laecips_core.datasets.patrol.classes import ClassId
from laecips_core.datasets.patrol.classes import TRANSPARENT
from laecips_core.datasets.patrol.world import Panel

SKY_INVERSE_DEPTH = 1 / 150.0
"""What counts as the depth of the sky, in 1 / metres; nothing is farther."""

_CORNERS = np.array(((0.0, 0, 1), (1, 0, 1), (1, 1, 1), (0, 1, 1)))


class Canvas:
    """
    What the camera has seen so far; nearer things hide farther ones, in whatever order they come.

    ``rgb`` is (360, 480, 3) uint8 without any weather, ``labels`` (360, 480) uint8 class ids and
    ``inverse_depth`` (360, 480) float32 in 1 / metres.
    """

    def __init__(self, camera: Camera) -> None:
        """
        Start with an empty sky.

        :param camera: the camera.
        """
        self.camera = camera
        self.rgb: NDArray[np.uint8] = np.zeros((HEIGHT_PX, WIDTH_PX, 3), np.uint8)
        self.labels: NDArray[np.uint8] = np.full((HEIGHT_PX, WIDTH_PX), ClassId.SKY, np.uint8)
        self.inverse_depth: NDArray[np.float32] = np.full(
            (HEIGHT_PX, WIDTH_PX), SKY_INVERSE_DEPTH, np.float32
        )

    def paint_panels(self, panels: Sequence[Panel], time_s: float) -> None:
        """
        Paint upright rectangles, near ones first, since what they hide costs little.

        :param panels: the rectangles.
        :param time_s: seconds since the walk began.
        """
        bases = np.stack([panel.base_at(time_s) for panel in panels])
        alongs = np.zeros((len(panels), 3))
        alongs[:, ::2] = [panel.along for panel in panels]
        turns = np.array([panel.turns for panel in panels])
        ranges = np.array([panel.range_m for panel in panels])
        alongs[turns] = self.camera.right * np.linalg.norm(alongs[turns], axis=1)[:, None]
        bases[turns] -= alongs[turns] / 2
        starts = (bases - self.camera.position) @ self.camera.ahead
        ends = starts + alongs @ self.camera.ahead
        near, far = np.minimum(starts, ends), np.maximum(starts, ends)
        shown = (far > NEAR_M) & (near < ranges)
        for number in np.argsort(near):
            if shown[number]:
                self._paint_panel(panels[number], bases[number], alongs[number])

    def _paint_panel(self, panel: Panel, base: Floats, along: Floats) -> None:
        down = np.array((0.0, -panel.height_m, 0.0))
        origin = base - down - self.camera.position
        unit = self.camera.matrix @ np.stack((along, down, origin), axis=1)
        outline = clip_near(_CORNERS @ unit.T)
        if len(outline) >= 3 and abs(np.linalg.det(unit)) > 1e-6:
            self._warp(panel, unit, to_pixels(outline))

    def _warp(self, panel: Panel, unit: Floats, pixels: Floats) -> None:
        left, top = (max(int(v), 0) for v in np.floor(pixels.min(axis=0)))
        right, bottom = (int(v) + 1 for v in np.ceil(pixels.max(axis=0)))
        right, bottom = min(right, WIDTH_PX), min(bottom, HEIGHT_PX)
        if right <= left or bottom <= top:
            return
        window = slice(top, bottom), slice(left, right)
        inverse = window_map(np.linalg.inv(unit)[2], left, top, right, bottom)
        seen = (inverse > self.inverse_depth[window]) & (inverse < np.float32(1 / NEAR_M))
        if not seen.any():
            return
        rgb, labels = _sized(panel, cv2.contourArea(pixels.astype(np.float32)))
        matrix, size = _from_texels(unit, labels.shape, left, top), (right - left, bottom - top)
        classes = cv2.warpPerspective(
            labels, matrix, size, flags=cv2.INTER_NEAREST, borderValue=(TRANSPARENT,)
        )
        seen &= classes != TRANSPARENT
        image = cv2.warpPerspective(rgb, matrix, size, borderMode=cv2.BORDER_REPLICATE)
        image = cv2.convertScaleAbs(image, alpha=panel.shade)
        self.rgb[window][seen] = image[seen]
        self.labels[window][seen] = classes[seen]
        self.inverse_depth[window][seen] = inverse[seen]


def _from_texels(unit: Floats, shape: tuple[int, ...], left: int, top: int) -> Floats:
    height, width = shape
    centres = np.array(((1 / width, 0, 0.5 / width), (0, 1 / height, 0.5 / height), (0, 0, 1.0)))
    shift = np.array(((1, 0, -left), (0, 1, -top), (0, 0, 1.0)))
    matrix: Floats = shift @ unit @ centres
    return matrix


def _sized(panel: Panel, area_px: float) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    levels = panel.texture.levels
    texels = levels[0][1].size
    level = round(0.5 * np.log2(max(texels / max(area_px, 1.0), 1.0)))
    return levels[min(level, len(levels) - 1)]
