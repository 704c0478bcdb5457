from __future__ import annotations

from pathlib import Path

from laecips_core.zoo.page import BEGIN
from laecips_core.zoo.page import END
from laecips_core.zoo.page import with_tables
from laecips_core.zoo.table import TABLE

PAGE = Path(__file__).resolve().parents[4] / 'docs' / 'models.md'


def test_tables_of_the_page_are_those_of_the_table() -> None:
    page = PAGE.read_text(encoding='utf-8')
    assert page == with_tables(page), 'run python -m laecips_core.zoo.page docs/models.md'


def test_only_what_stands_between_the_marks_is_written() -> None:
    page = with_tables(f'before\n{BEGIN}old\n{END}after\n')
    assert page.startswith(f'before\n{BEGIN}')
    assert page.endswith(f'{END}after\n')
    assert 'old' not in page
    assert all(f'`{entry.name}`' in page for entry in TABLE)
    rows = [line for line in page.splitlines() if line.startswith('|')]
    assert {line.count('|') for line in rows} == {8}
