"""Scores of a stream, added up task by task."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from laecips_core.metrics.confusion import confusion_matrix
from laecips_core.metrics.iou import present_miou
from laecips_core.values import LabelMap


class TaskScores:
    """
    One confusion matrix for each task.

    :param classes: number of classes M.
    """

    def __init__(self, classes: int) -> None:
        """Start empty."""
        self._classes = classes
        self._matrices: dict[int, NDArray[np.int64]] = {}

    def add(self, task: int, labels: LabelMap, truth: LabelMap) -> float | None:
        """
        Score a frame and count it.

        :param task: number of its task.
        :param labels: (H, W) uint8 class ids.
        :param truth: (H, W) uint8 class ids, 255 where not annotated.
        :returns: the frame's own mIoU; None when nothing is annotated.
        """
        matrix = confusion_matrix(labels, truth, self._classes)
        self._matrices[task] = self._matrices.get(task, np.zeros_like(matrix)) + matrix
        miou = present_miou(matrix)
        return None if math.isnan(miou) else miou

    def matrices(self) -> list[list[list[int]]]:
        """Give the (tasks, M, M + 1) counts, tasks in order."""
        return [self._matrices[task].tolist() for task in sorted(self._matrices)]
