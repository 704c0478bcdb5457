"""Weights made ready to run: what edge and cloud build alike."""

from __future__ import annotations

from dataclasses import dataclass

import torch

from laecips_core.catalogue import ClassCatalogue
from laecips_core.config import EdgeModelConfig
from laecips_core.config import LimitsConfig
from laecips_core.config import MinerConfig
from laecips_core.learning.networks import NetworkPlan
from laecips_core.pipeline.edge import EdgeParts
from laecips_core.registry import build_edge_model
from laecips_core.registry import build_miner
from laecips_core.registry import network_builder
from laecips_core.values import ModelWeights
from laecips_core.values import WeightUpdate
from laecips_core.weights.checks import check_fits
from laecips_core.weights.encoding import decode
from laecips_core.weights.files import load_update
from laecips_core.weights.files import resolve_weights


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
    def plan(self) -> NetworkPlan:
        """How to build the networks for training."""
        size_px = self.model.input_height_px, self.model.input_width_px
        return NetworkPlan(network_builder(self.model), len(self.catalogue), size_px)

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
        weights = self.unpack(update)
        classes = len(self.catalogue)
        model = build_edge_model(self.model, classes, weights.edge)
        miner = build_miner(self.miner, classes, weights.miner)
        return EdgeParts(model, miner, update.manifest.version)


def start_weights(model: EdgeModelConfig, limits: LimitsConfig) -> WeightUpdate:
    """
    Read the weights that a node starts with, and set its number of threads.

    :raises UnknownNameError: when no edge model has the name.
    :raises WeightsError: when the file is missing or damaged.
    """
    network_builder(model)  # an unknown model is refused by name, before its weights are looked at
    if model.threads:
        torch.set_num_threads(model.threads)
    return load_update(resolve_weights(model.weights), limits.max_update_bytes)
