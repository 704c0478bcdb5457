"""A larger segmentation model on the server as label source."""

from __future__ import annotations

import numpy as np

from laecips_core.ports import EdgeModel
from laecips_core.values import Image
from laecips_core.values import Prediction
from laecips_core.values import Softmax


class TeacherLabels:
    """
    Takes the classes from a model that knows more than the edge model.

    :param model: any segmentation model with the edge's classes.
    :param weights_version: version of its weights.
    """

    def __init__(self, model: EdgeModel, weights_version: str) -> None:
        """Keep the model."""
        self.name = f'teacher:{model.name}'
        self._model = model
        self._weights_version = weights_version

    def labels(self, image: Image, prediction: Prediction) -> Prediction:
        """
        Label a frame, averaged over the frame and its mirror image.

        :param image: (H, W, 3) uint8 RGB.
        :param prediction: the edge model's; only its frame size is read.
        :returns: (M, h, w) softmax at the teacher's output resolution.
        """
        softmax = mirrored_mean(self._model, image)
        return Prediction(softmax, prediction.size_px, self._weights_version)


def mirrored_mean(model: EdgeModel, image: Image) -> Softmax:
    """
    Average a model's softmax over a frame and its mirror image.

    :param model: the model.
    :param image: (H, W, 3) uint8 RGB.
    :returns: (M, h, w) float32.
    """
    seen, mirrored = model.predict([image, np.ascontiguousarray(image[:, ::-1])])
    return np.asarray((seen + mirrored[:, :, ::-1]) * np.float32(0.5), np.float32)
