"""Weights made ready to run: what edge and cloud build alike."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from laecips_core.catalogue import ClassCatalogue
from laecips_core.config import EdgeModelConfig
from laecips_core.config import LimitsConfig
from laecips_core.config import MinerConfig
from laecips_core.engines.pretrained_call import pretrained_weights
from laecips_core.models.start_weights import PRETRAINED
from laecips_core.models.start_weights import weights_of
from laecips_core.pipeline.edge import EdgeParts
from laecips_core.pipeline.passing_thread import in_passing_thread
from laecips_core.registry import build_edge_model
from laecips_core.registry import build_miner
from laecips_core.registry import check_network_name
from laecips_core.registry import network_builder
from laecips_core.values import ModelWeights
from laecips_core.values import WeightUpdate
from laecips_core.weights.checks import check_fits
from laecips_core.weights.encoding import decode

if TYPE_CHECKING:
    from laecips_core.learning.networks import NetworkPlan


@dataclass(frozen=True)
class PartsBuilder:
    """
    Makes weights ready to run, for one model, miner and class catalogue.

    :param model: the edge model's settings.
    :param miner: the miner's settings.
    :param limits: bounds on updates.
    :param catalogue: the classes that every update must have.
    """

    model: EdgeModelConfig
    miner: MinerConfig
    limits: LimitsConfig
    catalogue: ClassCatalogue

    @property
    def input_size_px(self) -> tuple[int, int]:
        """Height and width of the edge model's input."""
        return self.model.input_height_px, self.model.input_width_px

    @property
    def plan(self) -> NetworkPlan:
        """How to build the networks for training; imports torch."""
        from laecips_core.learning.networks import NetworkPlan

        return NetworkPlan(network_builder(self.model), len(self.catalogue), self.input_size_px)

    def unpack(self, update: WeightUpdate) -> ModelWeights:
        """
        Check an update and give its numbers.

        :raises WeightsError: when it is damaged or meant for another model or catalogue.
        """
        weights = decode(update, self.limits.max_update_bytes)
        check_fits(update, model=self.model.name, catalogue=self.catalogue)
        return weights

    def load(self, update: WeightUpdate) -> EdgeParts:
        """
        Make an update ready to run.

        :raises WeightsError: when it does not fit.
        """
        return in_passing_thread(lambda: self._load(update))

    def _load(self, update: WeightUpdate) -> EdgeParts:
        weights = self.unpack(update)
        classes = len(self.catalogue)
        model = build_edge_model(self.model, classes, weights.edge)
        miner = build_miner(self.miner, classes, weights.miner)
        return EdgeParts(model, miner, update.manifest.version)


def start_weights(model: EdgeModelConfig, limits: LimitsConfig) -> WeightUpdate:
    """
    Read the weights that a node starts with; torch is imported only for engine torch.

    :raises UnknownNameError: when there is no such model.
    :raises ConfigError: when a model without weights of its own is to have them.
    :raises WeightsError: when the file is missing or damaged.
    :raises EngineError: when another engine is to run a model's own weights, and they cannot be
        read.
    """
    # An unknown model is refused by name, before its weights are looked at.
    check_network_name(model.name)
    if model.engine == 'torch':
        network_builder(model)
    elif model.weights == PRETRAINED:
        return pretrained_weights(model, limits)
    return weights_of(model, limits)
