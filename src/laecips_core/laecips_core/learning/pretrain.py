"""Pretraining of f on annotated frames, then of h on the losses of f."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from dataclasses import replace

import torch

from laecips_core.learning.augment import augment
from laecips_core.learning.augment import View
from laecips_core.learning.augment import WHOLE
from laecips_core.learning.augment import with_harder_copies
from laecips_core.learning.benefit_training import fit_benefit
from laecips_core.learning.losses import frame_losses
from laecips_core.learning.miner_training import train_miner
from laecips_core.learning.networks import build_pair
from laecips_core.learning.networks import NetworkPair
from laecips_core.learning.networks import NetworkPlan
from laecips_core.learning.photometric import strong_light
from laecips_core.learning.tensors import batches
from laecips_core.learning.tensors import TrainingSet
from laecips_core.setting import setting
from laecips_core.values import ModelWeights

_MINER_LEARNING_RATE = 1e-3


@dataclass(frozen=True)
class PretrainConfig:
    """How f and h are pretrained."""

    epochs: int = setting(
        40, 'Passes over the annotated frames; 0: only the miners are fitted.', low=0, high=10_000
    )
    miner_epochs: int = setting(60, 'Passes for the miner.', low=0, high=10_000)
    learning_rate: float = setting(3e-3, 'Highest learning rate of f.', low=1e-6, high=1.0)
    batch_size: int = setting(8, 'Frames in a batch.', low=2, high=1024)
    weight_decay: float = setting(1e-4, 'Weight decay of AdamW.', low=0.0, high=1.0)
    beta: float = setting(0.1, 'β of Eq. 14.', low=1e-6, high=100.0)
    light: str = setting(
        'mild',
        'Photometric augmentation of f: mild, or strong (gamma, darkness, haze, blur, noise).',
        choices=('mild', 'strong'),
    )
    crop_ratio: float = setting(
        1.0, 'Size of the training images against the network input.', low=0.1, high=1.0
    )
    seed: int = setting(0, 'Seed of every random choice.', low=0, high=2**31 - 1)


def pretrain(
    plan: NetworkPlan,
    data: TrainingSet,
    miner_data: TrainingSet,
    config: PretrainConfig,
    progress: Callable[[int, float], None],
    start: ModelWeights | None = None,
) -> ModelWeights:
    """
    Train f and h; deterministic for a given seed on one machine.

    The miner sees frames that f was not trained on, for there f looks surer than it is, and
    copies of them in bad light: from easy frames alone it would learn that every frame is easy.

    :param plan: the networks.
    :param data: annotated frames for f.
    :param miner_data: annotated frames for h.
    :param config: epochs, rates, β, seed.
    :param progress: told the number of finished epochs and the mean loss of the last.
    :param start: weights to go on from; None: random ones.
    :raises WeightsError: when the start does not fit the networks.
    """
    pair = build_pair(plan, start, config.seed)
    if config.epochs:
        _train_edge(pair, data, config, progress)
    harder = with_harder_copies(miner_data, config.seed)
    train_miner(
        pair,
        harder,
        beta=config.beta,
        learning_rate=_MINER_LEARNING_RATE,
        epochs=config.miner_epochs,
        batch_size=config.batch_size,
    )
    return replace(pair, benefit=fit_benefit(pair, harder)).weights()


def _train_edge(
    pair: NetworkPair,
    data: TrainingSet,
    config: PretrainConfig,
    progress: Callable[[int, float], None],
) -> None:
    generator = torch.Generator().manual_seed(config.seed)
    optimiser = torch.optim.AdamW(
        pair.edge.parameters(), lr=config.learning_rate, weight_decay=config.weight_decay
    )
    steps = len(batches(torch.arange(len(data)), config.batch_size, smallest=2))
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimiser, config.learning_rate, total_steps=config.epochs * steps, pct_start=0.1
    )
    view = _view(data, config.crop_ratio)
    pair.edge.train()
    for epoch in range(config.epochs):
        total = 0.0
        order = torch.randperm(len(data), generator=generator)
        for rows in batches(order, config.batch_size, smallest=2):
            images, labels = augment(*data.batch(rows), generator, view)
            if config.light == 'strong':
                images = strong_light(images, generator)
            loss = frame_losses(pair.edge(images), labels).mean()
            optimiser.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            optimiser.step()
            schedule.step()
            total += float(loss.detach())
        progress(epoch + 1, total / steps)
    pair.edge.eval()


def _view(data: TrainingSet, crop_ratio: float) -> View:
    height, width = data.images.shape[-2:]
    size_px = round(height * crop_ratio), round(width * crop_ratio)
    # A crop is shown from 0.67 to 1.5 times as large as the network will see it.
    return View(size_px, crop_ratio / 1.5, 1.0) if crop_ratio < 1.0 else WHOLE
