from __future__ import annotations

import copy

import numpy as np
import pytest
import torch
from torch import nn
from torch import Tensor

from laecips_core.errors import WeightsError
from laecips_core.learning.statistics import halve_precision
from laecips_core.learning.statistics import mix_statistics
from laecips_core.learning.tensors import training_set
from laecips_core.learning.tensors import TrainingSet


class Net(nn.Sequential):
    def __init__(self) -> None:
        super().__init__(
            nn.Conv2d(3, 4, 3, 2, 1),
            nn.BatchNorm2d(4, momentum=0.25),
            nn.ReLU(inplace=True),
            nn.Dropout(0.5),
            nn.Conv2d(4, 2, 1),
            nn.BatchNorm2d(2),
        )


def network() -> Net:
    torch.manual_seed(0)
    net = Net()
    net(torch.rand(4, 3, 8, 8) * 100)
    return net.eval()


def frames(count: int) -> TrainingSet:
    rng = np.random.default_rng(1)
    images = [rng.integers(0, 256, (8, 8, 3), np.uint8) for _ in range(count)]
    return training_set(images, [np.zeros((8, 8), np.uint8)] * count, (8, 8))


def state(net: nn.Module) -> dict[str, Tensor]:
    values = net.state_dict().items()
    return {name: value.clone() for name, value in values if 'num_batches' not in name}


def replaced(net: nn.Module, data: TrainingSet) -> dict[str, Tensor]:
    """Forward one batch with only batch norm in training mode and a cumulative average."""
    other = copy.deepcopy(net)
    for layer in other.modules():
        if isinstance(layer, nn.BatchNorm2d):
            layer.reset_running_stats()
            layer.momentum = None
            layer.train()
    other(data.images.float())
    return state(other)


def test_a_share_of_none_changes_nothing() -> None:
    net = network()
    before = state(net)
    mix_statistics(net, frames(5), 0.0)
    for name, value in state(net).items():
        assert torch.equal(value, before[name]), name


@pytest.mark.parametrize('share', [0.3, 1.0])
def test_statistics_are_mixed_with_those_of_the_frames(share: float) -> None:
    net, data = network(), frames(5)
    before, new = state(net), replaced(net, data)
    mix_statistics(net, data, share)
    for name, value in state(net).items():
        expected = share * new[name] + (1 - share) * before[name]
        torch.testing.assert_close(value, expected if 'running' in name else before[name])


def test_the_first_layer_sees_mean_and_variance_of_all_frames() -> None:
    # 24 frames are two batches of 12, whose cumulative average is their mean.
    net, data = network(), frames(24)
    with torch.no_grad():
        seen = net[0](data.images.float()).numpy().astype(np.float64)
    mix_statistics(net, data, 1.0)
    halves = [half.transpose(1, 0, 2, 3).reshape(4, -1) for half in (seen[:12], seen[12:])]
    mean = np.mean([half.mean(axis=1) for half in halves], axis=0)
    variance = np.mean([half.var(axis=1, ddof=1) for half in halves], axis=0)
    np.testing.assert_allclose(state(net)['1.running_mean'].numpy(), mean, rtol=1e-5)
    np.testing.assert_allclose(state(net)['1.running_var'].numpy(), variance, rtol=1e-5)


def test_momenta_and_modes_are_restored() -> None:
    net = network()
    mix_statistics(net, frames(3), 0.5)
    assert [layer.momentum for layer in net if isinstance(layer, nn.BatchNorm2d)] == [0.25, 0.1]
    assert not any(module.training for module in net.modules())
    assert all(parameter.grad is None for parameter in net.parameters())


def test_no_number_of_frames_leaves_a_batch_of_one() -> None:
    # Pooled to one value a frame, batch norm cannot take a single frame.
    net = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.BatchNorm2d(3)).eval()
    mix_statistics(net, frames(17), 0.5)
    assert all(value.isfinite().all() for value in net.state_dict().values())


def test_a_single_frame_is_enough() -> None:
    net = network()
    mix_statistics(net, frames(1), 0.5)
    assert all(value.isfinite().all() for value in net.state_dict().values())


def test_a_layer_without_statistics_is_refused() -> None:
    net = nn.Sequential(nn.BatchNorm2d(3, track_running_stats=False)).eval()
    match = 'batch norm: expected a layer with running statistics, got one without'
    with pytest.raises(WeightsError, match=match):
        mix_statistics(net, frames(2), 0.5)


def test_statistics_are_rounded_to_half_precision_and_nothing_else_is() -> None:
    net = network()
    before = state(net)
    halve_precision(net)
    for name, value in state(net).items():
        half = before[name].numpy().astype(np.float16).astype(np.float32)
        expected = torch.from_numpy(half) if 'running' in name else before[name]
        assert torch.equal(value, expected), name
    assert not torch.equal(state(net)['1.running_mean'], before['1.running_mean'])


def test_statistics_outside_half_precision_stay_as_they_are() -> None:
    net = nn.Sequential(nn.BatchNorm2d(3)).eval()
    net[0].running_var.copy_(torch.tensor([65504.0, 70000.0, 1.0001]))
    halve_precision(net)
    assert net[0].running_var.tolist() == [65504.0, 70000.0, 1.0]


def test_a_layer_without_statistics_cannot_be_rounded() -> None:
    net = nn.Sequential(nn.BatchNorm2d(3, track_running_stats=False)).eval()
    with pytest.raises(WeightsError, match='expected a layer with running statistics'):
        halve_precision(net)
