"""The weights that a configuration names."""

from __future__ import annotations

from importlib import import_module

from laecips_core.config import EdgeModelConfig
from laecips_core.config import LimitsConfig
from laecips_core.values import WeightUpdate
from laecips_core.weights.files import load_update
from laecips_core.weights.files import resolve_weights

PRETRAINED = 'pretrained'
"""Of ``model.weights``: those that the model was published with."""


def weights_of(config: EdgeModelConfig, limits: LimitsConfig) -> WeightUpdate:
    """
    Read the weights of a model; torch is imported only for those it was published with.

    :param config: the model and its weights.
    :param limits: bounds on weights.
    :raises WeightsError: when they are missing, damaged or too large.
    :raises ConfigError: when a model without weights of its own is to have them.
    """
    if config.weights != PRETRAINED:
        return load_update(resolve_weights(config.weights), limits.max_update_bytes)
    # By name, so that an edge with another engine runs without torch.
    pretrained = import_module('laecips_core.models.pretrained')
    update: WeightUpdate = pretrained.pretrained_update(config, limits.max_update_bytes)
    return update
