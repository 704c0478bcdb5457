"""Networks of segmentation-models-pytorch, as ``smp:ARCHITECTURE/ENCODER``."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import NoReturn

from torch import nn
from torch import Tensor

from laecips_core.config import EdgeModelConfig
from laecips_core.errors import ConfigError
from laecips_core.errors import UnknownNameError
from laecips_core.errors import WeightsError
from laecips_core.models.adapted import AdaptedNetwork
from laecips_core.models.adapted import with_sides_of
from laecips_core.models.library_import import import_library

_LIBRARY = 'segmentation_models_pytorch'
_TIMM = 'tu-'
"""Start of the names of encoders from timm, of which there are hundreds."""


_OPTIONS: dict[str, dict[str, bool]] = {'dpt': {'dynamic_img_size': True}}
"""Of architectures that would else take images of one size."""


class SmpNetwork(AdaptedNetwork):
    """
    One of segmentation-models-pytorch, without the enlargement of its logits at the end.

    :param network: theirs, with its encoder, decoder and head.
    """

    def __init__(self, network: nn.Module) -> None:
        """Take over the network."""
        super().__init__(network)
        self._multiple_px = int(network.encoder.output_stride)  # type: ignore[union-attr, arg-type]
        head = network.segmentation_head
        if isinstance(head, nn.Sequential) and isinstance(head[1], nn.Upsample):
            head[1] = nn.Identity()

    def logits(self, x: Tensor) -> Tensor:
        """Call the network with sides that its encoder takes."""
        logits: Tensor = self.network(with_sides_of(x, self._multiple_px))
        return logits


def find(name: str, config: EdgeModelConfig) -> Callable[[int], nn.Module]:
    """
    Find what builds a network; its weights are random, those of its encoder, too.

    :param name: as ``ARCHITECTURE/ENCODER``, such as ``unet/resnet18``.
    :param config: a class map is refused: these networks have no classes of their own.
    :raises UnknownNameError: when the library has no such architecture or encoder.
    :raises PlugInError: when the library cannot be used.
    :raises ConfigError: when there is a class map.
    """
    library = import_library(_LIBRARY)
    architecture, _, encoder = name.partition('/')
    architectures = library.MODEL_ARCHITECTURES_MAPPING
    if architecture not in architectures:
        known = [f'smp:{one}/ENCODER' for one in architectures]
        raise UnknownNameError('model.name', f'smp:{name}', known)
    encoders = library.encoders.get_encoder_names()
    if encoder not in encoders and not encoder.startswith(_TIMM):
        known = [f'smp:{architecture}/{one}' for one in (*encoders, f'{_TIMM}NAME_IN_TIMM')]
        raise UnknownNameError('model.name', f'smp:{name}', known)
    if config.classes:
        allowed = f'none: smp:{name} has no classes of its own'
        raise ConfigError('model.classes', config.classes, allowed)
    return partial(_build, f'smp:{name}', library.create_model, architecture, encoder)


def describe(name: str) -> NoReturn:
    """
    Refuse to give a network with weights of its own.

    :param name: as ``ARCHITECTURE/ENCODER``.
    :raises WeightsError: always, since the library publishes encoders only.
    """
    raise WeightsError(
        f'smp:{name}',
        'a model with weights of its own',
        'a library that publishes encoders only',
        f'train it with laecips pretrain --model smp:{name} and set that file in weights',
    )


def _build(
    name: str, create: Callable[..., nn.Module], architecture: str, encoder: str, classes: int
) -> nn.Module:
    try:
        network = create(
            architecture,
            encoder,
            encoder_weights=None,
            classes=classes,
            **_OPTIONS.get(architecture, {}),
        )
    except (ValueError, RuntimeError, KeyError, NotImplementedError) as error:
        allowed = f'an architecture and an encoder that go together [{error}]'
        raise ConfigError('model.name', name, allowed) from error
    return SmpNetwork(network)
