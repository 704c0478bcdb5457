"""One run: a stream through edge and cloud in one process, a frame at a time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

from laecips_core.errors import CatalogueMismatchError
from laecips_core.errors import WeightsError
from laecips_core.experiments.memo import LargeModelMemo
from laecips_core.experiments.plan import RunPlan
from laecips_core.experiments.results import FrameResult
from laecips_core.experiments.results import RoundResult
from laecips_core.experiments.scores import TaskScores
from laecips_core.experiments.update_size import update_bytes
from laecips_core.image_codec import decode_map
from laecips_core.image_codec import encode_image
from laecips_core.image_codec import sha256_hex
from laecips_core.image_header import ImageFormat
from laecips_core.learning.replay import ReplayBuffer
from laecips_core.pipeline.build_cloud import build_cloud
from laecips_core.pipeline.build_edge import build_edge
from laecips_core.pipeline.cloud import CloudPass
from laecips_core.pipeline.cloud import HardFrame
from laecips_core.pipeline.edge import EdgePass
from laecips_core.ports import DataSet
from laecips_core.values import LabelledFrame
from laecips_core.values import LabelMap
from laecips_core.values import Sample
from laecips_core.values import WeightUpdate


@dataclass(frozen=True)
class _Answer:
    """What came back for a hard frame, and what it cost."""

    labels: LabelMap
    cloud_s: float
    link_s: float
    bytes_up: int
    bytes_down: int


class LockstepLoop:
    """
    Edge and cloud as the nodes run them, called in turn.

    A training round starts when the buffer is due, and is over, its weights in force, before the
    next frame comes: the machine's speed changes times and nothing else. Time for the buffer is
    the stream's own. What the nodes do beside this, messages and deadlines, is left out.

    :param plan: the settings.
    :param memo: remembers what the large models computed; None: everything is computed.
    """

    def __init__(self, plan: RunPlan, memo: LargeModelMemo | None) -> None:
        """
        Build both sides.

        :raises ConfigError: when a value is not allowed.
        :raises WeightsError: when weights are missing, damaged, or do not fit.
        :raises DataSetError: when source frames or annotations cannot be read.
        """
        update = plan.cloud.update
        self.edge = build_edge(plan.edge)
        self.cloud = build_cloud(plan.cloud, memo)
        self.rounds: list[RoundResult] = []
        self._uplink, self._limits, self._link = plan.edge.uplink, plan.edge.limits, plan.link
        self._memo = memo
        self._buffer = ReplayBuffer(
            update.buffer_size, update.buffer_capacity, update.max_interval_s
        )
        classes = len(self.cloud.catalogue)
        self.system, self.alone = TaskScores(classes), TaskScores(classes)
        self._started = 0
        self._running = self.cloud.newest

    def check_classes(self, dataset: DataSet) -> None:
        """
        Refuse a data set that would be scored by classes other than its own.

        :param dataset: annotated frames.
        :raises CatalogueMismatchError: when names or order of the classes differ.
        """
        names = self.cloud.catalogue.names
        if dataset.catalogue.names != names:
            what, remedy = f'classes of {dataset.name}', 'choose weights trained for these classes'
            raise CatalogueMismatchError(what, names, dataset.catalogue.names, remedy)

    def step(self, item: LabelledFrame, index: int) -> FrameResult:
        """
        Feed one frame (Alg. 2, lines 3 to 24).

        :param item: the frame with its annotation, by which it is only scored.
        :param index: position in the stream.
        :returns: its scores and costs.
        """
        judged = self.edge.pipeline.process(item.frame)
        mask = judged.segmentation.labels
        answer = self._ask(judged, index) if judged.verdict.hard else None
        latency_s = judged.edge_s
        if answer is not None:
            latency_s += answer.cloud_s + answer.link_s
            self.edge.pipeline.controller.answered(latency_s, answer.bytes_up)
        self._train(item.frame.stamp_ns * 1e-9, index)
        system = mask if answer is None else answer.labels
        return FrameResult(
            index=index,
            task=item.task,
            system_miou=self.system.add(item.task, system, item.labels),
            edge_miou=self.alone.add(item.task, mask, item.labels),
            uploaded=answer is not None,
            confidence=float(judged.verdict.confidence),
            threshold=float(judged.verdict.threshold),
            weights_version=judged.segmentation.weights_version,
            edge_s=judged.edge_s,
            cloud_s=0.0 if answer is None else answer.cloud_s,
            latency_s=latency_s,
            bytes_up=0 if answer is None else answer.bytes_up,
            bytes_down=0 if answer is None else answer.bytes_down,
        )

    def fused(self, item: LabelledFrame) -> Sample:
        """
        Have the cloud segment one frame, whatever the miner says; nothing is kept of it.

        :param item: the frame.
        :returns: the frame with its fused labels F(x).
        """
        judged = self.edge.pipeline.process(item.frame)
        return self.cloud.pipeline.segment(self._request(judged)).sample

    def _ask(self, judged: EdgePass, index: int) -> _Answer:
        request = self._request(judged)
        done = self.cloud.pipeline.segment(request)
        saved_s = 0.0 if self._memo is None else self._memo.take_saved_s()
        up, down = len(request.image_data), len(done.label_png) + len(done.confidence_png)
        labels = decode_map(done.label_png, judged.frame.size_px, self._limits)
        self._buffer.append(done.sample, judged.frame.stamp_ns * 1e-9)
        self._watch(done, index)
        return _Answer(labels, done.total_s + saved_s, self._link.transfer_s(up, down), up, down)

    def _request(self, judged: EdgePass) -> HardFrame:
        image_format = cast('ImageFormat', self._uplink.image_format)
        data = encode_image(judged.frame.image, image_format, self._uplink.image_quality)
        return HardFrame(
            frame_uid=judged.frame.frame_uid,
            robot=self._uplink.robot,
            stamp_ns=judged.frame.stamp_ns,
            weights_version=judged.prediction.weights_version,
            catalogue_sha256=self.edge.parts.catalogue.sha256,
            image_sha256=sha256_hex(data),
            image_data=data,
        )

    def _watch(self, done: CloudPass, index: int) -> None:
        withdrawal = self.cloud.observe(done)
        if withdrawal is not None:
            self._note(index, 'ROLLED_BACK', withdrawal.reason, samples=0, duration_s=0.0)

    def _train(self, now_s: float, index: int) -> None:
        if self.cloud.trainer is None or not self._buffer.due(now_s):
            return
        self._started += 1
        samples = self._buffer.empty()
        try:
            result = self.cloud.train(samples, self._started)
        except WeightsError as error:  # diverged: the node goes on with what it has, too
            self._note(index, 'FAILED', str(error), len(samples), duration_s=0.0)
            return
        state = 'REJECTED' if result.update is None else 'RELEASED'
        self._note(index, state, result.reason, result.samples, result.duration_s)

    def _note(self, index: int, state: str, reason: str, samples: int, duration_s: float) -> None:
        newest = self.cloud.newest
        size = self._install(newest)
        version = newest.manifest.version
        done = RoundResult(index, state, version, reason, samples, duration_s, size)
        self.rounds.append(done)

    def _install(self, newest: WeightUpdate) -> int:
        """Bring the newest version to the edge; gives the bytes that takes."""
        before, self._running = self._running, newest
        if newest.manifest.version == before.manifest.version:
            return 0
        self.edge.pipeline.swap(self.edge.parts.load(newest))
        return update_bytes(self.edge.parts.unpack(before), self.edge.parts.unpack(newest))
