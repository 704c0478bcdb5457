"""What a user gets over a stream: accuracy, upload rate and latency (Eq. 25 to 27)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from laecips_core.errors import DataSetError
from laecips_core.metrics.confusion import confusion_matrix
from laecips_core.metrics.iou import class_iou
from laecips_core.metrics.iou import dataset_miou
from laecips_core.metrics.iou import present_miou
from laecips_core.values import LabelMap


@dataclass(frozen=True)
class StreamSummary:
    """
    Figures of a stream of N frames.

    :param frames: N.
    :param miou: mean over the annotated frames of each frame's mIoU (Eq. 25); nan without any.
    :param miou_dataset: mIoU of one confusion matrix over all frames; nan without annotations.
    :param upload_rate: share of frames sent to the cloud (Eq. 26).
    :param latency_mean_s: mean time from frame to answer, seconds (Eq. 27).
    :param latency_p50_s: median of it.
    :param latency_p95_s: 95th percentile of it, linearly interpolated.
    :param bytes_up: bytes from edge to cloud, all frames together.
    :param bytes_down: bytes from cloud to edge, all frames together.
    :param weights_versions: versions of the edge weights, in order of first appearance.
    :param per_class_iou: IoU of every class from the one matrix; nan for absent classes.
    """

    frames: int
    miou: float
    miou_dataset: float
    upload_rate: float
    latency_mean_s: float
    latency_p50_s: float
    latency_p95_s: float
    bytes_up: int
    bytes_down: int
    weights_versions: tuple[str, ...]
    per_class_iou: tuple[float, ...]


class StreamMetrics:
    """
    Adds up a stream frame by frame.

    :param classes: number of classes M.
    """

    def __init__(self, classes: int) -> None:
        """Start empty."""
        self._classes = classes
        self.reset()

    def reset(self) -> None:
        """Forget all frames."""
        self._matrix = np.zeros((self._classes, self._classes + 1), np.int64)
        self._mious: list[float] = []
        self._uploads: list[bool] = []
        self._latencies_s: list[float] = []
        self._bytes_up = 0
        self._bytes_down = 0
        self._versions: dict[str, None] = {}

    def update(
        self,
        labels: LabelMap,
        truth: LabelMap | None,
        *,
        uploaded: bool,
        latency_s: float,
        bytes_up: int = 0,
        bytes_down: int = 0,
        weights_version: str = '',
    ) -> None:
        """
        Add one frame.

        :param labels: (H, W) uint8 class ids that the user got, edge's or fused; 255: none.
        :param truth: (H, W) uint8 class ids, 255 where not annotated; None without annotation:
            the frame then counts for everything but IoU.
        :param uploaded: whether it was sent to the cloud.
        :param latency_s: time from frame to labels, seconds.
        :param bytes_up: bytes it cost from edge to cloud.
        :param bytes_down: bytes it cost from cloud to edge, weights included.
        :param weights_version: version of the edge weights.
        :raises ShapeError: when the maps do not fit; nothing is added then.
        """
        if truth is not None:
            matrix = confusion_matrix(labels, truth, self._classes)
            self._matrix += matrix
            self._mious.append(present_miou(matrix))
        self._uploads.append(uploaded)
        self._latencies_s.append(latency_s)
        self._bytes_up += bytes_up
        self._bytes_down += bytes_down
        self._versions.setdefault(weights_version)

    def summary(self) -> StreamSummary:
        """
        Give the figures so far.

        :raises DataSetError: before the first frame.
        """
        if not self._uploads:
            raise DataSetError('stream', 'at least one frame', 0, 'add frames first')
        mious = np.asarray(self._mious)
        annotated = mious[~np.isnan(mious)]
        p50_s, p95_s = np.percentile(self._latencies_s, [50, 95])
        return StreamSummary(
            frames=len(self._uploads),
            miou=float(annotated.mean()) if annotated.size else float('nan'),
            miou_dataset=dataset_miou(self._matrix),
            upload_rate=float(np.mean(self._uploads)),
            latency_mean_s=float(np.mean(self._latencies_s)),
            latency_p50_s=float(p50_s),
            latency_p95_s=float(p95_s),
            bytes_up=self._bytes_up,
            bytes_down=self._bytes_down,
            weights_versions=tuple(self._versions),
            per_class_iou=tuple(float(iou) for iou in class_iou(self._matrix)),
        )
