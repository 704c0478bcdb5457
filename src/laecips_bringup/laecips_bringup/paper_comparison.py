"""The paper's Tables I and II with our figures above theirs."""

from __future__ import annotations

from collections.abc import Mapping
from collections.abc import Sequence

from laecips_bringup.experiment_parts import csv_text
from laecips_bringup.experiment_parts import file_stem
from laecips_bringup.experiment_parts import ResultTable
from laecips_bringup.paper_tables import PAPER_TABLE_1
from laecips_bringup.paper_tables import PAPER_TABLE_2
from laecips_bringup.paper_tables import PaperTasks
from laecips_bringup.run_columns import by_method
from laecips_bringup.run_columns import RunColumn
from laecips_bringup.run_columns import table2_columns
from laecips_bringup.run_columns import TABLE_1_COLUMNS
from laecips_bringup.run_columns import values_of
from laecips_core.experiments.intervals import mean_interval
from laecips_core.experiments.results import RunResult

OURS = 'ours'

_METHODS_1 = {row.method: None for row in PAPER_TABLE_1}
_METHODS_2 = {row.method: None for row in PAPER_TABLE_2}
_COMMON = ('miou', 'upload_rate', 'latency_mean_s')
_TASKS = 5
_ABSENT = '–'
_NOTE = (
    'Ours first, then the paper’s as printed. The rows are not to be compared across data sets: '
    'what differs stands above. What can be compared is the order of the methods within each, '
    'and the gaps between them.'
)


def beside_table1(runs: Sequence[RunResult], data_set: str) -> ResultTable:
    """
    Put our Table I above the paper's.

    :param runs: all methods and seeds.
    :param data_set: what our rows are called.
    :raises ConfigError: when a method has two runs with one seed.
    """
    columns = [column for column in TABLE_1_COLUMNS if column.key in _COMMON]
    rows = _our_rows(runs, data_set, columns, _METHODS_1)
    scores = {(row.data_set, row.method): row.miou for row in PAPER_TABLE_1}
    ours = {method: _mean_miou(own) for method, own in by_method(runs).items()}
    full = [(*row, *_gaps(ours, row[1])) for row in rows]
    for row in PAPER_TABLE_1:
        known = {method: value for (name, method), value in scores.items() if name == row.data_set}
        texts = f'{row.miou:.3f}', f'{row.cur_percent:.1f}', f'{row.latency_s:.2f}'
        full.append((row.data_set, row.method, *texts, *_gaps(known, row.method)))
    titles = [column.form.title(column.title) for column in columns]
    gaps = ('over DCSB [points]', 'over EDGE [points]')
    return _paper_table('Table I', data_set, ('data set', 'method', *titles, *gaps), full)


def beside_table2(runs: Sequence[RunResult], data_set: str) -> ResultTable:
    """
    Put our Table II above the paper's.

    :param runs: all methods and seeds; of more than five tasks the first five are shown.
    :param data_set: what our rows are called.
    :raises ConfigError: when a method has two runs with one seed.
    """
    columns = table2_columns(range(_TASKS))
    rows = _our_rows(runs, data_set, columns, _METHODS_2)
    rows += [(row.data_set, row.method, *_task_texts(row)) for row in PAPER_TABLE_2]
    titles = [column.form.title(column.title) for column in columns]
    return _paper_table('Table II', data_set, ('data set', 'method', *titles), rows)


def _our_rows(
    runs: Sequence[RunResult],
    data_set: str,
    columns: Sequence[RunColumn],
    methods: Mapping[str, None],
) -> list[tuple[str, ...]]:
    """Write our rows: the paper's methods in its order first, then the others."""
    found = by_method(runs)
    order = [*(name for name in methods if name in found), *(n for n in found if n not in methods)]
    rows = []
    for method in order:
        values = [mean_interval([*values_of(found[method], one).values()]) for one in columns]
        texts = [one.form.text(value) for one, value in zip(columns, values, strict=True)]
        rows.append((f'{OURS}: {data_set}', method, *texts))
    return rows


def _mean_miou(runs: Mapping[int, RunResult]) -> float | None:
    interval = mean_interval([run.system_miou() for run in runs.values()])
    return None if interval is None else interval.mean


def _gaps(mious: Mapping[str, float | None], method: str) -> tuple[str, str]:
    own = mious[method]
    texts = []
    for baseline in ('DCSB', 'EDGE'):
        other = mious.get(baseline)
        if own is None or other is None or method == baseline:
            texts.append(_ABSENT)
        else:
            texts.append(f'{100.0 * (own - other):+.1f}')
    return texts[0], texts[1]


def _task_texts(row: PaperTasks) -> list[str]:
    texts = []
    for miou, cur in zip(row.mious, row.curs_percent, strict=True):
        texts += [f'{miou:.3f}', f'{cur:.1f}']
    return [*texts, f'{row.miou:.3f}', f'{row.cur_percent:.1f}', f'{row.latency_s:.2f}']


def _paper_table(
    title: str, data_set: str, columns: tuple[str, ...], rows: Sequence[tuple[str, ...]]
) -> ResultTable:
    return ResultTable(
        name=file_stem('paper', title, data_set),
        title=f'{title}: {data_set}, and the paper',
        columns=columns,
        rows=tuple(rows),
        note=_NOTE,
        csv=csv_text(columns, rows),
    )
