from __future__ import annotations

from laecips_bringup.experiment_parts import csv_text
from laecips_bringup.experiment_parts import file_stem
from laecips_bringup.experiment_parts import ResultTable


def test_markdown_escapes_what_would_break_a_row() -> None:
    table = ResultTable('t', 'T', ('a', 'b'), (('x|y', 'two\nlines'),), '', '')
    assert table.markdown() == '| a | b |\n|---|--:|\n| x\\|y | two lines |'


def test_csv_quotes_and_leaves_absent_values_empty() -> None:
    rows = [['a,b', 0.5, None], ['c', float('nan'), 2]]
    assert csv_text(['x', 'y', 'z'], rows) == 'x,y,z\n"a,b",0.5,\nc,,2\n'


def test_file_names_are_plain() -> None:
    assert file_stem('Table I', 'stream B, start 1') == 'table-i-stream-b-start-1'
    assert file_stem('figure5', '') == 'figure5'
    assert file_stem('../x', '/etc') == 'x-etc'
