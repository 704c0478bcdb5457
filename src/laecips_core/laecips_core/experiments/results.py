"""What an experiment leaves behind: scores instead of masks, ready for JSON."""

from __future__ import annotations

from collections.abc import Mapping
from collections.abc import Sequence
from dataclasses import asdict
from dataclasses import dataclass
from dataclasses import field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from laecips_core.metrics.iou import dataset_miou

FORMAT = 1
"""Of the files that hold results; another format is computed anew."""


@dataclass(frozen=True)
class FrameResult:
    """
    One frame of a stream.

    :param index: position in the stream, from 0.
    :param task: task it belongs to, from 0.
    :param system_miou: mIoU in [0, 1] of what the user got, over the classes in its annotation
        (Eq. 25); None without annotation.
    :param edge_miou: the same of the edge model's own mask, uploaded or not.
    :param uploaded: whether the frame went to the cloud.
    :param confidence: h in [0, 1].
    :param threshold: δ in [0, 1].
    :param weights_version: edge weights behind the mask.
    :param edge_s: measured time of edge model and miner, seconds.
    :param cloud_s: measured time of the cloud's pass, seconds; 0 for a frame not uploaded.
    :param latency_s: from frame to mask: measured compute plus the link model, seconds.
    :param bytes_up: encoded frame, bytes; 0 for a frame not uploaded.
    :param bytes_down: encoded mask, bytes; weight updates are counted with their rounds.
    """

    index: int
    task: int
    system_miou: float | None
    edge_miou: float | None
    uploaded: bool
    confidence: float
    threshold: float
    weights_version: str
    edge_s: float
    cloud_s: float
    latency_s: float
    bytes_up: int
    bytes_down: int


@dataclass(frozen=True)
class RoundResult:
    """
    One training round, or the withdrawal of a version.

    :param after_frame: index of the frame after whose answer it came into force.
    :param state: RELEASED, REJECTED, FAILED or ROLLED_BACK.
    :param version: version that runs after it.
    :param reason: what the gate measured, in words.
    :param samples: fused frames in the round.
    :param duration_s: training and gate, seconds.
    :param update_bytes: bytes down for it; 0 when nothing was released.
    """

    after_frame: int
    state: str
    version: str
    reason: str
    samples: int
    duration_s: float
    update_bytes: int


@dataclass(frozen=True)
class RunResult:
    """
    One method on one stream with one seed.

    :param method: row of the table.
    :param seed: of training, masks and random choices.
    :param frames: one for each frame of the stream, in order.
    :param rounds: what training came to, in order.
    :param classes: names of the M classes.
    :param system_matrices: (tasks, M, M + 1) counts of what the user got.
    :param edge_matrices: the same of the edge model's own masks.
    :param source_miou: by 'start' and 'end': mean per-image mIoU of the edge model alone on
        held-out frames of the pretraining domain; empty where it was not measured.
    :param facts: texts by name: data set, masks, label source, machine, date, settings.
    """

    method: str
    seed: int
    frames: list[FrameResult]
    rounds: list[RoundResult]
    classes: list[str]
    system_matrices: list[list[list[int]]]
    edge_matrices: list[list[list[int]]]
    source_miou: dict[str, float] = field(default_factory=dict)
    facts: dict[str, str] = field(default_factory=dict)

    @property
    def tasks(self) -> list[int]:
        """Numbers of the tasks, from 0, in order."""
        return sorted({frame.task for frame in self.frames})

    def in_task(self, task: int | None) -> list[FrameResult]:
        """
        Choose the frames of a task.

        :param task: its number; None for all frames.
        """
        return [frame for frame in self.frames if task in (None, frame.task)]

    def system_miou(self, task: int | None = None) -> float:
        """
        Average the per-image mIoU of what the user got (Eq. 25).

        :param task: number of a task; None for the whole stream.
        :returns: in [0, 1]; nan without annotations.
        """
        return _mean([frame.system_miou for frame in self.in_task(task)])

    def edge_miou(self, task: int | None = None) -> float:
        """
        Average the per-image mIoU of the edge model alone.

        :param task: number of a task; None for the whole stream.
        :returns: in [0, 1]; nan without annotations.
        """
        return _mean([frame.edge_miou for frame in self.in_task(task)])

    def system_miou_dataset(self) -> float:
        """Give the mIoU of one confusion matrix over the whole stream, of what the user got."""
        return dataset_miou(_total(self.system_matrices))

    def edge_miou_dataset(self) -> float:
        """Give the mIoU of one confusion matrix over the whole stream, of the edge alone."""
        return dataset_miou(_total(self.edge_matrices))

    def upload_rate(self, task: int | None = None) -> float:
        """
        Give the share of frames uploaded (Eq. 26).

        :param task: number of a task; None for the whole stream.
        """
        return float(np.mean([frame.uploaded for frame in self.in_task(task)]))

    def latency_mean_s(self, task: int | None = None) -> float:
        """
        Give the mean latency in seconds (Eq. 27).

        :param task: number of a task; None for the whole stream.
        """
        return float(np.mean([frame.latency_s for frame in self.in_task(task)]))

    def bytes_up(self) -> int:
        """Count the bytes from edge to cloud."""
        return sum(frame.bytes_up for frame in self.frames)

    def bytes_down(self) -> int:
        """Count the bytes from cloud to edge: masks and weight updates."""
        masks = sum(frame.bytes_down for frame in self.frames)
        return masks + sum(done.update_bytes for done in self.rounds)

    def to_json(self) -> dict[str, Any]:
        """Give it as plain values for a JSON file."""
        return {'format': FORMAT, **asdict(self)}

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> RunResult | None:
        """
        Undo :meth:`to_json`.

        :param values: as read from a file.
        :returns: None for another format.
        """
        if values.get('format') != FORMAT:
            return None
        own = {name: value for name, value in values.items() if name != 'format'}
        own['frames'] = [FrameResult(**frame) for frame in own['frames']]
        own['rounds'] = [RoundResult(**done) for done in own['rounds']]
        return cls(**own)


@dataclass(frozen=True)
class FrameSurvey:
    """
    What the frozen system makes of one frame, uploaded and not: the stuff of Fig. 7 and 8.

    :param index: position in the stream, from 0.
    :param task: task it belongs to, from 0.
    :param edge_miou: mIoU(f(x)) in [0, 1]; None without annotation.
    :param fused_miou: mIoU(F(x)) by fusion rule.
    :param loss: l(f(x), y), mean cross-entropy in nats.
    :param confidences: h by miner.
    """

    index: int
    task: int
    edge_miou: float | None
    fused_miou: dict[str, float | None]
    loss: float
    confidences: dict[str, float]


def _mean(values: Sequence[float | None]) -> float:
    known = [value for value in values if value is not None]
    return float(np.mean(known)) if known else float('nan')


def _total(matrices: Sequence[Sequence[Sequence[int]]]) -> NDArray[np.int64]:
    total: NDArray[np.int64] = np.asarray(matrices, np.int64).sum(axis=0)
    return total
