from __future__ import annotations

from diagnostic_msgs.msg import DiagnosticArray
from diagnostic_msgs.msg import DiagnosticStatus
from diagnostic_msgs.msg import KeyValue
import pytest

from laecips_bringup.edge_counters import counters_of
from laecips_bringup.edge_counters import EdgeCounters


def status(name: str, **values: object) -> DiagnosticStatus:
    pairs = [KeyValue(key=key, value=str(value)) for key, value in values.items()]
    return DiagnosticStatus(name=name, values=pairs)


def test_counts_are_those_since_the_first_frame() -> None:
    counters = EdgeCounters()
    counters.take({'offered': 3, 'failed.bad_image': 1}, begun=False)
    counters.take({'offered': 5, 'failed.bad_image': 1}, begun=False)
    counters.take({'offered': 7, 'failed.bad_image': 3, 'drops.superseded': 1}, begun=True)
    assert counters.risen() == {'offered': 2, 'failed.bad_image': 2, 'drops.superseded': 1}
    assert counters.failures() == {'bad_image': 2}
    assert counters.explained() == 3


def test_counters_that_came_late_say_nothing_of_before() -> None:
    counters = EdgeCounters()
    assert not counters.known
    counters.take({'drops.superseded': 4}, begun=True)
    assert counters.known
    assert counters.risen() == {}


def test_counters_of_a_node_that_started_again_do_not_go_below_zero() -> None:
    counters = EdgeCounters()
    counters.take({'offered': 9}, begun=False)
    counters.take({'offered': 2}, begun=True)
    assert counters.risen() == {}


def test_drops_and_errors_of_other_things_than_frames_are_left_out() -> None:
    counters = EdgeCounters()
    counters.take({}, begun=False)
    counters.take({'drops.hand_over_busy': 2, 'errors.bad_weights': 1, 'updates': 3}, begun=True)
    assert counters.risen() == {}


@pytest.mark.parametrize('name', ['edge', '/edge', 'edge: frames'])
def test_counters_are_picked_by_the_name_of_the_node(name: str) -> None:
    array = DiagnosticArray(
        status=[status('cloud', offered=9), status(name, offered=3, message='x', rate=0.5)]
    )
    assert counters_of(array, '/edge') == {'offered': 3}


def test_another_node_has_none() -> None:
    array = DiagnosticArray(status=[status('robot2/edge', offered=3)])
    assert counters_of(array, '/edge') == {}
    assert counters_of(array, '/robot2/edge') == {'offered': 3}
