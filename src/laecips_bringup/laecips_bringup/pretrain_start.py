"""The weights that pretraining goes on from."""

from __future__ import annotations

from laecips_core.catalogue import ClassCatalogue
from laecips_core.config import EdgeModelConfig
from laecips_core.config import LimitsConfig
from laecips_core.values import ModelWeights
from laecips_core.weights.checks import check_fits
from laecips_core.weights.encoding import decode
from laecips_core.weights.files import load_update
from laecips_core.weights.files import resolve_weights


def read_start(
    name: str, model: EdgeModelConfig, catalogue: ClassCatalogue
) -> ModelWeights | None:
    """
    Read start weights and check that they fit.

    :param name: weights file, or ``builtin:NAME``; empty: none.
    :param model: the network to train.
    :param catalogue: classes of the data set.
    :returns: None: training starts from random weights.
    :raises WeightsError: when they are missing, damaged, of another model or other classes.
    """
    if not name:
        return None
    limit_bytes = LimitsConfig().max_update_bytes
    update = load_update(resolve_weights(name), limit_bytes)
    check_fits(update, model=model.name, catalogue=catalogue)
    return decode(update, limit_bytes)
