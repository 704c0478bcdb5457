"""Tests of the bridge from Python logging, seen on /rosout."""

from __future__ import annotations

from collections.abc import Iterator
import logging
import os
import time

import pytest
from rcl_interfaces.msg import Log
import rclpy
from rclpy.context import Context
from rclpy.executors import SingleThreadedExecutor
from rclpy.logging import LoggingSeverity
from rclpy.node import Node
from rclpy.qos import DurabilityPolicy
from rclpy.qos import QoSProfile

from laecips_ros.logging_bridge import LoggingBridge

DOMAIN_ID = 1 + os.getpid() % 100
TIMEOUT_S = 20.0
CORE = logging.getLogger('laecips_core.some.module')


class Bench:
    """A node with the bridge and a listener on /rosout."""

    def __init__(self, context: Context) -> None:
        """Start both in one node."""
        self.node = Node('edge', context=context)
        self.lines: list[tuple[int, str, str]] = []
        qos = QoSProfile(depth=100, durability=DurabilityPolicy.TRANSIENT_LOCAL)
        self.node.create_subscription(Log, '/rosout', self.receive, qos)
        self.executor = SingleThreadedExecutor(context=context)
        self.executor.add_node(self.node)
        self.bridge = LoggingBridge(self.node)

    def receive(self, line: Log) -> None:
        """Keep what the test looks at; nodes of earlier tests may still be heard."""
        if line.name.partition('.')[0] != self.node.get_name():
            return
        level = line.level if isinstance(line.level, int) else line.level[0]
        self.lines.append((level, line.name, line.msg))

    def until_end(self) -> list[tuple[int, str, str]]:
        """Give all lines before a last one of the node's own."""
        self.node.get_logger().error('end')
        end = time.monotonic() + TIMEOUT_S
        while not self.lines or self.lines[-1][2] != 'end':
            assert time.monotonic() < end, self.lines
            self.executor.spin_once(timeout_sec=0.1)
        return self.lines[:-1]


@pytest.fixture
def bench(monkeypatch: pytest.MonkeyPatch) -> Iterator[Bench]:
    """Give a bench in a context of its own; rclpy logs only in the default one."""
    monkeypatch.setenv('ROS_AUTOMATIC_DISCOVERY_RANGE', 'LOCALHOST')
    rclpy.init(args=[], domain_id=DOMAIN_ID)
    bench = Bench(rclpy.get_default_context())
    yield bench
    bench.bridge.close()
    bench.executor.shutdown()
    bench.node.destroy_node()
    rclpy.try_shutdown()


def test_lines_of_the_core_are_the_nodes(bench: Bench) -> None:
    CORE.debug('too fine')
    CORE.info('loaded %d', 3)
    CORE.warning('slow')
    CORE.error('bad')
    CORE.critical('dead')
    head = 'laecips_core.some.module: '
    assert bench.until_end() == [
        (20, 'edge', head + 'loaded 3'),
        (30, 'edge', head + 'slow'),
        (40, 'edge', head + 'bad'),
        (50, 'edge', head + 'dead'),
    ]


def test_level_of_the_node_holds_for_the_core(bench: Bench) -> None:
    bench.node.get_logger().set_level(LoggingSeverity.DEBUG)
    CORE.debug('fine')
    CORE.log(15, 'less fine')
    bench.node.get_logger().set_level(LoggingSeverity.WARN)
    CORE.info('not shown')
    bench.node.get_logger().set_level(LoggingSeverity.INFO)
    texts = [text.split(': ')[1] for _, _, text in bench.until_end() if 'laecips' in text]
    assert texts == ['fine', 'less fine']


def test_traceback_is_shown(bench: Bench) -> None:
    try:
        raise ValueError('the cause')
    except ValueError:
        CORE.exception('it failed')
    ((level, _, text),) = bench.until_end()
    assert level == LoggingSeverity.ERROR
    assert 'it failed\nTraceback' in text
    assert text.endswith('ValueError: the cause')


def test_other_packages_are_left_alone(bench: Bench) -> None:
    logging.getLogger('somebody').error('not ours')
    assert bench.until_end() == []


def test_closed_bridge_forwards_nothing_and_restores_levels(bench: Bench) -> None:
    bench.bridge.close()
    CORE.error('nobody listens')
    assert bench.until_end() == []
    assert logging.getLogger('laecips_core').level == logging.NOTSET


def test_line_that_cannot_be_formatted_does_not_raise(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(logging, 'raiseExceptions', False)
    CORE.info('%d', 'no number')
    assert bench.until_end() == []
