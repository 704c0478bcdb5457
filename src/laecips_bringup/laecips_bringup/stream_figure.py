"""The running mIoU of several runs over a stream, with what happened on the way."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from matplotlib.axes import Axes
from matplotlib.lines import Line2D
import numpy as np
from numpy.typing import NDArray

from laecips_bringup.figure_style import add_legend
from laecips_bringup.figure_style import BLACK
from laecips_bringup.figure_style import BLUE
from laecips_bringup.figure_style import new_figure
from laecips_bringup.figure_style import png_of
from laecips_bringup.figure_style import VERMILION
from laecips_bringup.frame_scores import running_mean
from laecips_bringup.method_style import legend_columns
from laecips_bringup.method_style import method_styles
from laecips_bringup.method_style import MethodStyle
from laecips_core.experiments.results import RoundResult
from laecips_core.experiments.results import RunResult

_MOST_RUNS = 5
_CURVE_INCHES = 3.6
_ROW_INCHES = 0.52
_UPLOADS_AT = 0.72
_EVENTS_AT = 0.26
_BAND_COLOURS = ('#f2f2f2', '#ffffff')
# state: marker, colour, words
_EVENTS = {
    'RELEASED': ('^', BLACK, 'new weights'),
    'REJECTED': ('x', VERMILION, 'round rejected'),
    'ROLLED_BACK': ('v', BLUE, 'rolled back'),
    'FAILED': ('s', VERMILION, 'round failed'),
}


def most_eventful(runs: Sequence[RunResult]) -> list[RunResult]:
    """
    Choose what stays legible in one figure: five runs, those with training rounds before others.

    :param runs: one run for each method.
    :returns: at most five, in the order given.
    """
    chosen = sorted(range(len(runs)), key=lambda number: not runs[number].rounds)[:_MOST_RUNS]
    return [runs[number] for number in sorted(chosen)]


def stream_figure(runs: Sequence[RunResult], window: int = 25) -> bytes:
    """
    Draw the running mIoU of what the user got, uploads, and what became of training.

    :param runs: one run for each method over the same stream; at least one, up to five stay
        legible.
    :param window: frames in the running mean of the per-image mIoU.
    :returns: PNG bytes.
    """
    below_inches = _ROW_INCHES * len(runs)
    figure = new_figure(_CURVE_INCHES + 1.0 + below_inches)
    curve, strip = figure.subplots(2, 1, sharex=True, height_ratios=(_CURVE_INCHES, below_inches))
    styles = method_styles([run.method for run in runs])
    _draw_tasks((curve, strip), runs[0])
    lines: list[Line2D] = []
    events: dict[str, Line2D] = {}
    for row, run in enumerate(runs):
        style, mean = styles[run.method], _running_miou(run, window)
        indices = [frame.index for frame in run.frames]
        lines += curve.plot(
            indices, mean, linestyle=style.line, color=style.colour, linewidth=1.6,
            label=run.method, zorder=3,
        )  # fmt: skip
        _mark_swaps(curve, run, mean, style)
        _draw_uploads(strip, run, row, style)
        events |= _draw_rounds(strip, run, row)
    curve.set_ylabel(f'mIoU, mean of {window} frames')
    curve.grid(axis='y', alpha=0.4)
    _label_rows(strip, runs)
    handles = [*lines, *(events[state] for state in _EVENTS if state in events)]
    add_legend(figure, handles, legend_columns([str(line.get_label()) for line in handles]))
    return png_of(figure)


def _running_miou(run: RunResult, window: int) -> NDArray[np.float64]:
    scores = [np.nan if f.system_miou is None else f.system_miou for f in run.frames]
    mean = running_mean(np.asarray(scores, np.float64), window)
    # The mean of the first few frames is mostly noise.
    mean[: min(window, len(mean)) // 3] = np.nan
    return mean


def _mark_swaps(
    curve: Axes, run: RunResult, mean: NDArray[np.float64], style: MethodStyle
) -> None:
    """Put a triangle on the curve where other weights came into force."""
    for state in ('RELEASED', 'ROLLED_BACK'):
        at = [done.after_frame for done in run.rounds if done.state == state]
        curve.plot(
            at, mean[at], linestyle='', marker=_EVENTS[state][0], markersize=8,
            color=style.colour, markeredgecolor='white', zorder=4,
        )  # fmt: skip


def _draw_uploads(strip: Axes, run: RunResult, row: int, style: MethodStyle) -> None:
    at = [frame.index for frame in run.frames if frame.uploaded]
    width = float(np.clip(300.0 / max(len(run.frames), 1), 0.35, 1.2))
    middle = row + 1.0 - _UPLOADS_AT
    strip.eventplot(
        at, lineoffsets=middle, linelengths=0.34, linewidths=width, colors=style.colour
    )


def _draw_rounds(strip: Axes, run: RunResult, row: int) -> dict[str, Line2D]:
    handles: dict[str, Line2D] = {}
    for state, (marker, colour, words) in _EVENTS.items():
        done: list[RoundResult] = [one for one in run.rounds if one.state == state]
        if done:
            at, heights = [one.after_frame for one in done], [row + 1.0 - _EVENTS_AT] * len(done)
            (handles[state],) = strip.plot(
                at, heights, linestyle='', marker=marker, color=colour, markersize=5, label=words
            )
    return handles


def _label_rows(strip: Axes, runs: Sequence[RunResult]) -> None:
    ticks = [row + 0.5 for row in range(len(runs))]
    labels = [f'{run.method}: {100.0 * run.upload_rate():.0f} % up' for run in runs]
    strip.set_yticks(ticks, labels)
    strip.set_ylim(len(runs), 0.0)
    strip.set_xlabel('frame of the stream; ticks in the rows are uploads')
    strip.tick_params(axis='y', length=0)
    strip.spines[['top', 'left', 'right']].set_visible(False)
    for row in range(1, len(runs)):
        strip.axhline(row, color='#cccccc', linewidth=0.6)


def _draw_tasks(panels: Sequence[Axes], run: RunResult) -> None:
    tasks = np.asarray([frame.task for frame in run.frames])
    edges = [0, *(np.flatnonzero(np.diff(tasks)) + 1), len(tasks)]
    for number, (first, end) in enumerate(pairwise(edges)):
        colour = _BAND_COLOURS[number % len(_BAND_COLOURS)]
        for axes in panels:
            axes.axvspan(first - 0.5, end - 0.5, color=colour, zorder=0)
        panels[0].annotate(
            f'task {tasks[first] + 1}', ((first + end - 1) / 2, 1.0), (0, 3), ha='center',
            va='bottom', xycoords=('data', 'axes fraction'), textcoords='offset points',
        )  # fmt: skip
    panels[0].set_xlim(-0.5, len(tasks) - 0.5)
