"""Figures 7 and 8 of the paper: what miners see, and what that is worth, as PNG bytes."""

from __future__ import annotations

from collections.abc import Sequence
import math
from typing import Any

from matplotlib.axes import Axes
import numpy as np
from numpy.typing import NDArray

from laecips_bringup.figure_style import add_legend
from laecips_bringup.figure_style import BLACK
from laecips_bringup.figure_style import GREY
from laecips_bringup.figure_style import new_figure
from laecips_bringup.figure_style import png_of
from laecips_bringup.figure_style import SKY
from laecips_bringup.method_style import legend_columns
from laecips_bringup.method_style import method_styles
from laecips_core.experiments.intervals import Interval
from laecips_core.experiments.miner_choice import benefits
from laecips_core.experiments.miner_choice import confidences
from laecips_core.experiments.miner_scores import CEILING
from laecips_core.experiments.miner_scores import HARD_BENEFIT
from laecips_core.experiments.miner_scores import RANDOM
from laecips_core.experiments.rank_statistics import auroc
from laecips_core.experiments.rate_curves import RateCurve
from laecips_core.experiments.results import FrameSurvey

_PANEL_INCHES = 2.3
_CURVES_INCHES = 7.4
_COLUMNS = 2
_BINS = 30
_BAR_EVERY = 4


def benefit_histograms(surveys: Sequence[FrameSurvey], miners: Sequence[str], rule: str) -> bytes:
    """
    Draw how each miner's h is spread over hard and easy inputs (Fig. 7).

    :param surveys: frames, of all seeds together.
    :param miners: names, one panel each, at least one.
    :param rule: fusion rule; an input is hard when mIoU(F(x)) − mIoU(f(x)) ≥ 0.1.
    :returns: PNG bytes.
    """
    gains = benefits(surveys, rule)
    known = ~np.isnan(gains)
    hard = gains[known] >= HARD_BENEFIT
    rows = math.ceil(len(miners) / _COLUMNS)
    figure = new_figure(_PANEL_INCHES * rows + 0.5)
    panels = figure.subplots(rows, _COLUMNS, squeeze=False).ravel()
    for axes, miner in zip(panels, miners, strict=False):
        _draw_histogram(axes, confidences(surveys, miner)[known], hard)
        axes.set_title(_title(miner, confidences(surveys, miner)[known], hard), fontsize=10)
    for axes in panels[len(miners) :]:
        axes.set_axis_off()
    handles = panels[0].get_legend_handles_labels()[0]
    figure.supylabel('% of the hard, of the easy inputs', fontsize=10)
    add_legend(figure, handles)
    return png_of(figure)


def _title(miner: str, scores: NDArray[np.float64], hard: NDArray[np.bool_]) -> str:
    area = auroc(-scores, hard)
    return miner if math.isnan(area) else f'{miner}: AUROC {area:.2f}'


def _draw_histogram(axes: Axes, scores: NDArray[np.float64], hard: NDArray[np.bool_]) -> None:
    low, high = (scores.min(), scores.max()) if len(scores) else (0.0, 1.0)
    room = max(0.02 * (high - low), 0.005)
    bins = np.linspace(max(low - room, 0.0), min(high + room, 1.0), _BINS + 1).tolist()
    kinds = (
        ('easy', scores[~hard], {'histtype': 'stepfilled', 'color': SKY, 'alpha': 0.75}),
        ('hard', scores[hard], {'histtype': 'step', 'color': BLACK, 'hatch': '////'}),
    )
    for name, values, look in kinds:
        weights = np.full(len(values), 100.0 / max(len(values), 1))
        label = f'{name}: {len(values)} frames'
        axes.hist(values, bins=bins, weights=weights, label=label, linewidth=1.2, **look)
    axes.set(xlim=(bins[0], bins[-1]), xlabel='confidence h')


def rate_figure(curves: Sequence[RateCurve]) -> bytes:
    """
    Draw the system mIoU of each miner over the upload rate (Fig. 8), and the gain over random.

    :param curves: of :func:`laecips_core.experiments.rate_curves.rate_curves`.
    :returns: PNG bytes.
    """
    figure = new_figure(_CURVES_INCHES)
    upper, lower = figure.subplots(2, 1, sharex=True, height_ratios=(1.0, 1.2))
    lines = []
    styles = method_styles([curve.name for curve in curves])
    for number, curve in enumerate(curves):
        style, rates = styles[curve.name], 100.0 * np.asarray(curve.rates)
        plain = curve.name in (RANDOM, CEILING)
        look: dict[str, Any] = {
            'color': style.colour,
            'linestyle': style.line,
            'marker': '' if plain else style.marker,
            'markersize': 5,
            'markevery': 2,
            'label': curve.name,
        }
        lines += upper.plot(rates, _means(curve.values, 1.0), **look)
        # Intervals at some rates only, each miner's elsewhere, so that they stay apart.
        half = None if plain else _halves(curve.gains, 100.0)
        every = (number, max(len(curves), _BAR_EVERY))
        gains = _means(curve.gains, 100.0)
        lower.errorbar(rates, gains, yerr=half, errorevery=every, capsize=3, **look)
    _draw_luck(lower, curves)
    upper.set_ylabel('mIoU (frames)')
    lower.set(ylabel='points over random', xlabel='upload rate (CUR) in %', xlim=(0.0, 100.0))
    for axes in (upper, lower):
        axes.grid(alpha=0.3)
    add_legend(figure, lines, legend_columns([curve.name for curve in curves]))
    return png_of(figure)


def _draw_luck(axes: Axes, curves: Sequence[RateCurve]) -> None:
    for curve in (curve for curve in curves if curve.name == RANDOM):
        rates, half = 100.0 * np.asarray(curve.rates), _halves(curve.gains, 100.0)
        for edge in (-half, half):
            axes.plot(rates, edge, color=GREY, linewidth=0.8, linestyle=':')
        axes.fill_between(rates, -half, half, color=GREY, alpha=0.12, linewidth=0)


def _means(intervals: Sequence[Interval | None], scale: float) -> NDArray[np.float64]:
    means = [np.nan if one is None else one.mean for one in intervals]
    return scale * np.asarray(means, np.float64)


def _halves(intervals: Sequence[Interval | None], scale: float) -> NDArray[np.float64]:
    halves = [None if one is None else one.half_width for one in intervals]
    return scale * np.asarray([0.0 if half is None else half for half in halves], np.float64)
