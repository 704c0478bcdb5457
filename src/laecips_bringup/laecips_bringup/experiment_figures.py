"""Figures 5, 6 and 9 of the paper: what happens from task to task, as PNG bytes."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Mapping
from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.colors import PowerNorm
import numpy as np
from numpy.typing import NDArray

from laecips_bringup.figure_style import add_legend
from laecips_bringup.figure_style import BLACK
from laecips_bringup.figure_style import new_figure
from laecips_bringup.figure_style import png_of
from laecips_bringup.method_style import legend_columns
from laecips_bringup.method_style import method_styles
from laecips_bringup.run_columns import by_method
from laecips_core.experiments.intervals import Interval
from laecips_core.experiments.intervals import mean_interval
from laecips_core.experiments.results import RunResult

_BAR_INCHES = 3.8
_LINES_INCHES = 6.2
_ROW_INCHES = 0.24
_AROUND_INCHES = 1.3
_DARK_FROM = 0.6
_SPREAD = 0.06

Intervals = dict[str, list[Interval | None]]


def class_frequency_figure(
    shares: NDArray[np.float64] | Sequence[Sequence[float]], classes: Sequence[str]
) -> bytes:
    """
    Draw how often each class is in each task (Fig. 5), as a map of numbers.

    :param shares: (tasks, M) share of the task's annotated pixels, in [0, 1].
    :param classes: M names; those that no task has are left out, the most common one is on top.
    :returns: PNG bytes.
    """
    percent = 100.0 * np.asarray(shares, np.float64)
    order = [int(i) for i in np.argsort(-percent.mean(axis=0), kind='stable')]
    shown = [index for index in order if percent[:, index].any()] or order
    figure = new_figure(_AROUND_INCHES + _ROW_INCHES * max(len(shown), 1))
    axes = figure.subplots()
    values = percent[:, shown].T
    largest = float(values.max(initial=1.0))
    # The square root keeps rare classes apart.
    scale = PowerNorm(0.5, 0.0, largest)
    cells = axes.imshow(values, cmap='Blues', norm=scale, aspect='auto')
    for (row, task), value in np.ndenumerate(values):
        colour = 'white' if float(scale(value)) > _DARK_FROM else BLACK
        axes.text(task, row, _percent(value), ha='center', va='center', color=colour, fontsize=8)
    axes.set_xticks(range(len(percent)), [f'task {task + 1}' for task in range(len(percent))])
    axes.set_yticks(range(len(shown)), [classes[index] for index in shown])
    axes.tick_params(length=0)
    figure.colorbar(cells, ax=axes, label='% of annotated pixels', pad=0.02)
    return png_of(figure)


def _percent(value: float) -> str:
    if value == 0.0:
        return '0'
    return f'{value:.1f}' if value >= 0.05 else '<0.1'


def task_miou_figure(runs: Sequence[RunResult]) -> bytes:
    """
    Draw the mIoU of every method in every task as bars (Fig. 6).

    :param runs: all methods and seeds, at least one run.
    :returns: PNG bytes.
    """
    tasks = _tasks(runs)
    found = _per_task(runs, tasks, RunResult.system_miou)
    styles = method_styles(list(found))
    figure = new_figure(_BAR_INCHES)
    axes = figure.subplots()
    width = 0.84 / len(found)
    for number, (method, intervals) in enumerate(found.items()):
        style = styles[method]
        places = np.arange(len(tasks)) + (number - (len(found) - 1) / 2.0) * width
        axes.bar(
            places,
            _means(intervals),
            0.9 * width,
            yerr=_halves(intervals),
            color=style.colour,
            hatch=style.hatch,
            edgecolor='white',
            error_kw={'capsize': 3, 'elinewidth': 1.2, 'ecolor': BLACK},
            label=method,
        )
    _label_tasks(axes, tasks)
    axes.set(ylabel='mIoU (frames)', ylim=(0.0, None))
    add_legend(figure, axes.get_legend_handles_labels()[0], legend_columns(list(found)))
    return png_of(figure)


def task_lines_figure(runs: Sequence[RunResult]) -> bytes:
    """
    Draw mIoU and upload rate of every method over the tasks (Fig. 9).

    :param runs: all methods and seeds, at least one run.
    :returns: PNG bytes.
    """
    tasks = _tasks(runs)
    figure = new_figure(_LINES_INCHES)
    upper, lower = figure.subplots(2, 1, sharex=True)
    mious = _per_task(runs, tasks, RunResult.system_miou)
    _draw_lines(upper, mious, 1.0)
    _draw_lines(lower, _per_task(runs, tasks, RunResult.upload_rate), 100.0)
    upper.set_ylabel('mIoU (frames)')
    lower.set(ylabel='upload rate (CUR) in %')
    # Methods that hold one rate would else be drawn as noise.
    low, high = lower.get_ylim()
    lower.set_ylim(min(low, max(high - 20.0, -2.0)), min(max(high, low + 20.0), 104.0))
    _label_tasks(lower, tasks)
    add_legend(figure, upper.get_legend_handles_labels()[0], legend_columns(list(mious)))
    return png_of(figure)


def _draw_lines(axes: Axes, found: Intervals, scale: float) -> None:
    styles = method_styles(list(found))
    for number, (method, intervals) in enumerate(found.items()):
        style = styles[method]
        # Side by side, so that no interval hides another.
        shift = (number - (len(found) - 1) / 2.0) * _SPREAD
        axes.errorbar(
            np.arange(len(intervals)) + shift,
            scale * _means(intervals),
            yerr=scale * _halves(intervals),
            color=style.colour,
            linestyle=style.line,
            marker=style.marker,
            markersize=6,
            capsize=3,
            label=method,
        )
    axes.grid(axis='y', alpha=0.4)


def _tasks(runs: Sequence[RunResult]) -> list[int]:
    return sorted({task for run in runs for task in run.tasks})


def _per_task(
    runs: Sequence[RunResult], tasks: Sequence[int], read: Callable[[RunResult, int], float]
) -> Intervals:
    def interval(own: Mapping[int, RunResult], task: int) -> Interval | None:
        return mean_interval([read(run, task) for run in own.values()])

    found = by_method(runs)
    return {method: [interval(own, task) for task in tasks] for method, own in found.items()}


def _means(intervals: Sequence[Interval | None]) -> NDArray[np.float64]:
    return np.asarray([np.nan if one is None else one.mean for one in intervals], np.float64)


def _halves(intervals: Sequence[Interval | None]) -> NDArray[np.float64]:
    known = [one and one.half_width for one in intervals]
    return np.asarray([np.nan if half is None else half for half in known], np.float64)


def _label_tasks(axes: Axes, tasks: Sequence[int]) -> None:
    axes.set_xticks(range(len(tasks)), [f'task {task + 1}' for task in tasks])
