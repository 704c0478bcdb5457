"""Parameters of nodes that we start: from files, from the command line, checked first."""

from __future__ import annotations

from collections.abc import Iterator
from collections.abc import Mapping
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml

from laecips_bringup.node_process import NodeProgram
from laecips_bringup.node_roles import CLOUD
from laecips_bringup.node_roles import EDGE
from laecips_core.config import CloudConfig
from laecips_core.config import EdgeConfig
from laecips_core.errors import ConfigError
from laecips_core.setting import replace_settings
from laecips_core.setting import settings_of

RELIABLE_IMAGES = {'qos_overrides./image.subscription.reliability': 'reliable'}
"""Edge parameters with which no published frame is lost on the way to the node."""

_FOREIGN = ('qos_overrides.', 'use_sim_time')
_KEY = 'ros__parameters'


def edge_program(values: Mapping[str, object]) -> NodeProgram:
    """
    Describe an edge node that listens reliably.

    :param values: settings by dotted name.
    :raises ConfigError: when one is unknown or not allowed.
    """
    parameters = {**RELIABLE_IMAGES, **checked(EdgeConfig(), values)}
    return NodeProgram(EDGE.name, EDGE.module, parameters)


def cloud_program(values: Mapping[str, object]) -> NodeProgram:
    """
    Describe a cloud node.

    :param values: settings by dotted name.
    :raises ConfigError: when one is unknown or not allowed.
    """
    return NodeProgram(CLOUD.name, CLOUD.module, checked(CloudConfig(), values))


def checked(config: Any, values: Mapping[str, object]) -> dict[str, object]:
    """
    Check the parameters of a node before it is started.

    :param config: the config dataclass with the defaults.
    :param values: by dotted name; rclpy's own parameters are let through.
    :returns: the values, with the types of the defaults.
    :raises ConfigError: when one is unknown or not allowed.
    """
    kinds = {name: type(value) for name, value, _ in settings_of(config)}
    own = {k: _as(kinds.get(k), v) for k, v in values.items() if not k.startswith(_FOREIGN)}
    replace_settings(config, own)
    return {**values, **own}


def read_params_file(path: Path, node: str) -> dict[str, object]:
    """
    Read what a ROS parameter file says to a node.

    :param path: YAML file of ``NODE: {ros__parameters: {…}}``; ``/**`` means every node, and
        ``/**/NODE`` the node in every namespace.
    :param node: name of the node, in the root namespace.
    :returns: values by dotted name; what names the node wins over ``/**``.
    :raises ConfigError: when the file is missing or not of this form.
    """
    form = f'a YAML file of the form NODE: {{{_KEY}: {{…}}}}'
    try:
        tree = yaml.safe_load(path.read_text(encoding='utf-8'))
    except (OSError, yaml.YAMLError) as error:
        raise ConfigError(str(path), str(error), form) from error
    if not isinstance(tree, dict):
        raise ConfigError(str(path), tree, form)
    values: dict[str, object] = {}
    for name in ('/**', f'/**/{node}', node, f'/{node}'):
        entry = tree.get(name, {_KEY: {}})
        if not isinstance(entry, dict) or not isinstance(entry.get(_KEY), dict):
            raise ConfigError(f'{path}: {name}', entry, form)
        values.update(_flat(entry[_KEY]))
    return values


def parse_assignments(option: str, texts: Sequence[str]) -> dict[str, object]:
    """
    Read settings given as KEY=VALUE.

    :param option: name of the option, for errors.
    :param texts: what was given; VALUE is a YAML scalar.
    :returns: values by dotted name.
    :raises ConfigError: when a text is not of this form.
    """
    values: dict[str, object] = {}
    for text in texts:
        key, equals, value = text.partition('=')
        if not key or not equals:
            raise ConfigError(option, text, 'KEY=VALUE')
        values[key] = _Text(value)
    return values


class _Text(str):
    """A value from the command line, whose type its setting decides."""


def _as(kind: type | None, value: object) -> object:
    if isinstance(value, _Text):
        if kind is str:
            return str(value)
        try:
            value = yaml.safe_load(value)
        except yaml.YAMLError:
            value = str(value)
    if kind is float:
        return _as_float(value)
    return value


def _as_float(value: object) -> object:
    """Widen an int, and read what YAML 1.1 takes for a text, such as 1e-4; leave the rest."""
    if isinstance(value, bool) or not isinstance(value, (int, str)):
        return value
    try:
        return float(value)
    except ValueError:
        return value


def _flat(tree: Mapping[str, object], prefix: str = '') -> Iterator[tuple[str, object]]:
    for key, value in tree.items():
        if isinstance(value, dict):
            yield from _flat(value, f'{prefix}{key}.')
        else:
            yield f'{prefix}{key}', value
