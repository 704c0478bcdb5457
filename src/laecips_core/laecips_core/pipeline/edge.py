"""One pass over a frame on the edge: predict, judge, label."""

from __future__ import annotations

from dataclasses import dataclass
import math
from threading import Lock
import time
from typing import Protocol

from laecips_core.ports import EdgeModel
from laecips_core.ports import Miner
from laecips_core.ports import ThresholdController
from laecips_core.prediction_maps import edge_segmentation
from laecips_core.values import Frame
from laecips_core.values import Image
from laecips_core.values import Prediction
from laecips_core.values import Segmentation
from laecips_core.values import Verdict


@dataclass(frozen=True)
class EdgeParts:
    """
    What one weights version runs with; swapped as a whole.

    :param model: the edge model f.
    :param miner: the miner h.
    :param weights_version: version of both.
    """

    model: EdgeModel
    miner: Miner
    weights_version: str


@dataclass(frozen=True)
class Judgement:
    """
    One frame as one weights version sees it.

    :param parts: the version.
    :param prediction: the softmax.
    :param confidence: h in [0, 1].
    :param segmentation: the edge's own mask, source EDGE.
    """

    parts: EdgeParts
    prediction: Prediction
    confidence: float
    segmentation: Segmentation


class RunningVersion(Protocol):
    """
    A weights version in use.

    ``good`` are the parts that a later version may fall back on: its own once it is proven.
    ``frames_left`` until then; 0 when it is proven.
    """

    parts: EdgeParts
    good: EdgeParts
    frames_left: int

    def judge(self, frame: Frame) -> tuple[Judgement, RunningVersion]:
        """Judge one frame; also give what runs from the next frame on."""


class Proven:
    """
    A version that needs no watching.

    :param parts: its model and miner.
    """

    frames_left = 0

    def __init__(self, parts: EdgeParts) -> None:
        """Use the parts for every frame."""
        self.parts = self.good = parts

    def judge(self, frame: Frame) -> tuple[Judgement, RunningVersion]:
        """Judge one frame; an exception is the caller's."""
        return judge(self.parts, frame), self


@dataclass(frozen=True)
class EdgePass:
    """
    What the edge made of one frame.

    :param frame: the frame.
    :param prediction: the softmax.
    :param verdict: hard or easy.
    :param segmentation: the edge's own mask, source EDGE.
    :param edge_s: time of model, miner and arg max in seconds.
    """

    frame: Frame
    prediction: Prediction
    verdict: Verdict
    segmentation: Segmentation
    edge_s: float


class EdgePipeline:
    """
    The edge's half of Algorithm 2 (lines 3 to 8).

    One thread may call :meth:`process` while another calls :meth:`swap`: a frame is judged by one
    version from beginning to end.

    :param parts: model and miner to start with.
    :param controller: gives δ for each frame, and is told of each.
    """

    def __init__(self, parts: EdgeParts, controller: ThresholdController) -> None:
        """Start with one version."""
        self._running: RunningVersion = Proven(parts)
        self._swap_lock = Lock()
        self._last_image: Image | None = None
        self._last_confidence = math.nan
        self.controller = controller

    @property
    def running(self) -> RunningVersion:
        """What the next frame will be judged by."""
        return self._running

    @property
    def weights_version(self) -> str:
        """Version that the next frame will be judged by."""
        return self._running.parts.weights_version

    @property
    def last_image(self) -> Image | None:
        """The last frame's image; None before the first."""
        return self._last_image

    @property
    def threshold(self) -> float:
        """δ in [0, 1] that the next frame will be judged by."""
        return self.controller.threshold()

    def facts(self) -> dict[str, object]:
        """Give what an operator wants to know: version, h, δ, target and measured upload rate."""
        state = self.controller.state()
        return {
            'weights_version': self.weights_version,
            'confidence': self._last_confidence,
            'threshold': state.threshold,
            'controller': self.controller.name,
            'target_rate': state.target_rate,
            'upload_rate': state.upload_rate,
        }

    def swap(self, parts: EdgeParts) -> None:
        """
        Use other weights from the next frame on.

        :param parts: model and miner, ready to run.
        """
        self.run(Proven(parts))

    def run(self, version: RunningVersion) -> None:
        """
        Use another version from the next frame on, such as one on probation.

        :param version: ready to run.
        """
        with self._swap_lock:
            self._running = version

    def process(self, frame: Frame, waited_s: float = 0.0) -> EdgePass:
        """
        Segment one frame and judge whether it is hard.

        :param frame: the frame.
        :param waited_s: since the frame arrived, in seconds; the controller counts it as delay.
        :returns: everything the edge knows of it.
        """
        started_s = time.perf_counter()
        running = self._running
        judgement, following = running.judge(frame)
        self._follow(running, following)
        self._last_image, self._last_confidence = frame.image, judgement.confidence
        verdict = Verdict(judgement.confidence, self.threshold, judgement.parts.miner.name)
        edge_s = time.perf_counter() - started_s
        self.controller.judged(verdict.confidence, verdict.hard, waited_s + edge_s, frame.stamp_ns)
        return EdgePass(frame, judgement.prediction, verdict, judgement.segmentation, edge_s)

    def _follow(self, running: RunningVersion, following: RunningVersion) -> None:
        with self._swap_lock:
            # Another thread's swap during the frame is newer than what the frame led to.
            if self._running is running:
                self._running = following


def judge(parts: EdgeParts, frame: Frame) -> Judgement:
    """
    Predict, score and label one frame.

    :param parts: the version to run.
    :param frame: the frame.
    """
    prediction = predict(parts, frame)
    confidence = parts.miner.confidence(prediction.softmax)
    return Judgement(parts, prediction, confidence, edge_segmentation(prediction))


def predict(parts: EdgeParts, frame: Frame) -> Prediction:
    """
    Run the edge model on one frame; edge and cloud both do it here.

    :param parts: the version to run.
    :param frame: the frame.
    """
    softmax = parts.model.predict([frame.image])[0]
    return Prediction(softmax, frame.size_px, parts.weights_version)
