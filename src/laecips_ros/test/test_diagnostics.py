"""Tests of the diagnostics, over a real topic."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.util import find_spec
import os
import time

from diagnostic_msgs.msg import DiagnosticArray
from diagnostic_msgs.msg import DiagnosticStatus
import pytest
import rclpy
from rclpy.context import Context
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node
from rclpy.parameter import Parameter

from laecips_core.errors import ImageError
from laecips_ros.counters import Counters
from laecips_ros.diagnostics import Diagnostics
from laecips_ros.diagnostics import Level
from laecips_ros.diagnostics import State
from laecips_ros.qos import diagnostics as diagnostics_qos
from laecips_ros.status_outputs import LIBRARY
from laecips_ros.status_outputs import OwnStatus
from laecips_ros.status_outputs import UpdaterStatus

DOMAIN_ID = 1 + os.getpid() % 100
TIMEOUT_S = 20.0


class Bench:
    """A node with diagnostics and a listener."""

    def __init__(self, context: Context, output: type[OwnStatus] | type[UpdaterStatus]) -> None:
        """Start both in one node."""
        self.counters, self.state = Counters(), State(Level.OK, 'running', {'model': 'tiny'})
        paused = [Parameter('use_sim_time', value=True)]
        self.node = Node('edge', namespace='/dog', context=context, parameter_overrides=paused)
        self.received: list[DiagnosticArray] = []
        self.node.create_subscription(
            DiagnosticArray, '/diagnostics', self._take, diagnostics_qos()
        )
        self.output = output
        self.diagnostics = self.opened()
        self.executor = SingleThreadedExecutor(context=context)
        self.executor.add_node(self.node)

    def opened(self) -> Diagnostics:
        """Open diagnostics."""
        return Diagnostics(
            self.node,
            lambda: 'dog',
            lambda: self.state,
            self.counters,
            rates={'processed': 'processing_fps'},
            output=self.output,
        )

    def _take(self, array: DiagnosticArray) -> None:
        if array.status[0].message != 'Node starting up':  # the library's own
            self.received.append(array)

    def next(self) -> DiagnosticStatus:
        """Spin until one more message has come."""
        before, end = len(self.received), time.monotonic() + TIMEOUT_S
        while len(self.received) == before:
            assert time.monotonic() < end, 'no diagnostics'
            self.executor.spin_once(timeout_sec=0.1)
        assert len(self.received[-1].status) == 1
        return self.received[-1].status[0]


@pytest.fixture(
    params=[
        pytest.param(OwnStatus, id='own'),
        pytest.param(
            UpdaterStatus,
            id='library',
            marks=pytest.mark.skipif(
                find_spec(LIBRARY) is None, reason='diagnostic_updater is not installed'
            ),
        ),
    ]
)
def bench(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Bench]:
    """Give a bench in a context of its own, for each way to /diagnostics."""
    monkeypatch.setenv('ROS_AUTOMATIC_DISCOVERY_RANGE', 'LOCALHOST')
    context = Context()
    rclpy.init(args=[], context=context, domain_id=DOMAIN_ID)
    bench = Bench(context, request.param)
    yield bench
    bench.executor.shutdown()
    bench.node.destroy_node()
    rclpy.try_shutdown(context=context)


def test_state_counters_and_rates_are_published_though_the_clock_stands(bench: Bench) -> None:
    bench.counters.add('processed', 3)
    status = bench.next()
    assert (status.level, status.message) == (DiagnosticStatus.OK, 'running')
    assert (status.name, status.hardware_id) == ('dog/edge: state', 'dog')
    values = {v.key: v.value for v in status.values if not v.key.startswith('temperature_')}
    assert float(values.pop('processing_fps')) > 0.0
    assert values == {'model': 'tiny', 'processed': '3'}


def test_a_warning_among_the_values_raises_the_level_while_it_is_there(bench: Bench) -> None:
    bench.state = State(Level.OK, 'running', {'device_warning': 'no GPU'})
    status = bench.next()
    assert (status.level, status.message) == (DiagnosticStatus.WARN, 'running; no GPU')
    bench.state = State(Level.OK, 'running', {'device_warning': ''})
    assert bench.next().level == DiagnosticStatus.OK


def test_closed_diagnostics_are_silent(bench: Bench) -> None:
    bench.next()
    bench.diagnostics.close()
    publishers = bench.node.get_publishers_info_by_topic('/diagnostics')
    assert [info.node_name for info in publishers] == []


def test_new_errors_raise_the_level_until_none_comes(bench: Bench) -> None:
    bench.next()
    bench.counters.add_error(ImageError('step', '9', 8))
    bench.counters.add_drop('superseded')
    first, second = bench.next(), bench.next()
    assert (first.level, first.message) == (DiagnosticStatus.WARN, 'running; 1 new errors')
    assert (second.level, second.message) == (DiagnosticStatus.OK, 'running')
    assert 'errors.bad_image' in {v.key for v in second.values}


def test_new_errors_do_not_lower_the_level(bench: Bench) -> None:
    bench.state = State(Level.ERROR, 'no link')
    bench.counters.add_error(ValueError())
    assert bench.next().level == DiagnosticStatus.ERROR


def test_levels_are_those_of_the_message() -> None:
    levels = {level.name: bytes([level]) for level in Level}
    assert levels == {name: getattr(DiagnosticStatus, name) for name in levels}
