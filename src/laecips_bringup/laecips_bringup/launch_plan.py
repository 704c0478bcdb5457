"""What launch arguments ask for, worked out without launch."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import yaml

from laecips_bringup.launch_arguments import ARGUMENTS
from laecips_bringup.node_roles import NodeRole
from laecips_core.errors import ConfigError

CLOUD_NAMES = (
    'segment_hard_frame',
    'get_model_update',
    'train_now',
    'model_version',
    'training_round',
    'link_state',
)
"""Services and topics that a robot's nodes look for below ``cloud/``."""

_BOOL = {'true': True, 'false': False}


@dataclass(frozen=True)
class NodePlan:
    """
    How a node is started.

    :param role: which node.
    :param namespace: of the node; empty: the root.
    :param params_file: read first; None: the node's defaults.
    :param parameters: values by dotted name, which win over the file.
    :param remappings: pairs of a name in the node and the name used instead.
    :param log_level: least severe lines that it logs.
    """

    role: NodeRole
    namespace: str
    params_file: Path | None
    parameters: Mapping[str, object]
    remappings: tuple[tuple[str, str], ...]
    log_level: str


def node_plan(role: NodeRole, values: Mapping[str, str], config: Path) -> NodePlan:
    """
    Work out how a node is started.

    :param role: which node.
    :param values: launch arguments by name; those that a launch file does not have may be absent.
    :param config: the folder ``config/``.
    """
    return NodePlan(
        role=role,
        namespace=values.get('namespace', ''),
        params_file=_params_file(role, values, config),
        parameters=_parameters(role, values),
        remappings=_remappings(values),
        log_level=values.get('log_level', 'info'),
    )


def robot_defaults(robot: str, config: Path) -> dict[str, str]:
    """
    Read which defaults of arguments a robot changes.

    :param robot: a file of ``config/robots`` without its suffix; empty: no robot.
    :param config: the folder ``config/``.
    :returns: values by name of the argument.
    :raises ConfigError: when the file is missing, or names an argument or a value that is not
        known.
    """
    if not robot:
        return {}
    path = config / 'robots' / f'{robot}.yaml'
    try:
        values = yaml.safe_load(path.read_text(encoding='utf-8'))
    except (OSError, yaml.YAMLError) as error:
        raise ConfigError('robot', robot, f'a readable {path} ({error})') from error
    if not isinstance(values, dict):
        raise ConfigError(str(path), values, 'lines of the form ARGUMENT: VALUE')
    for name, value in values.items():
        _check(f'{path}: {name}', name, value)
    return values


def respawn_limit(values: Mapping[str, str]) -> int:
    """
    Read how often a node is started again.

    :param values: launch arguments by name.
    :returns: 0 or more.
    :raises ConfigError: for anything else.
    """
    text = values['respawn_limit']
    if not text.isascii() or not text.isdigit():
        raise ConfigError('respawn_limit', text, 'an int of 0 or more')
    return int(text)


def replay_words(values: Mapping[str, str]) -> list[str]:
    """
    Work out which command replays the frames.

    :param values: launch arguments by name; with ``bag`` that bag is replayed, else the patrol.
    :returns: words after ``laecips``.
    """
    patrol = ('--dataset', 'patrol', '--frames')
    stream = ['--bag', values['bag']] if 'bag' in values else [*patrol, values['frames']]
    return ['replay', *stream, '--out', values['out']]


def _check(key: str, name: str, value: object) -> None:
    argument = ARGUMENTS.get(name)
    if argument is None:
        raise ConfigError(key, name, 'one of ' + ', '.join(sorted(ARGUMENTS)))
    if not isinstance(value, str) or (argument.choices and value not in argument.choices):
        raise ConfigError(key, value, ', '.join(argument.choices) or 'a text')


def _params_file(role: NodeRole, values: Mapping[str, str], config: Path) -> Path | None:
    own = f'{role.name}_params_file'
    name = values.get(own, values.get('params_file', ''))
    if name:
        return Path(name).expanduser()
    return None if own in values else config / role.params_file


def _parameters(role: NodeRole, values: Mapping[str, str]) -> dict[str, object]:
    given: dict[str, object] = {
        name: _BOOL[values[name]] for name in ('autostart', 'use_sim_time') if values.get(name)
    }
    if values.get('image_transport'):
        given['image_transport'] = values['image_transport']
    if values.get('robot_name') and role.robot_parameter:
        given[role.robot_parameter] = values['robot_name']
    return given


def _remappings(values: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    image = values.get('image', 'image')
    pairs = [] if image == 'image' else [('image', image)]
    cloud = values.get('cloud_namespace', '')
    if cloud:
        place = '/' + cloud.strip('/')
        pairs += [(f'cloud/{name}', f'{place.rstrip("/")}/cloud/{name}') for name in CLOUD_NAMES]
    return tuple(pairs)
