"""The trainable pair: edge network f and miner network h."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from dataclasses import field

import torch
from torch import nn

from laecips_core.learning.miner_network import MinerNetwork
from laecips_core.mining.benefit import only_benefit
from laecips_core.mining.benefit import without_benefit
from laecips_core.models.state import arrays_of
from laecips_core.models.state import load_arrays
from laecips_core.values import ModelWeights
from laecips_core.values import WeightArrays


@dataclass(frozen=True)
class NetworkPlan:
    """
    How to build the networks of one edge model.

    :param build: gives an edge network with random weights for a number of classes.
    :param classes: number of classes M.
    :param input_size_px: (h, w) of the edge network's input.
    """

    build: Callable[[int], nn.Module]
    classes: int
    input_size_px: tuple[int, int]


@dataclass(frozen=True)
class NetworkPair:
    """
    f and h while they are trained.

    :param edge: the edge network f.
    :param miner: the miner network h.
    :param benefit: arrays of the benefit miner, which training of f and h leaves as they are;
        empty when it was not fitted.
    """

    edge: nn.Module
    miner: nn.Module
    benefit: WeightArrays = field(default_factory=dict)

    def weights(self) -> ModelWeights:
        """Copy the weights out."""
        benefit = {name: array.copy() for name, array in self.benefit.items()}
        return ModelWeights(arrays_of(self.edge), arrays_of(self.miner) | benefit)


def build_pair(plan: NetworkPlan, start: ModelWeights | None, seed: int) -> NetworkPair:
    """
    Build f and h.

    :param plan: what to build.
    :param start: weights to load; None for random ones. A start without weights of the learned
        miner gives a random miner; arrays of the benefit miner are carried along.
    :param seed: of the random weights.
    :raises WeightsError: when the weights do not fit the networks.
    """
    torch.manual_seed(seed)
    edge: nn.Module = plan.build(plan.classes)
    edge = edge.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    miner = MinerNetwork(plan.classes)
    benefit: WeightArrays = {}
    if start is not None:
        load_arrays(edge, start.edge)
        if learned := without_benefit(start.miner):
            load_arrays(miner, learned)
        benefit = only_benefit(start.miner)
    return NetworkPair(edge.eval(), miner.eval(), benefit)
