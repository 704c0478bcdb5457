from __future__ import annotations

import numpy as np

from laecips_bringup.view_state import Book
from laecips_bringup.view_text import legend_html
from laecips_bringup.view_text import picture_title
from laecips_bringup.view_text import status_html
from laecips_bringup.view_values import FrameReport
from laecips_bringup.view_values import LinkNews
from laecips_bringup.view_values import Picture
from laecips_core.catalogue import ClassCatalogue

FALLBACK = FrameReport(1, 'EDGE_FALLBACK', False, True, True, 0.25, 0.5, 'v1', 'deadline', 0.0625)


def book() -> Book:
    return Book(lambda: 0.0)


def test_status_before_the_first_message_says_so() -> None:
    html = status_html(book().snapshot())
    assert 'mask</span> none yet' in html
    assert 'newest frame</span> none yet' in html
    assert 'link</span> no bridge' in html


def test_status_tells_source_reason_verdict_and_versions() -> None:
    told = book()
    told.take_report(FALLBACK)
    told.take_weights('0123456789ab')
    told.take_link(LinkNews('DOWN', 'no heartbeat'))
    html = status_html(told.snapshot())
    for part in ('EDGE_FALLBACK</b> (deadline)', 'hard', '0.25 ≤ δ 0.50', '62 ms'):
        assert part in html
    assert '0123456789ab' in html
    assert 'title="no heartbeat">DOWN' in html


def test_what_came_from_the_network_is_escaped() -> None:
    told = book()
    told.take_weights('<script>')
    told.take_link(LinkNews('UP', '"><script>'))
    html = status_html(told.snapshot())
    legend = legend_html(ClassCatalogue(('<script>',), ((0, 0, 0),)))
    assert '<script>' not in html
    assert '<script>' not in legend


def test_legend_names_every_class_beside_its_colour() -> None:
    html = legend_html(ClassCatalogue(('road', 'sky'), ((1, 2, 3), (4, 5, 6))))
    assert 'rgb(1, 2, 3)"></i>road' in html
    assert 'rgb(4, 5, 6)"></i>sky' in html


def test_legend_says_where_the_classes_come_from() -> None:
    assert 'edge/label_info' in legend_html(None)


def test_title_says_how_old_a_picture_is() -> None:
    picture = Picture(0, 2.0, np.zeros((1, 1, 3), np.uint8), None)
    assert picture_title('Frame', picture, 3.26) == 'Frame · 1.3 s ago'
    assert picture_title('Frame', None, 3.26) == 'Frame · none yet'
