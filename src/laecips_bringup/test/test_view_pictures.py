from __future__ import annotations

import numpy as np

from laecips_bringup.view_pictures import drawn
from laecips_bringup.view_pictures import rgba_of
from laecips_bringup.view_pictures import SHOWN_WIDTH_PX
from laecips_bringup.view_pictures import shrunk
from laecips_bringup.view_values import Picture

PALETTE = np.zeros((256, 3), np.uint8)
PALETTE[1] = (200, 100, 0)


def test_small_frame_stays_as_it_is() -> None:
    image = np.zeros((300, SHOWN_WIDTH_PX, 3), np.uint8)
    assert shrunk(image) is image


def test_large_frame_keeps_its_shape() -> None:
    image = np.full((720, 1280, 3), 7, np.uint8)
    small = shrunk(image)
    assert small.shape == (270, 480, 3)
    assert small.dtype == np.uint8
    assert np.all(small == 7)


def test_mask_is_blended_over_its_frame() -> None:
    picture = Picture(0, 0.0, np.full((2, 2, 3), 100, np.uint8), np.eye(2, dtype=np.uint8))
    image = drawn(picture, PALETTE)
    assert image[0, 0].tolist() == [150, 100, 50]
    assert image[0, 1].tolist() == [50, 50, 50]


def test_mask_of_another_size_covers_its_frame() -> None:
    labels = np.array([[0, 1]], np.uint8).repeat(2, axis=1)
    picture = Picture(0, 0.0, np.zeros((1, 2, 3), np.uint8), labels)
    assert drawn(picture, PALETTE)[0].tolist() == [[0, 0, 0], [100, 50, 0]]


def test_mask_without_its_frame_is_drawn_in_plain_colours() -> None:
    picture = Picture(0, 0.0, None, np.array([[1, 0]], np.uint8))
    assert drawn(picture, PALETTE)[0].tolist() == [[200, 100, 0], [0, 0, 0]]


def test_canvas_gets_the_bottom_row_first_and_opaque() -> None:
    image = np.array([[[1, 2, 3]], [[4, 5, 6]]], np.uint8)
    rgba = rgba_of(image)
    assert rgba.shape == (2, 1)
    assert rgba.view(np.uint8).tolist() == [[4, 5, 6, 255], [1, 2, 3, 255]]
