from __future__ import annotations

import numpy as np
import pytest

from laecips_core.catalogue import ClassCatalogue
from laecips_core.legend import Legend
from laecips_core.values import Image

COLOURS = ((200, 10, 0), (0, 40, 250), (0, 160, 20))
CATALOGUE = ClassCatalogue(('road', 'tree', 'sky'), COLOURS)
BACK = [24, 24, 24]
# An image of 260 px height has 26 rows of 10 px.
ROW_PX = 10


def drawn(*ids: int, size_px: tuple[int, int] = (260, 300), caption: str = '') -> Image:
    image = np.full((*size_px, 3), 99, np.uint8)
    labels = np.zeros(size_px, np.uint8)
    labels.flat[: labels.size] = np.resize(np.array(ids, np.uint8), labels.size)
    Legend(CATALOGUE).draw(image, labels, caption)
    return image


def swatch(image: Image, row: int) -> Image:
    top = ROW_PX * (1 + row)
    return image[top : top + ROW_PX, :ROW_PX]


def test_each_class_of_the_mask_has_a_swatch_of_its_colour_in_its_order() -> None:
    image = drawn(2, 0)
    for row, number in enumerate((0, 2)):
        found = swatch(image, row)
        assert (found[2:8, 2:8] == COLOURS[number]).all()
        frame = np.ones((ROW_PX, ROW_PX), bool)
        frame[2:8, 2:8] = False
        assert (found[frame] == BACK).all()


def test_a_class_that_the_mask_has_not_is_not_shown() -> None:
    image = drawn(1)
    assert (swatch(image, 0)[5, 5] == COLOURS[1]).all()
    assert (image[2 * ROW_PX :] == 99).all()


def test_one_pixel_is_enough_and_ids_without_a_class_are_not_shown() -> None:
    image = np.full((260, 300, 3), 99, np.uint8)
    labels = np.full((260, 300), 255, np.uint8)
    labels[0, 0], labels[0, 1] = 2, 3
    Legend(CATALOGUE).draw(image, labels, '')
    assert (swatch(image, 0)[5, 5] == COLOURS[2]).all()
    assert (image[2 * ROW_PX :] == 99).all()


def test_names_stand_beside_their_swatches() -> None:
    image = drawn(0, 1)
    names = image[ROW_PX : 3 * ROW_PX, ROW_PX:]
    road, tree = names[:ROW_PX], names[ROW_PX:]
    assert road.max() > 150
    assert (road != tree).any()


def test_the_first_line_is_the_caption_over_the_whole_width() -> None:
    without, edge = drawn(0), drawn(0, caption='EDGE h 0.83')
    assert (without[:ROW_PX] == BACK).all()
    assert edge[:ROW_PX].max() > 150
    np.testing.assert_array_equal(edge[ROW_PX:], without[ROW_PX:])
    assert (drawn(0, caption='FUSED h 0.83')[:ROW_PX] != edge[:ROW_PX]).any()


def test_the_rest_of_the_image_stays_as_it_is() -> None:
    image = drawn(0, 1, 2)
    assert (image[4 * ROW_PX :] == 99).all()
    assert (image[ROW_PX:, 200:] == 99).all()


def test_the_same_classes_are_drawn_the_same_again() -> None:
    legend = Legend(CATALOGUE)
    labels = np.resize(np.array([0, 1], np.uint8), (260, 300))
    first, second = (np.full((260, 300, 3), 99, np.uint8) for _ in range(2))
    legend.draw(first, labels, 'a')
    legend.draw(second, labels, 'a')
    np.testing.assert_array_equal(first, second)


def test_a_larger_image_has_larger_lines() -> None:
    image = drawn(0, size_px=(520, 300))
    assert (image[20:40, :20][2:18, 2:18] == COLOURS[0]).all()


@pytest.mark.parametrize('size_px', [(5, 300), (12, 300), (25, 300), (260, 7), (1, 1)])
def test_what_does_not_fit_is_cut_off(size_px: tuple[int, int]) -> None:
    image = drawn(0, 1, 2, size_px=size_px, caption='EDGE')
    assert image.shape == (*size_px, 3)
    assert image[0, 0].tolist() == BACK


def test_labels_stay_as_they_are() -> None:
    labels = np.resize(np.array([0, 1, 255], np.uint8), (260, 300))
    before = labels.copy()
    Legend(CATALOGUE).draw(np.zeros((260, 300, 3), np.uint8), labels, 'x')
    np.testing.assert_array_equal(labels, before)
