"""Tests of the diagnostics, over a real topic."""

from __future__ import annotations

from collections.abc import Iterator
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

DOMAIN_ID = 1 + os.getpid() % 100
TIMEOUT_S = 20.0


class Bench:
    """A node with diagnostics and a listener."""

    def __init__(self, context: Context) -> None:
        """Start both in one node."""
        self.counters, self.state = Counters(), State(Level.OK, 'running', {'model': 'tiny'})
        paused = [Parameter('use_sim_time', value=True)]
        self.node = Node('edge', namespace='/dog', context=context, parameter_overrides=paused)
        self.received: list[DiagnosticArray] = []
        self.node.create_subscription(
            DiagnosticArray, '/diagnostics', self.received.append, diagnostics_qos()
        )
        self.diagnostics = Diagnostics(self.node, 'dog', lambda: self.state, self.counters)
        self.executor = SingleThreadedExecutor(context=context)
        self.executor.add_node(self.node)

    def next(self) -> DiagnosticStatus:
        """Spin until one more message has come."""
        before, end = len(self.received), time.monotonic() + TIMEOUT_S
        while len(self.received) == before:
            assert time.monotonic() < end, 'no diagnostics'
            self.executor.spin_once(timeout_sec=0.1)
        assert len(self.received[-1].status) == 1
        return self.received[-1].status[0]


@pytest.fixture
def bench(monkeypatch: pytest.MonkeyPatch) -> Iterator[Bench]:
    """Give a bench in a context of its own."""
    monkeypatch.setenv('ROS_AUTOMATIC_DISCOVERY_RANGE', 'LOCALHOST')
    context = Context()
    rclpy.init(args=[], context=context, domain_id=DOMAIN_ID)
    bench = Bench(context)
    yield bench
    bench.executor.shutdown()
    bench.node.destroy_node()
    rclpy.try_shutdown(context=context)


def test_state_and_counters_are_published_though_the_clock_stands(bench: Bench) -> None:
    bench.counters.add('processed', 3)
    status = bench.next()
    assert (status.level, status.message) == (DiagnosticStatus.OK, 'running')
    assert (status.name, status.hardware_id) == ('dog/edge', 'dog')
    assert {v.key: v.value for v in status.values} == {'model': 'tiny', 'processed': '3'}


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
