from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from laecips_core.config import UpdateConfig
from laecips_core.errors import WeightsError
from laecips_core.learning.networks import build_pair
from laecips_core.learning.networks import NetworkPlan
from laecips_core.learning.paper_rule import PaperRule
from laecips_core.models.fast_scnn import FastScnn
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
        nn.Conv2d(3, 8, 3, 4, 1, bias=False),
        nn.BatchNorm2d(8),
        nn.ReLU(inplace=True),
        nn.Dropout(0.2),
        nn.Conv2d(8, classes, 1),
    )


SIZE_PX = (32, 48)
PLAN = NetworkPlan(build, 3, SIZE_PX)
CONFIG = UpdateConfig(rule='paper', epochs=2, batch_size=4, learning_rate=0.01)
RNG = np.random.default_rng(0)
SOURCE = [
    LabelledFrame(
        Frame(RNG.integers(0, 256, (*SIZE_PX, 3), np.uint8), 0, 's'), np.ones(SIZE_PX, np.uint8)
    )
]


def samples(count: int) -> list[Sample]:
    rng = np.random.default_rng(1)
    made = []
    for number in range(count):
        frame = Frame(rng.integers(0, 256, (*SIZE_PX, 3), np.uint8), number, str(number))
        labels = rng.integers(0, 3, SIZE_PX, np.uint8)
        fused = Segmentation(labels, np.zeros(SIZE_PX, np.uint8), Source.FUSED, 'v1')
        made.append(Sample(frame, fused))
    return made


def start() -> ModelWeights:
    return build_pair(PLAN, None, 0).weights()


def same(first: ModelWeights, second: ModelWeights) -> bool:
    pairs = [(first.edge, second.edge), (first.miner, second.miner)]
    return all(
        a.keys() == b.keys() and all(np.array_equal(a[name], b[name]) for name in a)
        for a, b in pairs
    )


def test_both_networks_change_and_the_start_does_not() -> None:
    begin = start()
    candidate = PaperRule(CONFIG, PLAN).round(begin, samples(6), [], seed=1)
    assert same(begin, start())
    for old, new in ((begin.edge, candidate.edge), (begin.miner, candidate.miner)):
        assert old.keys() == new.keys()
        assert all(not np.array_equal(old[name], new[name]) for name in old)


def test_the_seed_decides_every_bit() -> None:
    rule = PaperRule(CONFIG, PLAN)
    first = rule.round(start(), samples(6), [], seed=1)
    assert same(first, rule.round(start(), samples(6), [], seed=1))
    assert not same(first, rule.round(start(), samples(6), [], seed=2))


def test_source_frames_make_no_difference() -> None:
    rule = PaperRule(CONFIG, PLAN)
    first = rule.round(start(), samples(6), [], seed=1)
    assert same(first, rule.round(start(), samples(6), SOURCE, seed=1))


def test_the_samples_stay_as_they_are() -> None:
    given = samples(3)
    PaperRule(CONFIG, PLAN).round(start(), given, [], seed=1)
    assert len(given) == 3
    for item, fresh in zip(given, samples(3), strict=True):
        np.testing.assert_array_equal(item.frame.image, fresh.frame.image)
        np.testing.assert_array_equal(item.segmentation.labels, fresh.segmentation.labels)


@pytest.mark.parametrize(('count', 'size_px'), [(1, SIZE_PX), (5, (32, 32))])
def test_no_sample_is_left_to_a_batch_that_cannot_be_normalised(
    count: int, size_px: tuple[int, int]
) -> None:
    # From 32 x 32 pixels FastScnn has layers of one value a frame: batch norm needs two frames.
    plan = NetworkPlan(FastScnn, 3, size_px)
    begin = build_pair(plan, None, 0).weights()
    config = UpdateConfig(rule='paper', epochs=1, batch_size=4)
    candidate = PaperRule(config, plan).round(begin, samples(count), [], seed=1)
    assert all(np.isfinite(array).all() for array in candidate.edge.values())


def test_weights_that_do_not_fit_are_refused() -> None:
    other = build_pair(NetworkPlan(build, 4, SIZE_PX), None, 0).weights()
    with pytest.raises(WeightsError, match='tensor shapes: expected'):
        PaperRule(CONFIG, PLAN).round(other, samples(2), [], seed=1)
