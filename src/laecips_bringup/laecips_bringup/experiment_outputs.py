"""Writes what an experiment found: HTML, Markdown, CSV and PNG."""

from __future__ import annotations

from collections.abc import Iterator
from collections.abc import Mapping
from collections.abc import Sequence
from pathlib import Path

from laecips_bringup.experiment_page import experiment_page
from laecips_bringup.experiment_page import first_paragraph
from laecips_bringup.experiment_parts import ExperimentResults
from laecips_bringup.experiment_parts import markdown_rows
from laecips_bringup.experiment_parts import ResultTable
from laecips_bringup.paper_tables import PAPER_DOUBTS
from laecips_core.errors import ConfigError

PAGE = 'report.html'
TEXT = 'report.md'


def write_experiment(root: Path, results: ExperimentResults) -> Path:
    """
    Write an experiment into a folder of its name.

    :param root: such as ``out/experiments``; made when absent.
    :param results: what was found.
    :returns: the folder: ``report.html``, ``report.md``, a CSV file for each table and a PNG file
        for each figure; older ones of these names are replaced.
    :raises ConfigError: when two tables or two figures have one name.
    """
    _check_names([table.name for table in (*results.tables, *results.paper)])
    _check_names([figure.name for figure in results.figures])
    folder = root / results.name
    folder.mkdir(parents=True, exist_ok=True)
    for table in (*results.tables, *results.paper):
        (folder / f'{table.name}.csv').write_text(table.csv, encoding='utf-8')
    for figure in results.figures:
        (folder / f'{figure.name}.png').write_bytes(figure.png)
    (folder / TEXT).write_text(experiment_markdown(results), encoding='utf-8')
    (folder / PAGE).write_text(experiment_page(results), encoding='utf-8')
    return folder


def _check_names(names: Sequence[str]) -> None:
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise ConfigError('experiment files', ', '.join(twice), 'each name once')


def experiment_markdown(results: ExperimentResults) -> str:
    """
    Write the page as Markdown; figures and raw numbers are files beside it.

    :param results: what it shows.
    """
    blocks = [f'# {results.title}', ' '.join(first_paragraph(results.facts))]
    for table in results.tables:
        blocks += _table_blocks(table)
    for figure in results.figures:
        image = f'![{figure.alt}]({figure.name}.png)'
        blocks += [f'## {figure.title}', image, figure.caption]
    if results.bound:
        blocks += ['## The generalisation bound (Eq. 16)', _pairs('term', results.bound)]
    blocks += _paper_blocks(results)
    blocks += ['## Facts', _pairs('fact', results.facts)]
    return '\n\n'.join(blocks) + '\n'


def _table_blocks(table: ResultTable) -> Iterator[str]:
    yield f'## {table.title}'
    yield table.markdown()
    if table.note:
        yield table.note
    yield f'Raw numbers: [{table.name}.csv]({table.name}.csv)'


def _paper_blocks(results: ExperimentResults) -> Iterator[str]:
    if not results.paper:
        return
    yield '## Beside the paper'
    if results.differences:
        yield 'What differs:'
        yield _items(results.differences)
    for table in results.paper:
        yield from _table_blocks(table)
    yield 'Where the paper does not agree with itself:'
    yield _items(PAPER_DOUBTS)


def _items(texts: Sequence[str]) -> str:
    return '\n'.join(f'- {text}' for text in texts)


def _pairs(head: str, texts: Mapping[str, str]) -> str:
    return markdown_rows((head, ''), list(texts.items()), '|---|---|')
