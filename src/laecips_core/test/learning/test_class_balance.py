from __future__ import annotations

import pytest
import torch

from laecips_core.learning.class_balance import class_weights
from laecips_core.learning.tensors import TrainingSet


def data(*counts: int, unlabelled: int = 0) -> TrainingSet:
    """Make one frame of so many pixels of each class."""
    pixels = [label for label, count in enumerate(counts) for _ in range(count)]
    labels = torch.tensor([*pixels, *[255] * unlabelled], dtype=torch.uint8).view(1, 1, -1)
    return TrainingSet(torch.zeros(1, 3, 1, labels.numel(), dtype=torch.uint8), labels)


@pytest.mark.parametrize(
    ('strength', 'expected'), [(0.0, [1, 1, 1]), (0.5, [0.5, 1, 2]), (1.0, [0.25, 1, 4])]
)
def test_weights_are_median_frequency_balancing_to_the_strength(
    strength: float, expected: list[float]
) -> None:
    assert class_weights(data(16, 4, 1), 3, strength).tolist() == pytest.approx(expected)


def test_of_an_even_number_of_classes_the_lower_median_counts() -> None:
    assert class_weights(data(8, 4, 2, 1), 4, 1.0).tolist() == [0.25, 0.5, 1.0, 2.0]


def test_weights_are_bounded() -> None:
    assert class_weights(data(100, 10, 1), 3, 1.0).tolist() == pytest.approx([0.2, 1.0, 5.0])


def test_a_class_that_does_not_occur_has_weight_one_and_no_say() -> None:
    assert class_weights(data(16, 0, 4, 1, 0), 5, 1.0).tolist() == [0.25, 1.0, 1.0, 4.0, 1.0]


def test_unlabelled_pixels_do_not_count() -> None:
    assert class_weights(data(16, 4, 1, unlabelled=50), 3, 1.0).tolist() == [0.25, 1.0, 4.0]


def test_without_a_label_all_weights_are_one() -> None:
    assert class_weights(data(unlabelled=4), 3, 1.0).tolist() == [1.0, 1.0, 1.0]


def test_the_frequency_is_that_of_all_frames_together() -> None:
    images = torch.zeros(2, 3, 1, 2, dtype=torch.uint8)
    labels = torch.tensor([[[0, 0]], [[0, 1]]], dtype=torch.uint8)
    weights = class_weights(TrainingSet(images, labels), 2, 1.0)
    assert weights.tolist() == pytest.approx([1 / 3, 1.0])
    assert weights.dtype == torch.float32
