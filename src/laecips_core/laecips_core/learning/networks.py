"""The trainable pair: edge network f and miner network h."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import nn

from laecips_core.mining.learned import MinerNetwork
from laecips_core.models.state import arrays_of
from laecips_core.models.state import load_arrays
from laecips_core.values import ModelWeights


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
    """

    edge: nn.Module
    miner: nn.Module

    def weights(self) -> ModelWeights:
        """Copy the weights out."""
        return ModelWeights(arrays_of(self.edge), arrays_of(self.miner))


def build_pair(plan: NetworkPlan, start: ModelWeights | None, seed: int) -> NetworkPair:
    """
    Build f and h.

    :param plan: what to build.
    :param start: weights to load; None for random ones. A start without miner weights gives a
        random miner.
    :param seed: of the random weights.
    :raises WeightsError: when the weights do not fit the networks.
    """
    torch.manual_seed(seed)
    edge: nn.Module = plan.build(plan.classes)
    edge = edge.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    miner = MinerNetwork(plan.classes)
    if start is not None:
        load_arrays(edge, start.edge)
        if start.miner:
            load_arrays(miner, start.miner)
    return NetworkPair(edge.eval(), miner.eval())
