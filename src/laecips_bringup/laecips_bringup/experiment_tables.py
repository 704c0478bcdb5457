"""Tables of an experiment: mean ± 95 % interval over seeds, for people; raw numbers as CSV."""

from __future__ import annotations

from collections.abc import Iterator
from collections.abc import Mapping
from collections.abc import Sequence

from laecips_bringup.experiment_parts import csv_text
from laecips_bringup.experiment_parts import file_stem
from laecips_bringup.experiment_parts import ResultTable
from laecips_bringup.run_columns import by_method
from laecips_bringup.run_columns import RunColumn
from laecips_bringup.run_columns import table2_columns
from laecips_bringup.run_columns import TABLE_1_COLUMNS
from laecips_bringup.run_columns import values_of
from laecips_core.experiments.intervals import mean_interval
from laecips_core.experiments.intervals import paired_difference
from laecips_core.experiments.results import RunResult

BASELINES = ('DCSB', 'EDGE')
"""Methods that the others are compared with."""

INTERVAL_NOTE = (
    '± is half the 95 % confidence interval of the mean over the seeds (Student’s t); without it '
    'there is one seed only.'
)
_TABLE_1_NOTE = (
    'mIoU (frames) is the mean over frames of each frame’s own mIoU (Eq. 25), mIoU (data set) '
    'comes from one confusion matrix over all frames. Edge model alone is the mIoU (frames) of '
    'the edge’s own masks, of uploaded frames too. CUR is the share of frames uploaded. Up and '
    'down are bytes of the whole stream; down counts masks and weight updates. Source is the edge '
    'model’s mIoU (frames) on held-out frames of the pretraining domain, before and after the '
    'stream.'
)
_TABLE_2_NOTE = 'mIoU is that of frames (Eq. 25); the averages are over all frames of the stream.'
_CHANGE_NOTE = (
    'Each run less the run of the baseline with the same seed, then averaged: what both share on '
    'a seed drops out. An interval that holds 0 shows no difference.'
)


def table1(runs: Sequence[RunResult], where: str = '') -> ResultTable:
    """
    Compare frameworks, as the paper's Table I, with what that leaves out.

    :param runs: all methods and seeds.
    :param where: stream and start, where a page has several; added to name and title.
    :raises ConfigError: when a method has two runs with one seed.
    """
    note = f'{_TABLE_1_NOTE} {INTERVAL_NOTE}'
    return _table('Table I', where, runs, TABLE_1_COLUMNS, note)


def table2(runs: Sequence[RunResult], where: str = '') -> ResultTable:
    """
    Compare methods task by task, as the paper's Table II.

    :param runs: all methods and seeds.
    :param where: stream and start, where a page has several.
    :raises ConfigError: when a method has two runs with one seed.
    """
    note = f'{_TABLE_2_NOTE} {INTERVAL_NOTE}'
    return _table('Table II', where, runs, _task_columns(runs), note)


def table1_changes(
    runs: Sequence[RunResult], where: str = '', baselines: Sequence[str] = BASELINES
) -> ResultTable:
    """
    Give what every method has more than the baselines, paired by seed, over the stream.

    :param runs: all methods and seeds.
    :param where: stream and start, where a page has several.
    :param baselines: methods to compare with; those without runs are left out.
    """
    return _changes('Table I', where, runs, TABLE_1_COLUMNS, baselines)


def table2_changes(
    runs: Sequence[RunResult], where: str = '', baselines: Sequence[str] = BASELINES
) -> ResultTable:
    """
    Give what every method has more than the baselines, paired by seed, task by task.

    :param runs: all methods and seeds.
    :param where: stream and start, where a page has several.
    :param baselines: methods to compare with; those without runs are left out.
    """
    return _changes('Table II', where, runs, _task_columns(runs), baselines)


def _task_columns(runs: Sequence[RunResult]) -> tuple[RunColumn, ...]:
    return table2_columns(sorted({task for run in runs for task in run.tasks}))


def _titled(title: str, where: str) -> str:
    return f'{title}: {where}' if where else title


def _table(
    title: str, where: str, runs: Sequence[RunResult], columns: Sequence[RunColumn], note: str
) -> ResultTable:
    methods = by_method(runs)
    rows = []
    for method, own in methods.items():
        intervals = [mean_interval([*values_of(own, column).values()]) for column in columns]
        texts = [c.form.text(found) for c, found in zip(columns, intervals, strict=True)]
        rows.append((method, *texts, str(len(own))))
    return ResultTable(
        name=file_stem(title, where),
        title=_titled(title, where),
        columns=('method', *(column.form.title(column.title) for column in columns), 'seeds'),
        rows=tuple(rows),
        note=note,
        csv=csv_text(('method', 'seed', *(c.key for c in columns)), _raw(methods, columns)),
    )


def _raw(
    methods: Mapping[str, Mapping[int, RunResult]], columns: Sequence[RunColumn]
) -> Iterator[list[object]]:
    """Give a row for each seed, then one for the mean and one for half the interval."""
    for method, runs in methods.items():
        values = [values_of(runs, column) for column in columns]
        for seed in runs:
            yield [method, seed, *(own[seed] for own in values)]
        intervals = [mean_interval([*own.values()]) for own in values]
        yield [method, 'mean', *(found and found.mean for found in intervals)]
        yield [method, 'ci95', *(found and found.half_width for found in intervals)]


def _changes(
    title: str,
    where: str,
    runs: Sequence[RunResult],
    columns: Sequence[RunColumn],
    baselines: Sequence[str],
) -> ResultTable:
    methods = by_method(runs)
    rows, raw = [], []
    for method, baseline in _pairs(methods, baselines):
        own, others = methods[method], methods[baseline]
        found = [
            paired_difference(values_of(own, column), values_of(others, column))
            for column in columns
        ]
        texts = [c.change.text(one, signed=True) for c, one in zip(columns, found, strict=True)]
        shared = len(own.keys() & others.keys())
        rows.append((f'{method} − {baseline}', *texts, str(shared)))
        raw.append([method, baseline, 'mean', *(one and one.mean for one in found)])
        raw.append([method, baseline, 'ci95', *(one and one.half_width for one in found)])
    return ResultTable(
        name=file_stem(title, where, 'differences'),
        title=_titled(f'{title}, differences', where),
        columns=('methods', *(c.change.title(c.title) for c in columns), 'seeds'),
        rows=tuple(rows),
        note=f'{_CHANGE_NOTE} {INTERVAL_NOTE}',
        csv=csv_text(('method', 'baseline', 'figure', *(c.key for c in columns)), raw),
    )


def _pairs(methods: Mapping[str, object], baselines: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Pair every method with every baseline, two baselines once only."""
    known = [name for name in baselines if name in methods]
    for number, baseline in enumerate(known):
        for method in methods:
            if method not in known[: number + 1]:
                yield method, baseline
