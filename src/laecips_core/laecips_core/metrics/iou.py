"""
Intersection over union, in its two averages.

They are different figures: the paper averages per-image IoU (:func:`image_miou`, Eq. 25), the
usual figure of Cityscapes comes from one matrix over all frames (:func:`dataset_miou`).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from laecips_core.metrics.confusion import confusion_matrix
from laecips_core.values import LabelMap


def class_iou(matrix: NDArray[np.int64]) -> NDArray[np.float64]:
    """
    Give the IoU of every class: TP / (TP + FP + FN).

    :param matrix: (M, M + 1) counts of :func:`laecips_core.metrics.confusion.confusion_matrix`.
    :returns: (M,) in [0, 1]; nan for a class that is neither in the truth nor in the labels.
    """
    classes = len(matrix)
    hits = np.diagonal(matrix).astype(np.float64)
    union = matrix.sum(axis=1) + matrix[:, :classes].sum(axis=0) - hits
    iou = np.full(classes, np.nan)
    np.divide(hits, union, out=iou, where=union > 0)
    return iou


def present_miou(matrix: NDArray[np.int64]) -> float:
    """
    Average the IoU over the classes that the truth holds.

    A class that is given but not true lowers the others' IoU, but is no term of its own.

    :param matrix: (M, M + 1) counts.
    :returns: in [0, 1]; nan when nothing is annotated.
    """
    present = matrix.sum(axis=1) > 0
    return float(class_iou(matrix)[present].mean()) if present.any() else float('nan')


def image_miou(labels: LabelMap, truth: LabelMap, classes: int) -> float:
    """
    Score one image over the classes present in its annotation.

    :param labels: (H, W) uint8 class ids; 255 is a miss.
    :param truth: (H, W) uint8 class ids; pixels of 255 do not count.
    :param classes: number of classes M.
    :returns: in [0, 1]; nan when nothing is annotated.
    :raises ShapeError: when the maps differ in size or hold an id that is no class.
    """
    return present_miou(confusion_matrix(labels, truth, classes))


def dataset_miou(matrix: NDArray[np.int64]) -> float:
    """
    Score a whole data set over the classes present in any of its annotations.

    :param matrix: (M, M + 1) counts over all frames.
    :returns: in [0, 1]; nan when nothing is annotated.
    """
    return present_miou(matrix)
