from __future__ import annotations

import numpy as np
import pytest

from laecips_core.metrics.confusion import confusion_matrix
from laecips_core.metrics.iou import class_iou
from laecips_core.metrics.iou import dataset_miou
from laecips_core.metrics.iou import image_miou

TRUTH = np.array([[0, 0, 0, 1, 255]], np.uint8)
LABELS = np.array([[0, 0, 1, 1, 2]], np.uint8)


def by_sets(labels: np.ndarray, truth: np.ndarray, classes: int) -> list[float]:
    """Compute IoU of every class from sets of pixel numbers."""
    annotated = set(np.flatnonzero(truth != 255))
    result = []
    for label in range(classes):
        given = set(np.flatnonzero(labels == label)) & annotated
        true = set(np.flatnonzero(truth == label))
        result.append(len(given & true) / len(given | true) if given | true else np.nan)
    return result


def test_class_iou_by_hand() -> None:
    iou = class_iou(confusion_matrix(LABELS, TRUTH, 3))
    assert iou[0] == pytest.approx(2 / 3)
    assert iou[1] == pytest.approx(1 / 2)
    assert np.isnan(iou[2])


def test_class_iou_agrees_with_sets() -> None:
    random = np.random.default_rng(0)
    for _ in range(10):
        labels, truth = random.choice([0, 1, 2, 4, 255], (2, 6, 7)).astype(np.uint8)
        iou = class_iou(confusion_matrix(labels, truth, 5))
        np.testing.assert_allclose(iou, by_sets(labels, truth, 5))


def test_image_miou_averages_over_the_annotated_classes() -> None:
    assert image_miou(LABELS, TRUTH, 3) == pytest.approx((2 / 3 + 1 / 2) / 2)


def test_a_class_that_is_given_but_not_true_is_no_term() -> None:
    labels = np.array([[0, 1]], np.uint8)
    truth = np.array([[0, 0]], np.uint8)
    assert image_miou(labels, truth, 2) == 0.5


def test_a_pixel_without_label_lowers_iou() -> None:
    labels = np.array([[0, 255]], np.uint8)
    truth = np.array([[0, 0]], np.uint8)
    assert image_miou(labels, truth, 2) == 0.5


def test_nothing_annotated_is_nan() -> None:
    truth = np.full((1, 2), 255, np.uint8)
    assert np.isnan(image_miou(np.zeros((1, 2), np.uint8), truth, 2))
    assert np.isnan(dataset_miou(np.zeros((2, 3), np.int64)))


def test_dataset_miou_weighs_pixels_not_images() -> None:
    large = confusion_matrix(np.zeros((1, 9), np.uint8), np.zeros((1, 9), np.uint8), 2)
    small = confusion_matrix(np.ones((1, 1), np.uint8), np.zeros((1, 1), np.uint8), 2)
    assert dataset_miou(large + small) == pytest.approx(0.9)
    assert (dataset_miou(large) + dataset_miou(small)) / 2 == 0.5
