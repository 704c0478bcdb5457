"""Runs plans: from the archive where they are finished, else frame by frame."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Mapping

import numpy as np

from laecips_core.errors import DataSetError
from laecips_core.experiments.lockstep import LockstepLoop
from laecips_core.experiments.memo import LargeModelMemo
from laecips_core.experiments.plan import RunPlan
from laecips_core.experiments.results import RunResult
from laecips_core.learning.split import split_indices
from laecips_core.metrics.iou import image_miou
from laecips_core.pipeline.edge import EdgeParts
from laecips_core.pipeline.edge import predict
from laecips_core.ports import DataSet
from laecips_core.prediction_maps import edge_segmentation


def run_plan(
    plan: RunPlan,
    stream: DataSet,
    source: DataSet | None,
    memo: LargeModelMemo | None,
    facts: Mapping[str, str],
    tell: Callable[[int, int], None],
) -> RunResult:
    """
    Run one plan; deterministic on one machine, times apart.

    :param plan: method, seed and settings.
    :param stream: the frames of ``plan.stream``.
    :param source: the pretraining domain, whose held-out frames score the edge model at start and
        end; None: it is not scored.
    :param memo: remembers what the large models computed; None: everything is computed.
    :param facts: texts to keep with the result.
    :param tell: told the frames done, and the frames in all.
    :raises CatalogueMismatchError: when stream or source has other classes than the weights.
    :raises DataSetError: when the source is too small for any frame to be held out.
    """
    loop = LockstepLoop(plan, memo)
    for dataset in (stream, source):
        if dataset is not None:
            loop.check_classes(dataset)
    scored = {'start': held_out_miou(loop.edge.parts.load(loop.edge.start), source)}
    frames = []
    for index in range(len(stream)):
        frames.append(loop.step(stream[index], index))
        tell(index + 1, len(stream))
    scored['end'] = held_out_miou(loop.edge.parts.load(loop.cloud.newest), source)
    return RunResult(
        method=plan.method,
        seed=plan.seed,
        frames=frames,
        rounds=loop.rounds,
        classes=list(loop.cloud.catalogue.names),
        system_matrices=loop.system.matrices(),
        edge_matrices=loop.alone.matrices(),
        source_miou={} if source is None else scored,
        facts=dict(facts),
    )


def held_out_miou(parts: EdgeParts, source: DataSet | None) -> float:
    """
    Score an edge model on the pretraining domain.

    :param parts: the version.
    :param source: annotated frames; only those held out from pretraining are used.
    :returns: mean per-image mIoU in [0, 1]; 0 without a source.
    :raises DataSetError: when the source is too small for any frame to be held out.
    """
    if source is None:
        return 0.0
    _, held_out = split_indices(len(source))
    if not held_out:
        raise DataSetError(source.name, 'at least 4 annotated frames', len(source))
    scores = []
    for item in (source[index] for index in held_out):
        labels = edge_segmentation(predict(parts, item.frame)).labels
        scores.append(image_miou(labels, item.labels, len(source.catalogue)))
    return float(np.nanmean(scores))
