from __future__ import annotations

import numpy as np
import pytest

from laecips_core.errors import ShapeError
from laecips_core.metrics.confusion import confusion_matrix
from laecips_core.metrics.confusion import ConfusionMatrix


def label_map(*rows: list[int]) -> np.ndarray:
    return np.array(rows, np.uint8)


def test_rows_are_true_and_columns_given() -> None:
    matrix = confusion_matrix(label_map([0, 1, 1]), label_map([0, 0, 1]), 2)
    assert matrix.tolist() == [[1, 1, 0], [0, 1, 0]]


def test_void_in_the_truth_does_not_count() -> None:
    matrix = confusion_matrix(label_map([0, 7]), label_map([0, 255]), 2)
    assert matrix.tolist() == [[1, 0, 0], [0, 0, 0]]


def test_a_pixel_without_label_is_a_miss() -> None:
    matrix = confusion_matrix(label_map([255, 1]), label_map([0, 1]), 2)
    assert matrix.tolist() == [[0, 0, 1], [0, 1, 0]]


def test_agrees_with_a_loop_over_pixels() -> None:
    random = np.random.default_rng(0)
    labels, truth = random.choice([0, 1, 2, 3, 255], (2, 20, 30)).astype(np.uint8)
    expected = np.zeros((4, 5), int)
    for given, true in zip(labels.ravel(), truth.ravel(), strict=True):
        if true != 255:
            expected[true, 4 if given == 255 else given] += 1
    assert np.array_equal(confusion_matrix(labels, truth, 4), expected)


def test_update_adds_and_reset_forgets() -> None:
    confusion = ConfusionMatrix(2)
    confusion.update(label_map([0]), label_map([0]))
    confusion.update(label_map([1]), label_map([0]))
    assert confusion.matrix.tolist() == [[1, 1, 0], [0, 0, 0]]
    confusion.reset()
    assert confusion.matrix.sum() == 0


def test_matrix_is_a_copy() -> None:
    confusion = ConfusionMatrix(2)
    confusion.matrix[0, 0] = 5
    assert confusion.matrix[0, 0] == 0


def test_refuses_another_size() -> None:
    with pytest.raises(ShapeError, match='the size of the truth'):
        confusion_matrix(label_map([0, 1]), label_map([0]), 2)


@pytest.mark.parametrize(
    ('labels', 'truth', 'text'),
    [(2, 0, 'labels: expected class ids 0 to 1 or 255, got 2'), (0, 2, 'truth: .* got 2')],
)
def test_refuses_an_id_that_is_no_class(labels: int, truth: int, text: str) -> None:
    with pytest.raises(ShapeError, match=text):
        confusion_matrix(label_map([labels]), label_map([truth]), 2)
