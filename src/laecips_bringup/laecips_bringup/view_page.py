"""One reader's page, made from what the book holds."""

from __future__ import annotations

from html import escape

from bokeh.document import Document
from bokeh.layouts import column
from bokeh.layouts import row
from bokeh.models import Div
from bokeh.models import GlobalInlineStyleSheet
from bokeh.models import Range1d

from laecips_bringup.view_panels import PicturePanel
from laecips_bringup.view_plots import CurvePlots
from laecips_bringup.view_state import Book
from laecips_bringup.view_style import PAGE_CSS
from laecips_bringup.view_style import TEXT_CSS
from laecips_bringup.view_text import legend_html
from laecips_bringup.view_text import status_html
from laecips_bringup.view_timeline_plot import TimelinePlot

TITLE = 'LAECIPS live'
HISTORY_S = 600.0
"""How far back the time axes reach."""

_FIRST_S = 20.0
_GAP_PX = 10


class Page:
    """
    What one browser shows.

    :param book: what is known.
    :param where: says which robot this is, in words.
    """

    def __init__(self, book: Book, where: str) -> None:
        """Lay everything out, as full as the book is."""
        self._book = book
        self._time = Range1d(0.0, _FIRST_S)
        self._status = _text('', 'status')
        self._legend = _text('', 'legend')
        self._panels = [PicturePanel(name) for name in ('Frame', 'Edge mask', 'Fused mask')]
        self._curves = CurvePlots(self._time)
        self._timeline = TimelinePlot(self._time)
        for made in self._curves.figures:
            self._timeline.mark_swaps(made)
        title = _text(f'<h1>{TITLE} <small>{escape(where)}</small></h1>', 'title')
        self.root = column(
            title,
            self._status,
            row(*(p.figure for p in self._panels), sizing_mode='stretch_width', spacing=_GAP_PX),
            self._legend,
            row(*self._curves.figures, sizing_mode='stretch_width', spacing=_GAP_PX),
            self._timeline.figure,
            sizing_mode='stretch_width',
            spacing=6,
            margin=(4, 14, 10, 14),
        )
        self.update()

    def update(self) -> None:
        """Bring the page up to what the book holds now."""
        now = self._book.snapshot()
        self._move_time(now.now_s)
        self._status.text = status_html(now)
        self._legend.text = legend_html(now.catalogue)
        for panel, picture in zip(
            self._panels, (now.frame, now.edge_mask, now.fused_mask), strict=True
        ):
            panel.update(picture, now.catalogue, now.now_s)
        self._curves.update(now)
        self._timeline.update(now.spans, now.now_s)

    def _move_time(self, now_s: float) -> None:
        # In whole seconds: each change draws every figure anew.
        end_s = max(float(int(now_s) + 1), _FIRST_S)
        if end_s != self._time.end:
            self._time.update(start=max(end_s - HISTORY_S, 0.0), end=end_s)


def add_page(document: Document, book: Book, where: str, updates_hz: float) -> None:
    """
    Fill a reader's document and keep it up to date.

    :param document: of a new session.
    :param book: what is known.
    :param where: says which robot this is, in words.
    :param updates_hz: updates a second at most; a slow browser or network has fewer.
    """
    page = Page(book, where)
    _begin(document)
    document.add_root(page.root)
    document.add_periodic_callback(page.update, round(1000.0 / updates_hz))


def add_full_notice(document: Document, most_pages: int) -> None:
    """
    Tell a reader that there are too many.

    :param document: of a new session.
    :param most_pages: that are shown at once.
    """
    _begin(document)
    words = (
        f'<h1>{TITLE}</h1><p>{most_pages} pages are open already, which is all that this machine '
        'shows at once. Close one of them, wait half a minute and load this page again.</p>'
    )
    document.add_root(_text(words, 'full'))


def _begin(document: Document) -> None:
    document.title = TITLE


def _text(html: str, name: str) -> Div:
    # disable_math: a text with dollar signs would load a formula renderer.
    return Div(
        text=html,
        name=name,
        disable_math=True,
        sizing_mode='stretch_width',
        stylesheets=[TEXT_CSS, GlobalInlineStyleSheet(css=PAGE_CSS)],
    )
