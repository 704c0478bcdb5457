"""What the tables of an experiment read off a run, and how it is written."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Mapping
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from laecips_core.errors import ConfigError
from laecips_core.experiments.intervals import Interval
from laecips_core.experiments.intervals import interval_text
from laecips_core.experiments.results import RunResult


@dataclass(frozen=True)
class Form:
    """
    How a number is written.

    :param digits: behind the point.
    :param scale: what the raw number is multiplied by.
    :param unit: of the product; may be empty.
    """

    digits: int
    scale: float = 1.0
    unit: str = ''

    def title(self, title: str) -> str:
        """Add the unit to a title."""
        return f'{title} [{self.unit}]' if self.unit else title

    def text(self, interval: Interval | None, *, signed: bool = False) -> str:
        """Write mean and interval; a dash for None."""
        return interval_text(interval, self.digits, scale=self.scale, signed=signed)


MIOU = Form(3)
POINTS = Form(2, 100.0, 'points')
PERCENT = Form(1, 100.0, '%')
SECONDS = Form(3, 1.0, 's')
KILOBYTES = Form(1, 1e-3, 'kB')


@dataclass(frozen=True)
class RunColumn:
    """
    One figure of a run.

    :param key: name in CSV files, with the raw unit.
    :param title: for people, without unit.
    :param read: takes it off a run; nan where there is none.
    :param form: how it is written.
    :param change: how a difference of two is written.
    """

    key: str
    title: str
    read: Callable[[RunResult], float]
    form: Form
    change: Form


def _source(when: str, run: RunResult) -> float:
    return run.source_miou.get(when, float('nan'))


TABLE_1_COLUMNS = (
    RunColumn('miou', 'mIoU (frames)', RunResult.system_miou, MIOU, POINTS),
    RunColumn('miou_dataset', 'mIoU (data set)', RunResult.system_miou_dataset, MIOU, POINTS),
    RunColumn('edge_miou', 'edge model alone', RunResult.edge_miou, MIOU, POINTS),
    RunColumn('upload_rate', 'CUR', RunResult.upload_rate, PERCENT, POINTS),
    RunColumn('latency_mean_s', 'latency', RunResult.latency_mean_s, SECONDS, SECONDS),
    RunColumn('bytes_up', 'up', RunResult.bytes_up, KILOBYTES, KILOBYTES),
    RunColumn('bytes_down', 'down', RunResult.bytes_down, KILOBYTES, KILOBYTES),
    RunColumn('source_miou_start', 'source, start', partial(_source, 'start'), MIOU, POINTS),
    RunColumn('source_miou_end', 'source, end', partial(_source, 'end'), MIOU, POINTS),
)
"""Table I of the paper, and what it leaves out."""


def table2_columns(tasks: Sequence[int]) -> tuple[RunColumn, ...]:
    """
    Give the columns of Table II.

    :param tasks: numbers of the tasks, from 0.
    """
    columns = []
    for task in tasks:
        miou, rate = partial(_task_miou, task), partial(_task_rate, task)
        number = task + 1
        columns.append(RunColumn(f'miou_{number}', f'{number} mIoU', miou, MIOU, POINTS))
        columns.append(RunColumn(f'upload_rate_{number}', f'{number} CUR', rate, PERCENT, POINTS))
    averages = [column for column in TABLE_1_COLUMNS if column.key in _AVERAGES]
    return (*columns, *(_averaged(column) for column in averages))


_AVERAGES = {'miou': 'avg mIoU', 'upload_rate': 'avg CUR', 'latency_mean_s': 'avg latency'}


def _averaged(column: RunColumn) -> RunColumn:
    title = _AVERAGES[column.key]
    return RunColumn(column.key, title, column.read, column.form, column.change)


def _task_miou(task: int, run: RunResult) -> float:
    return run.system_miou(task) if task in run.tasks else float('nan')


def _task_rate(task: int, run: RunResult) -> float:
    return run.upload_rate(task) if task in run.tasks else float('nan')


def by_method(runs: Sequence[RunResult]) -> dict[str, dict[int, RunResult]]:
    """
    Sort runs by method and seed.

    :param runs: in any order.
    :returns: runs by seed by method; methods in the order they first appear, seeds from low to
        high.
    :raises ConfigError: when a method has two runs with one seed.
    """
    found: dict[str, dict[int, RunResult]] = {}
    for run in sorted(runs, key=lambda run: run.seed):
        found.setdefault(run.method, {})
        if run.seed in found[run.method]:
            twice = f'{run.method} with seed {run.seed} twice'
            raise ConfigError('runs', twice, 'each method once for each seed')
        found[run.method][run.seed] = run
    return {run.method: found[run.method] for run in runs}


def values_of(runs: Mapping[int, RunResult], column: RunColumn) -> dict[int, float]:
    """
    Read a column off the runs of a method.

    :param runs: by seed.
    :param column: the column.
    :returns: raw numbers by seed.
    """
    return {seed: float(column.read(run)) for seed, run in runs.items()}
