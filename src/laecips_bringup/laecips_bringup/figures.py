"""The report's figures, as PNG bytes; drawn without a display and without global state."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from matplotlib.axes import Axes
from matplotlib.ticker import LogLocator
from matplotlib.ticker import NullLocator
import numpy as np

from laecips_bringup.figure_style import add_legend
from laecips_bringup.figure_style import BLACK
from laecips_bringup.figure_style import BLUE
from laecips_bringup.figure_style import GREY
from laecips_bringup.figure_style import method_colour
from laecips_bringup.figure_style import method_line
from laecips_bringup.figure_style import new_figure
from laecips_bringup.figure_style import ORANGE
from laecips_bringup.figure_style import png_of
from laecips_bringup.frame_scores import frame_mious
from laecips_bringup.frame_scores import running_mean
from laecips_bringup.records import RunRecord
from laecips_bringup.stream_events import draw_events
from laecips_bringup.stream_events import strip_height

_CURVE_INCHES = 3.6
_FLAT_INCHES = 3.4
_HISTOGRAM_BINS = 40
_TICKS_IN_DECADE = (1.0, 1.5, 2.0, 3.0, 5.0, 7.0)
_BAND_COLOURS = ('#f2f2f2', '#ffffff')


def miou_curve(runs: Sequence[RunRecord], window: int = 15) -> bytes:
    """
    Draw the running mIoU of every run over the stream, with what happened on the way.

    Tasks are shaded bands. A strip below shows uploads as ticks and, of runs that trained, where
    new weights came into use and where a round was held back.

    :param runs: runs over the same stream, at least one.
    :param window: frames in the running mean of the per-image mIoU.
    :returns: PNG bytes.
    """
    below_inches = strip_height(runs)
    figure = new_figure(_CURVE_INCHES + 1.0 + below_inches)
    ratios = (_CURVE_INCHES, max(below_inches, 0.1))
    curve, strip = figure.subplots(2, 1, sharex=True, height_ratios=ratios)
    _draw_tasks(curve, runs[0])
    lines = []
    for number, run in enumerate(runs):
        mean = running_mean(frame_mious(run), window)
        indices = [frame.index for frame in run.frames]
        style, colour = method_line(run.method), method_colour(run.method, number)
        lines += curve.plot(indices, mean, style, color=colour, label=run.method, zorder=3)
    lines += draw_events(curve, strip, runs)
    curve.set_ylabel(f'mIoU, mean of {window} frames')
    curve.grid(axis='y', alpha=0.4)
    strip.set_xlabel('frame of the stream')
    add_legend(figure, lines)
    return png_of(figure)


def confidence_histogram(run: RunRecord) -> bytes:
    """
    Draw how the miner's confidences h of a run are spread, easy and hard frames apart.

    :param run: the run; it may have no frames.
    :returns: PNG bytes.
    """
    figure = new_figure(_FLAT_INCHES)
    axes = figure.subplots()
    hard = [frame.confidence for frame in run.frames if frame.hard]
    easy = [frame.confidence for frame in run.frames if not frame.hard]
    axes.hist(
        [hard, easy],
        bins=np.linspace(0.0, 1.0, _HISTOGRAM_BINS + 1).tolist(),
        stacked=True,
        color=[ORANGE, BLUE],
        label=[f'hard: {len(hard)} frames', f'easy: {len(easy)} frames'],
    )
    for threshold in sorted({frame.threshold for frame in run.frames}):
        label = f'threshold δ = {threshold:.3g}'
        axes.axvline(threshold, color=BLACK, linestyle='--', label=label)
    axes.set(xlim=(0.0, 1.0), xlabel='confidence h of the miner', ylabel='frames')
    add_legend(figure, axes.get_legend_handles_labels()[0])
    return png_of(figure)


def latency_figure(runs: Sequence[RunRecord]) -> bytes:
    """
    Draw, for each run, the share of masks that were there within a time.

    :param runs: the runs; those without a mask are left out.
    :returns: PNG bytes.
    """
    figure = new_figure(_FLAT_INCHES)
    axes = figure.subplots()
    lines = []
    for number, run in enumerate(runs):
        times_ms = [1000.0 * frame.latency_s for frame in run.frames if frame.mask is not None]
        if times_ms:
            style, colour = method_line(run.method), method_colour(run.method, number)
            lines.append(axes.ecdf(times_ms, linestyle=style, color=colour, label=run.method))
    for share in (0.5, 0.95):
        axes.axhline(share, color=GREY, linewidth=0.8, linestyle=':')
    axes.set_yticks([0.0, 0.5, 0.95], ['0', 'p50', 'p95'])
    _scale_times(axes)
    axes.set(ylim=(0.0, 1.03), xlabel='latency in ms', ylabel='share of frames')
    if lines:
        add_legend(figure, lines)
    return png_of(figure)


def _scale_times(axes: Axes) -> None:
    axes.set_xscale('log')
    axes.xaxis.set_major_locator(LogLocator(subs=_TICKS_IN_DECADE))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter('{x:g}')
    axes.grid(axis='x', alpha=0.3)


def _draw_tasks(axes: Axes, run: RunRecord) -> None:
    if not run.frames:
        return
    tasks = np.asarray([frame.task for frame in run.frames])
    edges = [0, *(np.flatnonzero(np.diff(tasks)) + 1), len(tasks)]
    for number, (first, end) in enumerate(pairwise(edges)):
        colour = _BAND_COLOURS[number % len(_BAND_COLOURS)]
        axes.axvspan(first - 0.5, end - 0.5, color=colour, zorder=0)
        axes.annotate(
            f'task {tasks[first] + 1}',
            ((first + end - 1) / 2, 1.0),
            (0, 3),
            ha='center',
            va='bottom',
            xycoords=('data', 'axes fraction'),
            textcoords='offset points',
        )
    axes.set_xlim(-0.5, len(tasks) - 0.5)
