"""How well freshly trained weights do on frames they were not trained on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table

from laecips_core.catalogue import ClassCatalogue
from laecips_core.config import ControllerConfig
from laecips_core.engines.torch_engine import TorchEdgeModel
from laecips_core.learning.networks import build_pair
from laecips_core.learning.networks import NetworkPlan
from laecips_core.metrics.confusion import ConfusionMatrix
from laecips_core.metrics.iou import class_iou
from laecips_core.metrics.iou import dataset_miou
from laecips_core.mining.controller import FixedThreshold
from laecips_core.mining.learned import LearnedMiner
from laecips_core.pipeline.edge import EdgeParts
from laecips_core.pipeline.edge import EdgePipeline
from laecips_core.ports import DataSet
from laecips_core.values import ModelWeights

_TENTHS = np.linspace(0.0, 1.0, 11)


@dataclass(frozen=True)
class HeldOutScores:
    """
    What the held-out frames say.

    :param miou_dataset: mIoU in [0, 1] from one confusion matrix over all frames.
    :param class_iou: (M,) IoU in [0, 1] of each class; nan where it does not occur.
    :param confidences: (N,) h of each frame, in [0, 1].
    """

    miou_dataset: float
    class_iou: NDArray[np.float64]
    confidences: NDArray[np.float64]


def score_held_out(
    plan: NetworkPlan, weights: ModelWeights, dataset: DataSet, held_out: Sequence[int]
) -> HeldOutScores:
    """
    Run weights over held-out frames, as an edge would.

    :param plan: the networks.
    :param weights: trained f and h.
    :param dataset: annotated frames.
    :param held_out: indices of frames that f was not trained on; at least one.
    """
    network = build_pair(plan, weights, seed=0).edge
    model = TorchEdgeModel('held out', network, plan.input_size_px)
    miner = LearnedMiner(plan.classes, weights.miner)
    controller = FixedThreshold(ControllerConfig(), 0.0)
    pipeline = EdgePipeline(EdgeParts(model, miner, ''), controller)
    confusion = ConfusionMatrix(plan.classes)
    confidences = []
    for index in held_out:
        item = dataset[index]
        result = pipeline.process(item.frame)
        confusion.update(result.segmentation.labels, item.labels)
        confidences.append(result.verdict.confidence)
    matrix = confusion.matrix
    return HeldOutScores(dataset_miou(matrix), class_iou(matrix), np.asarray(confidences))


def print_scores(scores: HeldOutScores, catalogue: ClassCatalogue, console: Console) -> None:
    """
    Print mIoU, the IoU of each class, and which δ would upload how much.

    :param scores: what to print.
    :param catalogue: names of the classes.
    :param console: where to.
    """
    console.print(f'held-out data-set mIoU: {scores.miou_dataset:.3f}', highlight=False)
    table = Table('class', 'IoU')
    for name, iou in zip(catalogue.names, scores.class_iou, strict=True):
        table.add_row(name, 'absent' if np.isnan(iou) else f'{iou:.3f}')
    console.print(table)
    dial = Table('threshold δ', 'share uploaded', title='confidences h on held-out frames')
    for share, confidence in zip(_TENTHS, np.quantile(scores.confidences, _TENTHS), strict=True):
        dial.add_row(f'{confidence:.3f}', f'{share:.0%}')
    console.print(dial)
