"""The weights that pretraining goes on from."""

from __future__ import annotations

from dataclasses import replace

from laecips_core.catalogue import ClassCatalogue
from laecips_core.config import EdgeModelConfig
from laecips_core.config import LimitsConfig
from laecips_core.models.start_weights import weights_of
from laecips_core.values import ModelWeights
from laecips_core.weights.checks import check_fits
from laecips_core.weights.encoding import decode


def read_start(
    name: str, model: EdgeModelConfig, catalogue: ClassCatalogue
) -> ModelWeights | None:
    """
    Read start weights and check that they fit.

    :param name: weights file, ``builtin:NAME``, or ``pretrained``; empty: none.
    :param model: the network to train.
    :param catalogue: classes of the data set.
    :returns: None: training starts from random weights.
    :raises WeightsError: when they are missing, damaged, of another model or other classes.
    """
    if not name:
        return None
    limits = LimitsConfig()
    update = weights_of(replace(model, weights=name), limits)
    check_fits(update, model=model.name, catalogue=catalogue)
    return decode(update, limits.max_update_bytes)
