from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from laecips_bringup.experiment_outputs import experiment_markdown
from laecips_bringup.experiment_outputs import write_experiment
from laecips_bringup.experiment_parts import ExperimentResults
from laecips_bringup.experiment_parts import ResultFigure
from laecips_bringup.experiment_parts import ResultTable
from laecips_core.errors import ConfigError

TABLE = ResultTable('table-i', 'Table I', ('method', 'mIoU'), (('EDGE', '0.4'),), 'A note.', 'a\n')
FIGURE = ResultFigure('figure6', 'Bars', b'\x89PNG', 'Some bars', 'How to read it.')
RESULTS = ExperimentResults(
    name='table1',
    title='A title',
    tables=[TABLE],
    figures=[FIGURE],
    facts={'seeds': '0, 1, 2', FIGURE.name: 'a|b'},
    bound={'loss': '0.3'},
    paper=[ResultTable('paper-table-i', 'Beside', ('x',), (('y',),), '', 'b\n')],
    differences=['Other data.'],
)


def test_every_file_is_there(tmp_path: Path) -> None:
    folder = write_experiment(tmp_path / 'out', RESULTS)
    assert folder == tmp_path / 'out' / 'table1'
    assert sorted(path.name for path in folder.iterdir()) == [
        'figure6.png', 'paper-table-i.csv', 'report.html', 'report.md', 'table-i.csv',
    ]  # fmt: skip
    assert (folder / 'figure6.png').read_bytes() == b'\x89PNG'
    assert (folder / 'table-i.csv').read_text(encoding='utf-8') == 'a\n'


def test_a_second_time_replaces_the_first(tmp_path: Path) -> None:
    write_experiment(tmp_path, RESULTS)
    folder = write_experiment(tmp_path, RESULTS)
    assert len(list(folder.iterdir())) == 5


def test_two_files_of_one_name_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match='table-i'):
        write_experiment(tmp_path, replace(RESULTS, tables=[TABLE, TABLE]))
    with pytest.raises(ConfigError, match='figure6'):
        write_experiment(tmp_path, replace(RESULTS, figures=[FIGURE, FIGURE]))


def test_markdown_holds_everything() -> None:
    text = experiment_markdown(RESULTS)
    for words in (
        '# A title', '| EDGE | 0.4 |', 'A note.', '[table-i.csv](table-i.csv)',
        '![Some bars](figure6.png)', 'How to read it.', '| loss | 0.3 |', '- Other data.', '| y |',
        '| seeds | 0, 1, 2 |', 'a\\|b', '0.467',
    ):  # fmt: skip
        assert words in text


def test_markdown_without_paper_and_bound() -> None:
    bare = ExperimentResults('x', 'X', [], [], {'date': 'today'})
    text = experiment_markdown(bare)
    assert 'Beside the paper' not in text
    assert 'bound' not in text
    assert text.endswith('| date | today |\n')
