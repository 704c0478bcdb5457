from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
import pytest

from laecips_bringup.view_state import Book
from laecips_bringup.view_values import FrameReport
from laecips_bringup.view_values import LinkNews
from laecips_bringup.view_values import Picture
from laecips_bringup.view_values import RoundNews
from laecips_core.catalogue import ClassCatalogue
from laecips_core.errors import ShapeError

CATALOGUE = ClassCatalogue(('road', 'sky'), ((1, 2, 3), (4, 5, 6)))
IMAGE = np.zeros((2, 2, 3), np.uint8)
MASK = np.array([[0, 0], [1, 1]], np.uint8)
HALF_RIGHT = np.array([[0, 1], [0, 1]], np.uint8)


class Clock:
    """A clock that stands until it is set."""

    def __init__(self) -> None:
        self.now_s = 100.0

    def __call__(self) -> float:
        return self.now_s


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def book(clock: Clock) -> Book:
    book = Book(clock)
    book.take_classes(CATALOGUE)
    return book


def report(stamp_ns: int, source: str = 'EDGE', *, refined: bool = False) -> FrameReport:
    hard = source != 'EDGE'
    return FrameReport(stamp_ns, source, refined, hard, hard, 0.25, 0.5, 'v1', '', 0.1)


def labels_of(picture: Picture | None) -> NDArray[np.uint8] | None:
    return None if picture is None else picture.labels


def test_nothing_is_shown_before_anything_came(clock: Clock) -> None:
    now = Book(clock).snapshot()
    assert (now.frame, now.edge_mask, now.fused_mask, now.report) == (None,) * 4
    assert (now.catalogue, now.link, now.weights_version) == (None, None, '')
    assert (now.frames, now.scores, now.spans) == ((), (), ())


def test_newest_frame_is_shown_with_the_time_it_came(book: Book, clock: Clock) -> None:
    book.take_image(1, IMAGE)
    clock.now_s = 103.0
    book.take_image(2, IMAGE)
    clock.now_s = 104.5
    now = book.snapshot()
    assert now.frame is not None
    assert (now.frame.stamp_ns, now.frame.at_s, now.now_s) == (2, 3.0, 4.5)


@pytest.mark.parametrize('source', ['EDGE', 'EDGE_FALLBACK', 'unknown (7)'])
def test_mask_that_is_not_fused_is_the_edges(book: Book, source: str) -> None:
    book.take_image(1, IMAGE)
    book.take_mask(1, MASK)
    book.take_report(report(1, source))
    now = book.snapshot()
    assert now.fused_mask is None
    assert now.edge_mask is not None
    assert now.edge_mask.labels is MASK
    assert now.edge_mask.image is IMAGE


def test_fused_mask_is_shown_over_its_own_frame(book: Book) -> None:
    book.take_image(1, IMAGE)
    book.take_image(2, IMAGE + 1)
    book.take_report(report(1, 'FUSED'))
    book.take_mask(1, MASK)
    now = book.snapshot()
    assert now.edge_mask is None
    assert now.fused_mask is not None
    assert (now.fused_mask.stamp_ns, now.fused_mask.image) == (1, IMAGE)


def test_mask_without_a_report_is_nobodys(book: Book) -> None:
    book.take_mask(1, MASK)
    assert book.snapshot().edge_mask is None


def test_mask_waits_for_its_frame_and_is_shown_without(book: Book) -> None:
    book.take_mask(1, MASK)
    book.take_report(report(1))
    before = book.snapshot().edge_mask
    book.take_image(1, IMAGE)
    after = book.snapshot().edge_mask
    assert before is not None
    assert before.image is None
    assert after is not None
    assert after.image is IMAGE
    assert before.key != after.key


def test_refined_mask_leaves_the_edges_own_as_it_was(book: Book) -> None:
    book.take_mask(1, MASK)
    book.take_report(report(1))
    book.take_refined_mask(1, HALF_RIGHT)
    book.take_report(report(1, 'FUSED', refined=True))
    now = book.snapshot()
    assert labels_of(now.edge_mask) is MASK
    assert labels_of(now.fused_mask) is HALF_RIGHT
    assert now.report == report(1)
    assert len(now.frames) == 1


@pytest.mark.parametrize('truth_first', [True, False])
def test_mask_is_scored_when_its_truth_is_known(book: Book, truth_first: bool) -> None:
    takes = [lambda: book.take_truth(1, MASK), lambda: book.take_mask(1, HALF_RIGHT)]
    for take in takes if truth_first else reversed(takes):
        take()
    (score,) = book.snapshot().scores
    assert score.miou == pytest.approx(1 / 3)


def test_mask_is_scored_once(book: Book) -> None:
    book.take_truth(1, MASK)
    book.take_mask(1, MASK)
    book.take_mask(1, MASK)
    assert [score.miou for score in book.snapshot().scores] == [1.0]


def test_truth_of_another_frame_scores_nothing(book: Book) -> None:
    book.take_truth(1, MASK)
    book.take_mask(2, MASK)
    assert book.snapshot().scores == ()


def test_truth_that_does_not_fit_is_refused_once(book: Book) -> None:
    book.take_truth(1, np.zeros((3, 3), np.uint8))
    with pytest.raises(ShapeError):
        book.take_mask(1, MASK)
    book.take_mask(1, MASK)
    assert book.snapshot().scores == ()


def test_nothing_is_scored_before_the_classes_are_known(clock: Clock) -> None:
    book = Book(clock)
    book.take_truth(1, MASK)
    book.take_mask(1, MASK)
    assert book.snapshot().scores == ()


def test_time_line_and_link_are_told(book: Book, clock: Clock) -> None:
    book.take_weights('v1')
    book.take_release('v1')
    clock.now_s = 102.0
    book.take_round(RoundNews(1, 'STARTED', 'v1', '', 4, 0.0))
    book.take_link(LinkNews('UP', 'fine'))
    now = book.snapshot()
    assert (now.weights_version, now.link) == ('v1', LinkNews('UP', 'fine'))
    assert [(span.row, span.start_s) for span in now.spans] == [
        ('weights on the robot', 0.0),
        ('newest release', 0.0),
        ('training round', 2.0),
        ('link', 2.0),
    ]


def test_a_run_forgets_pictures_and_keeps_curves_and_classes(book: Book) -> None:
    book.take_image(1, IMAGE)
    book.take_mask(1, MASK)
    book.take_report(report(1))
    book.take_link(LinkNews('UP', ''))
    book.begin_run('CLOUD')
    now = book.snapshot()
    assert (now.frame, now.edge_mask, now.report, now.link) == (None,) * 4
    assert now.catalogue == CATALOGUE
    assert len(now.frames) == 1


def test_a_run_does_not_mix_frames_of_equal_stamps(book: Book) -> None:
    book.take_mask(1, MASK)
    book.begin_run('CLOUD')
    book.take_report(report(1, 'FUSED'))
    assert book.snapshot().fused_mask is None


def test_snapshot_does_not_change_later(book: Book) -> None:
    book.take_report(report(1))
    now = book.snapshot()
    book.take_report(replace(report(2), latency_s=9.0))
    assert [point.number for point in now.frames] == [1]
