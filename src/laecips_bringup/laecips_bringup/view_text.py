"""The words of the live page, as HTML; what came from the network is escaped."""

from __future__ import annotations

from html import escape

from laecips_bringup.view_values import FrameReport
from laecips_bringup.view_values import LinkNews
from laecips_bringup.view_values import Picture
from laecips_bringup.view_values import Snapshot
from laecips_core.catalogue import ClassCatalogue

_LINK = {'UP': 'good', 'DEGRADED': 'fair', 'DOWN': 'bad'}
_SOURCE = {'EDGE': 'edge', 'FUSED': 'fused', 'EDGE_FALLBACK': 'fallback'}


def status_html(snapshot: Snapshot) -> str:
    """
    Say in a line what the nodes do now.

    :param snapshot: of the book.
    :returns: names and values, the same ones each time.
    """
    cells = [
        *_frame_cells(snapshot.report),
        _cell('weights', escape(snapshot.weights_version) or '–'),
        _cell('link', _link(snapshot.link)),
        _cell('newest frame', _age(snapshot.frame, snapshot.now_s)),
    ]
    return f'<div class="status">{"".join(cells)}</div>'


def legend_html(catalogue: ClassCatalogue | None) -> str:
    """
    Name the classes beside their colours.

    :param catalogue: the classes; None before the edge told them.
    """
    if catalogue is None:
        return '<div class="legend">The classes come with <code>edge/label_info</code>.</div>'
    entries = [
        f'<span class="class"><i style="background: rgb{tuple(colour)}"></i>{escape(name)}</span>'
        for name, colour in zip(catalogue.names, catalogue.colours, strict=True)
    ]
    return f'<div class="legend">{"".join(entries)}</div>'


def picture_title(name: str, picture: Picture | None, now_s: float) -> str:
    """
    Name a picture and say how old it is; plain text.

    :param name: of the picture.
    :param picture: what is shown; None when there is none yet.
    :param now_s: seconds since the page's start.
    """
    return f'{name} · {_age(picture, now_s)}' if picture else f'{name} · none yet'


def _frame_cells(report: FrameReport | None) -> list[str]:
    if report is None:
        return [_cell('mask', 'none yet')]
    kind = _SOURCE.get(report.source, 'unknown')
    why = f' ({escape(report.fallback_reason)})' if report.fallback_reason else ''
    sign = '≤' if report.hard else '&gt;'
    verdict = 'hard' if report.hard else 'easy'
    return [
        _cell('newest mask', f'<b class="{kind}">{escape(report.source)}</b>{why}'),
        _cell('verdict', verdict),
        _cell('h', f'{report.confidence:.2f} {sign} δ {report.threshold:.2f}'),
        _cell('latency', f'{1000.0 * report.latency_s:.0f} ms'),
    ]


def _cell(name: str, html: str) -> str:
    return f'<span class="cell"><span class="name">{name}</span> {html}</span>'


def _link(link: LinkNews | None) -> str:
    if link is None:
        return 'no bridge'
    kind = _LINK.get(link.state, 'fair')
    return f'<b class="{kind}" title="{escape(link.reason)}">{escape(link.state)}</b>'


def _age(picture: Picture | None, now_s: float) -> str:
    return 'none yet' if picture is None else f'{max(now_s - picture.at_s, 0.0):.1f} s ago'
