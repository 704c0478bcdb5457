"""Gentle training of f on newly labelled frames, with old annotated frames mixed in."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import torch
from torch import nn
from torch import Tensor

from laecips_core.learning.losses import frame_losses
from laecips_core.learning.tensors import batches
from laecips_core.learning.tensors import TrainingSet


def unchanged(images: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
    """Leave source frames as they are."""
    return images, labels


@dataclass(frozen=True)
class EdgeSteps:
    """
    How f is trained in a round.

    :param learning_rate: η of Eq. 13, of Adam.
    :param epochs: passes over the labelled frames at most.
    :param batch_size: frames in a batch, both kinds together.
    :param source_share: share of annotated source frames in a batch.
    :param label_weight: weight of the labelled frames' loss; that of source frames is 1.
    :param class_weights: (M,) weight of each class in the loss; None for equal ones.
    :param vary: augments a batch of source frames.
    """

    learning_rate: float
    epochs: int
    batch_size: int
    source_share: float
    label_weight: float
    class_weights: Tensor | None = None
    vary: Callable[[Tensor, Tensor], tuple[Tensor, Tensor]] = unchanged


class HeldBack(Protocol):
    """Looks at frames that are not trained on, between epochs."""

    def after_epoch(self, network: nn.Module, optimiser: torch.optim.Optimizer) -> bool:
        """Say whether another epoch is worth while; may turn the learning rate."""

    def restore(self, network: nn.Module) -> None:
        """Put the best weights seen back into the network."""


def train_edge(
    network: nn.Module,
    labelled: TrainingSet,
    source: TrainingSet | None,
    steps: EdgeSteps,
    *,
    before_step: Callable[[], None],
    checkpoint: Callable[[], None],
    held_back: HeldBack | None = None,
) -> None:
    """
    Train f in place; batch norm keeps its statistics and dropout is off.

    Order and choice of frames come from torch's global generator, seeded by the caller.

    :param network: f, in evaluation mode before and after.
    :param labelled: new frames.
    :param source: annotated frames of the pretraining domain; None without any.
    :param steps: rate, epochs, batches.
    :param before_step: called when the gradients are there, before each step; may change them.
    :param checkpoint: called before every step; what it raises ends the training.
    :param held_back: ends the training early; None: all epochs.
    """
    optimiser = torch.optim.Adam(network.parameters(), lr=steps.learning_rate)
    for _ in range(steps.epochs):
        for rows in batches(torch.randperm(len(labelled)), _labelled_in_batch(steps, source)):
            checkpoint()
            optimiser.zero_grad()
            batch_loss(network, labelled, source, rows, steps).backward()  # type: ignore[no-untyped-call]
            before_step()
            optimiser.step()
        if held_back is not None and not held_back.after_epoch(network, optimiser):
            break
    if held_back is not None:
        held_back.restore(network)


def batch_loss(
    network: nn.Module,
    labelled: TrainingSet,
    source: TrainingSet | None,
    rows: Tensor,
    steps: EdgeSteps,
) -> Tensor:
    """
    Compute the loss of one batch: labelled frames, and source frames drawn at random.

    :param network: f.
    :param labelled: new frames.
    :param source: annotated frames of the pretraining domain; None without any.
    :param rows: (B,) int64 labelled frames of the batch.
    :param steps: weights and shares.
    :returns: () loss.
    """
    mixed = source is not None and steps.source_share > 0.0
    loss = torch.zeros(())
    if steps.label_weight > 0.0 or not mixed:
        new = _loss(network, *labelled.batch(rows), steps.class_weights)
        loss = loss + steps.label_weight * new
    if source is not None and steps.source_share > 0.0:
        count = max(1, steps.batch_size - _labelled_in_batch(steps, source))
        chosen = torch.randint(len(source), (count,))
        varied = steps.vary(*source.batch(chosen))
        loss = loss + _loss(network, *varied, steps.class_weights)
    return loss


def _labelled_in_batch(steps: EdgeSteps, source: TrainingSet | None) -> int:
    share = steps.source_share if source is not None else 0.0
    return max(1, round(steps.batch_size * (1.0 - share)))


def _loss(network: nn.Module, images: Tensor, labels: Tensor, weights: Tensor | None) -> Tensor:
    return frame_losses(network(images), labels, weights).mean()
