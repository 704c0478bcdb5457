"""Command-line arguments that choose a data set or a bag."""

from __future__ import annotations

from argparse import ArgumentParser
from argparse import Namespace
from collections.abc import Collection
from collections.abc import Iterator
from pathlib import Path

from laecips_bringup.bag_stream import BagStream
from laecips_bringup.stream import DataSetStream
from laecips_bringup.stream import Stream
from laecips_core.config import DataSetConfig
from laecips_core.errors import ConfigError
from laecips_core.registry import build_dataset
from laecips_core.setting import replace_settings
from laecips_core.setting import settings_of

# The setting 'name' is called --dataset; the others keep their names.
_OPTIONS = {'name': 'dataset'}


def add_dataset_arguments(parser: ArgumentParser) -> None:
    """
    Add one option for each setting of a data set, such as ``--dataset`` and ``--root``.

    :param parser: gets the options.
    """
    _add_settings(parser, [name for name, _, _ in settings_of(DataSetConfig())])


def add_truth_arguments(parser: ArgumentParser) -> None:
    """
    Add ``--truth``, which names a data set or is None, and the other settings of a data set.

    :param parser: gets the options; :func:`dataset_config` reads them.
    """
    parser.add_argument(
        '--truth',
        dest=_OPTIONS['name'],
        metavar='DATASET',
        help='Data set that has the annotations of the frames, by their stamps.',
    )
    names = [name for name, _, _ in settings_of(DataSetConfig())]
    _add_settings(parser, [name for name in names if name not in _OPTIONS])


def _add_settings(parser: ArgumentParser, names: Collection[str]) -> None:
    group = parser.add_argument_group('data set')
    for name, value, fact in settings_of(DataSetConfig()):
        if name not in names:
            continue
        shown = f' Default: {value}.' if value != '' else ''
        group.add_argument(
            f'--{_OPTIONS.get(name, name)}',
            type=type(value),
            default=value,
            choices=fact.choices or None,
            metavar=None if fact.choices else name.upper(),
            help=fact.description.replace('%', '%%') + shown,
        )


def add_bag_arguments(parser: ArgumentParser) -> None:
    """
    Add ``--bag`` and the choice of its topics.

    :param parser: gets the options.
    """
    group = parser.add_argument_group('bag')
    group.add_argument(
        '--bag',
        type=Path,
        help='rosbag2 bag instead of a data set: its folder, or a file.',
    )
    group.add_argument(
        '--image-topic', default='', help='Images. Default: /image, or the only image topic.'
    )
    group.add_argument(
        '--label-topic', default='', help='mono8 class ids. Default: /labels, if it is there.'
    )


def dataset_config(arguments: Namespace) -> DataSetConfig:
    """
    Take the data set's settings from parsed arguments.

    :raises ConfigError: when a value is not allowed.
    """
    values = {
        name: getattr(arguments, _OPTIONS.get(name, name))
        for name, _, _ in settings_of(DataSetConfig())
    }
    config: DataSetConfig = replace_settings(DataSetConfig(), values)
    return config


def open_stream(arguments: Namespace) -> Stream:
    """
    Open what the arguments name: the bag if there is one, else the data set.

    :raises ConfigError: when a value is not allowed, or settings of both are given.
    :raises DataSetError: when it is missing or inconsistent.
    """
    if arguments.bag is None:
        if arguments.image_topic or arguments.label_topic:
            raise ConfigError('--bag', None, 'a bag beside --image-topic or --label-topic')
        return DataSetStream(build_dataset(dataset_config(arguments)))
    config = dataset_config(arguments)
    given = dict(_named(config)).items() - dict(_named(DataSetConfig())).items()
    others = sorted(name for name, _ in given if name != 'frames')
    if others:
        raise ConfigError('--bag', str(arguments.bag), f'no bag beside --{others[0]}')
    return BagStream(arguments.bag, arguments.image_topic, arguments.label_topic, config.frames)


def _named(config: DataSetConfig) -> Iterator[tuple[str, object]]:
    for name, value, _ in settings_of(config):
        yield _OPTIONS.get(name, name), value
