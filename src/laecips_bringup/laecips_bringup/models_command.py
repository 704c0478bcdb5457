"""``laecips models``: what can be chosen, and whether it works here."""

from __future__ import annotations

from argparse import ArgumentParser
from argparse import Namespace
from collections.abc import Callable
from collections.abc import Mapping
import os
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn
from rich.progress import DownloadColumn
from rich.progress import Progress
from rich.progress import TextColumn
from rich.progress import TimeRemainingColumn
from rich.progress import TransferSpeedColumn
from rich.table import Table

from laecips_bringup.export_command import export
from laecips_bringup.model_arguments import add_model_settings
from laecips_bringup.models_check import check_frame
from laecips_bringup.models_check import check_model
from laecips_core.errors import WeightsError
from laecips_core.zoo.cache import models_folder
from laecips_core.zoo.cache import place_of
from laecips_core.zoo.entry import Entry
from laecips_core.zoo.entry import hub_repository
from laecips_core.zoo.entry import OfficialFile
from laecips_core.zoo.fetch import fetch_file
from laecips_core.zoo.fetch import MIRROR_VARIABLE
from laecips_core.zoo.hub import fetch_repository
from laecips_core.zoo.table import find
from laecips_core.zoo.table import TABLE

_FILE_COLUMNS = 140

Action = Callable[[Namespace, Console], int]


def add_arguments(parser: ArgumentParser) -> None:
    """
    Declare what the command takes.

    :param parser: gets the options.
    """
    actions = parser.add_subparsers(dest='action', metavar='ACTION', required=True)
    for name, text in (
        ('list', 'List the models that are known by name.'),
        ('fetch', 'Download the official weights of a model, and check them.'),
        ('check', 'Load a model as a node would, and run it on one frame.'),
        ('export', 'Build what an engine runs, ahead of time.'),
    ):
        action = actions.add_parser(name, help=text, description=text)
        if name != 'list':
            action.add_argument('name', metavar='NAME', help='Model, such as sam:vit_b.')
        if name in ('check', 'export'):
            add_model_settings(action)
        if name in _OPTIONS:
            _OPTIONS[name](action)


def _fetch_options(action: ArgumentParser) -> None:
    action.add_argument(
        '--mirror',
        default=os.environ.get(MIRROR_VARIABLE, ''),
        metavar='URL',
        help='Folder (http, https, file) that has the files under their own names. Default: '
        f'{MIRROR_VARIABLE} of the environment, or the official addresses.',
    )


def _check_options(action: ArgumentParser) -> None:
    action.add_argument('--image', type=Path, metavar='FILE', help='Frame to run it on.')
    action.add_argument('--prompts', default='', help='sam3: as in masks.prompts.')
    action.add_argument(
        '--random',
        type=int,
        default=0,
        metavar='CLASSES',
        help='Random weights for so many classes, instead of its own.',
    )


_OPTIONS = {'fetch': _fetch_options, 'check': _check_options}


def run(arguments: Namespace) -> int:
    """
    Do one action.

    :param arguments: parsed from :func:`add_arguments`.
    :returns: exit status 0.
    :raises LaecipsError: when it cannot be done.
    """
    return _ACTIONS[arguments.action](arguments, Console(soft_wrap=True, highlight=False))


def _list(_: Namespace, console: Console) -> int:
    table = Table(box=None, padding=(0, 2, 0, 0))
    table.add_column('name', overflow='fold')
    for title in ('licence', 'parameters', 'file'):
        table.add_column(title, no_wrap=True)
    for kind in dict.fromkeys(entry.kind for entry in TABLE):
        table.add_row(f'\n{kind}s')
        for entry in TABLE:
            if entry.kind == kind:
                table.add_row(entry.name, entry.licence, _million(entry), _file_state(entry))
    if not console.is_terminal:
        console.width = _FILE_COLUMNS
    console.print(table)
    console.print(f'\nFiles lie in {models_folder()}; more of each: docs/models.md.', markup=False)
    return 0


def _million(entry: Entry) -> str:
    return '?' if entry.parameters_million is None else f'{entry.parameters_million:g} M'


def _file_state(entry: Entry) -> str:
    if entry.file is None:
        return 'Hugging Face' if hub_repository(entry.name) else ''
    state = 'here' if place_of(entry.file).is_file() else 'to fetch'
    return f'{entry.file.size_bytes / 1e6:.0f} MB, {state}'


def _fetch(arguments: Namespace, console: Console) -> int:
    name = arguments.name
    repository = hub_repository(name)
    if repository:
        path = fetch_repository(repository)
    else:
        file = find(name).file
        if file is None:
            raise WeightsError(name, 'a model with official weights', 'one without any')
        path = _download(file, arguments.mirror, console)
    console.print(f'{name}: {path}', markup=False)
    return 0


def _download(file: OfficialFile, mirror: str, console: Console) -> Path:
    columns = (
        TextColumn('{task.description}'),
        BarColumn(),
        DownloadColumn(),
        TransferSpeedColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console) as progress:
        task = progress.add_task(file.name, total=file.size_bytes)

        def tell(done: int, total: int) -> None:
            progress.update(task, completed=done, total=total)

        return fetch_file(file, models_folder(), tell, mirror)


def _check(arguments: Namespace, console: Console) -> int:
    figures = check_model(arguments.name, arguments, check_frame(arguments.image))
    table = Table(show_header=False, title=arguments.name)
    for figure, value in figures.items():
        table.add_row(figure, f'{value:.4g}' if isinstance(value, float) else str(value))
    console.print(table)
    return 0


def _export(arguments: Namespace, console: Console) -> int:
    return export(arguments.name, arguments, console)


_ACTIONS: Mapping[str, Action] = {
    'list': _list,
    'fetch': _fetch,
    'check': _check,
    'export': _export,
}
