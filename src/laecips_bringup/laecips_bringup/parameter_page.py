"""The page of every parameter: ``python -m laecips_bringup.parameter_page`` prints it."""

from __future__ import annotations

import inspect
from itertools import groupby
from typing import Any

from laecips_bridge.bridge_config import BridgeConfig
from laecips_core.config import CloudConfig
from laecips_core.config import EdgeConfig
from laecips_core.setting import Setting
from laecips_core.setting import settings_of

COMMAND = 'python -m laecips_bringup.parameter_page > docs/parameters.md'
NODES = {'edge': EdgeConfig(), 'cloud': CloudConfig(), 'bridge': BridgeConfig()}
"""The config of each node, by the node's name."""

_HEAD = f"""# Parameters

Every parameter of every node with its only default, made from the config dataclasses by
`{COMMAND}`. Edit those, not this page.

- Names are as in a parameter file below `ros__parameters`, and as in `--edge NAME=VALUE` and
  `--cloud NAME=VALUE` of the `laecips` command. Files in `config/` hold only what differs.
- An unknown name, another type or a value out of bounds is refused, with what is allowed.
- What is a float needs a decimal point in a file: `2.0`, not `2`.
- `ros2 param describe /edge NAME` shows the same on a running node.
- Beside these there are `use_sim_time` and `qos_overrides.TOPIC.…` ([the wire](wire.md)).
"""
_COLUMNS = ('parameter', 'type', 'default', 'allowed', 'changes', 'what it is')
# The longest ending first: bytes_per_s is no time.
_UNITS = {
    'bytes_per_s': 'bytes/s',
    '_bytes': 'bytes',
    '_px': 'px',
    '_pixels': 'px',
    '_days': 'days',
    '_frames': 'frames',
    '_s': 's',
}


def page() -> str:
    """Give the page as Markdown."""
    return _HEAD + ''.join(_section(node, config) for node, config in NODES.items())


def changes(fact: Setting) -> str:
    """
    Say when a parameter may change.

    :param fact: its setting.
    """
    return fact.change.value


def allowed(name: str, kind: type, fact: Setting) -> str:
    """
    Say what values a parameter takes, with the unit that its name tells.

    :param name: its dotted name.
    :param kind: its type.
    :param fact: its setting.
    """
    if fact.choices:
        return ', '.join(f'`{choice}`' for choice in fact.choices)
    unit = next((unit for end, unit in _UNITS.items() if name.endswith(end)), '')
    low, high = _number(fact.low, kind), _number(fact.high, kind)
    if low and high:
        return f'{low} to {high} {unit}'.rstrip()
    bound = f'at least {low}' if low else f'at most {high}' if high else ''
    return f'{bound} {unit}'.strip()


def _section(node: str, config: Any) -> str:
    lines = [f'\n## {node}\n']
    for group, settings in groupby(settings_of(config), key=lambda one: _group(one[0])):
        if group:
            lines.append(f'### {group} ({node})\n')
        lines.append(f'{inspect.getdoc(_config_of(config, group))}\n')
        lines += [_row(_COLUMNS), _row(('---',) * len(_COLUMNS))]
        lines += [_row(_cells(*one)) for one in settings]
        lines.append('')
    return '\n'.join(lines)


def _group(name: str) -> str:
    return name.rpartition('.')[0]


def _config_of(config: Any, group: str) -> Any:
    for name in filter(None, group.split('.')):
        config = getattr(config, name)
    return config


def _cells(name: str, value: Any, fact: Setting) -> tuple[str, ...]:
    kind = type(value)
    shown = f'`{_text(value)}`' if value != '' else 'empty'
    facts = (kind.__name__, shown, allowed(name, kind, fact), changes(fact))
    return (f'`{name}`', *facts, fact.description)


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _number(bound: float | None, kind: type) -> str:
    if bound is None:
        return ''
    if kind is int:
        return str(int(bound))
    return f'{bound:g}'


def _row(cells: tuple[str, ...]) -> str:
    return f'| {" | ".join(cell.replace("|", "&#124;") for cell in cells)} |'


if __name__ == '__main__':
    print(page(), end='')
