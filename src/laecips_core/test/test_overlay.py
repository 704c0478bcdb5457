from __future__ import annotations

import numpy as np

from laecips_core.catalogue import ClassCatalogue
from laecips_core.overlay import overlay


def test_every_pixel_is_half_frame_and_half_class_colour() -> None:
    palette = ClassCatalogue(('road', 'tree'), ((200, 100, 0), (0, 40, 250))).palette()
    image = np.array([[[100, 0, 50], [20, 20, 20], [60, 70, 80]]], np.uint8)
    blended = overlay(image, np.array([[0, 1, 255]], np.uint8), palette)
    assert blended.dtype == np.uint8
    assert blended.tolist() == [[[150, 50, 25], [10, 30, 135], [30, 35, 40]]]


def test_frame_and_labels_stay_as_they_are() -> None:
    rng = np.random.default_rng(0)
    image = rng.integers(0, 256, (4, 5, 3), np.uint8)
    labels = rng.integers(0, 2, (4, 5), np.uint8)
    palette = rng.integers(0, 256, (256, 3), np.uint8)
    before = image.copy(), labels.copy(), palette.copy()
    overlay(image, labels, palette)
    for array, old in zip((image, labels, palette), before, strict=True):
        np.testing.assert_array_equal(array, old)
