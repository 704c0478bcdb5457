"""Watches a released version on live frames, and says when to go back."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import isnan
from threading import Lock

import numpy as np

from laecips_core.config import UpdateConfig
from laecips_core.metrics.iou import image_miou
from laecips_core.prediction_maps import edge_segmentation
from laecips_core.values import Frame
from laecips_core.values import Prediction
from laecips_core.values import Sample


@dataclass(frozen=True)
class Withdrawal:
    """
    Why a version is taken back.

    :param version: the version to take back.
    :param previous: the version to go back to.
    :param reason: the figures, in words.
    """

    version: str
    previous: str
    reason: str


class LiveWatch:
    """
    Compares the newest version with its predecessor on frames that neither was trained on.

    After a release both label each uploaded frame; the label source says who is nearer. When the
    newest is behind by more than the tolerance over the first frames, it is to be withdrawn. Both
    see the same frames, so a stream that gets harder is not held against the newer one.

    Safe for use from several threads.

    :param config: number of frames and tolerance.
    :param classes: number of classes M.
    :param predict: runs a version on a frame.
    """

    def __init__(
        self,
        config: UpdateConfig,
        classes: int,
        predict: Callable[[str, Frame], Prediction],
    ) -> None:
        """Watch nothing yet."""
        self._frames, self._tolerance = config.watch_frames, config.watch_tolerance
        self._classes = classes
        self._predict = predict
        self._pair = ('', '')
        self._gains: list[float] = []
        self._lock = Lock()

    def configure(self, config: UpdateConfig) -> None:
        """
        Change number of frames and tolerance; a version under watch is judged by the new ones.

        :param config: checked settings; without frames nothing is watched any more.
        """
        with self._lock:
            self._frames, self._tolerance = config.watch_frames, config.watch_tolerance
            if not self._frames:
                self._pair = ('', '')

    def released(self, version: str, previous: str) -> None:
        """
        Watch a new version.

        :param version: the version released.
        :param previous: the version that ran before it.
        """
        with self._lock:
            self._pair = (version, previous) if self._frames else ('', '')
            self._gains = []

    def observe(self, sample: Sample, prediction: Prediction) -> Withdrawal | None:
        """
        Take in an uploaded frame.

        :param sample: the frame with its labels.
        :param prediction: of the edge that uploaded it; other versions than the watched one are
            not counted.
        :returns: what to take back; None to go on.
        """
        with self._lock:
            version, previous = self._pair
            if not version or prediction.weights_version != version:
                return None
            older = self._agreement(self._predict(previous, sample.frame), sample)
            gain = self._agreement(prediction, sample) - older
            if not isnan(gain):  # a frame without any label says nothing
                self._gains.append(gain)
            return self._judged(version, previous)

    def _judged(self, version: str, previous: str) -> Withdrawal | None:
        count = len(self._gains)
        if count < self._frames:
            return None
        self._pair = ('', '')
        gain = float(np.mean(self._gains))
        if gain >= -self._tolerance:
            return None
        reason = f'agreement with new labels {gain:+.3f} against {previous} on {count} frames'
        return Withdrawal(version, previous, reason)

    def _agreement(self, prediction: Prediction, sample: Sample) -> float:
        labels = edge_segmentation(prediction).labels
        return image_miou(labels, sample.segmentation.labels, self._classes)
