from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from laecips_core.labels.teacher import mirrored_mean
from laecips_core.labels.teacher import TeacherLabels
from laecips_core.values import Image
from laecips_core.values import Prediction
from laecips_core.values import Softmax
from laecips_core.values import WeightArrays

IMAGE = np.zeros((2, 4, 3), np.uint8)
IMAGE[..., 0] = [[0, 10, 20, 30], [40, 50, 60, 70]]


class Model:
    """Sees red in the left column only: its share is the probability of class 1."""

    name = 'big'
    device = 'test'

    def __init__(self) -> None:
        self.seen: list[Image] = []

    def predict(self, images: Sequence[Image]) -> Softmax:
        self.seen.extend(images)
        red = np.stack([image[..., 0] for image in images]).astype(np.float32) / 100
        red[..., 1:] = 0.0
        return np.stack([1.0 - red, red], axis=1).astype(np.float32)

    def load_weights(self, arrays: WeightArrays) -> None:
        raise NotImplementedError

    def weights(self) -> WeightArrays:
        raise NotImplementedError


def test_frame_and_mirror_image_count_alike_each_at_its_place() -> None:
    red = np.array([[0.0, 0.0, 0.0, 0.15], [0.2, 0.0, 0.0, 0.35]], np.float32)
    softmax = mirrored_mean(Model(), IMAGE)
    np.testing.assert_allclose(softmax, [1.0 - red, red], rtol=1e-6)
    assert softmax.dtype == np.float32


def test_the_model_sees_the_frame_and_its_mirror_image() -> None:
    model = Model()
    mirrored_mean(model, IMAGE)
    np.testing.assert_array_equal(model.seen[0], IMAGE)
    np.testing.assert_array_equal(model.seen[1], IMAGE[:, ::-1])
    assert model.seen[1].flags.c_contiguous


def test_a_teacher_labels_a_frame_under_its_own_version() -> None:
    edge = Prediction(np.ones((2, 1, 1), np.float32), (20, 40), 'edge')
    teacher = TeacherLabels(Model(), 'v9')
    labels = teacher.labels(IMAGE, edge)
    np.testing.assert_array_equal(labels.softmax, mirrored_mean(Model(), IMAGE))
    assert (labels.size_px, labels.weights_version) == ((20, 40), 'v9')
    assert teacher.name == 'teacher:big'
