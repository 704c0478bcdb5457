from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn

from laecips_core.config import UpdateConfig
from laecips_core.learning.coordinate_rule import CoordinateRule
from laecips_core.learning.networks import build_pair
from laecips_core.learning.networks import NetworkPlan
from laecips_core.values import Frame
from laecips_core.values import LabelledFrame
from laecips_core.values import ModelWeights
from laecips_core.values import Sample
from laecips_core.values import Segmentation
from laecips_core.values import Source

# Networks this small are slower on several threads, much slower on a busy machine.
torch.set_num_threads(1)


def build(classes: int) -> nn.Module:
    return nn.Sequential(
        nn.Conv2d(3, 4, 3, 4, 1, bias=False),
        nn.BatchNorm2d(4),
        nn.ReLU(inplace=True),
        nn.Conv2d(4, classes, 1),
    )


SIZE_PX = (16, 24)
PLAN = NetworkPlan(build, 3, SIZE_PX)
CONFIG = UpdateConfig(epochs=3, batch_size=4, learning_rate=0.01)
STATISTICS = ['1.running_mean', '1.running_var']
WEIGHTS = 4 * 3 * 9 + 4 + 4 + 3 * 4 + 3
"""All but the statistics."""


def frames(count: int, seed: int) -> list[LabelledFrame]:
    rng = np.random.default_rng(seed)
    images = [rng.integers(0, 256, (*SIZE_PX, 3), np.uint8) for _ in range(count)]
    return [LabelledFrame(Frame(i, 0, 's'), rng.integers(0, 3, SIZE_PX, np.uint8)) for i in images]


def samples(count: int) -> list[Sample]:
    sure = np.full(SIZE_PX, 255, np.uint8)
    return [
        Sample(item.frame, Segmentation(item.labels, sure, Source.FUSED, 'v1'))
        for item in frames(count, seed=1)
    ]


def start() -> ModelWeights:
    return build_pair(PLAN, None, 0).weights()


def run(share: float, kept: int = 2, seed: int = 1, patience: int = 0) -> ModelWeights:
    config = replace(CONFIG, coordinate_share=share, patience_epochs=patience)
    return CoordinateRule(config, PLAN).round(start(), samples(5), frames(kept, seed=2), seed)


def changed_weights(candidate: ModelWeights) -> int:
    begin = start().edge
    return sum(
        int((candidate.edge[name] != begin[name]).sum())
        for name in begin
        if name not in STATISTICS
    )


@pytest.mark.parametrize('kept', [0, 2])
@pytest.mark.parametrize('share', [0.001, 0.05, 0.5])
def test_a_candidate_differs_in_its_share_of_the_weights(share: float, kept: int) -> None:
    candidate = run(share, kept)
    assert 1 <= changed_weights(candidate) <= max(1, round(share * WEIGHTS))


def test_a_share_of_one_leaves_every_weight_free() -> None:
    assert changed_weights(run(1.0)) > 0.9 * WEIGHTS


def test_the_statistics_change_in_half_precision() -> None:
    candidate = run(0.05)
    for name in STATISTICS:
        array = candidate.edge[name]
        assert not np.array_equal(array, start().edge[name])
        np.testing.assert_array_equal(array, array.astype(np.float16).astype(np.float32))


def test_the_miner_stays_as_it_is() -> None:
    begin, candidate = start().miner, run(0.05).miner
    assert begin.keys() == candidate.keys()
    for name, array in begin.items():
        np.testing.assert_array_equal(array, candidate[name])


def test_an_early_end_changes_no_more_weights() -> None:
    assert changed_weights(run(0.05, patience=1)) <= round(0.05 * WEIGHTS)


def test_the_seed_decides_every_bit() -> None:
    first, again, other = run(0.05), run(0.05), run(0.05, seed=2)
    assert all(np.array_equal(first.edge[name], again.edge[name]) for name in first.edge)
    assert any(not np.array_equal(first.edge[name], other.edge[name]) for name in first.edge)
