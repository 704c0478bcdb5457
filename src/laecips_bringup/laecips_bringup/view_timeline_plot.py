"""The time line of the live page."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Sequence

from bokeh.core.properties import value
from bokeh.models import ColumnDataSource
from bokeh.models import FactorRange
from bokeh.models import GlyphRenderer
from bokeh.models import HoverTool
from bokeh.models import Range1d
from bokeh.plotting import figure

from laecips_bringup.view_style import KIND_COLOURS
from laecips_bringup.view_style import legend_above
from laecips_bringup.view_style import LETTERS
from laecips_bringup.view_style import plot
from laecips_bringup.view_style import SWAP_COLOUR
from laecips_bringup.view_style import UNKNOWN_COLOUR
from laecips_bringup.view_timeline import ROWS
from laecips_bringup.view_timeline import STATE_ROWS
from laecips_bringup.view_timeline import SWAP
from laecips_bringup.view_values import Span

_HEIGHT_PX = 260
_LABEL_SHARE = 0.012
_BAR_COLUMNS = ('row', 'kind', 'colour', 'text', 'label', 'start_s', 'end_s')
_SWAP_COLUMNS = ('row', 'at_s', 'text')


class TimelinePlot:
    """
    Bars for what holds for a while, triangles and lines where the edge swapped its weights.

    :param time_range: seconds since the page's start, shared by all.
    """

    def __init__(self, time_range: Range1d) -> None:
        """Start without bars."""
        self._rows = FactorRange()
        self._plain = _Bars(time_range, lambda span: span.row not in STATE_ROWS)
        self._states = _Bars(time_range, lambda span: span.row in STATE_ROWS)
        self._swaps = ColumnDataSource({name: [] for name in _SWAP_COLUMNS}, name='swaps')
        self.figure = plot(
            'Versions, swaps and training rounds', time_range, _HEIGHT_PX, name='time line',
            y_range=self._rows,
        )  # fmt: skip
        self._draw()

    def mark_swaps(self, made: figure) -> None:
        """
        Draw a line through another figure at each swap.

        :param made: over the same time axis.
        """
        made.vspan(x='at_s', source=self._swaps, line_color=SWAP_COLOUR, line_alpha=0.4)

    def update(self, spans: Sequence[Span], now_s: float) -> None:
        """
        Show the spans.

        :param spans: of the book.
        :param now_s: where those end that go on, in seconds since the page's start.
        """
        rows = [row for row in reversed(ROWS) if any(span.row == row for span in spans)]
        if list(self._rows.factors) != rows:
            self._rows.factors = rows
        swaps = [span for span in spans if span.kind == SWAP]
        if len(swaps) != len(self._swaps.data['at_s']):
            self._swaps.data = {
                'row': [span.row for span in swaps],
                'at_s': [span.start_s for span in swaps],
                'text': [span.text for span in swaps],
            }
        self._plain.update(spans, now_s)
        self._states.update(spans, now_s)

    def _draw(self) -> None:
        bars = [
            self._plain.draw(self.figure),
            self._states.draw(self.figure, legend_field='kind'),
        ]
        swaps = self.figure.scatter(
            'at_s', 'row', source=self._swaps, marker='triangle', size=13, color=SWAP_COLOUR,
            legend_label='swap',
        )  # fmt: skip
        hover = HoverTool(renderers=[*bars, swaps], tooltips='<b>@row</b> @text')
        self.figure.add_tools(hover)
        self.figure.ygrid.visible = False
        self.figure.xaxis.axis_label = 'seconds since the start of the page'
        legend_above(self.figure)


class _Bars:
    """The bars of some rows."""

    def __init__(self, time_range: Range1d, chosen: Callable[[Span], bool]) -> None:
        self._range, self._chosen = time_range, chosen
        self.source = ColumnDataSource({name: [] for name in _BAR_COLUMNS})
        self._shown: tuple[tuple[Span, ...], int] = ((), 0)

    def update(self, spans: Sequence[Span], now_s: float) -> None:
        # In whole seconds, as the axis: each change draws the figure anew.
        chosen = tuple(filter(self._chosen, spans)), int(now_s)
        if chosen != self._shown:
            self._shown = chosen
            self.source.data = self._columns(*chosen)

    def draw(self, made: figure, **more: object) -> GlyphRenderer:
        bars = made.hbar(
            y='row', left='start_s', right='end_s', height=0.55, source=self.source,
            fill_color='colour', fill_alpha=0.75, line_color='#ffffff', **more,
        )  # fmt: skip
        made.text(
            x='start_s', y='row', text='label', source=self.source, x_offset=9,
            text_baseline='middle', text_font=value(LETTERS), text_font_size='13px',
            text_color='#111111',
        )  # fmt: skip
        return bars

    def _columns(self, spans: Sequence[Span], now_s: int) -> dict[str, list[object]]:
        width_s = float(self._range.end) - float(self._range.start)
        ends_s = [max(span.start_s, now_s) if span.end_s is None else span.end_s for span in spans]
        labels = [
            span.label if end_s - span.start_s > _LABEL_SHARE * width_s * len(span.label) else ''
            for span, end_s in zip(spans, ends_s, strict=True)
        ]
        return {
            'row': [span.row for span in spans],
            'kind': [span.kind for span in spans],
            'colour': [KIND_COLOURS.get(span.kind, UNKNOWN_COLOUR) for span in spans],
            'text': [span.text for span in spans],
            'label': list(labels),
            'start_s': [span.start_s for span in spans],
            'end_s': list(ends_s),
        }
