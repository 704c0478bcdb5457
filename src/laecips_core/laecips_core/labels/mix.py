"""A teacher and the model that the edge started with, as one label source."""

from __future__ import annotations

import cv2
import numpy as np

from laecips_core.labels.teacher import mirrored_mean
from laecips_core.ports import EdgeModel
from laecips_core.ports import LabelSource
from laecips_core.values import Image
from laecips_core.values import Prediction
from laecips_core.values import Softmax


class MixLabels:
    """
    Averages the softmax of a teacher and of the edge model's start weights.

    An ensemble knows more than its members where they err differently. The start weights stand
    for the edge model: the running ones would in time be taught by themselves.

    :param teacher: the label source that knows more.
    :param start: the edge model with the weights it started with.
    :param teacher_share: weight of the teacher in [0, 1].
    """

    def __init__(self, teacher: LabelSource, start: EdgeModel, teacher_share: float) -> None:
        """Keep the parts."""
        self.name = f'mix:{teacher.name.partition(":")[2]}'
        self._teacher = teacher
        self._start = start
        self._share = np.float32(teacher_share)

    def labels(self, image: Image, prediction: Prediction) -> Prediction:
        """
        Label a frame.

        :param image: (H, W, 3) uint8 RGB.
        :param prediction: the edge model's; only its frame size is read.
        :returns: (M, h, w) softmax at the teacher's output resolution.
        """
        taught = self._teacher.labels(image, prediction)
        own = _resized(mirrored_mean(self._start, image), taught.softmax.shape[1:])
        mixed = self._share * taught.softmax + (np.float32(1.0) - self._share) * own
        return Prediction(mixed, prediction.size_px, taught.weights_version)


def _resized(softmax: Softmax, size_px: tuple[int, ...]) -> Softmax:
    height, width = size_px
    planes = [cv2.resize(p, (width, height), interpolation=cv2.INTER_LINEAR) for p in softmax]
    return np.stack(planes).astype(np.float32)
