"""Training of the miner h with f frozen (Eq. 14)."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from laecips_core.learning.losses import frame_losses
from laecips_core.learning.losses import miner_losses
from laecips_core.learning.networks import NetworkPair
from laecips_core.learning.tensors import batches
from laecips_core.learning.tensors import TrainingSet
from laecips_core.values import UNLABELLED

_FROZEN_BATCH = 16


def go_on() -> None:
    """Let training go on: the checkpoint of a round that nobody can end."""


def frozen_predictions(pair: NetworkPair, data: TrainingSet) -> tuple[Tensor, Tensor]:
    """
    Run the frozen edge network once over a training set.

    :param pair: f is read, h is not.
    :param data: N frames.
    :returns: (N, M, h', w') softmax and (N,) losses l(f(x), y).
    """
    maps, losses = [], []
    pair.edge.eval()
    with torch.no_grad():
        for rows in batches(torch.arange(len(data)), _FROZEN_BATCH):
            images, labels = data.batch(rows)
            logits = pair.edge(images)
            maps.append(logits.softmax(dim=1).contiguous())
            losses.append(frame_losses(logits, labels))
    return torch.cat(maps), torch.cat(losses)


def only_trusted(
    pair: NetworkPair, data: TrainingSet, beta: float, max_loss: float
) -> TrainingSet:
    """
    Take the labels from frames on which the edge model is lost.

    A trained miner has h = min(1, β / l) (Eq. 14), so β / h is its guess of the loss. Fused labels
    are the edge model's own classes: where it is lost, so are they.

    :param pair: f and h that judged the frames; neither is changed.
    :param data: N frames.
    :param beta: β that h was trained with.
    :param max_loss: largest estimated loss of a frame that keeps its labels.
    :returns: the same images; labels of the other frames are all 255.
    """
    softmax, _ = frozen_predictions(pair, data)
    with torch.no_grad():
        lost = beta / pair.miner(softmax).sigmoid() > max_loss
    labels = data.labels.masked_fill(lost.view(-1, 1, 1), UNLABELLED)
    return TrainingSet(data.images, labels)


def train_miner(
    pair: NetworkPair,
    data: TrainingSet,
    *,
    beta: float,
    learning_rate: float,
    epochs: int,
    batch_size: int,
    checkpoint: Callable[[], None] = go_on,
) -> None:
    """
    Train h on the loss of the frozen f, in place (Eq. 14).

    The order of batches is drawn from torch's global generator, seeded by the caller.

    :param pair: f is read, h is changed.
    :param data: frames with the labels that count as truth; a frame without any is left out, as
        its loss of 0 would call it easy.
    :param beta: β of Eq. 14.
    :param learning_rate: step size of Adam.
    :param epochs: passes over the data.
    :param batch_size: frames in a batch.
    :param checkpoint: called before every step; what it raises ends the training.
    """
    labelled = (data.labels != UNLABELLED).flatten(1).any(1).nonzero().squeeze(1)
    if not len(labelled):
        return
    maps, losses = frozen_predictions(pair, data)
    optimiser = torch.optim.Adam(pair.miner.parameters(), lr=learning_rate)
    pair.miner.train()
    for _ in range(epochs):
        for rows in batches(labelled[torch.randperm(len(labelled))], batch_size):
            checkpoint()
            loss = miner_losses(pair.miner(maps[rows]), losses[rows], beta).mean()
            optimiser.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            optimiser.step()
    pair.miner.eval()
