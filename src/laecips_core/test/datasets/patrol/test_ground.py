from __future__ import annotations

import numpy as np

from laecips_core.datasets.patrol.camera import Camera
from laecips_core.datasets.patrol.camera import Pose
from laecips_core.datasets.patrol.classes import ClassId
from laecips_core.datasets.patrol.ground import paint_ground
from laecips_core.datasets.patrol.painter import Canvas
from laecips_core.datasets.patrol.places import lay_strips
from laecips_core.datasets.patrol.textures import make_texture
from laecips_core.datasets.patrol.world import Material
from laecips_core.datasets.patrol.world import Panel
from laecips_core.datasets.patrol.world import Patch
from laecips_core.datasets.patrol.world import Place
from laecips_core.datasets.patrol.world import Walk

POSE = Pose(position=(0.0, 0.8, 0.0), yaw_rad=0.0, pitch_rad=0.0, roll_rad=0.0)


def bare_place(*panels: Panel) -> Place:
    flat = np.zeros((8, 8), np.float32)
    return Place(
        materials=(
            Material(ClassId.ROAD, (90.0, 90.0, 90.0), flat, 1.0),
            Material(ClassId.GRASS, (90.0, 160.0, 60.0), flat, 1.0),
        ),
        strips=lay_strips(0, [(0.0, 1)]),
        patches=(Patch(np.array(((-1.0, 2), (1, 2), (1, 4), (-1, 4))), 0),),
        panels=panels,
        lamps=np.zeros((0, 3)),
        clouds=np.zeros((8, 8), np.float32),
        walk=Walk(0.0, 0.0, 10.0, 0.0, 0.0, 0.0),
    )


def painted(place: Place, shadow: float) -> Canvas:
    canvas = Canvas(Camera(POSE))
    paint_ground(canvas, place, 0.0, shadow)
    return canvas


def test_ground_has_its_strips_patches_and_horizon() -> None:
    canvas = painted(bare_place(), 1.0)
    assert (canvas.labels[:180] == ClassId.SKY).all()
    assert canvas.labels[350, 100] == ClassId.ROAD
    assert canvas.labels[350, 400] == ClassId.GRASS
    assert canvas.labels[180 + 96, 260] == ClassId.ROAD
    np.testing.assert_array_equal(canvas.rgb[350, 400], (90, 160, 60))


def test_depth_of_the_ground_is_that_of_a_plane() -> None:
    canvas = painted(bare_place(), 1.0)
    assert np.isclose(canvas.inverse_depth[252, 7], 72 / (360 * 0.8))


def test_shadow_darkens_the_ground_below_its_panel_only() -> None:
    texture = make_texture(np.ones((8, 8, 3)), np.full((8, 8), ClassId.TREE, np.uint8))
    tree = Panel((0.0, 0.0, 3.0), (1.0, 0.0), 2.0, texture, turns=True, shadow_m=0.8)
    canvas = painted(bare_place(tree), 0.5)
    assert canvas.rgb[180 + 96, 240, 0] == 45
    assert canvas.rgb[350, 100, 0] == 90
    assert canvas.labels[180 + 96, 240] == ClassId.ROAD
