"""The tables of docs/launch.md: ``python -m laecips_bringup.launch_page docs/launch.md``."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

from ament_index_python.packages import get_package_share_directory

from laecips_bringup.launch_arguments import ARGUMENTS
from laecips_bringup.launch_arguments import LaunchArgument
from laecips_core.generated_part import GeneratedPart

COMMAND = 'python -m laecips_bringup.launch_page docs/launch.md'

_SUFFIX = '.launch.py'
_NAMES = 'ARGUMENTS'


def launch_files() -> list[Path]:
    """List the installed launch files, by name."""
    folder = Path(get_package_share_directory('laecips_bringup')) / 'launch'
    return sorted(folder.glob(f'*{_SUFFIX}'))


def arguments_of(path: Path) -> tuple[LaunchArgument, ...]:
    """
    Read which arguments a launch file has, without launch.

    :param path: the launch file; it names them in ``ARGUMENTS``.
    """
    return tuple(ARGUMENTS[name] for name in ast.literal_eval(_value_of(path, _NAMES)))


def _value_of(path: Path, name: str) -> ast.expr:
    for node in ast.parse(path.read_text(encoding='utf-8')).body:
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == name:
            return node.value
    raise LookupError(f'{path}: expected {name} = (…), got none')


def _lines() -> Iterator[str]:
    for path in launch_files():
        what = ast.get_docstring(ast.parse(path.read_text(encoding='utf-8')))
        yield f'\n### {path.name.removesuffix(_SUFFIX)}\n\n{what}\n\n'
        yield '| argument | default | what it is |\n|---|---|---|\n'
        yield from (_row(argument) for argument in arguments_of(path))
    yield '\n'


def _row(argument: LaunchArgument) -> str:
    default = 'must be given' if argument.default is None else f'`{argument.default}`'
    choices = ', '.join(f'`{choice}`' for choice in argument.choices if choice)
    text = argument.description + (f' One of {choices}.' if choices else '')
    return f'| `{argument.name}` | {default.replace("``", "")} | {text} |\n'


TABLES = GeneratedPart('<!-- arguments: begin -->\n', '<!-- arguments: end -->\n', _lines)

if __name__ == '__main__':
    TABLES.rewrite()
