from __future__ import annotations

import math

import pytest
import torch
from torch import nn
from torch import Tensor

from laecips_core.learning.early_stop import EarlyStop
from laecips_core.learning.tensors import TrainingSet

# Networks this small are slower on several threads, much slower on a busy machine.
torch.set_num_threads(1)


class Net(nn.Module):
    """Scores class 0 by its one weight, and class 1 by 0, everywhere."""

    def __init__(self, weight: float) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.tensor(weight))
        self.register_buffer('statistic', torch.tensor(weight))

    def forward(self, images: Tensor) -> Tensor:
        scores = self.weight * torch.tensor([1.0, 0.0]).view(1, 2, 1, 1)
        return scores.expand(len(images), 2, 2, 2)

    def put(self, weight: float) -> None:
        with torch.no_grad():
            self.weight.fill_(weight)
            self.statistic.fill_(weight)


def data(count: int = 1, label: int = 0) -> TrainingSet:
    """Make frames of one class: of class 0 the loss falls as the weight rises."""
    images = torch.zeros(count, 3, 2, 2, dtype=torch.uint8)
    return TrainingSet(images, torch.full((count, 2, 2), label, dtype=torch.uint8))


def optimiser_of(net: Net) -> torch.optim.Optimizer:
    return torch.optim.Adam(net.parameters(), lr=0.8)


def rate(optimiser: torch.optim.Optimizer) -> float:
    return float(optimiser.param_groups[0]['lr'])


def test_an_epoch_that_helps_keeps_going_at_the_same_rate() -> None:
    net = Net(0.0)
    stop, optimiser = EarlyStop(data(), net, 1), optimiser_of(net)
    for weight in (0.1, 0.2, 0.3):
        net.put(weight)
        assert stop.after_epoch(net, optimiser)
    assert rate(optimiser) == 0.8


@pytest.mark.parametrize('patience', [1, 2, 3])
def test_epochs_without_gain_halve_the_rate_and_end_training(patience: int) -> None:
    net = Net(1.0)
    stop, optimiser = EarlyStop(data(), net, patience), optimiser_of(net)
    net.put(0.5)
    goes_on = [stop.after_epoch(net, optimiser) for _ in range(patience)]
    assert goes_on == [True] * (patience - 1) + [False]
    assert rate(optimiser) == pytest.approx(0.8 * 0.5**patience)


def test_a_gain_begins_the_patience_anew() -> None:
    net = Net(1.0)
    stop, optimiser = EarlyStop(data(), net, 2), optimiser_of(net)
    goes_on = []
    for weight in (0.5, 1.5, 1.4, 1.4):
        net.put(weight)
        goes_on.append(stop.after_epoch(net, optimiser))
    assert goes_on == [True, True, True, False]
    assert rate(optimiser) == pytest.approx(0.1)


def test_a_loss_that_stays_the_same_is_no_gain() -> None:
    net = Net(1.0)
    assert not EarlyStop(data(), net, 1).after_epoch(net, optimiser_of(net))


@pytest.mark.parametrize(('weights', 'best'), [((2.0, 3.0, 0.5), 3.0), ((0.5, 0.2), 1.0)])
def test_the_best_weights_come_back_those_of_the_start_included(
    weights: tuple[float, ...], best: float
) -> None:
    net = Net(1.0)
    stop, optimiser = EarlyStop(data(), net, 9), optimiser_of(net)
    for weight in weights:
        net.put(weight)
        stop.after_epoch(net, optimiser)
    stop.restore(net)
    assert (float(net.weight.detach()), float(net.statistic)) == (best, best)


def test_weights_that_are_no_number_are_never_the_best() -> None:
    net = Net(1.0)
    stop, optimiser = EarlyStop(data(), net, 1), optimiser_of(net)
    net.put(math.nan)
    assert not stop.after_epoch(net, optimiser)
    stop.restore(net)
    assert float(net.weight.detach()) == 1.0


def test_every_held_back_frame_counts_alike() -> None:
    # 17 frames of class 1 and 15 of class 0, in batches of 16: what helps class 1 helps.
    frames, net = [data(17, label=1), data(15, label=0)], Net(0.0)
    both = TrainingSet(
        torch.cat([part.images for part in frames]), torch.cat([part.labels for part in frames])
    )
    stop = EarlyStop(both, net, 9)
    net.put(-0.05)
    assert stop.after_epoch(net, optimiser_of(net))
    net.put(0.05)
    optimiser = optimiser_of(net)
    stop.after_epoch(net, optimiser)
    assert rate(optimiser) == 0.4


def test_judging_leaves_no_gradient() -> None:
    net = Net(1.0)
    EarlyStop(data(), net, 1).after_epoch(net, optimiser_of(net))
    assert net.weight.grad is None
