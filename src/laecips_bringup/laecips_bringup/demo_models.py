"""Which models the demo plugs in, and the start weights of those that bring none."""

from __future__ import annotations

from argparse import ArgumentParser
from argparse import Namespace
from dataclasses import dataclass
from dataclasses import replace
import hashlib
from pathlib import Path
import re

from rich.console import Console

from laecips_bringup import pretrain_command
from laecips_core.config import CloudConfig
from laecips_core.config import EdgeModelConfig
from laecips_core.config import MaskConfig
from laecips_core.datasets.patrol.classes import CATALOGUE
from laecips_core.registry import build_mask_generator
from laecips_core.registry import network_builder
from laecips_core.setting import replace_settings
from laecips_core.setting import settings_of
from laecips_core.weights.files import SUFFIX

_MODEL, _MASKS = CloudConfig().model, CloudConfig().masks
_SMALL_PARAMETERS = 1_000_000
# Few: enough for a model that training on the stream can make better. A small network learns less
# in a pass, and passes faster.
_FRAMES, _EPOCHS, _EPOCHS_OF_SMALL, _MINER_EPOCHS = 80, 8, 40, 30
_PARTS = ('edge_model', 'weights', 'classes', 'engine', 'mask_generator')


@dataclass(frozen=True)
class DemoModels:
    """
    What the demo plugs in on both sides.

    :param model: the edge model.
    :param masks: the mask generator.
    """

    model: EdgeModelConfig
    masks: MaskConfig

    @property
    def edge(self) -> dict[str, object]:
        """Settings of the edge node that differ from the defaults, by dotted name."""
        return _changed('model', self.model)

    @property
    def cloud(self) -> dict[str, object]:
        """Settings of the cloud node that differ from the defaults, by dotted name."""
        return {**self.edge, **_changed('masks', self.masks)}


def add_model_arguments(parser: ArgumentParser) -> None:
    """
    Declare the options that plug models in.

    :param parser: gets the options.
    """
    group = parser.add_argument_group('models', 'What is plugged in; names: docs/models.md.')
    group.add_argument(
        '--edge-model',
        default=_MODEL.name,
        metavar='NAME',
        help=f'Edge model. Without --weights it is trained first. Default: {_MODEL.name}.',
    )
    group.add_argument(
        '--weights', default='', metavar='FILE', help="Its weights; pretrained: the model's own."
    )
    group.add_argument('--classes', default='', metavar='FILE', help='Its class map (YAML).')
    group.add_argument(
        '--engine', default=_MODEL.engine, help=f'What runs it. Default: {_MODEL.engine}.'
    )
    group.add_argument(
        '--mask-generator',
        default=_MASKS.name,
        metavar='NAME',
        help=f'Large vision model. Default: {_MASKS.name}.',
    )


def chosen_words(arguments: Namespace) -> list[str]:
    """
    Give the words of the command line that plug something in.

    :param arguments: parsed from :func:`add_model_arguments`.
    """
    parser = ArgumentParser()
    add_model_arguments(parser)
    words = []
    for part in _PARTS:
        value = getattr(arguments, part)
        if value != parser.get_default(part):
            words += [f'--{part.replace("_", "-")}', value]
    return words


def chosen_models(arguments: Namespace, folder: Path, console: Console) -> DemoModels:
    """
    Check what was chosen, and train the edge model where it has no weights.

    :param arguments: parsed from :func:`add_model_arguments`.
    :param folder: keeps weights that were trained, for the next time.
    :param console: is told of the training.
    :raises LaecipsError: when a part cannot be built.
    """
    values = {'name': arguments.edge_model, 'engine': arguments.engine}
    values |= {'classes': arguments.classes, 'weights': arguments.weights or _MODEL.weights}
    model = replace_settings(EdgeModelConfig(), values)
    network_builder(model)
    # A name or checkpoint that is wrong is told now, not in the log of a node.
    masks = replace(_MASKS, name=arguments.mask_generator)
    build_mask_generator(masks)
    if not arguments.weights and model.name != _MODEL.name:
        model = replace(model, weights=str(_start_weights(model, folder, console)))
    return DemoModels(model, masks)


def _changed(group: str, config: EdgeModelConfig | MaskConfig) -> dict[str, object]:
    defaults = {name: value for name, value, _ in settings_of(type(config)())}
    values = settings_of(config)
    return {f'{group}.{name}': value for name, value, _ in values if value != defaults[name]}


def _start_weights(model: EdgeModelConfig, folder: Path, console: Console) -> Path:
    words = ['--model', model.name, *_training(model)]
    if model.classes:
        words += ['--classes', model.classes]
    path = (folder / start_file_name(words)).resolve()
    if path.exists():
        console.print(f'{model.name}: start weights of an earlier demo, {path}', markup=False)
        return path
    console.print(
        f'{model.name} has no weights for this world: training it on annotated frames of its '
        'source first.\nThat takes minutes on a small machine; the demo keeps the result.',
        markup=False,
    )
    folder.mkdir(parents=True, exist_ok=True)
    parser = ArgumentParser()
    pretrain_command.add_arguments(parser)
    pretrain_command.run(parser.parse_args([*words, '--out', str(path)]))
    return path


def _training(model: EdgeModelConfig) -> list[str]:
    network = network_builder(model)(len(CATALOGUE))
    small = sum(p.numel() for p in network.parameters()) < _SMALL_PARAMETERS
    epochs = _EPOCHS_OF_SMALL if small else _EPOCHS
    amounts = {'--frames': _FRAMES, '--epochs': epochs, '--miner-epochs': _MINER_EPOCHS}
    return [word for option, amount in amounts.items() for word in (option, str(amount))]


def start_file_name(words: list[str]) -> str:
    """
    Name the file of trained weights, so that other settings give another name.

    :param words: of ``laecips pretrain``.
    """
    plain = re.sub(r'[^A-Za-z0-9_.-]+', '_', words[1]).strip('_.')[-40:]
    digest = hashlib.sha256('\0'.join(words).encode()).hexdigest()[:8]
    return f'{plain}-{digest}{SUFFIX}'
