"""Paints the ground of a place: strips, patches on them, and shadows."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from laecips_core.datasets.patrol.camera import Camera
from laecips_core.datasets.patrol.camera import Floats
from laecips_core.datasets.patrol.camera import HEIGHT_PX
from laecips_core.datasets.patrol.camera import WIDTH_PX
from laecips_core.datasets.patrol.camera import window_map
from laecips_core.datasets.patrol.painter import Canvas
from laecips_core.datasets.patrol.painter import SKY_INVERSE_DEPTH
from laecips_core.datasets.patrol.world import Material
from laecips_core.datasets.patrol.world import Place
from laecips_core.datasets.patrol.world import STRIP_HALF_WIDTH_M
from laecips_core.datasets.patrol.world import STRIP_STEP_M

_RELIEF_FADE_M = 7.0
_COARSE = 11
_SHADOW_RANGE_M = 30.0
_ANGLES = np.linspace(0, 2 * np.pi, 16, endpoint=False)
_SHADOW = np.stack((0.75 * np.cos(_ANGLES), 1.2 * np.sin(_ANGLES)), axis=1)

Map = NDArray[np.float32]


def paint_ground(canvas: Canvas, place: Place, time_s: float, shadow: float) -> None:
    """
    Paint everything that lies flat, on a canvas that holds nothing yet.

    :param canvas: the canvas.
    :param place: the place.
    :param time_s: seconds since the walk began.
    :param shadow: brightness inside the shadows of things, 1 for none.
    """
    inverse = canvas.camera.ground_inverse_depth()
    below = inverse > SKY_INVERSE_DEPTH
    top = int(np.argmax(below.any(axis=1)))
    near = np.maximum(inverse[top:], np.float32(SKY_INVERSE_DEPTH))
    x, z = _position(canvas.camera, near, top)
    materials = _materials(canvas.camera, place, x)[top:]
    light = _relief(place.materials, materials, x, z, near)
    light[_shadows(canvas.camera, place, time_s)[top:]] *= np.float32(shadow)
    palette = np.array([m.colour for m in place.materials], np.float32)
    colour = np.clip(palette[materials] * light[..., None], 0, 255).astype(np.uint8)
    classes = np.array([m.class_id for m in place.materials], np.uint8)[materials]
    ground = below[top:]
    canvas.rgb[top:][ground] = colour[ground]
    canvas.labels[top:][ground] = classes[ground]
    canvas.inverse_depth[top:][ground] = near[ground]


def _position(camera: Camera, inverse: Map, top: int) -> tuple[Map, Map]:
    window = (0, top, WIDTH_PX, HEIGHT_PX)
    x, z = (window_map(camera.rays[axis], *window) / inverse for axis in (0, 2))
    x += np.float32(camera.position[0])
    z += np.float32(camera.position[2])
    return x, z


def _fill(camera: Camera, target: NDArray[np.uint8], points: Floats, value: int) -> None:
    pixels = camera.project_ground(points)
    if len(pixels) >= 3:
        fixed = np.round(np.clip(pixels, -20000, 20000) * 16).astype(np.int32)
        cv2.fillPoly(target, [fixed], (value,), shift=4)


def _materials(camera: Camera, place: Place, x: Map) -> NDArray[np.uint8]:
    cells = ((x + np.float32(STRIP_HALF_WIDTH_M)) / np.float32(STRIP_STEP_M)).astype(np.int32)
    materials = np.zeros((HEIGHT_PX, WIDTH_PX), np.uint8)
    materials[HEIGHT_PX - len(x) :] = place.strips[np.clip(cells, 0, len(place.strips) - 1)]
    for patch in place.patches:
        _fill(camera, materials, patch.points, patch.material)
    return materials


def _relief(
    kinds: tuple[Material, ...], materials: NDArray[np.uint8], x: Map, z: Map, inverse: Map
) -> Map:
    # Fine relief would flicker far away, so it fades and only the coarse one is left there.
    fade = 1 / (1 + 1 / (_RELIEF_FADE_M * inverse) ** 2)
    light = np.ones_like(x)
    for number, material in enumerate(kinds):
        mask = materials == number
        found = np.flatnonzero(mask.any(axis=1))
        if len(found) == 0:
            continue
        rows = slice(int(found[0]), int(found[-1]) + 1)
        scale = np.float32(len(material.relief) / material.tile_m)
        wide = scale / np.float32(_COARSE)
        fine = _sample(material.relief, x[rows] * scale, z[rows] * scale)
        coarse = _sample(material.relief, x[rows] * wide, z[rows] * wide)
        light[rows][mask[rows]] += (fine * fade[rows] + 0.5 * coarse)[mask[rows]]
    return light


def _sample(relief: Map, x: Map, z: Map) -> Map:
    return np.asarray(
        cv2.remap(relief, x, z, cv2.INTER_LINEAR, borderMode=cv2.BORDER_WRAP), np.float32
    )


def _shadows(camera: Camera, place: Place, time_s: float) -> NDArray[np.bool_]:
    mask = np.zeros((HEIGHT_PX, WIDTH_PX), np.uint8)
    for panel in place.panels:
        if panel.shadow_m == 0:
            continue
        middle = panel.shadow_at(time_s)
        depth = (middle - camera.position[[0, 2]]) @ camera.ahead[[0, 2]]
        if -1.0 < depth < _SHADOW_RANGE_M:
            _fill(camera, mask, _SHADOW * panel.shadow_m + middle, 1)
    return mask > 0
