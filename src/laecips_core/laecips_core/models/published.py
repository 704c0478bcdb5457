"""Models of other libraries: their classes, how to build them, where their weights are."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from torch import nn

from laecips_core.config import EdgeModelConfig
from laecips_core.errors import ConfigError
from laecips_core.models.class_map import read_class_map
from laecips_core.models.class_mapped import ClassMapped


@dataclass(frozen=True)
class PublishedModel:
    """
    A model that others published.

    :param name: as in ``model.name``.
    :param classes: names of its own classes; empty: it has none.
    :param build: gives its network with random weights and a head of so many classes.
    :param load: fills that network, with a head of its own classes, with its own weights; raises
        WeightsError when they are missing or do not fit.
    """

    name: str
    classes: tuple[str, ...]
    build: Callable[[int], nn.Module]
    load: Callable[[nn.Module], None]


def head_builder(model: PublishedModel, config: EdgeModelConfig) -> Callable[[int], nn.Module]:
    """
    Give what builds the network that the configuration wants.

    :param model: the model.
    :param config: its class map; empty: the head has as many classes as are asked for.
    :raises WeightsError: when the class map is missing or does not fit the model.
    """
    if not config.classes:
        return model.build
    class_map = read_class_map(config.classes)
    shares = class_map.shares(model.classes)

    def build(classes: int) -> nn.Module:
        if classes != len(shares):
            names = ', '.join(class_map.catalogue.names)
            raise ConfigError('model.classes', config.classes, f'{classes} classes, not {names}')
        return ClassMapped(model.build(len(model.classes)), shares)

    return build
