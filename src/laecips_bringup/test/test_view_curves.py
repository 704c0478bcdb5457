from __future__ import annotations

from dataclasses import replace

import pytest

from laecips_bringup.view_curves import Curves
from laecips_bringup.view_values import FramePoint
from laecips_bringup.view_values import FrameReport

REPORT = FrameReport(
    stamp_ns=1,
    source='EDGE',
    refined=False,
    hard=False,
    sent=False,
    confidence=0.75,
    threshold=0.5,
    weights_version='abc',
    fallback_reason='',
    latency_s=0.125,
)


def add(curves: Curves, sent: list[bool]) -> None:
    for stamp_ns, one in enumerate(sent):
        curves.add_report(replace(REPORT, stamp_ns=stamp_ns, sent=one), float(stamp_ns))


def test_a_report_is_a_point() -> None:
    curves = Curves()
    curves.add_report(REPORT, 3.5)
    assert curves.frames == (FramePoint(1, 0, 3.5, 'EDGE', 0.125, 0.0),)


def test_upload_rate_is_that_of_the_window() -> None:
    curves = Curves(window=2)
    add(curves, [True, True, False, False])
    assert [point.upload_rate for point in curves.frames] == [1.0, 1.0, 0.5, 0.0]


def test_refined_report_tells_that_its_frame_was_sent() -> None:
    curves = Curves()
    add(curves, [False])
    curves.add_report(replace(REPORT, stamp_ns=0, sent=True, refined=True), 1.0)
    curves.add_report(replace(REPORT, stamp_ns=1), 2.0)
    assert [point.upload_rate for point in curves.frames] == [0.0, 0.5]


def test_refined_report_of_an_unknown_frame_is_left_out() -> None:
    curves = Curves()
    curves.add_report(replace(REPORT, sent=True, refined=True), 1.0)
    assert curves.frames == ()


def test_mean_miou_is_that_of_the_window() -> None:
    curves = Curves(window=2)
    for number, miou in enumerate([0.5, 1.0, 0.0]):
        curves.add_score(miou, float(number))
    assert [point.miou for point in curves.scores] == [0.5, 1.0, 0.0]
    assert [point.mean_miou for point in curves.scores] == pytest.approx([0.5, 0.75, 0.5])


def test_score_of_a_frame_without_annotation_is_left_out() -> None:
    curves = Curves()
    curves.add_score(float('nan'), 1.0)
    assert curves.scores == ()


def test_a_run_begins_its_means_anew_and_keeps_the_points() -> None:
    curves = Curves()
    add(curves, [True])
    curves.add_score(1.0, 0.0)
    curves.begin_run()
    add(curves, [False])
    curves.add_score(0.5, 1.0)
    assert [(p.number, p.run, p.upload_rate) for p in curves.frames] == [(1, 0, 1.0), (2, 1, 0.0)]
    assert [(p.number, p.run, p.mean_miou) for p in curves.scores] == [(1, 0, 1.0), (2, 1, 0.5)]


def test_the_oldest_points_go() -> None:
    curves = Curves(max_points=2)
    add(curves, [False] * 5)
    assert [point.number for point in curves.frames] == [4, 5]
