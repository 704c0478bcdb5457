"""The table of an experiment: one row for each run."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Mapping
from collections.abc import Sequence
from dataclasses import dataclass
import math
from typing import Any

from rich.markup import escape
from rich.table import Table

from laecips_bringup.frame_scores import class_count
from laecips_bringup.frame_scores import sent
from laecips_bringup.records import RunRecord
from laecips_core.metrics.stream import StreamMetrics
from laecips_core.metrics.stream import StreamSummary

_ABSENT = '–'


def _text(value: Any) -> str:
    return str(value)


def _score(value: Any) -> str:
    return f'{value:.3f}'


def _percent(value: Any) -> str:
    return f'{100.0 * value:.1f} %'


def _milliseconds(value: Any) -> str:
    return f'{1000.0 * value:.1f}'


def _kilobytes(value: Any) -> str:
    return f'{value / 1000.0:.1f}'


def _versions(value: Any) -> str:
    return f'{len(value)}'


@dataclass(frozen=True)
class Column:
    """
    One column as people read it.

    :param key: of the value in a row.
    :param title: with the unit.
    :param form: writes a value that is not None.
    """

    key: str
    title: str
    form: Callable[[Any], str]


COLUMNS = (
    Column('method', 'method', _text),
    Column('miou', 'mIoU (frames)', _score),
    Column('miou_dataset', 'mIoU (data set)', _score),
    Column('upload_rate', 'uploaded', _percent),
    Column('latency_p50_s', 'p50 [ms]', _milliseconds),
    Column('latency_p95_s', 'p95 [ms]', _milliseconds),
    Column('bytes_up', 'up [kB]', _kilobytes),
    Column('bytes_down', 'down [kB]', _kilobytes),
    Column('weights_versions', 'versions', _versions),
)
"""Every column, in the order shown."""


def row_of(run: RunRecord) -> dict[str, object]:
    """
    Give the figures of a run.

    ``upload_rate`` is the share of frames whose image was really sent. Eq. 26 counts frames that
    were judged hard (h < δ); one that found no cloud cost nothing and got no better mask.

    :param run: the run; frames whose mask did not come are left out of every figure.
    :returns: ``method``; ``miou``, the mean over frames of each frame's own mIoU (Eq. 25), and
        ``miou_dataset``, of one confusion matrix, in [0, 1], None without truth; ``upload_rate``
        in [0, 1]; ``latency_p50_s`` and ``latency_p95_s``; these three None without a mask;
        ``bytes_up``; ``bytes_down``, masks and weight updates; ``weights_versions``, those used,
        in order of first appearance.
    """
    row: dict[str, object] = {column.key: None for column in COLUMNS}
    row |= {'method': run.method, 'bytes_up': 0, 'bytes_down': 0, 'weights_versions': []}
    if any(frame.mask is not None for frame in run.frames):
        summary = _summary(run)
        row |= {key: _known(getattr(summary, key)) for key in row if key != 'method'}
        row['weights_versions'] = list(summary.weights_versions)
        row['bytes_down'] = summary.bytes_down + run.update_bytes
    return row


def _summary(run: RunRecord) -> StreamSummary:
    metrics = StreamMetrics(class_count([run]))
    for frame in run.frames:
        if frame.mask is not None:
            metrics.update(
                frame.mask,
                frame.truth,
                uploaded=sent(frame),
                latency_s=frame.latency_s,
                bytes_up=frame.bytes_up,
                bytes_down=frame.bytes_down,
                weights_version=frame.weights_version,
            )
    return metrics.summary()


def cells_of(row: Mapping[str, object]) -> list[str]:
    """
    Write a row as people read it.

    :param row: of :func:`row_of`.
    :returns: one text for each of COLUMNS; a dash where there is no value.
    """
    values = [(column, row[column.key]) for column in COLUMNS]
    return [_ABSENT if value is None else column.form(value) for column, value in values]


def format_table(rows: Sequence[Mapping[str, object]]) -> Table:
    """
    Lay rows out for the terminal.

    :param rows: of :func:`row_of`.
    """
    table = Table()
    for number, column in enumerate(COLUMNS):
        table.add_column(
            escape(column.title), justify='right' if number else 'left', overflow='fold'
        )
    for row in rows:
        table.add_row(*(escape(cell) for cell in cells_of(row)))
    return table


def markdown_table(rows: Sequence[Mapping[str, object]]) -> str:
    """
    Lay rows out as a Markdown table.

    :param rows: of :func:`row_of`.
    :returns: lines, the last one without an end.
    """
    lines = [_markdown_line([column.title for column in COLUMNS])]
    lines.append('|---|' + '--:|' * (len(COLUMNS) - 1))
    return '\n'.join(lines + [_markdown_line(cells_of(row)) for row in rows])


def _markdown_line(cells: Sequence[str]) -> str:
    return '| ' + ' | '.join(cell.replace('|', '\\|') for cell in cells) + ' |'


def _known(value: Any) -> Any:
    return None if isinstance(value, float) and math.isnan(value) else value
