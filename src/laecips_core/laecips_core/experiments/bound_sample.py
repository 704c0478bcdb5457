"""The sample that the bound is measured on: frames of a stream with their fused labels."""

from __future__ import annotations

from collections.abc import Callable

from laecips_core.datasets.thinning import thinned
from laecips_core.experiments.bound import Bound
from laecips_core.experiments.bound import bound
from laecips_core.experiments.bound import BoundConfig
from laecips_core.experiments.lockstep import LockstepLoop
from laecips_core.experiments.memo import LargeModelMemo
from laecips_core.experiments.plan import RunPlan
from laecips_core.learning.tensors import sample_set
from laecips_core.ports import DataSet

SAMPLE_FRAMES = 32


def bound_of(
    plan: RunPlan,
    stream: DataSet,
    memo: LargeModelMemo | None,
    config: BoundConfig,
    progress: Callable[[str], None],
) -> Bound:
    """
    Measure the terms of Eq. 16 on a stream, with the weights at its start.

    :param plan: of the method CLOUD: every frame gets fused labels F(x).
    :param stream: the frames of ``plan.stream``; up to 32 at even distances are the sample.
    :param memo: remembers what the large models computed; None: everything is computed.
    :param config: cuts and effort.
    :param progress: told a line for every search.
    :raises CatalogueMismatchError: when the stream has other classes than the weights.
    """
    loop = LockstepLoop(plan, memo)
    loop.check_classes(stream)
    rows = thinned(range(len(stream)), min(SAMPLE_FRAMES, len(stream)))
    samples = [loop.fused(stream[index]) for index in rows]
    parts = loop.edge.parts
    data = sample_set(samples, parts.plan.input_size_px, min_confidence=0)
    weights = parts.unpack(loop.edge.start)
    beta = plan.cloud.update.beta
    return bound(weights, parts.plan, data, beta, config, seed=plan.seed, progress=progress)
