"""docs/commands.md is what the parsers of the laecips command say."""

from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path
import sys
from types import ModuleType

import pytest

from laecips_bringup.cli import COMMANDS
from laecips_bringup.command_page import COMMAND
from laecips_bringup.command_page import page

PAGE = Path(__file__).resolve().parents[1] / 'docs' / 'commands.md'


class Command(ModuleType):
    """Stands for the module of ``laecips bench``."""

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument('what', choices=('a', 'b'), help='One | of them.')
        actions = parser.add_subparsers(dest='action')
        action = actions.add_parser('run', description='Runs it.')
        action.add_argument('--out', required=True, metavar='FILE', help='Where, at 50%%.')
        action.add_argument('--fast', action='store_true', help='Or slow.')


def test_page_is_not_stale() -> None:
    assert PAGE.read_text(encoding='utf-8') == page(), f'run {COMMAND}'


def test_every_command_has_a_section() -> None:
    heads = [line for line in page().splitlines() if line.startswith('## ')]
    assert heads == [f'## laecips {name}' for name in COMMANDS]


def test_rows_say_what_an_argument_takes(monkeypatch: pytest.MonkeyPatch) -> None:
    module = Command('laecips_bringup.bench_command')
    monkeypatch.setitem(sys.modules, module.__name__, module)
    text = page()
    assert '| `WHAT` | `a`, `b` | One &#124; of them. |' in text
    assert '### laecips bench run\n\nRuns it.\n' in text
    assert '| `--out` | FILE | Where, at 50%. Required. |' in text
    assert '| `--fast` |  | Or slow. |' in text
