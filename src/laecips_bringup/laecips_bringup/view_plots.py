"""The curves of the live page: latency, upload rate, mIoU."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Mapping
from collections.abc import Sequence
from typing import Any
from typing import TypeVar

from bokeh.models import ColumnDataSource
from bokeh.models import Range1d
from bokeh.plotting import figure

from laecips_bringup.view_curves import MAX_POINTS
from laecips_bringup.view_curves import WINDOW_FRAMES
from laecips_bringup.view_style import CURVE_COLOUR
from laecips_bringup.view_style import legend_above
from laecips_bringup.view_style import plot
from laecips_bringup.view_style import SOURCE_COLOURS
from laecips_bringup.view_style import UNKNOWN_COLOUR
from laecips_bringup.view_values import FramePoint
from laecips_bringup.view_values import ScorePoint
from laecips_bringup.view_values import Snapshot

P = TypeVar('P', FramePoint, ScorePoint)
_HEIGHT_PX = 230
_SHARE = (-0.05, 1.05)


class Points:
    """Points of which only new ones go to the browser."""

    def __init__(self, columns: Mapping[str, Callable[[Any], object]]) -> None:
        """
        Start without points.

        :param columns: for each column what it takes from a point.
        """
        self._columns = columns
        self._last = 0
        self.source = ColumnDataSource({name: [] for name in columns})

    def update(self, points: Sequence[P]) -> None:
        """
        Add the points that are not there yet.

        :param points: oldest first, numbered from 1.
        """
        new = [point for point in points if point.number > self._last]
        if new:
            self._last = new[-1].number
            self.source.stream(self._rows(new), rollover=MAX_POINTS)

    def _rows(self, new: Sequence[P]) -> dict[str, list[object]]:
        return {name: [take(point) for point in new] for name, take in self._columns.items()}


class Line(Points):
    """Points that a line joins, but not from one run to the next; numbers only."""

    _run = 0

    def _rows(self, new: Sequence[P]) -> dict[str, list[object]]:
        rows: dict[str, list[object]] = {name: [] for name in self._columns}
        for point in new:
            if point.run != self._run:
                self._run = point.run
                for values in rows.values():
                    values.append(float('nan'))
            for name, take in self._columns.items():
                rows[name].append(take(point))
        return rows


class CurvePlots:
    """
    The three figures; that of mIoU is hidden until the truth of a frame is known.

    :param time_range: seconds since the page's start, shared by all.
    """

    def __init__(self, time_range: Range1d) -> None:
        """Start without points."""
        self._latencies = Points(
            {
                'at_s': lambda p: p.at_s,
                'latency_ms': lambda p: 1000.0 * p.latency_s,
                'source': lambda p: p.source,
                'colour': lambda p: SOURCE_COLOURS.get(p.source, UNKNOWN_COLOUR),
            }
        )
        self._rates = Line({'at_s': lambda p: p.at_s, 'upload_rate': lambda p: p.upload_rate})
        self._scores = Line(
            {
                'at_s': lambda p: p.at_s,
                'miou': lambda p: p.miou,
                'mean_miou': lambda p: p.mean_miou,
            }
        )
        self.miou = self._miou_figure(time_range)
        self.figures = (self._rate_figure(time_range), self._latency_figure(time_range), self.miou)

    def update(self, snapshot: Snapshot) -> None:
        """
        Show new points.

        :param snapshot: of the book.
        """
        self._latencies.update(snapshot.frames)
        self._rates.update(snapshot.frames)
        self._scores.update(snapshot.scores)
        if snapshot.scores and not self.miou.visible:
            self.miou.visible = True

    def _rate_figure(self, time_range: Range1d) -> figure:
        made = plot('Upload rate', time_range, _HEIGHT_PX, name='upload rate', y_range=_SHARE)
        made.line(
            'at_s', 'upload_rate', source=self._rates.source, color=CURVE_COLOUR, line_width=2,
            legend_label=f'share of the last {WINDOW_FRAMES} frames',
        )  # fmt: skip
        return _finished(made)

    def _latency_figure(self, time_range: Range1d) -> figure:
        made = plot('Latency of a mask, ms', time_range, _HEIGHT_PX, name='latency')
        made.y_range.start = 0.0
        made.scatter(
            'at_s', 'latency_ms', source=self._latencies.source, color='colour', size=5,
            legend_field='source',
        )  # fmt: skip
        return _finished(made)

    def _miou_figure(self, time_range: Range1d) -> figure:
        made = plot('mIoU', time_range, _HEIGHT_PX, name='miou', y_range=_SHARE, visible=False)
        made.scatter(
            'at_s', 'miou', source=self._scores.source, color='#aaaaaa', size=4,
            legend_label='of a mask',
        )  # fmt: skip
        made.line(
            'at_s', 'mean_miou', source=self._scores.source, color=CURVE_COLOUR, line_width=2,
            legend_label=f'mean of {WINDOW_FRAMES}',
        )  # fmt: skip
        return _finished(made)


def _finished(made: figure) -> figure:
    legend_above(made)
    made.xaxis.axis_label = 'seconds'
    return made
