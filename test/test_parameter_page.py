"""docs/parameters.md is what the config dataclasses say."""

from __future__ import annotations

from pathlib import Path

import pytest

from laecips_bringup.parameter_page import allowed
from laecips_bringup.parameter_page import COMMAND
from laecips_bringup.parameter_page import NODES
from laecips_bringup.parameter_page import page
from laecips_core.setting import Setting
from laecips_core.setting import settings_of

PAGE = Path(__file__).resolve().parents[1] / 'docs' / 'parameters.md'


def test_page_is_not_stale() -> None:
    assert PAGE.read_text(encoding='utf-8') == page(), f'run {COMMAND}'


def test_page_has_one_row_for_each_parameter_of_each_node() -> None:
    rows = [line for line in page().splitlines() if line.startswith('| `')]
    names = [row.split('`')[1] for row in rows]
    assert names == [name for config in NODES.values() for name, _, _ in settings_of(config)]
    assert {row.count('|') for row in rows} == {7}


@pytest.mark.parametrize(
    ('name', 'kind', 'fact', 'text'),
    [
        ('a.b', str, Setting('x', choices=('one', 'two')), '`one`, `two`'),
        ('a.wait_s', float, Setting('x', low=0.1, high=60.0), '0.1 to 60 s'),
        ('a.bytes_per_s', int, Setting('x', low=0, high=10**9), '0 to 1000000000 bytes/s'),
        ('a.max_bytes', int, Setting('x', low=1000), 'at least 1000 bytes'),
        ('a.share', float, Setting('x', high=1.0), 'at most 1'),
        ('a.name', str, Setting('x'), ''),
    ],
)
def test_allowed_says_bounds_and_unit(name: str, kind: type, fact: Setting, text: str) -> None:
    assert allowed(name, kind, fact) == text


@pytest.mark.parametrize('node', NODES)
def test_each_node_has_a_section(node: str) -> None:
    assert f'\n## {node}\n' in page()
