"""Command-line arguments that choose an edge model, its weights and its engine."""

from __future__ import annotations

from argparse import ArgumentParser
from argparse import Namespace

from laecips_core.config import EdgeModelConfig
from laecips_core.config import LimitsConfig
from laecips_core.errors import ConfigError
from laecips_core.models.start_weights import PRETRAINED
from laecips_core.models.start_weights import weights_of
from laecips_core.registry import NETWORK_FAMILIES
from laecips_core.setting import replace_settings
from laecips_core.setting import settings_of
from laecips_core.values import WeightUpdate
from laecips_core.weights.checks import check_fits
from laecips_core.weights.encoding import catalogue_of


def add_model_settings(parser: ArgumentParser) -> None:
    """
    Add one option for each setting of an edge model but its name, and the bound on its weights.

    :param parser: gets the options.
    """
    group = parser.add_argument_group('edge model')
    for name, value, fact in settings_of(EdgeModelConfig()):
        if name == 'name':
            continue
        default = '' if name == 'weights' else value
        shown = f' Default: {default}.' if default != '' else ''
        group.add_argument(
            f'--{name.replace("_", "-")}',
            type=type(value),
            default=default,
            choices=fact.choices or None,
            metavar=None if fact.choices else name.upper(),
            help=fact.description.replace('%', '%%') + shown,
        )
    _add_limit(parser)


def _add_limit(parser: ArgumentParser) -> None:
    most = LimitsConfig().max_update_bytes
    text = f'Largest weights accepted, as in limits.max_update_bytes. Default: {most}.'
    parser.add_argument('--max-update-bytes', type=int, default=most, help=text)


def limits_of(arguments: Namespace) -> LimitsConfig:
    """
    Take the bound from parsed arguments.

    :param arguments: parsed from :func:`add_model_settings`.
    :raises ConfigError: when it is not allowed.
    """
    values = {'max_update_bytes': arguments.max_update_bytes}
    limits: LimitsConfig = replace_settings(LimitsConfig(), values)
    return limits


def model_config(name: str, arguments: Namespace, weights: str = '') -> EdgeModelConfig:
    """
    Take the settings of an edge model from parsed arguments.

    :param name: of the model.
    :param arguments: parsed from :func:`add_model_settings`.
    :param weights: used where the arguments name none; empty: those that the model comes with.
    :raises ConfigError: when a value is not allowed, or a model that comes without weights has
        none.
    """
    names = [option for option, _, _ in settings_of(EdgeModelConfig()) if option != 'name']
    values = {option: getattr(arguments, option) for option in names}
    values['weights'] = values['weights'] or weights or own_weights(name)
    config: EdgeModelConfig = replace_settings(EdgeModelConfig(), {'name': name, **values})
    return config


def own_weights(name: str) -> str:
    """
    Say which weights a model comes with.

    :param name: of the model.
    :returns: as in ``model.weights``.
    :raises ConfigError: when it comes with none.
    """
    if name == EdgeModelConfig().name:
        return EdgeModelConfig().weights
    if name.partition(':')[0] in NETWORK_FAMILIES:
        return PRETRAINED
    raise ConfigError('--weights', '', f'a weights file of laecips pretrain: {name} brings none')


def fitting_weights(config: EdgeModelConfig, limits: LimitsConfig) -> WeightUpdate:
    """
    Read the weights of a model and check that they are its.

    :param config: the model and its weights.
    :param limits: bounds on weights.
    :raises WeightsError: when they are missing, damaged or of another model.
    """
    update = weights_of(config, limits)
    check_fits(update, model=config.name, catalogue=catalogue_of(update))
    return update
