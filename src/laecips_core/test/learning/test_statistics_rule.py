from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from laecips_core.config import UpdateConfig
from laecips_core.learning.networks import build_pair
from laecips_core.learning.networks import NetworkPlan
from laecips_core.learning.statistics_rule import StatisticsRule
from laecips_core.mining.benefit import benefit_arrays
from laecips_core.values import Frame
from laecips_core.values import ModelWeights
from laecips_core.values import Sample
from laecips_core.values import Segmentation
from laecips_core.values import Source

# Networks this small are slower on several threads, much slower on a busy machine.
torch.set_num_threads(1)


def build(classes: int) -> nn.Module:
    return nn.Sequential(nn.Conv2d(3, 4, 3, 4, 1), nn.BatchNorm2d(4), nn.Conv2d(4, classes, 1))


SIZE_PX = (16, 24)
PLAN = NetworkPlan(build, 3, SIZE_PX)
STATISTICS = ['1.running_mean', '1.running_var']


class StoppedError(Exception):
    pass


def samples(label: int = 0) -> list[Sample]:
    rng = np.random.default_rng(0)
    images = [rng.integers(0, 256, (*SIZE_PX, 3), np.uint8) for _ in range(3)]
    maps = np.full(SIZE_PX, label, np.uint8), np.zeros(SIZE_PX, np.uint8)
    fused = Segmentation(*maps, Source.FUSED, 'v1')
    return [Sample(Frame(image, k, str(k)), fused) for k, image in enumerate(images)]


def start() -> ModelWeights:
    weights = build_pair(PLAN, None, 0).weights()
    benefit = benefit_arrays(np.random.default_rng(0).random((20, 15)), np.arange(20.0))
    return ModelWeights(weights.edge, weights.miner | benefit)


def run(given: list[Sample], share: float = 0.3, seed: int = 1) -> ModelWeights:
    return StatisticsRule(UpdateConfig(statistics_mix=share), PLAN).round(start(), given, [], seed)


def test_only_the_statistics_change() -> None:
    begin, candidate = start(), run(samples())
    changed = [n for n in begin.edge if not np.array_equal(begin.edge[n], candidate.edge[n])]
    assert sorted(changed) == STATISTICS
    assert begin.miner.keys() == candidate.miner.keys()
    assert all(np.array_equal(begin.miner[name], candidate.miner[name]) for name in begin.miner)


def test_the_statistics_are_those_of_the_mix_in_half_precision() -> None:
    begin, candidate = start(), run(samples(), share=0.3)
    images = torch.from_numpy(np.stack([s.frame.image for s in samples()])).permute(0, 3, 1, 2)
    with torch.no_grad():
        seen = build_pair(PLAN, begin, 0).edge[0](images.float())  # type: ignore[index]
    values = seen.numpy().astype(np.float64).transpose(1, 0, 2, 3).reshape(4, -1)
    fresh = [values.mean(axis=1), values.var(axis=1, ddof=1)]
    for name, new in zip(STATISTICS, fresh, strict=True):
        got = candidate.edge[name]
        np.testing.assert_allclose(got, 0.3 * new + 0.7 * begin.edge[name], rtol=1e-3)
        np.testing.assert_array_equal(got, got.astype(np.float16).astype(np.float32))


def test_labels_and_seed_are_not_read() -> None:
    first = run(samples(), seed=1)
    for other in (run(samples(label=2), seed=1), run(samples(label=255), seed=2)):
        for name, array in first.edge.items():
            np.testing.assert_array_equal(array, other.edge[name])


def test_the_checkpoint_can_end_the_round() -> None:
    def stop() -> None:
        raise StoppedError

    with pytest.raises(StoppedError):
        StatisticsRule(UpdateConfig(), PLAN).round(start(), samples(), [], 1, stop)
