from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from laecips_core.errors import ConfigError
from laecips_core.errors import WeightsError
from laecips_core.learning.augment import with_harder_copies
from laecips_core.learning.benefit_training import fit_benefit
from laecips_core.learning.losses import frame_losses
from laecips_core.learning.networks import build_pair
from laecips_core.learning.networks import NetworkPlan
from laecips_core.learning.pretrain import pretrain
from laecips_core.learning.pretrain import PretrainConfig
from laecips_core.learning.tensors import training_set
from laecips_core.learning.tensors import TrainingSet
from laecips_core.mining.benefit import BenefitMiner
from laecips_core.mining.benefit import only_benefit
from laecips_core.mining.benefit import without_benefit
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
    for name, array in without_benefit(run(0).miner).items():
        np.testing.assert_array_equal(array, untrained[name])
    assert not np.array_equal(run(1).miner['score.weight'], untrained['score.weight'])


def short(**settings: Any) -> ModelWeights:
    config = PretrainConfig(**{'epochs': 1, 'miner_epochs': 1, 'batch_size': 4, **settings})
    return pretrain(PLAN, frames(5), frames(3), config, lambda *_: None)


def test_the_benefit_miner_is_fitted_to_the_frames_of_the_miner() -> None:
    weights = short()
    pair = build_pair(PLAN, weights, 0)
    expected = fit_benefit(pair, with_harder_copies(frames(3), seed=0))
    assert only_benefit(weights.miner).keys() == expected.keys()
    for name, array in expected.items():
        np.testing.assert_allclose(weights.miner[name], array, rtol=1e-5)
    assert 0.0 <= BenefitMiner(3, weights.miner).confidence(np.full((3, 8, 12), 1 / 3, 'f4')) <= 1


@pytest.mark.parametrize('settings', [{'light': 'strong'}, {'crop_ratio': 0.5}])
def test_a_setting_reaches_the_training(settings: dict[str, Any]) -> None:
    plain, other, again = short(), short(**settings), short(**settings)
    assert not np.array_equal(plain.edge['4.weight'], other.edge['4.weight'])
    np.testing.assert_array_equal(other.edge['4.weight'], again.edge['4.weight'])
    assert all(np.isfinite(array).all() for array in other.edge.values())


@pytest.mark.parametrize(('crop_ratio', 'seen_px'), [(1.0, (32, 48)), (0.5, (16, 24))])
def test_a_crop_is_what_the_network_is_trained_on(
    crop_ratio: float, seen_px: tuple[int, int]
) -> None:
    seen: list[tuple[int, ...]] = []

    def watched(classes: int) -> nn.Module:
        network = build(classes)
        network.register_forward_pre_hook(
            lambda module, given: seen.append(given[0].shape[-2:]) if module.training else None
        )
        return network

    config = PretrainConfig(epochs=1, miner_epochs=0, crop_ratio=crop_ratio)
    plan = NetworkPlan(watched, 3, SIZE_PX)
    pretrain(plan, frames(4), frames(3), config, lambda *_: None)
    assert set(seen) == {seen_px}


def test_a_start_is_trained_on() -> None:
    start = build_pair(PLAN, None, 7).weights()
    config = PretrainConfig(epochs=1, miner_epochs=0, learning_rate=1e-4)
    weights = pretrain(PLAN, frames(5), frames(3), config, lambda *_: None, start)
    np.testing.assert_allclose(weights.edge['4.weight'], start.edge['4.weight'], atol=1e-3)
    assert not np.array_equal(weights.edge['4.weight'], start.edge['4.weight'])


def test_a_start_that_does_not_fit_is_refused() -> None:
    with pytest.raises(WeightsError, match=r'expected also 0\.weight'):
        pretrain(PLAN, frames(2), frames(2), CONFIG, lambda *_: None, ModelWeights({}, {}))


def test_without_epochs_only_the_miners_are_fitted() -> None:
    told: list[int] = []
    start = build_pair(PLAN, None, 7).weights()
    config = PretrainConfig(epochs=0, miner_epochs=1)
    weights = pretrain(
        PLAN, frames(5), frames(3), config, lambda epoch, _: told.append(epoch), start
    )
    assert told == []
    for name, array in start.edge.items():
        np.testing.assert_array_equal(array, weights.edge[name])
    assert not np.array_equal(weights.miner['score.weight'], start.miner['score.weight'])
    assert only_benefit(weights.miner)


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
    with pytest.raises(ConfigError, match=r'light: expected one of mild, strong'):
        check_config(PretrainConfig(light='none'))
