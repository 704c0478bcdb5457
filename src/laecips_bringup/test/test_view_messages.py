from __future__ import annotations

from array import array

import pytest

from laecips_bringup.view_messages import catalogue_of
from laecips_bringup.view_messages import link_of
from laecips_bringup.view_messages import report_of
from laecips_bringup.view_messages import round_of
from laecips_bringup.view_values import LinkNews
from laecips_bringup.view_values import RoundNews
from laecips_core.errors import DataSetError
from laecips_msgs.msg import LabelInfo
from laecips_msgs.msg import LinkState
from laecips_msgs.msg import Report
from laecips_msgs.msg import TrainingRound


def test_report_keeps_what_is_shown() -> None:
    msg = Report(
        source=Report.EDGE_FALLBACK,
        fallback_reason='deadline',
        hard=True,
        confidence=0.25,
        threshold=0.5,
        weights_version='abc',
        total_s=0.125,
        bytes_up=1,
    )
    msg.header.stamp.sec, msg.header.stamp.nanosec = 2, 7
    report = report_of(msg)
    assert report.stamp_ns == 2_000_000_007
    assert (report.source, report.fallback_reason) == ('EDGE_FALLBACK', 'deadline')
    assert (report.hard, report.sent, report.refined) == (True, True, False)
    assert (report.confidence, report.threshold, report.latency_s) == (0.25, 0.5, 0.125)
    assert report.weights_version == 'abc'


def test_frame_without_bytes_was_not_sent() -> None:
    assert not report_of(Report(hard=True, bytes_up=0)).sent


def test_round_keeps_what_the_gate_said() -> None:
    msg = TrainingRound(
        training_round=3,
        state=TrainingRound.REJECTED,
        samples=16,
        version='abc',
        reason='worse',
        duration_s=2.5,
    )
    assert round_of(msg) == RoundNews(3, 'REJECTED', 'abc', 'worse', 16, 2.5)


def test_link_keeps_state_and_reason() -> None:
    msg = LinkState(state=LinkState.DEGRADED, reason='gaps')
    assert link_of(msg) == LinkNews('DEGRADED', 'gaps')


def test_numbers_of_a_newer_version_are_shown_as_unknown() -> None:
    assert report_of(Report(source=7)).source == 'unknown (7)'
    assert round_of(TrainingRound(state=9)).state == 'unknown (9)'
    assert link_of(LinkState(state=255)).state == 'unknown (255)'


def test_classes_keep_names_and_colours() -> None:
    msg = LabelInfo(class_names=['sky', 'road'], colours=array('B', [1, 2, 3, 4, 5, 6]))
    catalogue = catalogue_of(msg)
    assert catalogue.names == ('sky', 'road')
    assert catalogue.colours == ((1, 2, 3), (4, 5, 6))


@pytest.mark.parametrize('colours', [[], [1, 2, 3], [1, 2, 3, 4], [1, 2, 3, 4, 5, 6, 7]])
def test_classes_without_a_colour_each_are_refused(colours: list[int]) -> None:
    with pytest.raises(DataSetError):
        catalogue_of(LabelInfo(class_names=['sky', 'road'], colours=array('B', colours)))
