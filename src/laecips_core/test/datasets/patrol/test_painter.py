from __future__ import annotations

import numpy as np

from laecips_core.datasets.patrol.camera import Camera
from laecips_core.datasets.patrol.camera import Pose
from laecips_core.datasets.patrol.classes import ClassId
from laecips_core.datasets.patrol.classes import TRANSPARENT
from laecips_core.datasets.patrol.painter import Canvas
from laecips_core.datasets.patrol.textures import make_texture
from laecips_core.datasets.patrol.textures import Texture
from laecips_core.datasets.patrol.world import Panel

POSE = Pose(position=(0.0, 0.8, 0.0), yaw_rad=0.0, pitch_rad=0.0, roll_rad=0.0)


def plain(class_id: ClassId, colour: int) -> Texture:
    rgb = np.full((16, 16, 3), colour, np.uint8)
    return make_texture(rgb, np.full((16, 16), class_id, np.uint8))


def wall(class_id: ClassId, colour: int, z: float, width_m: float = 2.0) -> Panel:
    return Panel((-width_m / 2, 0.0, z), (width_m, 0.0), 1.6, plain(class_id, colour))


def test_panel_covers_exactly_its_projection() -> None:
    canvas = Canvas(Camera(POSE))
    canvas.paint_panels((wall(ClassId.BUILDING, 200, z=3.6),), 0.0)
    rows, columns = np.nonzero(canvas.labels == ClassId.BUILDING)
    assert (columns.min(), rows.min()) == (140, 100)
    assert abs(int(columns.max()) - 339) <= 1
    assert abs(int(rows.max()) - 259) <= 1
    assert (canvas.rgb[canvas.labels == ClassId.BUILDING] == 200).all()
    assert (canvas.rgb[canvas.labels == ClassId.SKY] == 0).all()


def test_nearer_panel_hides_the_farther_in_any_order() -> None:
    near, far = wall(ClassId.CAR, 50, z=4.0, width_m=1.0), wall(ClassId.FENCE, 100, z=6.0)
    for panels in ((near, far), (far, near)):
        canvas = Canvas(Camera(POSE))
        canvas.paint_panels(panels, 0.0)
        assert canvas.labels[180, 240] == ClassId.CAR
        assert canvas.labels[180, 290] == ClassId.FENCE


def test_one_sees_through_transparent_texels() -> None:
    labels = np.full((16, 16), TRANSPARENT, np.uint8)
    labels[:, :8] = ClassId.SIGN
    texture = make_texture(np.full((16, 16, 3), 30, np.uint8), labels)
    sign = Panel((-1.0, 0.0, 4.0), (2.0, 0.0), 1.6, texture)
    canvas = Canvas(Camera(POSE))
    canvas.paint_panels((sign, wall(ClassId.TREE, 80, z=8.0)), 0.0)
    assert canvas.labels[180, 220] == ClassId.SIGN
    assert canvas.labels[180, 260] == ClassId.TREE


def test_things_behind_or_out_of_range_are_not_seen() -> None:
    canvas = Canvas(Camera(POSE))
    texture = plain(ClassId.CAR, 9)
    distant = Panel((-9.0, 0.0, 50.0), (18.0, 0.0), 9.0, texture, range_m=40.0)
    canvas.paint_panels((wall(ClassId.CAR, 9, z=-3.0), distant), 0.0)
    assert (canvas.labels == ClassId.SKY).all()


def test_moving_panel_moves() -> None:
    texture = plain(ClassId.PERSON, 70)
    panel = Panel((0.0, 0.0, 5.0), (0.5, 0.0), 1.6, texture, velocity_m_s=(1.0, 0.0), turns=True)
    canvas = Canvas(Camera(POSE))
    canvas.paint_panels((panel,), 2.0)
    columns = np.nonzero(canvas.labels == ClassId.PERSON)[1]
    assert abs(columns.mean() - (240 + 360 * 2 / 5)) < 1


def test_walls_running_past_the_camera_are_cut() -> None:
    canvas = Canvas(Camera(POSE))
    side = Panel((1.0, 0.0, -5.0), (0.0, 20.0), 1.6, plain(ClassId.FENCE, 60))
    canvas.paint_panels((side,), 0.0)
    assert canvas.labels[180, 479] == ClassId.FENCE
    assert canvas.labels[180, 240 + 22] == ClassId.SKY
    assert (canvas.labels[:, :240] == ClassId.SKY).all()
