from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from torch import nn
from torch import Tensor
from torch.nn import functional

from laecips_core.learning.miner_training import frozen_predictions
from laecips_core.learning.miner_training import only_trusted
from laecips_core.learning.miner_training import train_miner
from laecips_core.learning.networks import build_pair
from laecips_core.learning.networks import NetworkPair
from laecips_core.learning.networks import NetworkPlan
from laecips_core.learning.tensors import training_set
from laecips_core.learning.tensors import TrainingSet
from laecips_core.mining.learned import LearnedMiner
from laecips_core.values import UNLABELLED
from laecips_core.values import WeightArrays

# Networks this small are slower on several threads, much slower on a busy machine.
torch.set_num_threads(1)

SIZE_PX = (32, 32)
BETA = 0.2


class ColourNetwork(nn.Module):
    """Takes the colours red, green and blue as the scores of three classes."""

    def __init__(self, classes: int) -> None:
        super().__init__()
        self.scale = nn.Parameter(torch.full((classes,), 0.02))

    def forward(self, images: Tensor) -> Tensor:
        return functional.avg_pool2d(images, 4) * self.scale.view(1, -1, 1, 1)


def pair() -> NetworkPair:
    return build_pair(NetworkPlan(ColourNetwork, 3, SIZE_PX), None, 0)


def frames(reds: list[int], labels: list[int]) -> TrainingSet:
    images = [np.full((*SIZE_PX, 3), (red, 100, 100), np.uint8) for red in reds]
    return training_set(images, [np.full(SIZE_PX, m, np.uint8) for m in labels], SIZE_PX)


def train(networks: NetworkPair, data: TrainingSet, epochs: int = 2) -> WeightArrays:
    train_miner(networks, data, beta=BETA, learning_rate=0.02, epochs=epochs, batch_size=8)
    return networks.weights().miner


def loss_of(red: int) -> float:
    return math.log(math.exp(0.02 * red) + 2 * math.exp(2.0)) - 0.02 * red


def test_the_frozen_network_gives_softmax_and_loss_of_each_frame() -> None:
    reds = [10 * number for number in range(20)]
    maps, losses = frozen_predictions(pair(), frames(reds, [0] * 20))
    assert maps.shape == (20, 3, 8, 8)
    assert maps.sum(dim=1).flatten().tolist() == pytest.approx([1.0] * 20 * 64)
    expected = [loss_of(red) for red in reds]
    np.testing.assert_allclose(losses.numpy(), expected, rtol=1e-5)
    np.testing.assert_allclose(-maps[:, 0, 0, 0].log().numpy(), expected, rtol=1e-5)


def test_the_edge_network_stays_as_it_is() -> None:
    networks = pair()
    networks.edge.train()
    before = networks.weights()
    train(networks, frames([0, 50, 200], [0, 0, 0]))
    assert not networks.edge.training
    assert networks.weights().edge['scale'].tolist() == before.edge['scale'].tolist()
    assert not np.array_equal(networks.weights().miner['score.bias'], before.miner['score.bias'])


def test_a_trained_miner_approaches_beta_over_the_loss() -> None:
    networks = pair()
    reds = [0, 40, 80, 110, 140, 170, 200, 250]
    data = frames(reds, [0] * len(reds))
    arrays = train(networks, data, epochs=400)
    miner = LearnedMiner(3, arrays)
    maps, _ = frozen_predictions(networks, data)
    found = [miner.confidence(softmax.numpy()) for softmax in maps]
    expected = [min(1.0, BETA / loss_of(red)) for red in reds]
    assert min(expected) < 0.15
    assert max(expected) == 1.0
    np.testing.assert_allclose(found, expected, atol=0.05)


def test_the_global_seed_decides_the_order() -> None:
    data = frames([10 * number for number in range(20)], [0] * 20)
    first, again = train(pair(), data), train(pair(), data)
    for name, array in first.items():
        np.testing.assert_array_equal(array, again[name])


def test_frames_without_labels_teach_nothing() -> None:
    networks = pair()
    before = networks.weights().miner
    after = train(networks, frames([0, 200], [255, 255]))
    for name, array in before.items():
        np.testing.assert_array_equal(array, after[name])


def test_a_frame_without_labels_is_not_called_easy() -> None:
    networks = pair()
    data = frames([0, 0, 0, 0], [0, 255, 255, 255])
    miner = LearnedMiner(3, train(networks, data, epochs=300))
    maps, _ = frozen_predictions(networks, data)
    assert miner.confidence(maps[1].numpy()) == pytest.approx(BETA / loss_of(0), abs=0.02)


def test_frames_of_a_large_estimated_loss_lose_their_labels_and_nothing_else() -> None:
    networks = pair()
    data = frames([0, 250], [0, 0])
    train(networks, data, epochs=400)
    hard, easy = (
        BETA / h for h in networks.miner(frozen_predictions(networks, data)[0]).sigmoid()
    )
    assert hard > easy
    kept = only_trusted(networks, data, BETA, (hard + easy) / 2)
    assert (kept.labels[0] == UNLABELLED).all()
    assert torch.equal(kept.labels[1], data.labels[1])
    assert torch.equal(kept.images, data.images)
    assert torch.equal(only_trusted(networks, data, BETA, 1e6).labels, data.labels)
