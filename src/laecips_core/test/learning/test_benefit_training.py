from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy import stats
import torch
from torch import nn
from torch import Tensor
from torch.nn import functional

from laecips_core.errors import WeightsError
from laecips_core.learning.benefit_training import changed_share
from laecips_core.learning.benefit_training import fit_benefit
from laecips_core.learning.benefit_training import with_benefit
from laecips_core.learning.miner_training import frozen_predictions
from laecips_core.learning.networks import build_pair
from laecips_core.learning.networks import NetworkPair
from laecips_core.learning.networks import NetworkPlan
from laecips_core.learning.tensors import training_set
from laecips_core.learning.tensors import TrainingSet
from laecips_core.mining.benefit import BenefitMiner

# Networks this small are slower on several threads, much slower on a busy machine.
torch.set_num_threads(1)

SIZE_PX = (32, 32)
PLAN_CLASSES = 3


class ColourNetwork(nn.Module):
    """Takes the colours red, green and blue as the scores of three classes."""

    def __init__(self, classes: int) -> None:
        super().__init__()
        self.scale = nn.Parameter(torch.full((classes,), 0.02))

    def forward(self, images: Tensor) -> Tensor:
        return functional.avg_pool2d(images, 4) * self.scale.view(1, -1, 1, 1)


def pair() -> NetworkPair:
    return build_pair(NetworkPlan(ColourNetwork, PLAN_CLASSES, SIZE_PX), None, 0)


def frames(count: int, seed: int = 0) -> TrainingSet:
    """Blocks of three colours, mixed with grey: the greyer the frame, the more is mislabelled."""
    rng = np.random.default_rng(seed)
    images, labels = [], []
    for grey in rng.uniform(0.0, 1.0, count):
        truth = np.kron(rng.integers(0, 3, (8, 8)), np.ones((4, 4), int)).astype(np.uint8)
        pure = np.eye(3)[truth] * 200.0
        wrong = np.kron(rng.random((8, 8, 3)), np.ones((4, 4, 1))) * 200.0
        images.append(((1 - grey) * pure + grey * wrong).astype(np.uint8))
        labels.append(truth)
    return training_set(images, labels, SIZE_PX)


def hidden(data: TrainingSet, *rows: int) -> TrainingSet:
    labels = data.labels.clone()
    labels[list(rows)] = 255
    return TrainingSet(data.images, labels)


def test_the_change_is_the_share_of_labels_that_differ_class_by_class() -> None:
    softmax = np.zeros((3, 2, 4), np.float32)
    softmax[0, :, :2] = softmax[1, :, 2:] = 1.0
    labels = np.array([[0, 0, 1, 1], [0, 1, 1, 255]], np.uint8)
    assert changed_share(softmax, labels) == pytest.approx(1 - (3 / 4 + 3 / 4) / 2)
    assert changed_share(softmax, softmax.argmax(axis=0).astype(np.uint8)) == 0.0
    assert changed_share(softmax, np.full((2, 4), 2, np.uint8)) == 1.0
    assert np.isnan(changed_share(softmax, np.full((2, 4), 255, np.uint8)))


def test_the_fitted_miner_finds_the_frames_that_the_labels_change() -> None:
    networks, data, others = pair(), frames(60), frames(40, seed=1)
    miner = BenefitMiner(PLAN_CLASSES, fit_benefit(networks, data))
    maps = frozen_predictions(networks, others)[0].numpy()
    changes = [
        changed_share(softmax, labels)
        for softmax, labels in zip(maps, others.labels.numpy(), strict=True)
    ]
    confidences = [miner.confidence(softmax) for softmax in maps]
    assert stats.spearmanr(confidences, changes).statistic < -0.8


def test_a_known_benefit_counts_in_place_of_the_labels() -> None:
    networks, data = pair(), frames(30)
    reds = data.images[:, 0].float().mean(dim=(1, 2))
    arrays = fit_benefit(networks, hidden(data, *range(30)), reds)
    assert arrays['benefit.bias'][0] == pytest.approx(float(reds.mean()), rel=1e-5)
    assert arrays['benefit.spread'][0] == pytest.approx(float(reds.std(correction=0)), rel=1e-4)


def test_frames_without_a_benefit_are_left_out() -> None:
    networks, data = pair(), frames(30)
    short = TrainingSet(data.images[2:], data.labels[2:])
    expected = fit_benefit(networks, short)
    unlabelled = fit_benefit(networks, hidden(data, 0, 1))
    known = torch.arange(30.0)
    known[:2] = torch.nan
    unknown = fit_benefit(networks, data, known)
    for name, array in expected.items():
        np.testing.assert_array_equal(unlabelled[name], array)
    expected = fit_benefit(networks, short, known[2:])
    for name, array in expected.items():
        np.testing.assert_array_equal(unknown[name], array)


def test_too_few_labelled_frames_are_refused() -> None:
    with pytest.raises(WeightsError, match='expected at least 4, got 3'):
        fit_benefit(pair(), hidden(frames(5), 1, 3))


def test_the_pair_stays_as_it_is() -> None:
    networks = pair()
    before = networks.weights()
    arrays = fit_benefit(networks, frames(10))
    after = networks.weights()
    assert networks.benefit == {}
    assert after.edge['scale'].tobytes() == before.edge['scale'].tobytes()
    assert after.miner.keys() == before.miner.keys()
    assert all(after.miner[name].tobytes() == before.miner[name].tobytes() for name in after.miner)
    assert set(replace(networks, benefit=arrays).weights().miner) == {*after.miner, *arrays}


def fitted() -> NetworkPair:
    return replace(pair(), benefit=fit_benefit(pair(), frames(10, seed=5)))


def test_a_pair_with_a_benefit_miner_gets_it_fitted_anew() -> None:
    networks, data = fitted(), frames(8)
    anew = with_benefit(networks, data)
    assert (anew.edge, anew.miner) == (networks.edge, networks.miner)
    for name, array in fit_benefit(networks, data).items():
        np.testing.assert_array_equal(anew.benefit[name], array)
    assert not np.array_equal(anew.benefit['benefit.bias'], networks.benefit['benefit.bias'])


def test_a_pair_without_a_benefit_miner_stays_without() -> None:
    networks = pair()
    assert with_benefit(networks, frames(8)) is networks


def test_frames_without_a_label_do_not_count_in_the_new_fit() -> None:
    networks, data = fitted(), frames(8)
    expected = fit_benefit(networks, TrainingSet(data.images[2:], data.labels[2:]))
    for name, array in with_benefit(networks, hidden(data, 0, 1)).benefit.items():
        np.testing.assert_array_equal(array, expected[name])


def test_with_fewer_than_four_labelled_frames_the_old_fit_stays() -> None:
    networks = fitted()
    assert with_benefit(networks, hidden(frames(5), 1, 3)) is networks
    assert with_benefit(networks, hidden(frames(5), 1)) is not networks
