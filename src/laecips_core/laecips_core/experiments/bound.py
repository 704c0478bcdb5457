"""The terms of the generalisation bound (Eq. 16), measured on one sample."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
import math

import numpy as np
import torch

from laecips_core.errors import ShapeError
from laecips_core.experiments.rademacher import ascend
from laecips_core.experiments.rademacher import Complexity
from laecips_core.experiments.rademacher import Effort
from laecips_core.experiments.rademacher import loss_values
from laecips_core.experiments.rademacher import miner_values
from laecips_core.experiments.rademacher import rademacher
from laecips_core.experiments.rademacher import Signs
from laecips_core.experiments.rademacher import Sup
from laecips_core.learning.networks import build_pair
from laecips_core.learning.networks import NetworkPlan
from laecips_core.learning.tensors import batches
from laecips_core.learning.tensors import TrainingSet
from laecips_core.setting import check_config
from laecips_core.setting import setting
from laecips_core.values import ModelWeights

ASSUMPTIONS = (
    'The frames are taken as independent draws from one distribution. Frames of a video are not: '
    'the sample counts for fewer frames than it has, and the bound says nothing of a drift.',
    'Both complexities are estimated from below: the search finds some large correlation with '
    'random signs, not the largest. The true ones, and the bound, are larger; 1/2 limits each.',
    'The complexity of the miners is searched at the given edge model and that of the losses '
    'against fixed labels. In the theorem both move with the edge model: the families are larger.',
    'The complexities are those of this sample. Eq. 16 as printed is for their expectation.',
    'The loss is cut at max_loss and the confidence at min_confidence, and the result scaled back '
    'to nats: without these limits the loss is unbounded and no such bound holds.',
    'The risk that is bounded takes the fused labels for the truth. Where they repeat an error of '
    'the edge model, the bound does not see it.',
    'Eq. 16 as printed has lost factors on the way from Eq. 17, 19 and 21: see docs/method.md. '
    'corrected_total has them.',
)
"""What has to be believed before the numbers mean anything, in plain words."""


@dataclass(frozen=True)
class BoundConfig:
    """How the bound is measured."""

    failure_probability: float = setting(
        0.05, 'δ of Eq. 16 (not the threshold): chance that the bound fails.', low=1e-9, high=0.5
    )
    max_loss: float = setting(
        3.0,
        'The loss l is cut here, nats, and divided by it to lie in [0, 1].',
        low=0.01,
        high=1e3,
    )
    min_confidence: float = setting(
        0.01, 'A smaller confidence h counts as this; it bounds -log h.', low=1e-6, high=0.5
    )
    draws: int = setting(4, 'Random signs σ drawn for each complexity.', low=1, high=100_000)
    random_starts: int = setting(1, 'Searches from random weights for each σ.', low=0, high=100)
    miner_steps: int = setting(40, 'Steps of each search over miners.', low=0, high=100_000)
    edge_steps: int = setting(6, 'Steps of each search over edge models.', low=0, high=100_000)
    miner_rate: float = setting(0.01, 'Step size over miners (Adam).', low=1e-8, high=1.0)
    edge_rate: float = setting(0.001, 'Step size over edge models (Adam).', low=1e-8, high=1.0)
    batch_size: int = setting(8, 'Frames in memory at once.', low=1, high=1024)


@dataclass(frozen=True)
class Bound:
    """
    The bound and what it is made of.

    With c the cut of the loss, Eq. 16 is applied to the loss over c, which is in [0, 1] apart from
    its term with β, and scaled back.

    :param frames: m, the sample's size.
    :param beta: β.
    :param config: how it was measured.
    :param empirical_loss: mean of h · l − β · log h over the sample, both cut; nats.
    :param miner_complexity: that of the family of h, in [0, 1/2].
    :param edge_complexity: that of the family of l(f(x), F(x)) / c, in [0, 1/2].
    :param assumptions: what has to be believed, in plain words.
    """

    frames: int
    beta: float
    config: BoundConfig
    empirical_loss: float
    miner_complexity: Complexity
    edge_complexity: Complexity
    assumptions: tuple[str, ...] = ASSUMPTIONS

    @property
    def confidence_term(self) -> float:
        """The last term of Eq. 16, for a loss in [0, 1]."""
        return math.sqrt(math.log(1 / self.config.failure_probability) / (2 * self.frames))

    @property
    def total(self) -> float:
        """The right side of Eq. 16 as printed; nats."""
        cut = self.config.max_loss
        complexities = (1 + self.beta / cut) * self.miner_complexity.value
        complexities += self.edge_complexity.value
        return self.empirical_loss + cut * (complexities + self.confidence_term)

    @property
    def corrected_total(self) -> float:
        """The bound with the factors that the proof needs (docs/method.md); nats."""
        miner, edge = self.miner_complexity.value, self.edge_complexity.value
        product = 2 * self.config.max_loss * (miner + edge)
        logarithm = self.beta / self.config.min_confidence * miner
        spread = math.sqrt(math.log(2 / self.config.failure_probability) / (2 * self.frames))
        return self.empirical_loss + 2 * (product + logarithm) + 3 * self.largest_loss * spread

    @property
    def largest_loss(self) -> float:
        """The largest value of the cut loss; nats. It is convex in h, so an end of h has it."""
        cut, least = self.config.max_loss, self.config.min_confidence
        return max(cut, least * cut - self.beta * math.log(least))

    @property
    def vacuous(self) -> bool:
        """Whether Eq. 16 as printed says no more than that a loss is at most the largest."""
        return self.total >= self.largest_loss

    @property
    def corrected_vacuous(self) -> bool:
        """Whether the corrected bound says no more than that."""
        return self.corrected_total >= self.largest_loss


def bound(
    weights: ModelWeights,
    plan: NetworkPlan,
    data: TrainingSet,
    beta: float,
    config: BoundConfig,
    *,
    seed: int,
    progress: Callable[[str], None],
) -> Bound:
    """
    Measure the terms of Eq. 16; deterministic for a given seed on one machine.

    :param weights: f and h.
    :param plan: the networks, whose weights span the two families.
    :param data: m frames with the fused labels F(x) at the network's input size; a frame without
        labels has l = 0.
    :param beta: β of Eq. 15.
    :param config: cuts and effort.
    :param seed: of signs and random weights; it seeds torch's global generator.
    :param progress: told a line for every search.
    :raises ShapeError: when there is no frame.
    :raises ConfigError: when a setting is out of bounds.
    :raises WeightsError: when the weights do not fit the networks.
    """
    check_config(config)
    if not len(data):
        raise ShapeError('frames', 'at least one', 'none')
    random = [build_pair(plan, None, seed + k) for k in range(1, config.random_starts + 1)]
    pairs = [build_pair(plan, weights, seed), *random]
    miners = miner_values(pairs[0], data, config.min_confidence)
    losses = loss_values(data, config.max_loss)
    rows = batches(torch.arange(len(data)), config.batch_size)
    with torch.no_grad():
        h = torch.cat([miners(pairs[0].miner, part) for part in rows]).double()
        cut = torch.cat([losses(pairs[0].edge, part) for part in rows]).double() * config.max_loss
    empirical_loss = float((h * cut - beta * h.log()).mean())
    effort = Effort(config.miner_steps, config.miner_rate)
    of_miners = partial(ascend, [p.miner for p in pairs], miners, batches=rows, effort=effort)
    effort = Effort(config.edge_steps, config.edge_rate)
    of_edges = partial(ascend, [p.edge for p in pairs], losses, batches=rows, effort=effort)
    rng = np.random.default_rng(seed)
    miner, edge = (
        rademacher(_told(progress, name, sup), len(data), config.draws, rng)
        for name, sup in (('miners', of_miners), ('edge models', of_edges))
    )
    return Bound(len(data), beta, config, empirical_loss, miner, edge)


def _told(progress: Callable[[str], None], name: str, sup: Sup) -> Sup:
    def search(signs: Signs) -> float:
        largest = sup(signs)
        progress(f'{name}: correlation {largest:.3f} with random signs')
        return largest

    return search
