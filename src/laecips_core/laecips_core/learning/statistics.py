"""Batch-norm statistics of new frames, mixed into those of a network."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import nn
from torch import Tensor

from laecips_core.errors import WeightsError
from laecips_core.learning.tensors import batches
from laecips_core.learning.tensors import TrainingSet

_BATCH = 16


def _batch_norms(network: nn.Module) -> list[nn.BatchNorm2d]:
    return [module for module in network.modules() if isinstance(module, nn.BatchNorm2d)]


@contextmanager
def _cumulative(layers: list[nn.BatchNorm2d]) -> Iterator[None]:
    momenta = [layer.momentum for layer in layers]
    for layer in layers:
        layer.reset_running_stats()
        layer.momentum = None
        layer.train()
    try:
        yield
    finally:
        for layer, momentum in zip(layers, momenta, strict=True):
            layer.momentum = momentum
            layer.eval()


def mix_statistics(network: nn.Module, data: TrainingSet, share: float) -> None:
    """
    Move batch-norm statistics towards those of new frames, in place; no labels are needed.

    After Li et al., "Revisiting batch normalization for practical domain adaptation", 2016,
    https://arxiv.org/abs/1603.04779, with mixing in place of replacement.

    :param network: any network, in evaluation mode before and after.
    :param data: N >= 1 frames; their labels are not read.
    :param share: weight of the new frames, 0 (unchanged) to 1 (replaced).
    :raises WeightsError: when a batch norm layer keeps no statistics.
    """
    layers = _batch_norms(network)
    old = [_statistics(layer) for layer in layers]
    with torch.no_grad(), _cumulative(layers):
        for rows in batches(torch.arange(len(data)), _BATCH, smallest=2):
            network(data.batch(rows)[0])
    for layer, (mean, variance) in zip(layers, old, strict=True):
        _running(layer.running_mean).mul_(share).add_(mean, alpha=1.0 - share)
        _running(layer.running_var).mul_(share).add_(variance, alpha=1.0 - share)


def halve_precision(network: nn.Module) -> None:
    """
    Round batch-norm statistics to half precision, in place; they then take half the bytes to send.

    :param network: any network; statistics outside the range of float16 stay as they are.
    :raises WeightsError: when a batch norm layer keeps no statistics.
    """
    for layer in _batch_norms(network):
        for statistic in (_running(layer.running_mean), _running(layer.running_var)):
            half = statistic.half().float()
            statistic.copy_(torch.where(half.isfinite(), half, statistic))


def _running(statistic: Tensor | None) -> Tensor:
    if statistic is None:
        raise WeightsError('batch norm', 'a layer with running statistics', 'one without')
    return statistic


def _statistics(layer: nn.BatchNorm2d) -> tuple[Tensor, Tensor]:
    return _running(layer.running_mean).clone(), _running(layer.running_var).clone()
