"""Weights that make rare classes count."""

from __future__ import annotations

import torch
from torch import Tensor

from laecips_core.learning.tensors import TrainingSet
from laecips_core.values import UNLABELLED

_LARGEST = 5.0


def class_weights(data: TrainingSet, classes: int, strength: float) -> Tensor:
    """
    Weigh each class by how rare it is: (median frequency / its frequency) to the ``strength``.

    Median frequency balancing after Eigen and Fergus, "Predicting Depth, Surface Normals and
    Semantic Labels with a Common Multi-Scale Convolutional Architecture", ICCV 2015,
    https://arxiv.org/abs/1411.4734, softened by an exponent and bounded.

    :param data: labelled frames.
    :param classes: number of classes M.
    :param strength: 0 (all weights 1) to 1 (full balance).
    :returns: (M,) float32 in [0.2, 5]; 1 for a class that does not occur.
    """
    known = data.labels[data.labels != UNLABELLED].long()
    counts = torch.bincount(known, minlength=classes).float()
    present = counts > 0
    if not present.any():
        return torch.ones(classes)
    ratios = counts[present].median() / counts.clamp(min=1.0)
    weights = ratios.pow(strength).clamp(1.0 / _LARGEST, _LARGEST)
    return torch.where(present, weights, torch.ones(classes))
