"""Numbers that sum up one prediction of the edge model, cheap enough for every frame."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from laecips_core.prediction_maps import top_class
from laecips_core.values import LabelMap
from laecips_core.values import Softmax

_SURE_FROM = (0.5, 0.7, 0.9)
_QUANTILES = (0.1, 0.5)
_PREDICTION_FEATURES = (
    'top_mean',
    'top_deviation',
    *(f'top_share_from_{threshold}' for threshold in _SURE_FROM),
    *(f'top_quantile_{quantile}' for quantile in _QUANTILES),
    'margin_mean',
    'entropy_mean',
    'boundary_share',
    'boundary_margin_mean',
    'class_entropy',
)


def feature_names(classes: int) -> tuple[str, ...]:
    """
    Name the features in their order.

    ``top`` is the largest probability of a pixel, ``margin`` its lead over the second, ``entropy``
    that of its probabilities in nats, ``class_entropy`` that of the class shares of the frame.

    :param classes: number of classes M.
    :returns: D = 12 + M names.
    """
    return (*_PREDICTION_FEATURES, *(f'class_share_{number}' for number in range(classes)))


def label_boundaries(labels: LabelMap) -> NDArray[np.bool_]:
    """
    Find the pixels with another label above, below, left or right of them.

    :param labels: (H, W) uint8 class ids.
    :returns: (H, W), true on both sides of a boundary.
    """
    boundary = np.zeros(labels.shape, np.bool_)
    across = labels[:, 1:] != labels[:, :-1]
    boundary[:, 1:] |= across
    boundary[:, :-1] |= across
    down = labels[1:] != labels[:-1]
    boundary[1:] |= down
    boundary[:-1] |= down
    return boundary


def softmax_features(softmax: Softmax) -> NDArray[np.float32]:
    """
    Sum up one prediction.

    :param softmax: (M, H', W') float32, M from 1 to 255.
    :returns: (D,) float32 as :func:`feature_names` names them. Shares, probabilities and margins
        are in [0, 1]; entropies in nats, from 0 to log M. ``boundary_margin_mean`` is the mean
        margin of all pixels in a frame of one class.
    """
    labels, top = top_class(softmax)
    margin = top - _second(softmax)
    boundary = label_boundaries(labels)
    shares = np.bincount(labels.ravel(), minlength=len(softmax)) / labels.size
    features = [
        top.mean(dtype=np.float64),
        top.std(dtype=np.float64),
        *(np.count_nonzero(top >= np.float32(limit)) / top.size for limit in _SURE_FROM),
        *_quantiles(top),
        margin.mean(dtype=np.float64),
        _entropy(softmax) / top.size,
        np.count_nonzero(boundary) / boundary.size,
        (margin[boundary] if boundary.any() else margin).mean(dtype=np.float64),
        _entropy([shares]),
        *shares,
    ]
    return np.array(features, np.float32)


def _second(softmax: Softmax) -> NDArray[np.float32]:
    first = softmax[0]
    second: NDArray[np.float32] = np.zeros_like(first)
    for plane in softmax[1:]:
        np.maximum(second, np.minimum(first, plane), out=second)
        first = np.maximum(first, plane)
    return second


def _quantiles(top: NDArray[np.float32]) -> list[float]:
    # The value at a rank, not between two: np.quantile takes as long as all the rest.
    ranks = [int(quantile * (top.size - 1)) for quantile in _QUANTILES]
    ordered = np.partition(top, ranks, axis=None)
    return [float(ordered[rank]) for rank in ranks]


def _entropy(probabilities: Iterable[NDArray[np.floating[Any]]]) -> float:
    total = 0.0
    for plane in probabilities:
        # 0 · log 0 is 0: the smallest number stands in for 0 in the logarithm alone.
        logarithm = np.log(np.maximum(plane, np.finfo(plane.dtype).tiny))
        total -= float((plane * logarithm).sum(dtype=np.float64))
    return total
