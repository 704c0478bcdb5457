"""The empirical Rademacher complexity of a family of functions, estimated on one sample."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Sequence
from copy import deepcopy
from dataclasses import dataclass
from itertools import product

import numpy as np
from numpy.typing import NDArray
import torch
from torch import nn
from torch import Tensor

from laecips_core.learning.losses import frame_losses
from laecips_core.learning.miner_training import frozen_predictions
from laecips_core.learning.networks import NetworkPair
from laecips_core.learning.tensors import TrainingSet

Signs = NDArray[np.float64]
"""(m,) Rademacher signs σ, each 1 or -1."""

Sup = Callable[[Signs], float]
"""Gives sup over the family of (1/m) Σ σ_i g(x_i), or a value not above it."""

Values = Callable[[nn.Module, Tensor], Tensor]
"""Gives the values in [0, 1], with gradients, of a network on the frames of some rows."""


@dataclass(frozen=True)
class Complexity:
    """
    An estimated complexity; that of functions into [0, 1] is in [0, 1/2].

    :param value: mean over the draws of σ.
    :param error: standard error of the mean; 0 where every σ was tried, nan for a single draw.
    """

    value: float
    error: float


def rademacher(sup: Sup, frames: int, draws: int, rng: np.random.Generator) -> Complexity:
    """
    Estimate E_σ sup_g (1/m) Σ σ_i g(x_i).

    :param sup: searches the family.
    :param frames: m, the sample's size, at least 1.
    :param draws: σ to draw, at least 1; where there are no more than that, each is tried once and
        the mean is exact.
    :param rng: source of the σ.
    """
    if 2**frames <= draws:
        every = [sup(np.array(signs)) for signs in product((-1.0, 1.0), repeat=frames)]
        return Complexity(float(np.mean(every)), 0.0)
    found = [sup(rng.choice((-1.0, 1.0), frames)) for _ in range(draws)]
    error = np.std(found, ddof=1) / np.sqrt(draws) if draws > 1 else np.nan
    return Complexity(float(np.mean(found)), float(error))


@dataclass(frozen=True)
class Effort:
    """
    How long to search.

    :param steps: steps from each start; 0 looks at the starts alone.
    :param learning_rate: of Adam.
    """

    steps: int
    learning_rate: float


def ascend(
    starts: Sequence[nn.Module],
    values: Values,
    signs: Signs,
    batches: Sequence[Tensor],
    effort: Effort,
) -> float:
    """
    Approximate the supremum over a network's weights from below, by Adam from several starts.

    :param starts: networks to start from, not changed; batch-norm statistics stay as they are.
    :param values: of a network on some frames.
    :param signs: (m,) σ.
    :param batches: rows of the sample, m in all; one batch is in memory at a time.
    :param effort: how long to search.
    :returns: the largest correlation met, at least that of each start.
    """
    sigma = torch.from_numpy(signs).float()
    best = -np.inf
    for start in starts:
        network = deepcopy(start).eval()
        optimiser = torch.optim.Adam(network.parameters(), lr=effort.learning_rate, maximize=True)
        for step in range(effort.steps + 1):
            optimiser.zero_grad()
            with torch.set_grad_enabled(step < effort.steps):
                best = max(best, _correlation(network, values, sigma, batches))
            if step < effort.steps:
                optimiser.step()
    return best


def miner_values(pair: NetworkPair, data: TrainingSet, min_confidence: float) -> Values:
    """
    Give the family of miners on the predictions of one edge model: h(f(x)).

    :param pair: its f makes the predictions, once.
    :param data: the sample.
    :param min_confidence: a smaller h counts as this.
    """
    maps, _ = frozen_predictions(pair, data)

    def values(network: nn.Module, rows: Tensor) -> Tensor:
        h: Tensor = network(maps[rows]).sigmoid().clamp(min=min_confidence)
        return h

    return values


def loss_values(data: TrainingSet, max_loss: float) -> Values:
    """
    Give the family of losses of edge models: l(f(x), F(x)), cut and divided to lie in [0, 1].

    :param data: the sample; its labels F(x) are the same for every f.
    :param max_loss: where l is cut, nats.
    """

    def values(network: nn.Module, rows: Tensor) -> Tensor:
        images, labels = data.batch(rows)
        return frame_losses(network(images), labels).clamp(max=max_loss) / max_loss

    return values


def _correlation(
    network: nn.Module, values: Values, sigma: Tensor, batches: Sequence[Tensor]
) -> float:
    """Compute (1/m) Σ σ_i g(x_i), and its gradient where that is enabled."""
    total = 0.0
    for rows in batches:
        part = (sigma[rows] * values(network, rows)).sum() / len(sigma)
        if part.requires_grad:
            part.backward()  # type: ignore[no-untyped-call]
        total += part.item()
    return total
