from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from laecips_core.errors import ConfigError
from laecips_core.learning.losses import frame_losses
from laecips_core.learning.networks import build_pair
from laecips_core.learning.networks import NetworkPlan
from laecips_core.learning.pretrain import pretrain
from laecips_core.learning.pretrain import PretrainConfig
from laecips_core.learning.tensors import training_set
from laecips_core.learning.tensors import TrainingSet
from laecips_core.models.fast_scnn import FastScnn
from laecips_core.setting import check_config
from laecips_core.values import ModelWeights

# Networks this small are slower on several threads, much slower on a busy machine.
torch.set_num_threads(1)


def build(classes: int) -> nn.Module:
    return nn.Sequential(
        nn.Conv2d(3, 8, 3, 4, 1, bias=False),
        nn.BatchNorm2d(8),
        nn.ReLU(inplace=True),
        nn.Dropout(0.1),
        nn.Conv2d(8, classes, 1),
    )


SIZE_PX = (32, 48)
PLAN = NetworkPlan(build, 3, SIZE_PX)
COLOURS = np.array([[200, 40, 40], [40, 200, 40], [40, 40, 200]], np.uint8)
CONFIG = PretrainConfig(epochs=8, miner_epochs=2, batch_size=4, learning_rate=0.03)


def frames(count: int, size_px: tuple[int, int] = SIZE_PX) -> TrainingSet:
    rng = np.random.default_rng(0)
    coarse = [rng.integers(0, 3, (4, 6)) for _ in range(count)]
    labels = [np.kron(m, np.ones((8, 8), np.uint8)).astype(np.uint8) for m in coarse]
    return training_set([COLOURS[m] for m in labels], labels, size_px)


def mean_loss(plan: NetworkPlan, weights: ModelWeights, data: TrainingSet) -> float:
    images, labels = data.images.float(), data.labels.long()
    with torch.no_grad():
        return float(frame_losses(build_pair(plan, weights, 0).edge(images), labels).mean())


def test_the_loss_falls() -> None:
    told: list[tuple[int, float]] = []
    weights = pretrain(PLAN, frames(9), frames(3), CONFIG, lambda *news: told.append(news))
    assert [epoch for epoch, _ in told] == list(range(1, 9))
    assert told[-1][1] < 0.7 * told[0][1]
    untrained = build_pair(PLAN, None, CONFIG.seed).weights()
    data = frames(9)
    assert mean_loss(PLAN, weights, data) < 0.6 * mean_loss(PLAN, untrained, data)


def test_the_seed_decides_every_bit() -> None:
    def run(seed: int) -> ModelWeights:
        config = PretrainConfig(epochs=2, miner_epochs=1, batch_size=4, seed=seed)
        return pretrain(PLAN, frames(5), frames(3), config, lambda *_: None)

    first, again, other = run(1), run(1), run(2)
    for old, new in ((first.edge, again.edge), (first.miner, again.miner)):
        for name, array in old.items():
            np.testing.assert_array_equal(array, new[name], name)
    assert not np.array_equal(first.edge['4.weight'], other.edge['4.weight'])


def test_the_miner_is_trained_unless_told_otherwise() -> None:
    def run(epochs: int) -> ModelWeights:
        config = PretrainConfig(epochs=1, miner_epochs=epochs)
        return pretrain(PLAN, frames(3), frames(3), config, lambda *_: None)

    untrained = build_pair(PLAN, None, 0).weights().miner
    for name, array in run(0).miner.items():
        np.testing.assert_array_equal(array, untrained[name])
    assert not np.array_equal(run(1).miner['score.weight'], untrained['score.weight'])


@pytest.mark.parametrize(('count', 'size_px'), [(1, SIZE_PX), (7, (32, 32)), (9, (32, 32))])
def test_no_frame_is_left_to_a_batch_that_cannot_be_normalised(
    count: int, size_px: tuple[int, int]
) -> None:
    # From 32 x 32 pixels FastScnn has layers of one value a frame: batch norm needs two frames.
    config = PretrainConfig(epochs=1, miner_epochs=0, batch_size=2)
    plan, data = NetworkPlan(FastScnn, 3, size_px), frames(count, size_px)
    weights = pretrain(plan, data, data, config, lambda *_: None)
    assert all(np.isfinite(array).all() for array in weights.edge.values())


def test_bad_settings_are_refused_by_name() -> None:
    check_config(PretrainConfig())
    with pytest.raises(ConfigError, match=r'batch_size: expected int in \[2, 1024\], got 1'):
        check_config(PretrainConfig(batch_size=1))
