"""Ends training, and turns the learning rate, by frames that are not trained on."""

from __future__ import annotations

import torch
from torch import nn
from torch import Tensor

from laecips_core.learning.losses import frame_losses
from laecips_core.learning.tensors import batches
from laecips_core.learning.tensors import TrainingSet

_BATCH = 16


class EarlyStop:
    """
    Keeps the best weights by mean loss on held-back frames.

    After an epoch that made it no better the learning rate is halved; after ``patience`` of them
    in a row training ends.

    :param data: held-back frames, at least one.
    :param network: the weights to beat: those before the first epoch.
    :param patience: epochs without an improvement, at least 1.
    """

    def __init__(self, data: TrainingSet, network: nn.Module, patience: int) -> None:
        """Judge the weights at the start."""
        self._data = data
        self._patience = patience
        self._failed = 0
        self._best = self._loss(network)
        self._weights = _copy(network)

    def after_epoch(self, network: nn.Module, optimiser: torch.optim.Optimizer) -> bool:
        """
        Judge the weights after an epoch.

        :param network: in evaluation mode.
        :param optimiser: its learning rate is halved when they are no better.
        :returns: whether another epoch is worth while.
        """
        loss = self._loss(network)
        if loss < self._best:
            self._best, self._weights, self._failed = loss, _copy(network), 0
            return True
        self._failed += 1
        for group in optimiser.param_groups:
            group['lr'] *= 0.5
        return self._failed < self._patience

    def restore(self, network: nn.Module) -> None:
        """
        Put the best weights seen back, those of the start included.

        :param network: changed in place.
        """
        network.load_state_dict(self._weights)

    def _loss(self, network: nn.Module) -> float:
        losses = []
        with torch.no_grad():
            for rows in batches(torch.arange(len(self._data)), _BATCH):
                images, labels = self._data.batch(rows)
                losses.append(frame_losses(network(images), labels))
        return float(torch.cat(losses).mean())


def _copy(network: nn.Module) -> dict[str, Tensor]:
    return {name: tensor.clone() for name, tensor in network.state_dict().items()}
