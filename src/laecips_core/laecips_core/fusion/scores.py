"""Class scores of masks (Alg. 1, line 5)."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
import os

import numpy as np
from numpy.typing import NDArray

from laecips_core.fusion.compiled import sums_before
from laecips_core.fusion.segments import Segments
from laecips_core.values import Softmax

_MOST_THREADS = 4

_LEAST_SHARE = np.float32(0.002)
"""Share of a frame below which a class counts as no rarer: noise is not raised without bound."""


def class_scores(softmax: Softmax, segments: Segments) -> NDArray[np.float64]:
    """
    Sum the softmax of every class over the pixels of every mask.

    Algorithm 1 sums over the classes in line 5; a score per class needs the sum over the mask's
    pixels, so that is what stands here. A run's sum is the difference of two sums from the first
    pixel on, so each class is read once, however many masks overlap.

    :param softmax: (M, H, W) float32 of the frame's size.
    :param segments: the cuts of K masks.
    :returns: (M, K) float64, in [0, pixels of the mask]; 0 for an empty mask.
    """
    owners = segments.masks.owners
    scores = np.zeros((len(softmax), len(segments.masks)))
    if not len(owners):
        return scores
    first_runs = np.flatnonzero(np.diff(owners, prepend=-1))
    present = owners[first_runs]

    def score(plane: NDArray[np.float32], of_masks: NDArray[np.float64]) -> None:
        sums = sums_before(plane, segments.bounds)
        runs = sums.take(segments.last) - sums.take(segments.first)
        of_masks[present] = np.add.reduceat(runs, first_runs)

    with ThreadPoolExecutor(min(_MOST_THREADS, os.cpu_count() or 1)) as threads:
        list(threads.map(score, softmax.reshape(len(softmax), -1), scores))
    return scores


def mean_scores(softmax: Softmax, segments: Segments) -> NDArray[np.float32]:
    """
    Average the softmax of every class over every mask.

    :param softmax: (M, H, W) float32 of the frame's size.
    :param segments: the cuts of K masks.
    :returns: (M, K) float32, in [0, 1]; 0 for an empty mask, which names no pixel.
    """
    areas_px = np.maximum(segments.masks.areas_px, 1)
    return (class_scores(softmax, segments) / areas_px).astype(np.float32)


def discounted(
    means: NDArray[np.float32], softmax: Softmax, class_discount: float
) -> NDArray[np.float32]:
    """
    Weigh what a mask holds of a class against what the whole frame holds of it.

    A small network names too little of rare classes: a sign's mask has a mean of .3 for sign and
    .4 for building, of which the frame is full. Each mean is divided by the class's share of the
    frame to the power of ``class_discount``, and the scores of a mask are brought back to a sum
    of 1. This is logit adjustment after training (Menon et al., 2021, section 4,
    https://arxiv.org/abs/2007.07314) with the frame's own mean softmax as the prior.

    :param means: (M, K) float32, mean softmax of every mask.
    :param softmax: (M, H, W) float32 of the frame's size.
    :param class_discount: 0 leaves the means as they are, 1 takes all of a class's share away.
    :returns: (M, K) float32, in [0, 1]; 0 for an empty mask.
    """
    if not class_discount:
        return means
    shares = softmax.reshape(len(softmax), -1).mean(axis=1, dtype=np.float64)
    prior = np.maximum(shares.astype(np.float32), _LEAST_SHARE) ** np.float32(class_discount)
    scores: NDArray[np.float32] = means / prior[:, None]
    total = scores.sum(axis=0)
    # An empty mask has scores of 0 only, and so a total of 0.
    scores /= np.where(total > 0, total, np.float32(1.0))
    return scores
