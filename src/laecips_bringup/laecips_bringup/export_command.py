"""``laecips export``: builds what an engine runs ahead of time, into its cache."""

from __future__ import annotations

from argparse import ArgumentParser
from argparse import Namespace
from pathlib import Path

from rich.console import Console

from laecips_bringup.model_arguments import add_model_settings
from laecips_bringup.model_arguments import fitting_weights
from laecips_bringup.model_arguments import limits_of
from laecips_bringup.model_arguments import model_config
from laecips_core.config import EdgeModelConfig
from laecips_core.weights.encoding import catalogue_of


def add_arguments(parser: ArgumentParser) -> None:
    """
    Declare the command's arguments.

    :param parser: the parser of ``laecips export``.
    """
    default = EdgeModelConfig().name
    parser.add_argument('--model', default=default, help=f'Edge model. Default: {default}.')
    add_model_settings(parser)


def run(arguments: Namespace) -> int:
    """
    Export the model that ``--model`` names.

    :param arguments: what :func:`add_arguments` declared.
    :returns: 0.
    :raises LaecipsError: when it cannot be built.
    """
    return export(arguments.model, arguments, Console(soft_wrap=True, highlight=False))


def export(name: str, arguments: Namespace, console: Console) -> int:
    """
    Build what an engine runs, unless it is there.

    The weights tell how many classes there are; they are not in the file. An update needs no new
    one.

    :param name: of the edge model.
    :param arguments: parsed from :func:`laecips_bringup.model_arguments.add_model_settings`.
    :param console: is told what is done.
    :returns: 0.
    :raises LaecipsError: when it cannot be built.
    """
    from laecips_core.engines.build_ahead import build_engine

    config = model_config(name, arguments)
    catalogue = catalogue_of(fitting_weights(config, limits_of(arguments)))

    def tell(step: str) -> None:
        console.print(f'{step} ...', markup=False)

    path: Path = build_engine(config, len(catalogue), tell)
    size_mb = path.stat().st_size / 1e6
    console.print(f'{config.engine}: {path} ({size_mb:.1f} MB)', markup=False)
    return 0
