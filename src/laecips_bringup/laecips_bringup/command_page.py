"""The page of every command: ``python -m laecips_bringup.command_page`` prints it."""

from __future__ import annotations

from argparse import _SubParsersAction
from argparse import Action
from argparse import ArgumentParser
from collections.abc import Iterator
from collections.abc import Mapping

from laecips_bringup.cli import COMMANDS
from laecips_bringup.cli import parser_for

COMMAND = 'python -m laecips_bringup.command_page > docs/commands.md'

_HEAD = f"""# Commands

The `laecips` command, made from its own parsers by `{COMMAND}`.
`laecips COMMAND --help` shows the same.

Status 0 is success. 1 is an answer that is no, such as a frame without its mask. 2 is an error:
one line says what was expected, what came and what to do. 130 is an interrupt.
"""


def page() -> str:
    """Give the page as Markdown."""
    sections = (
        _section('laecips ' + name, _commands(parser_for([name]))[name], 2) for name in COMMANDS
    )
    return _HEAD + ''.join(line for section in sections for line in section)


def _section(title: str, parser: ArgumentParser, depth: int) -> Iterator[str]:
    yield f'\n{"#" * depth} {title}\n\n{parser.description}\n'
    shown = [one for one in _actions(parser) if not isinstance(one, _SubParsersAction)]
    if shown:
        yield '\n| argument | takes | what it is |\n|---|---|---|\n'
    yield from (_row(action) for action in shown)
    for name, child in _commands(parser).items():
        yield from _section(f'{title} {name}', child, depth + 1)


def _actions(parser: ArgumentParser) -> list[Action]:
    # argparse tells its arguments to nobody else.
    return [action for action in parser._actions if action.dest != 'help']


def _commands(parser: ArgumentParser) -> Mapping[str, ArgumentParser]:
    for action in _actions(parser):
        if isinstance(action, _SubParsersAction):
            return action.choices
    return {}


def _row(action: Action) -> str:
    names = ', '.join(action.option_strings) or str(action.metavar or action.dest).upper()
    text = (action.help or '') % vars(action)
    if action.required and action.option_strings:
        text = f'{text} Required.'
    return f'| `{names}` | {_takes(action)} | {text.replace("|", "&#124;")} |\n'


def _takes(action: Action) -> str:
    if action.choices is not None:
        return ', '.join(f'`{choice}`' for choice in action.choices)
    if action.nargs == 0 or not action.option_strings:
        return ''
    return str(action.metavar or getattr(action.type, '__name__', 'text'))


if __name__ == '__main__':
    print(page(), end='')
