"""The ``laecips pretrain`` command: makes a weights file from an annotated data set."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from collections.abc import Sequence
from dataclasses import asdict
from functools import partial
from pathlib import Path
import shlex

from rich.console import Console
from rich.progress import BarColumn
from rich.progress import MofNCompleteColumn
from rich.progress import Progress
from rich.progress import TextColumn
from rich.progress import TimeRemainingColumn
import torch

from laecips_bringup.dataset_arguments import add_dataset_arguments
from laecips_bringup.dataset_arguments import dataset_config
from laecips_bringup.held_out import print_scores
from laecips_bringup.held_out import score_held_out
from laecips_bringup.pretrain_start import read_start
from laecips_core.config import DataSetConfig
from laecips_core.config import EdgeModelConfig
from laecips_core.config import SourceConfig
from laecips_core.errors import ConfigError
from laecips_core.errors import DataSetError
from laecips_core.learning.networks import NetworkPlan
from laecips_core.learning.pretrain import pretrain
from laecips_core.learning.pretrain import PretrainConfig
from laecips_core.learning.split import split_indices
from laecips_core.learning.tensors import joined
from laecips_core.learning.tensors import source_set
from laecips_core.learning.tensors import TrainingSet
from laecips_core.ports import DataSet
from laecips_core.registry import build_dataset
from laecips_core.registry import network_builder
from laecips_core.setting import check_config
from laecips_core.setting import settings_of
from laecips_core.values import ModelWeights
from laecips_core.weights.encoding import encode
from laecips_core.weights.encoding import rounded
from laecips_core.weights.files import save_update
from laecips_core.weights.files import SUFFIX


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """
    Declare the command's arguments.

    :param parser: the parser of ``laecips pretrain``.
    """
    add_dataset_arguments(parser)
    # Training on the stream that a replay then judges would make every later figure worthless.
    parser.set_defaults(split=SourceConfig().split, seed=PretrainConfig().seed)
    parser.add_argument('--out', type=Path, required=True, help='Weights file to write.')
    model = EdgeModelConfig()
    parser.add_argument(
        '--model',
        default=model.name,
        help=f'Network to train, as in model.name. Default: {model.name}.',
    )
    parser.add_argument(
        '--classes', default='', help="Class map (YAML) from the network's own classes."
    )
    for name in ('input_height_px', 'input_width_px'):
        parser.add_argument(_flag(name), type=int, default=getattr(model, name), help='Its input.')
    parser.add_argument(
        '--start',
        default='',
        help="Weights file of the same network to go on from; pretrained: the network's own.",
    )
    for name, value, fact in settings_of(PretrainConfig()):
        if name == 'seed':
            continue
        text = f'{fact.description} Default: {value}.'.replace('%', '%%')
        parser.add_argument(
            _flag(name), type=type(value), default=value, choices=fact.choices or None, help=text
        )


def run(arguments: argparse.Namespace) -> int:
    """
    Train, judge on held-out frames, write the file.

    :param arguments: what :func:`add_arguments` declared.
    :returns: 0.
    :raises ConfigError: when a value is not allowed or the file cannot be written there.
    :raises DataSetError: when the data set is missing, inconsistent or too small.
    :raises PlugInError: when the library that the network is from cannot be used.
    :raises WeightsError: when start weights or class map are missing or do not fit.
    """
    console = Console()
    data_config, config = dataset_config(arguments), _pretrain_config(arguments)
    model = EdgeModelConfig(
        name=arguments.model,
        classes=arguments.classes,
        input_height_px=arguments.input_height_px,
        input_width_px=arguments.input_width_px,
    )
    check_config(model)
    _check_out(arguments.out)
    dataset = build_dataset(data_config)
    trained, held_out = split_indices(len(dataset))
    if not held_out:
        raise DataSetError(dataset.name, 'at least 4 annotated frames', len(dataset))
    size_px = model.input_height_px, model.input_width_px
    plan = NetworkPlan(network_builder(model), len(dataset.catalogue), size_px)
    console.print(f'{dataset.name}: training on {len(trained)} frames, {len(held_out)} held out')
    start = read_start(arguments.start, model, dataset.catalogue)
    weights = rounded(_train(plan, dataset, trained, held_out, config, start, console))
    scores = score_held_out(plan, weights, dataset, held_out)
    print_scores(scores, dataset.catalogue, console)
    notes = {
        'command': command_line(data_config, model, config, arguments.start, arguments.out),
        'seed': str(config.seed),
        'start': '' if start is None else Path(arguments.start).name,
        'frames': str(len(trained)),
        'held_out_miou': f'{scores.miou_dataset:.4f}',
        'torch': torch.__version__,
    }
    update = encode(weights, model=model.name, catalogue=dataset.catalogue, notes=notes)
    save_update(arguments.out, update)
    console.print(
        f'{arguments.out}: version {update.manifest.version}, {update.manifest.size_bytes} bytes',
        highlight=False,
        soft_wrap=True,
    )
    return 0


def command_line(
    dataset: DataSetConfig,
    model: EdgeModelConfig,
    training: PretrainConfig,
    start: str,
    out: Path,
) -> str:
    """
    Write the command that makes the same weights, with folders cut off every path.

    :param dataset: the data set.
    :param model: the network, its class map and the size of its input.
    :param training: epochs, rates, β, seed.
    :param start: weights that training goes on from; empty: none.
    :param out: the weights file.
    """
    values = asdict(dataset) | asdict(training)
    values['dataset'] = values.pop('name')
    values['root'], values['start'] = Path(values['root']).name, Path(start).name
    values['classes'] = Path(model.classes).name
    values['input_height_px'] = model.input_height_px
    values['input_width_px'] = model.input_width_px
    words = ['laecips', 'pretrain', '--model', model.name]
    for name in ['dataset', *sorted(values.keys() - {'dataset'})]:
        if values[name] != '':
            words += [_flag(name), str(values[name])]
    return shlex.join([*words, '--out', out.name])


def _flag(name: str) -> str:
    return '--' + name.replace('_', '-')


def _pretrain_config(arguments: argparse.Namespace) -> PretrainConfig:
    values = {name: getattr(arguments, name) for name, _, _ in settings_of(PretrainConfig())}
    config = PretrainConfig(**values)
    check_config(config)
    return config


def _check_out(out: Path) -> None:
    if out.suffix != SUFFIX or not out.parent.is_dir():
        raise ConfigError('--out', str(out), f'a {SUFFIX} file in a folder that exists')


def _train(
    plan: NetworkPlan,
    dataset: DataSet,
    trained: Sequence[int],
    held_out: Sequence[int],
    config: PretrainConfig,
    start: ModelWeights | None,
    console: Console,
) -> ModelWeights:
    columns = (
        TextColumn('{task.description}'),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn('{task.fields[loss]}'),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console) as progress:
        reading = progress.add_task('frames', total=len(trained) + len(held_out), loss='')
        advance = partial(progress.advance, reading)
        edge_data = _read(dataset, trained, plan, advance)
        miner_data = _read(dataset, held_out, plan, advance)
        training = progress.add_task('epochs', total=config.epochs, loss='')

        def tell(epoch: int, loss: float) -> None:
            progress.update(training, completed=epoch, loss=f'loss {loss:.3f}')

        return pretrain(plan, edge_data, miner_data, config, tell, start)


def _read(
    dataset: DataSet, indices: Sequence[int], plan: NetworkPlan, advance: Callable[[], None]
) -> TrainingSet:
    parts = []
    # One frame at a time: at full size a data set need not fit into memory.
    for index in indices:
        parts.append(source_set([dataset[index]], plan.input_size_px))
        advance()
    return joined(parts)
