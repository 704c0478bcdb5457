"""Paints a place as a camera sees it: image, labels and depth at once."""

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
from laecips_core.datasets.patrol.world import Place
from laecips_core.datasets.patrol.world import STRIP_HALF_WIDTH_M
from laecips_core.datasets.patrol.world import STRIP_STEP_M

_SKY_INVERSE_DEPTH = 1 / 150.0
_RELIEF_FADE_M = 7.0
_SHADOW_RANGE_M = 30.0
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
            (HEIGHT_PX, WIDTH_PX), _SKY_INVERSE_DEPTH, np.float32
        )

    def paint_ground(self, place: Place, time_s: float, shadow: float) -> None:
        """
        Paint everything that lies flat.

        :param place: the place.
        :param time_s: seconds since the walk began.
        :param shadow: brightness inside the shadows of things, 1 for none.
        """
        inverse = self.camera.ground_inverse_depth()
        rows = np.flatnonzero((inverse > _SKY_INVERSE_DEPTH).any(axis=1))
        top = int(rows[0])
        near = np.maximum(inverse[top:], np.float32(_SKY_INVERSE_DEPTH))
        x, z = self._ground_position(near, top)
        materials = self._materials(place, x)[top:]
        colour = self._ground_colour(place, materials, x, z, near)
        self._shade(place, time_s, shadow, colour, top)
        ground = inverse[top:] > _SKY_INVERSE_DEPTH
        classes = np.array([m.class_id for m in place.materials], np.uint8)
        self.rgb[top:][ground] = colour[ground]
        self.labels[top:][ground] = classes[materials][ground]
        self.inverse_depth[top:][ground] = inverse[top:][ground]

    def _ground_position(
        self, inverse: NDArray[np.float32], top: int
    ) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        window = (0, top, WIDTH_PX, HEIGHT_PX)
        x, z = (window_map(self.camera.rays[axis], *window) / inverse for axis in (0, 2))
        x += np.float32(self.camera.position[0])
        z += np.float32(self.camera.position[2])
        return x, z

    def _materials(self, place: Place, x: NDArray[np.float32]) -> NDArray[np.uint8]:
        cells = ((x + np.float32(STRIP_HALF_WIDTH_M)) / np.float32(STRIP_STEP_M)).astype(np.int32)
        strips = place.strips[np.clip(cells, 0, len(place.strips) - 1)]
        materials = np.zeros((HEIGHT_PX, WIDTH_PX), np.uint8)
        materials[HEIGHT_PX - len(x) :] = strips
        for patch in place.patches:
            self._fill_ground(materials, patch.points, patch.material)
        return materials

    def _fill_ground(self, target: NDArray[np.uint8], points: Floats, value: int) -> None:
        pixels = self.camera.project_ground(points)
        if len(pixels) >= 3:
            fixed = np.round(np.clip(pixels, -5000, 5000) * 16).astype(np.int32)
            cv2.fillPoly(target, [fixed], (value,), shift=4)

    def _ground_colour(
        self,
        place: Place,
        materials: NDArray[np.uint8],
        x: NDArray[np.float32],
        z: NDArray[np.float32],
        inverse: NDArray[np.float32],
    ) -> NDArray[np.uint8]:
        # Fine relief would flicker far away, so it fades and only the coarse one is left there.
        fade = 1 / (1 + 1 / (_RELIEF_FADE_M * inverse) ** 2)
        light = np.ones_like(x)
        for number, material in enumerate(place.materials):
            mask = materials == number
            found = np.flatnonzero(mask.any(axis=1))
            if len(found) == 0:
                continue
            rows = slice(int(found[0]), int(found[-1]) + 1)
            scale = np.float32(len(material.relief) / material.tile_m)
            wide = scale / np.float32(11)
            fine = _sample(material.relief, x[rows] * scale, z[rows] * scale)
            coarse = _sample(material.relief, x[rows] * wide, z[rows] * wide)
            light[rows][mask[rows]] += (fine * fade[rows] + 0.5 * coarse)[mask[rows]]
        palette = np.array([m.colour for m in place.materials], np.float32)
        colour = palette[materials] * light[..., None]
        painted: NDArray[np.uint8] = np.clip(colour, 0, 255).astype(np.uint8)
        return painted

    def _shade(
        self, place: Place, time_s: float, shadow: float, colour: NDArray[np.uint8], top: int
    ) -> None:
        mask = np.zeros((HEIGHT_PX, WIDTH_PX), np.uint8)
        angles = np.linspace(0, 2 * np.pi, 16, endpoint=False)
        circle = np.stack((np.cos(angles), np.sin(angles)), axis=1)
        for panel in place.panels:
            if panel.shadow_m == 0:
                continue
            middle = panel.shadow_at(time_s)
            depth = (middle - self.camera.position[[0, 2]]) @ self.camera.ahead[[0, 2]]
            if -1.0 < depth < _SHADOW_RANGE_M:
                self._fill_ground(mask, circle * panel.shadow_m * (0.75, 1.2) + middle, 1)
        inside = mask[top:] > 0
        colour[inside] = (colour[inside] * np.float32(shadow)).astype(np.uint8)

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
        left, top = np.maximum(np.floor(pixels.min(axis=0)), 0).astype(int)
        right, bottom = np.ceil(pixels.max(axis=0)) + 1
        right, bottom = min(int(right), WIDTH_PX), min(int(bottom), HEIGHT_PX)
        if right <= left or bottom <= top:
            return
        inverse = window_map(np.linalg.inv(unit)[2], left, top, right, bottom)
        seen = inverse > self.inverse_depth[top:bottom, left:right]
        seen &= inverse < np.float32(1 / NEAR_M)
        if not seen.any():
            return
        area = cv2.contourArea(pixels.astype(np.float32))
        rgb, labels = _sized(panel, area)
        scale = np.diag((1 / rgb.shape[1], 1 / rgb.shape[0], 1.0))
        half = np.array(((1, 0, 0.5), (0, 1, 0.5), (0, 0, 1.0)))
        shift = np.array(((1, 0, -left), (0, 1, -top), (0, 0, 1.0)))
        matrix, size = shift @ unit @ scale @ half, (right - left, bottom - top)
        classes = cv2.warpPerspective(
            labels, matrix, size, flags=cv2.INTER_NEAREST, borderValue=(TRANSPARENT,)
        )
        seen &= classes != TRANSPARENT
        image = cv2.warpPerspective(rgb, matrix, size, borderMode=cv2.BORDER_REPLICATE)
        image = cv2.convertScaleAbs(image, alpha=panel.shade)
        self.rgb[top:bottom, left:right][seen] = image[seen]
        self.labels[top:bottom, left:right][seen] = classes[seen]
        self.inverse_depth[top:bottom, left:right][seen] = inverse[seen]


def _sized(panel: Panel, area_px: float) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    levels = panel.texture.levels
    texels = levels[0][1].size
    level = round(0.5 * np.log2(max(texels / max(area_px, 1.0), 1.0)))
    return levels[min(level, len(levels) - 1)]


def _sample(
    relief: NDArray[np.float32], x: NDArray[np.float32], z: NDArray[np.float32]
) -> NDArray[np.float32]:
    return np.asarray(
        cv2.remap(relief, x, z, cv2.INTER_LINEAR, borderMode=cv2.BORDER_WRAP), np.float32
    )
