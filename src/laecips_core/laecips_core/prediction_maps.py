"""From a prediction to maps of the frame's size; edge and cloud share these, so labels agree."""

from __future__ import annotations

from collections.abc import Iterable
from collections.abc import Iterator
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from laecips_core.values import LabelMap
from laecips_core.values import Prediction
from laecips_core.values import Segmentation
from laecips_core.values import Softmax
from laecips_core.values import Source

# 256 kB of float32 a row: what a running arg max touches stays in the second-level cache.
_BLOCK_PX = 65536


def full_softmax(prediction: Prediction) -> Softmax:
    """
    Bring a prediction to the size of its frame.

    Bilinear, pixel centres aligned. The same machine gives the same bits every time.

    :param prediction: softmax of any size.
    :returns: (M, H, W) float32, C-contiguous and aligned; the given array itself where sizes agree
        already.
    """
    height, width = prediction.size_px
    softmax = np.require(prediction.softmax, requirements=['C', 'A'])
    if softmax.shape[1:] == (height, width):
        return softmax
    full = np.empty((len(softmax), height, width), np.float32)
    for plane, out in zip(softmax, full, strict=True):
        cv2.resize(plane, (width, height), dst=out, interpolation=cv2.INTER_LINEAR)
    return full


def running_top(rows: Iterable[NDArray[np.float32]]) -> tuple[NDArray[np.uint8], Any]:
    """
    Find the best of several score rows at every position, reading each row once.

    :param rows: M rows of one shape, M from 1 to 255.
    :returns: uint8 number of the best row, the lowest where several are equal, and its score.
    """
    remaining: Iterator[NDArray[np.float32]] = iter(rows)
    top = next(remaining).copy()
    labels = np.zeros(top.shape, np.uint8)
    for label, row in enumerate(remaining, start=1):
        better = (row > top).view(np.uint8)
        np.maximum(top, row, out=top)
        np.maximum(labels, better * np.uint8(label), out=labels)
    return labels, top


def top_class(softmax: Softmax) -> tuple[LabelMap, NDArray[np.float32]]:
    """
    Give the most probable class of every pixel.

    :param softmax: (M, H, W) float32, M from 1 to 255.
    :returns: (H, W) uint8 class ids, the lowest where several are equal, and (H, W) float32
        their probability.
    """
    flat = softmax.reshape(len(softmax), -1)
    labels = np.empty(flat.shape[1], np.uint8)
    top = np.empty(flat.shape[1], np.float32)
    for start in range(0, flat.shape[1], _BLOCK_PX):
        block = slice(start, start + _BLOCK_PX)
        labels[block], top[block] = running_top(flat[:, block])
    size_px = softmax.shape[1:]
    return labels.reshape(size_px), top.reshape(size_px)


def confidence_bytes(probability: NDArray[np.floating[Any]]) -> NDArray[np.uint8]:
    """
    Scale probabilities to a confidence map.

    :param probability: any shape, in [0, 1] but for rounding.
    :returns: uint8 of the same shape, 0 for 0 and 255 for 1, rounded to the nearest.
    """
    scaled = probability * np.float32(255.0)
    scaled += np.float32(0.5)
    confidence: NDArray[np.uint8] = np.minimum(scaled, np.float32(255.0)).astype(np.uint8)
    return confidence


def edge_segmentation(prediction: Prediction, source: Source = Source.EDGE) -> Segmentation:
    """
    Label every pixel with the edge model's most probable class.

    :param prediction: the edge model's prediction.
    :param source: what to write as the origin.
    :returns: labels of the frame's size; confidence is the probability of the label.
    """
    labels, top = top_class(full_softmax(prediction))
    return Segmentation(labels, confidence_bytes(top), source, prediction.weights_version)
