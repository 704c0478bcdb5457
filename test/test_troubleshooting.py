"""What docs/troubleshooting.md tells people to look at is in the code."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
import re

import pytest

from laecips_bringup.parameter_page import NODES
from laecips_core.setting import settings_of

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / 'docs' / 'troubleshooting.md'
PARAMETERS = {name for config in NODES.values() for name, _, _ in settings_of(config)}
GROUPS = {name.partition('.')[0] for name in PARAMETERS if '.' in name}
CODE = '\n'.join(
    path.read_text(encoding='utf-8') for path in sorted(ROOT.glob('src/*/laecips_*/**/*.py'))
)
REPORT = (ROOT / 'src/laecips_msgs/msg/Report.msg').read_text(encoding='utf-8')
# How counters of one kind get their names; the reason is a word of its own in the code.
_KINDS = {'drops', 'errors', 'fallbacks', 'refused'}


def first_cells() -> Iterator[str]:
    for line in PAGE.read_text(encoding='utf-8').splitlines():
        if line.startswith('|') and not line.startswith(('|---', '| look at')):
            yield line.split('|')[1].strip()


def keys() -> set[str]:
    spans = {span for cell in first_cells() for span in re.findall(r'`([^`]+)`', cell)}
    return {span for span in spans if re.fullmatch(r'[a-z_]+(\.[a-z_]+)?', span)}


def log_lines() -> set[str]:
    found = {text for cell in first_cells() for text in re.findall(r'\*([^*]+)\*', cell)}
    return found | set(re.findall(r'\*([a-z][^*]+:)\*', PAGE.read_text(encoding='utf-8')))


def in_code(key: str) -> bool:
    kind, dot, reason = key.partition('.')
    if dot and kind in GROUPS:
        return key in PARAMETERS
    word = reason if dot and kind in _KINDS else key
    in_report = re.search(rf'^\w+ {word}\b', REPORT, re.MULTILINE)
    return bool(in_report or re.search(rf"['.]{word}'", CODE))


@pytest.mark.parametrize('key', sorted(keys()))
def test_key_to_look_at_is_in_the_code(key: str) -> None:
    assert in_code(key)


@pytest.mark.parametrize('text', sorted(log_lines()))
def test_log_line_to_look_at_is_in_the_code(text: str) -> None:
    code = re.sub(r"'\n\s+'", '', CODE)
    assert text in code


def test_settings_that_are_named_exist() -> None:
    spans = re.findall(r'`([a-z_]+\.[a-z_]+)[:`]', PAGE.read_text(encoding='utf-8'))
    named = {span for span in spans if span.partition('.')[0] in GROUPS}
    assert len(named) > 20
    assert named <= PARAMETERS


@pytest.mark.parametrize('key', ['drops.no_such_reason', 'model.colour', 'no_such_key'])
def test_what_is_not_in_the_code_is_found(key: str) -> None:
    assert not in_code(key)


def test_page_names_enough_to_be_of_use() -> None:
    assert len(keys()) > 40
    assert len(log_lines()) > 10
