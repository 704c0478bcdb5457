"""Confusion matrices of label maps."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from laecips_core.errors import ShapeError
from laecips_core.values import LabelMap
from laecips_core.values import UNLABELLED


def confusion_matrix(labels: LabelMap, truth: LabelMap, classes: int) -> NDArray[np.int64]:
    """
    Count pixels by true and given class.

    :param labels: (H, W) uint8 class ids; 255, no label, is a miss of the true class.
    :param truth: (H, W) uint8 class ids; pixels of 255 are not counted at all.
    :param classes: number of classes M.
    :returns: (M, M + 1) int64; row: true class, column: given class, the last one for 255.
    :raises ShapeError: when the maps differ in size or hold an id that is no class.
    """
    if labels.shape != truth.shape:
        raise ShapeError('labels', f'the size of the truth {truth.shape}', labels.shape)
    known = truth != UNLABELLED
    given, true = labels[known].astype(np.int64), truth[known].astype(np.int64)
    for what, ids in (('labels', given[given != UNLABELLED]), ('truth', true)):
        if ids.max(initial=0) >= classes:
            got = int(ids.max())
            raise ShapeError(what, f'class ids 0 to {classes - 1} or {UNLABELLED}', got)
    given[given == UNLABELLED] = classes
    counts = np.bincount(true * (classes + 1) + given, minlength=classes * (classes + 1))
    return counts.reshape(classes, classes + 1)


class ConfusionMatrix:
    """
    Adds up confusion matrices over frames.

    :param classes: number of classes M.
    """

    def __init__(self, classes: int) -> None:
        """Start empty."""
        self._matrix = np.zeros((classes, classes + 1), np.int64)

    @property
    def matrix(self) -> NDArray[np.int64]:
        """Counts so far as :func:`confusion_matrix` gives them; a copy."""
        return self._matrix.copy()

    def update(self, labels: LabelMap, truth: LabelMap) -> None:
        """
        Add one frame.

        :param labels: (H, W) uint8 class ids, 255 for no label.
        :param truth: (H, W) uint8 class ids, 255 where not annotated.
        :raises ShapeError: as :func:`confusion_matrix` does; nothing is added then.
        """
        self._matrix += confusion_matrix(labels, truth, len(self._matrix))

    def reset(self) -> None:
        """Forget all frames."""
        self._matrix[:] = 0
