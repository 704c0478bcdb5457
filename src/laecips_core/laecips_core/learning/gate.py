"""The release gate: a candidate goes out only when it is no worse than what runs."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Sequence
from dataclasses import dataclass

from laecips_core.config import UpdateConfig
from laecips_core.engines.torch_engine import TorchEdgeModel
from laecips_core.learning.networks import build_pair
from laecips_core.learning.networks import NetworkPlan
from laecips_core.learning.restyle import restyled
from laecips_core.metrics.confusion import ConfusionMatrix
from laecips_core.metrics.iou import dataset_miou
from laecips_core.prediction_maps import edge_segmentation
from laecips_core.values import Image
from laecips_core.values import LabelledFrame
from laecips_core.values import LabelMap
from laecips_core.values import ModelWeights
from laecips_core.values import Prediction
from laecips_core.values import Sample

_Frames = list[tuple[Image, LabelMap]]


@dataclass(frozen=True)
class GateDecision:
    """
    What the gate decided.

    :param released: whether the candidate may go out.
    :param reason: every figure it measured, in words; data-set mIoU in [0, 1], nan where there
        were no frames.
    """

    released: bool
    reason: str


@dataclass(frozen=True)
class _Scores:
    source: float
    restyled: float
    fused: float


@dataclass(frozen=True)
class OpenGate:
    """
    The gate with all measured but the candidate.

    :param config: the tolerances.
    :param first: scores of the first version.
    :param running: scores of the running version.
    :param frames: what is measured on.
    :param score: measures weights on them.
    :param first_weights: the first version.
    """

    config: UpdateConfig
    first: _Scores
    running: _Scores
    frames: tuple[_Frames, _Frames, _Frames]
    score: Callable[[ModelWeights, tuple[_Frames, _Frames, _Frames]], _Scores]
    first_weights: ModelWeights

    @property
    def way_back(self) -> ModelWeights | None:
        """
        The first version, where the running one no longer leads it by enough; else None.

        What was learnt in one light may do harm in the next. Only the source frames in the
        colours of the stream can tell; without that measure there is no way back.
        """
        config = self.config
        least = self.first.restyled + config.gate_kept_gain - config.gate_restyled_tolerance
        if self.running == self.first or not self.running.restyled < least:
            return None
        return self.first_weights

    def judge(self, candidate: ModelWeights) -> GateDecision:
        """
        Decide on a candidate.

        :param candidate: weights that might go out.
        :returns: the decision with its numbers.
        """
        config, first, old = self.config, self.first, self.running
        new = self.score(candidate, self.frames)
        least_restyled = max(
            first.restyled + config.gate_restyled_gain - config.gate_restyled_tolerance,
            old.restyled - config.gate_restyled_tolerance,
        )
        worse = [
            new.source < first.source - config.gate_source_tolerance,
            new.restyled < least_restyled,
            new.fused < old.fused - config.gate_agreement_tolerance,
        ]
        return GateDecision(not any(worse), self._reason(new))

    def _reason(self, new: _Scores) -> str:
        first, old = self.first, self.running
        source, coloured, recent = (len(part) for part in self.frames)
        parts = [
            f'source mIoU {old.source:.3f} to {new.source:.3f} on {source} frames '
            f'(at first {first.source:.3f})'
        ]
        if coloured:
            parts.append(
                f'in the colours of the stream {old.restyled:.3f} to {new.restyled:.3f} '
                f'on {coloured} (at first {first.restyled:.3f})'
            )
        parts.append(f'agreement with fused labels {old.fused:.3f} to {new.fused:.3f} on {recent}')
        return ', '.join(parts)


class ReleaseGate:
    """
    Compares a candidate with the running weights, and with the first ones, on held-back frames.

    Three measures, each with a tolerance: annotated source frames, so that nothing is forgotten;
    the same frames in the colours of the stream, where the truth is known although the stream has
    none; and the labels of recent frames that were not trained on. On source frames of both
    kinds the first version counts, too, so that many small losses do not add up.

    :param config: the tolerances.
    :param plan: the networks.
    :param held_back: annotated source frames that no round trains on; may be empty.
    """

    def __init__(
        self, config: UpdateConfig, plan: NetworkPlan, held_back: Sequence[LabelledFrame]
    ) -> None:
        """Keep the frames."""
        self._config = config
        self._plan = plan
        self._held_back = held_back
        self._first: ModelWeights | None = None

    def configure(self, config: UpdateConfig) -> None:
        """
        Change the tolerances from the next candidate's measures on.

        :param config: checked settings.
        """
        self._config = config

    def judge(
        self,
        running: ModelWeights,
        candidate: ModelWeights,
        recent: Sequence[Sample],
        stream: Sequence[Image] = (),
    ) -> GateDecision:
        """
        Decide on a candidate.

        :param running: weights that robots run now; those of the first call stay the measure.
        :param candidate: weights that might go out.
        :param recent: labelled frames that the candidate was not trained on; may be empty.
        :param stream: images whose colours the source frames take; may be empty.
        :returns: the decision with its numbers.
        """
        return self.open(running, recent, stream).judge(candidate)

    def open(
        self, running: ModelWeights, recent: Sequence[Sample], stream: Sequence[Image] = ()
    ) -> OpenGate:
        """
        Measure what runs, for one candidate or several.

        :param running: weights that robots run now; those of the first call stay the measure.
        :param recent: labelled frames that no candidate was trained on; may be empty.
        :param stream: images whose colours the source frames take; may be empty.
        """
        self._first = running if self._first is None else self._first
        frames = self._frames(recent, stream)
        old = self._scores(running, frames)
        first = old if self._first is running else self._scores(self._first, frames)
        return OpenGate(self._config, first, old, frames, self._scores, self._first)

    def _frames(
        self, recent: Sequence[Sample], stream: Sequence[Image]
    ) -> tuple[_Frames, _Frames, _Frames]:
        # A tolerance of 1 lets everything through: there is nothing to measure.
        wanted = self._held_back if self._config.gate_restyled_tolerance < 1.0 else []
        coloured = restyled(wanted, stream)
        return (
            [(item.frame.image, item.labels) for item in self._held_back],
            [(item.frame.image, item.labels) for item in coloured],
            [(sample.frame.image, sample.segmentation.labels) for sample in recent],
        )

    def _scores(self, weights: ModelWeights, frames: tuple[_Frames, _Frames, _Frames]) -> _Scores:
        pair = build_pair(self._plan, weights, seed=0)
        model = TorchEdgeModel('gate', pair.edge, self._plan.input_size_px)
        return _Scores(*(self._miou(model, part) for part in frames))

    def _miou(self, model: TorchEdgeModel, frames: _Frames) -> float:
        if not frames:
            return float('nan')
        confusion = ConfusionMatrix(self._plan.classes)
        for image, labels in frames:
            prediction = Prediction(model.predict([image])[0], labels.shape, '')
            confusion.update(edge_segmentation(prediction).labels, labels)
        return dataset_miou(confusion.matrix)
