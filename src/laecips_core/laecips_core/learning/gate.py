"""The release gate: a candidate goes out only when it is no worse than the running version."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from laecips_core.config import UpdateConfig
from laecips_core.learning.networks import build_pair
from laecips_core.learning.networks import NetworkPlan
from laecips_core.metrics.confusion import ConfusionMatrix
from laecips_core.metrics.iou import dataset_miou
from laecips_core.models.torch_engine import TorchEdgeModel
from laecips_core.prediction_maps import edge_segmentation
from laecips_core.values import Image
from laecips_core.values import LabelledFrame
from laecips_core.values import LabelMap
from laecips_core.values import ModelWeights
from laecips_core.values import Prediction
from laecips_core.values import Sample


@dataclass(frozen=True)
class GateDecision:
    """
    What the gate measured and decided; data-set mIoU in [0, 1], nan where there was nothing.

    :param released: whether the candidate may go out.
    :param reason: the numbers in words.
    """

    released: bool
    reason: str


class ReleaseGate:
    """
    Compares a candidate with the running weights on held-back frames.

    On source frames the measure is the first version that was judged against, so that many small
    losses do not add up. Fused labels come from the running weights and favour them: agreement
    only shows a collapse, hence its wide tolerance.

    :param config: the two tolerances.
    :param plan: the networks.
    :param held_back: annotated source frames that no round trains on; may be empty.
    """

    def __init__(
        self, config: UpdateConfig, plan: NetworkPlan, held_back: Sequence[LabelledFrame]
    ) -> None:
        """Keep the frames."""
        self._config = config
        self._plan = plan
        self._source = [(item.frame.image, item.labels) for item in held_back]
        self._first: float | None = None

    def judge(
        self, running: ModelWeights, candidate: ModelWeights, recent: Sequence[Sample]
    ) -> GateDecision:
        """
        Decide on a candidate.

        :param running: weights that robots run now.
        :param candidate: weights that might go out.
        :param recent: hard frames with fused labels that the candidate was not trained on; may be
            empty.
        :returns: the decision with its numbers.
        """
        fused = [(sample.frame.image, sample.segmentation.labels) for sample in recent]
        source_old, source_new = (self._miou(w, self._source) for w in (running, candidate))
        self._first = source_old if self._first is None else self._first
        fused_old, fused_new = (self._miou(w, fused) for w in (running, candidate))
        worse_source = source_new < self._first - self._config.gate_source_tolerance
        worse_fused = fused_new < fused_old - self._config.gate_agreement_tolerance
        reason = (
            f'source mIoU {source_old:.3f} to {source_new:.3f} on {len(self._source)} frames '
            f'(at first {self._first:.3f}), '
            f'agreement with fused labels {fused_old:.3f} to {fused_new:.3f} on {len(fused)}'
        )
        return GateDecision(not (worse_source or worse_fused), reason)

    def _miou(self, weights: ModelWeights, frames: Sequence[tuple[Image, LabelMap]]) -> float:
        if not frames:
            return float('nan')
        pair = build_pair(self._plan, weights, seed=0)
        model = TorchEdgeModel('gate', pair.edge, self._plan.input_size_px)
        confusion = ConfusionMatrix(self._plan.classes)
        for image, labels in frames:
            prediction = Prediction(model.predict([image])[0], labels.shape, '')
            confusion.update(edge_segmentation(prediction).labels, labels)
        return dataset_miou(confusion.matrix)
