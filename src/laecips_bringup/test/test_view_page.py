"""The page as a document, without a browser."""

from __future__ import annotations

from bokeh.document import Document
import numpy as np
import pytest

from laecips_bringup.view_page import add_full_notice
from laecips_bringup.view_page import Page
from laecips_bringup.view_plots import Line
from laecips_bringup.view_plots import Points
from laecips_bringup.view_state import Book
from laecips_bringup.view_values import FrameReport
from laecips_bringup.view_values import RoundNews
from laecips_bringup.view_values import ScorePoint
from laecips_core.catalogue import ClassCatalogue

CATALOGUE = ClassCatalogue(('road', 'sky'), ((1, 2, 3), (4, 5, 6)))
MASK = np.array([[0, 0], [1, 1]], np.uint8)


class Clock:
    """A clock that stands until it is set."""

    now_s = 0.0

    def __call__(self) -> float:
        return self.now_s


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def book(clock: Clock) -> Book:
    return Book(clock)


@pytest.fixture
def page(book: Book) -> Page:
    return Page(book, 'a <robot>')


def find(page: Page, name: str) -> object:
    return page.root.select_one({'name': name})


def tell_all(book: Book) -> None:
    book.take_classes(CATALOGUE)
    book.take_image(1, np.full((2, 2, 3), 100, np.uint8))
    book.take_truth(1, MASK)
    book.take_mask(1, MASK)
    book.take_report(FrameReport(1, 'EDGE', False, False, False, 0.7, 0.5, 'v1', '', 0.05))
    book.take_weights('v1')
    book.take_weights('v2')
    book.take_round(RoundNews(1, 'STARTED', 'v1', '', 4, 0.0))


def test_an_empty_book_makes_a_page_without_miou(page: Page) -> None:
    assert find(page, 'Edge mask').title.text == 'Edge mask · none yet'
    assert not find(page, 'miou').visible
    assert list(find(page, 'time line').y_range.factors) == []


def test_name_of_the_robot_is_escaped(page: Page) -> None:
    assert 'a &lt;robot&gt;' in find(page, 'title').text


def test_page_shows_what_the_book_was_told(page: Page, book: Book) -> None:
    tell_all(book)
    page.update()
    assert find(page, 'Edge mask').title.text == 'Edge mask · 0.0 s ago'
    assert 'sky' in find(page, 'legend').text
    assert find(page, 'miou').visible
    assert list(find(page, 'time line').y_range.factors) == [
        'training round',
        'weights on the robot',
    ]
    assert list(find(page, 'swaps').data['text']) == ['version v2 swapped in']


def test_page_opened_later_shows_the_same(page: Page, book: Book) -> None:
    tell_all(book)
    late = Page(book, '')
    assert list(find(late, 'swaps').data['at_s']) == [0.0]
    assert find(late, 'miou').visible


def test_picture_takes_the_shape_of_the_frame(page: Page, book: Book) -> None:
    book.take_image(1, np.zeros((10, 40, 3), np.uint8))
    page.update()
    assert find(page, 'Frame').aspect_ratio == 4.0


def test_picture_that_is_shown_is_not_sent_again(page: Page, book: Book) -> None:
    tell_all(book)
    document = Document()
    document.add_root(page.root)
    page.update()
    changes: list[object] = []
    document.on_change(changes.append)
    page.update()
    assert changes == []


def test_time_axis_follows_and_drops_what_is_old(page: Page, clock: Clock) -> None:
    axis = find(page, 'time line').x_range
    assert (axis.start, axis.end) == (0.0, 20.0)
    clock.now_s = 1000.5
    page.update()
    assert (axis.start, axis.end) == (401.0, 1001.0)


def test_only_new_points_are_added() -> None:
    points = Points({'at_s': lambda p: p.at_s})
    first, second = ScorePoint(1, 0, 0.5, 1.0, 1.0), ScorePoint(2, 0, 1.5, 1.0, 1.0)
    points.update([first])
    points.update([first, second])
    assert list(points.source.data['at_s']) == [0.5, 1.5]


def test_no_line_joins_two_runs() -> None:
    line = Line({'at_s': lambda p: p.at_s})
    line.update([ScorePoint(1, 0, 0.5, 1.0, 1.0), ScorePoint(2, 1, 1.5, 1.0, 1.0)])
    assert np.array_equal(line.source.data['at_s'], [0.5, np.nan, 1.5], equal_nan=True)


def test_reader_too_many_is_told_what_to_do() -> None:
    document = Document()
    add_full_notice(document, 3)
    (root,) = document.roots
    assert '3 pages are open already' in root.text
