"""Segmentation networks of torchvision, as ``torchvision:NAME``."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Sequence
from functools import partial
from types import ModuleType

from torch import nn
from torch import Tensor

from laecips_core.config import EdgeModelConfig
from laecips_core.errors import UnknownNameError
from laecips_core.models.adapted import AdaptedNetwork
from laecips_core.models.adapted import ImageScale
from laecips_core.models.checkpoint_file import read_checkpoint
from laecips_core.models.foreign_weights import load_tensors
from laecips_core.models.published import head_builder
from laecips_core.models.published import PublishedModel
from laecips_core.models.torchvision_import import import_torchvision
from laecips_core.zoo.cache import cached_file

_AUXILIARY = 'aux_classifier.'


class TorchvisionNetwork(AdaptedNetwork):
    """One of torchvision's, without its enlargement of the logits to the size of the image."""

    def logits(self, x: Tensor) -> Tensor:
        """Call backbone and classifier, as the network itself does."""
        features = self.network.backbone(x)  # type: ignore[operator]
        # One of them takes the features of two stages, the others those of the last.
        logits: Tensor = self.network.classifier(features.get('out', features))  # type: ignore[operator]
        return logits


def find(name: str, config: EdgeModelConfig) -> Callable[[int], nn.Module]:
    """
    Find what builds a network.

    :param name: such as ``lraspp_mobilenet_v3_large``.
    :param config: its class map.
    :raises UnknownNameError: when torchvision has none of the name; it lists those it has.
    :raises PlugInError: when torchvision cannot be used.
    :raises WeightsError: when the class map does not fit.
    """
    return head_builder(describe(name), config)


def describe(name: str) -> PublishedModel:
    """
    Give a model of torchvision.

    :param name: such as ``lraspp_mobilenet_v3_large``.
    :raises UnknownNameError: when torchvision has none of the name; it lists those it has.
    :raises PlugInError: when torchvision cannot be used.
    """
    models = import_torchvision().models
    known = models.list_models(models.segmentation)
    if name not in known:
        whole = [f'torchvision:{one}' for one in known]
        raise UnknownNameError('model.name', f'torchvision:{name}', whole)
    official = models.get_model_weights(name).DEFAULT
    scale = official.transforms()
    return PublishedModel(
        f'torchvision:{name}',
        tuple(official.meta['categories']),
        partial(_build, models, name, (scale.mean, scale.std)),
        partial(_load, f'torchvision:{name}'),
    )


def _build(
    models: ModuleType, name: str, scale: Sequence[Sequence[float]], classes: int
) -> nn.Module:
    network = models.get_model(name, weights=None, weights_backbone=None, num_classes=classes)
    mean, deviation = (tuple(255.0 * value for value in values) for values in scale)
    return TorchvisionNetwork(network, ImageScale(mean, deviation))


def _load(name: str, network: nn.Module) -> None:
    path = cached_file(name)
    tensors = read_checkpoint(path)
    # The auxiliary head helps training only; the networks are built without it.
    used = {key: tensor for key, tensor in tensors.items() if not key.startswith(_AUXILIARY)}
    load_tensors(network.get_submodule('network'), used, path)
