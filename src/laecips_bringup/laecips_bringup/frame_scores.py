"""What figures and strips read off a run, frame by frame."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from laecips_bringup.records import FrameRecord
from laecips_bringup.records import RunRecord
from laecips_core.metrics.iou import image_miou
from laecips_core.values import LabelMap
from laecips_core.values import UNLABELLED


def sent(frame: FrameRecord) -> bool:
    """Say whether the frame's image really went to the cloud."""
    return frame.hard and frame.bytes_up > 0


def class_count(runs: Sequence[RunRecord]) -> int:
    """
    Count the classes that masks and annotations of some runs need.

    :param runs: the runs.
    :returns: the largest class id and one; at least 1.
    """
    largest = 0
    for frame in (frame for run in runs for frame in run.frames):
        for labels in (frame.mask, frame.truth):
            if labels is not None:
                known = labels[labels != UNLABELLED]
                largest = max(largest, int(known.max(initial=0)))
    return largest + 1


def frame_mious(run: RunRecord) -> NDArray[np.float64]:
    """
    Score every frame by itself (Eq. 25 before the mean).

    :param run: the run.
    :returns: (N,) mIoU in [0, 1]; nan where mask, annotation or every label is missing.
    """
    classes = class_count([run])
    scores = [_score(frame.mask, frame.truth, classes) for frame in run.frames]
    return np.asarray(scores, np.float64)


def running_mean(values: NDArray[np.float64], window: int) -> NDArray[np.float64]:
    """
    Average each value with those before it.

    :param values: (N,) values; nan ones are left out.
    :param window: values in a mean, this one included; fewer at the beginning.
    :returns: (N,) means; nan where a window holds nan only.
    """
    known = np.isfinite(values)
    sums = np.concatenate([[0.0], np.cumsum(np.where(known, values, 0.0))])
    counts = np.concatenate([[0], np.cumsum(known)])
    ends = np.arange(1, len(values) + 1)
    starts = np.maximum(ends - window, 0)
    number = counts[ends] - counts[starts]
    means = (sums[ends] - sums[starts]) / np.maximum(number, 1)
    return np.where(number > 0, means, np.nan)


def version_starts(run: RunRecord) -> list[tuple[int, str]]:
    """
    Find where weights came into use.

    :param run: the run.
    :returns: (index of the first frame, version) of each stretch after the first, in order.
    """
    starts = []
    for before, frame in pairwise(run.frames):
        if frame.weights_version != before.weights_version:
            starts.append((frame.index, frame.weights_version))
    return starts


def _score(mask: LabelMap | None, truth: LabelMap | None, classes: int) -> float:
    if mask is None or truth is None:
        return float('nan')
    return image_miou(mask, truth, classes)
