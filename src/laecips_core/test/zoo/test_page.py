from __future__ import annotations

from pathlib import Path

from laecips_core.zoo.page import TABLES
from laecips_core.zoo.table import TABLE

PAGE = Path(__file__).resolve().parents[4] / 'docs' / 'models.md'


def test_tables_of_the_page_are_those_of_the_table() -> None:
    page = PAGE.read_text(encoding='utf-8')
    assert page == TABLES.written_into(page), 'run python -m laecips_core.zoo.page docs/models.md'


def test_every_model_has_a_row_with_all_columns() -> None:
    text = ''.join(TABLES.lines())
    assert all(f'`{entry.name}`' in text for entry in TABLE)
    rows = [line for line in text.splitlines() if line.startswith('|')]
    assert {line.count('|') for line in rows} == {8}
