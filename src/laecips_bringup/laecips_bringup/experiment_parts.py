"""What a results page is made of: tables and figures with the words that belong to them."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Iterable
from collections.abc import Mapping
from collections.abc import Sequence
import csv
from dataclasses import dataclass
from dataclasses import field
import io
import math
import re
from typing import Any

from laecips_core.experiments.plan import RunPlan

Needs = dict[str, tuple[RunPlan, tuple[str, ...], tuple[str, ...]]]
"""Runs, and surveys with their fusion rules and miners, by key."""


@dataclass(frozen=True)
class ResultTable:
    """
    A table as people read it, and its raw numbers.

    :param name: of its CSV file, without ending.
    :param title: heading.
    :param columns: titles, with units.
    :param rows: one text for each column.
    :param note: how to read it; may be empty.
    :param csv: the raw numbers, of :func:`csv_text`.
    """

    name: str
    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    note: str
    csv: str

    def markdown(self) -> str:
        """Lay it out for Markdown: lines, the last one without an end."""
        rule = '|---|' + '--:|' * (len(self.columns) - 1)
        return markdown_rows(self.columns, self.rows, rule)


@dataclass(frozen=True)
class ResultFigure:
    """
    A figure with its words.

    :param name: of its PNG file, without ending.
    :param title: heading.
    :param png: PNG bytes.
    :param alt: what is to be seen, for readers who do not see it.
    :param caption: how to read it.
    """

    name: str
    title: str
    png: bytes
    alt: str
    caption: str


@dataclass(frozen=True)
class Contents:
    """
    One experiment.

    :param needs: what has to be computed.
    :param make: gives tables, figures and more, by field of ``ExperimentResults``, from results by
        key and a title.
    """

    needs: Needs
    make: Callable[[Mapping[str, Any], str], dict[str, Any]]


@dataclass(frozen=True)
class ExperimentResults:
    """
    All that one results page shows, in order.

    :param name: of the folder, such as ``table1``.
    :param title: heading.
    :param tables: may be empty.
    :param figures: may be empty.
    :param bound: texts by name; empty: the bound is left out.
    :param paper: the paper's tables beside ours; empty: the paper is left out.
    :param differences: what differs from the paper (data, masks, models, hardware), and where it
        could not be confirmed.
    :param facts: texts by name, such as machine, date, seeds and command. The first words of
        ``data set``, ``mask generator`` and ``label source`` choose what the first paragraph says.
    """

    name: str
    title: str
    tables: Sequence[ResultTable]
    figures: Sequence[ResultFigure]
    facts: Mapping[str, str]
    bound: Mapping[str, str] = field(default_factory=dict)
    paper: Sequence[ResultTable] = ()
    differences: Sequence[str] = ()


def csv_text(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """
    Write raw numbers as CSV.

    :param columns: names, with units.
    :param rows: values; None and nan become empty cells.
    :returns: lines, the header first.
    """
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator='\n')
    writer.writerow(columns)
    for row in rows:
        writer.writerow(['' if _absent(value) else value for value in row])
    return buffer.getvalue()


def file_stem(*words: str) -> str:
    """
    Make a name for a file from titles.

    :param words: empty ones are left out.
    :returns: lower-case letters, digits and dashes.
    """
    text = '-'.join(word for word in words if word)
    return re.sub(r'[^a-z0-9]+', '-', text.lower()).strip('-')


def markdown_rows(columns: Sequence[str], rows: Iterable[Sequence[str]], rule: str) -> str:
    """
    Lay texts out as a Markdown table.

    :param columns: titles.
    :param rows: one text for each column; a line break in one becomes a space.
    :param rule: the line below the titles, which aligns the columns.
    :returns: lines, the last one without an end.
    """
    return '\n'.join([_line(columns), rule, *map(_line, rows)])


def _line(cells: Sequence[str]) -> str:
    texts = [' '.join(cell.split()).replace('|', '\\|') for cell in cells]
    return '| ' + ' | '.join(texts) + ' |'


def _absent(value: object) -> bool:
    return value is None or (isinstance(value, float) and math.isnan(value))
