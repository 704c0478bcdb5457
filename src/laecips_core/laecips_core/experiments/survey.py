"""What the frozen system makes of every frame, uploaded and not: the stuff of Fig. 7 and 8."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import torch

from laecips_core.config import EdgeConfig
from laecips_core.experiments.lockstep import LockstepLoop
from laecips_core.experiments.memo import LargeModelMemo
from laecips_core.experiments.plan import RunPlan
from laecips_core.experiments.results import FrameSurvey
from laecips_core.learning.losses import frame_losses
from laecips_core.pipeline.edge import predict
from laecips_core.pipeline.parts import PartsBuilder
from laecips_core.ports import DataSet
from laecips_core.values import LabelMap
from laecips_core.values import Softmax

_LEAST = np.float32(1e-12)


def survey(
    plan: RunPlan,
    stream: DataSet,
    memo: LargeModelMemo | None,
    *,
    fusers: Sequence[str],
    miners: Sequence[str],
    tell: Callable[[int, int], None],
) -> list[FrameSurvey]:
    """
    Look at every frame of a stream with frozen weights.

    :param plan: of the method CLOUD.
    :param stream: the frames of ``plan.stream``.
    :param memo: remembers what the large models computed; None: everything is computed.
    :param fusers: fusion rules to try.
    :param miners: miners to ask.
    :param tell: told the frames done, and the frames in all.
    :raises CatalogueMismatchError: when the stream has other classes than the weights.
    """
    loops = {name: LockstepLoop(_with_fusion(plan, name), memo) for name in fusers}
    loops[fusers[0]].check_classes(stream)
    start = loops[fusers[0]].edge
    judges = {name: _parts(plan.edge, start.parts, name).load(start.start) for name in miners}
    model = start.parts.load(start.start)
    found = []
    for index in range(len(stream)):
        item = stream[index]
        results = {name: loop.step(item, index) for name, loop in loops.items()}
        softmax = predict(model, item.frame).softmax
        found.append(
            FrameSurvey(
                index,
                item.task,
                results[fusers[0]].edge_miou,
                {name: result.system_miou for name, result in results.items()},
                loss_of(softmax, item.labels),
                {name: part.miner.confidence(softmax) for name, part in judges.items()},
            )
        )
        tell(index + 1, len(stream))
    return found


def loss_of(softmax: Softmax, labels: LabelMap) -> float:
    """
    Compute l(f(x), y) as training does.

    :param softmax: (M, h, w) float32.
    :param labels: (H, W) uint8 class ids, 255 ignored.
    :returns: mean cross-entropy over the labelled pixels in nats; 0 without any.
    """
    # Cross-entropy does not see a constant added to all classes of a pixel, so the logarithm of
    # the softmax serves as logits.
    logits = torch.from_numpy(np.log(np.maximum(softmax, _LEAST)))[None]
    return float(frame_losses(logits, torch.from_numpy(labels)[None].long())[0])


def _with_fusion(plan: RunPlan, fuser: str) -> RunPlan:
    fusion = replace(plan.cloud.fusion, name=fuser)
    return replace(plan, cloud=replace(plan.cloud, fusion=fusion))


def _parts(edge: EdgeConfig, parts: PartsBuilder, miner: str) -> PartsBuilder:
    return replace(parts, miner=replace(edge.miner, name=miner))
