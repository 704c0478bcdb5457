from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from laecips_core.labels.mix import MixLabels
from laecips_core.values import Image
from laecips_core.values import Prediction
from laecips_core.values import Softmax
from laecips_core.values import WeightArrays

IMAGE = np.zeros((4, 8, 3), np.uint8)
EDGE = Prediction(np.ones((2, 1, 1), np.float32), (4, 8), 'edge')
TAUGHT = np.stack([np.full((2, 4), 0.9), np.full((2, 4), 0.1)]).astype(np.float32)


class Teacher:
    name = 'teacher:big'

    def labels(self, image: Image, prediction: Prediction) -> Prediction:
        return Prediction(TAUGHT, prediction.size_px, 'v9')


class Start:
    """Gives one map of class 1, for a frame and for its mirror image alike."""

    name = 'small'
    device = 'test'

    def __init__(self, share: list[list[float]]) -> None:
        self._share = np.array(share, np.float32)

    def predict(self, images: Sequence[Image]) -> Softmax:
        return np.stack([np.stack([1.0 - self._share, self._share])] * len(images))

    def load_weights(self, arrays: WeightArrays) -> None:
        raise NotImplementedError

    def weights(self) -> WeightArrays:
        raise NotImplementedError


def mixed(teacher_share: float, share: list[list[float]]) -> Prediction:
    return MixLabels(Teacher(), Start(share), teacher_share).labels(IMAGE, EDGE)


@pytest.mark.parametrize(('share', 'expected'), [(0.0, 0.5), (0.25, 0.4), (0.5, 0.3), (1.0, 0.1)])
def test_teacher_and_start_count_by_their_shares(share: float, expected: float) -> None:
    labels = mixed(share, [[0.5] * 4] * 2)
    np.testing.assert_allclose(labels.softmax[1], np.full((2, 4), expected), rtol=1e-6)
    np.testing.assert_allclose(labels.softmax.sum(axis=0), 1.0, rtol=1e-6)
    assert labels.softmax.dtype == np.float32


def test_the_start_sees_the_mirror_image_too() -> None:
    labels = mixed(0.0, [[0.0, 0.2, 0.4, 0.8]] * 2)
    np.testing.assert_allclose(labels.softmax[1], [[0.4, 0.3, 0.3, 0.4]] * 2, rtol=1e-6)


def test_the_start_is_brought_to_the_resolution_of_the_teacher() -> None:
    # Two columns to four, pixel centres aligned; the mirror image makes both ends alike.
    labels = mixed(0.0, [[0.2, 0.6]])
    np.testing.assert_allclose(labels.softmax[1], np.full((2, 4), 0.4), rtol=1e-6)
    assert labels.softmax.shape == (2, 2, 4)


def test_a_mix_labels_under_the_version_of_the_teacher() -> None:
    mix = MixLabels(Teacher(), Start([[0.5]]), 0.5)
    labels = mix.labels(IMAGE, EDGE)
    assert (labels.size_px, labels.weights_version) == ((4, 8), 'v9')
    assert mix.name == 'mix:big'
