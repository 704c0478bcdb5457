"""The weights that a model was published with, in our own form."""

from __future__ import annotations

from laecips_core.catalogue import ClassCatalogue
from laecips_core.config import EdgeModelConfig
from laecips_core.errors import ConfigError
from laecips_core.errors import WeightsError
from laecips_core.models.class_map import own_catalogue
from laecips_core.models.class_map import read_class_map
from laecips_core.models.class_mapped import ClassMapped
from laecips_core.models.published import head_builder
from laecips_core.models.published import PublishedModel
from laecips_core.models.state import arrays_of
from laecips_core.plug_ins import Kind
from laecips_core.values import ModelWeights
from laecips_core.values import WeightUpdate
from laecips_core.weights.encoding import encode

_PUBLISHED = {
    'torchvision': 'laecips_core.models.torchvision_networks:describe',
    'hf': 'laecips_core.models.hf_networks:describe',
    'smp': 'laecips_core.models.smp_networks:describe',
}


def pretrained_update(config: EdgeModelConfig, max_bytes: int) -> WeightUpdate:
    """
    Give a model's own weights; nothing is downloaded.

    Two machines with the same files get the same version. There is no miner among the weights: it
    has not been fitted.

    :param config: the model, and the class map from its classes; without one the catalogue is
        that of the model, with colours made up.
    :param max_bytes: largest encoding accepted.
    :raises UnknownNameError: when there is no such model.
    :raises ConfigError: when the model has no weights of its own.
    :raises PlugInError: when the library it is from cannot be used.
    :raises WeightsError: when its weights are not on this machine, do not fit it, or are too many;
        when the class map does not fit.
    """
    model = _published(config)
    network = head_builder(model, config)(len(_catalogue(model, config)))
    model.load(network.network if isinstance(network, ClassMapped) else network)
    update = encode(
        ModelWeights(arrays_of(network), {}),
        model=config.name,
        catalogue=_catalogue(model, config),
        notes={'start': 'pretrained'},
    )
    size_bytes = update.manifest.size_bytes
    if size_bytes > max_bytes:
        remedy = 'raise limits.max_update_bytes if this is meant'
        raise WeightsError(config.name, f'at most {max_bytes} bytes', size_bytes, remedy)
    return update


def _published(config: EdgeModelConfig) -> PublishedModel:
    describe, name = Kind('model.name', {}, families=_PUBLISHED).split(config.name)
    if describe is None:
        allowed = f'a weights file: {config.name} has no weights of its own'
        raise ConfigError('weights', config.weights, allowed)
    model: PublishedModel = describe(name)
    return model


def _catalogue(model: PublishedModel, config: EdgeModelConfig) -> ClassCatalogue:
    if config.classes:
        return read_class_map(config.classes).catalogue
    return own_catalogue(model.classes)
