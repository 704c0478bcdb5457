from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn
from torch import Tensor

from laecips_core.learning.edge_training import batch_loss
from laecips_core.learning.edge_training import EdgeSteps
from laecips_core.learning.edge_training import train_edge
from laecips_core.learning.edge_training import unchanged
from laecips_core.learning.losses import frame_losses
from laecips_core.learning.miner_training import go_on
from laecips_core.learning.tensors import TrainingSet

# Networks this small are slower on several threads, much slower on a busy machine.
torch.set_num_threads(1)

STEPS = EdgeSteps(learning_rate=0.01, epochs=3, batch_size=4, source_share=0.5, label_weight=1.0)
ALL = torch.arange(2)


class Net(nn.Module):
    """One 1x1 convolution that remembers the batches it saw."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.classify = nn.Conv2d(3, 2, 1)
        self.seen: list[Tensor] = []

    def forward(self, images: Tensor) -> Tensor:
        self.seen.append(images)
        scores: Tensor = self.classify(images / 255.0)
        return scores


class StoppedError(Exception):
    pass


def frames(count: int, seed: int) -> TrainingSet:
    generator = torch.Generator().manual_seed(seed)
    images = torch.randint(0, 256, (count, 3, 2, 2), generator=generator, dtype=torch.uint8)
    return TrainingSet(
        images, torch.randint(0, 2, (count, 2, 2), generator=generator, dtype=torch.uint8)
    )


LABELLED, SOURCE = frames(6, 1), frames(5, 2)


def train(net: Net, source: TrainingSet | None = SOURCE, **settings: Any) -> None:
    torch.manual_seed(1)
    steps = replace(STEPS, **settings)
    train_edge(net, LABELLED, source, steps, before_step=go_on, checkpoint=go_on)


def weights(net: Net) -> list[float]:
    return torch.cat([p.detach().flatten() for p in net.parameters()]).tolist()


def loss_of(net: Net, data: TrainingSet, rows: Tensor, factors: Tensor | None = None) -> float:
    images, labels = data.batch(rows)
    return float(frame_losses(net(images), labels, factors).detach().mean())


def test_without_source_frames_the_loss_is_that_of_the_labelled_ones() -> None:
    net = Net()
    found = batch_loss(net, LABELLED, None, ALL, replace(STEPS, label_weight=0.3))
    assert float(found.detach()) == pytest.approx(0.3 * loss_of(net, LABELLED, ALL))


@pytest.mark.parametrize('factors', [None, torch.tensor([0.5, 2.0])])
def test_both_kinds_of_frames_add_up(factors: Tensor | None) -> None:
    net, steps = Net(), replace(STEPS, label_weight=0.3, class_weights=factors)
    torch.manual_seed(5)
    found = batch_loss(net, LABELLED, SOURCE, ALL, steps)
    torch.manual_seed(5)
    chosen = torch.randint(5, (2,))
    expected = 0.3 * loss_of(net, LABELLED, ALL, factors) + loss_of(net, SOURCE, chosen, factors)
    assert float(found.detach()) == pytest.approx(expected)


def test_labelled_frames_of_no_weight_are_not_even_run() -> None:
    net = Net()
    batch_loss(net, LABELLED, SOURCE, ALL, replace(STEPS, label_weight=0.0))
    assert [len(images) for images in net.seen] == [2]


@pytest.mark.parametrize(('source', 'share'), [(None, 0.5), (SOURCE, 0.0)])
def test_no_weight_and_no_source_frames_change_nothing(
    source: TrainingSet | None, share: float
) -> None:
    net = Net()
    train(net, source, source_share=share, label_weight=0.0)
    assert weights(net) == weights(Net())


def test_only_source_frames_are_varied() -> None:
    def black(images: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
        return torch.zeros_like(images), labels

    net = Net()
    batch_loss(net, LABELLED, SOURCE, ALL, replace(STEPS, vary=black))
    labelled, source = net.seen
    assert torch.equal(labelled, LABELLED.batch(ALL)[0])
    assert (source == 0.0).all()


def test_source_frames_are_left_as_they_are_unless_told_otherwise() -> None:
    images, labels = SOURCE.batch(ALL)
    assert STEPS.vary is unchanged
    assert unchanged(images, labels) == (images, labels)


@pytest.mark.parametrize(
    ('share', 'labelled', 'source'), [(0.25, 3, 1), (0.5, 2, 2), (0.75, 1, 3), (0.9, 1, 3)]
)
def test_the_share_is_that_of_source_frames_in_a_batch(
    share: float, labelled: int, source: int
) -> None:
    net = Net()
    train(net, source_share=share, epochs=1)
    sizes = [len(images) for images in net.seen]
    assert sizes[0::2] == [labelled] * (6 // labelled)
    assert sizes[1::2] == [source] * (6 // labelled)


@pytest.mark.parametrize(('source', 'share'), [(None, 0.5), (SOURCE, 0.0)])
def test_without_source_frames_batches_are_full_of_labelled_ones(
    source: TrainingSet | None, share: float
) -> None:
    net = Net()
    train(net, source, source_share=share, epochs=1)
    assert [len(images) for images in net.seen] == [3, 3]


def test_every_labelled_frame_is_seen_once_an_epoch_in_a_new_order() -> None:
    net = Net()
    train(net, None, epochs=2, batch_size=2)
    seen = torch.cat(net.seen).flatten(1).tolist()
    given = LABELLED.images.float().flatten(1).tolist()
    assert sorted(seen[:6]) == sorted(seen[6:]) == sorted(given)
    assert seen[:6] != seen[6:]


def test_the_steps_are_those_of_adam() -> None:
    net, other = Net(), Net()
    train(net, None, epochs=2, batch_size=6)
    optimiser = torch.optim.Adam(other.parameters(), lr=STEPS.learning_rate)
    for _ in range(2):
        optimiser.zero_grad()
        images, labels = LABELLED.batch(torch.arange(6))
        frame_losses(other(images), labels).mean().backward()  # type: ignore[no-untyped-call]
        optimiser.step()
    np.testing.assert_allclose(weights(net), weights(other), rtol=1e-5)


def test_the_global_seed_decides_every_bit() -> None:
    first, again = Net(), Net()
    train(first)
    train(again)
    assert weights(first) == weights(again)


def test_gradients_may_be_changed_before_each_step() -> None:
    net, called = Net(), []
    begin = weights(net)

    def no_weight() -> None:
        assert net.classify.weight.grad is not None
        assert net.classify.weight.grad.abs().sum() > 0.0
        net.classify.weight.grad.zero_()
        called.append(1)

    train_edge(net, LABELLED, None, STEPS, before_step=no_weight, checkpoint=go_on)
    assert len(called) == 3 * 2
    assert weights(net)[:6] == begin[:6]
    assert weights(net)[6:] != begin[6:]


def test_a_checkpoint_comes_before_every_step_and_can_end_the_training() -> None:
    net, begin, called = Net(), weights(Net()), []

    def stop() -> None:
        called.append(weights(net))
        if len(called) == 2:
            raise StoppedError

    with pytest.raises(StoppedError):
        train_edge(net, LABELLED, None, STEPS, before_step=go_on, checkpoint=stop)
    assert called[0] == begin
    assert weights(net) == called[1] != begin


class HeldBack:
    """Ends training after so many epochs, and restores nothing but a mark."""

    def __init__(self, epochs: int) -> None:
        self.left, self.rates, self.restored = epochs, [0.0], 0

    def after_epoch(self, network: nn.Module, optimiser: torch.optim.Optimizer) -> bool:
        self.left -= 1
        self.rates.append(optimiser.param_groups[0]['lr'])
        optimiser.param_groups[0]['lr'] *= 0.5
        return self.left > 0

    def restore(self, network: nn.Module) -> None:
        self.restored += 1
        with torch.no_grad():
            network.get_parameter('classify.bias').fill_(7.0)


@pytest.mark.parametrize(('patient', 'epochs'), [(1, 1), (2, 2), (9, 3)])
def test_held_back_frames_end_the_training_and_restore_the_best(patient: int, epochs: int) -> None:
    net, held_back = Net(), HeldBack(patient)
    train_edge(
        net,
        LABELLED,
        None,
        STEPS,
        before_step=go_on,
        checkpoint=go_on,
        held_back=held_back,
    )
    assert len(net.seen) == 2 * epochs
    assert held_back.rates[1:] == [0.01 * 0.5**k for k in range(epochs)]
    assert held_back.restored == 1
    assert net.classify.bias.tolist() == [7.0, 7.0]


def test_batch_norm_keeps_its_statistics_and_dropout_is_off() -> None:
    net = nn.Sequential(nn.Conv2d(3, 4, 1), nn.BatchNorm2d(4), nn.Dropout(0.5), nn.Conv2d(4, 2, 1))
    net.eval()
    train_edge(net, LABELLED, SOURCE, STEPS, before_step=go_on, checkpoint=go_on)
    assert not any(module.training for module in net.modules())
    norm = net[1]
    assert isinstance(norm, nn.BatchNorm2d)
    assert norm.running_mean is not None
    assert norm.running_mean.tolist() == [0.0] * 4
