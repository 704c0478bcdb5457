"""A service that comes and goes, seen by a clock of the test's own."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Iterator
import os
import time

import pytest
import rclpy
from rclpy.context import Context
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node
from std_msgs.msg import Bool
from std_srvs.srv import Trigger

from laecips_edge.cloud_presence import CloudPresence
from laecips_edge.cloud_presence import SETTLE_S
from laecips_ros import qos

_WAIT_S = 20.0


class _Robot:
    """The presence under test, and who listens to it."""

    def __init__(self, context: Context) -> None:
        self.now_s = 100.0
        self.node = Node('edge', context=context)
        self.cloud = Node('cloud', context=context)
        self.executor = SingleThreadedExecutor(context=context)
        self.executor.add_node(self.node)
        self.client = self.node.create_client(Trigger, 'serve')
        self.presence = CloudPresence(self.node, self.client, lambda: self.now_s)
        self.told: list[bool] = []
        self.cloud.create_subscription(
            Bool, '/edge/cloud_ready', lambda msg: self.told.append(msg.data), qos.latched()
        )
        self.executor.add_node(self.cloud)

    def until(self, done: Callable[[], bool]) -> None:
        ends_s = time.monotonic() + _WAIT_S
        while not done():
            assert time.monotonic() < ends_s
            self.executor.spin_once(timeout_sec=0.02)

    def serve(self) -> None:
        self.service = self.cloud.create_service(Trigger, 'serve', lambda _, response: response)
        self.until(self.client.service_is_ready)
        self.presence.check()

    def close(self) -> None:
        self.executor.shutdown()
        self.node.destroy_node()
        self.cloud.destroy_node()


@pytest.fixture
def robot(monkeypatch: pytest.MonkeyPatch) -> Iterator[_Robot]:
    monkeypatch.setenv('ROS_AUTOMATIC_DISCOVERY_RANGE', 'LOCALHOST')
    context = Context()
    rclpy.init(context=context, domain_id=1 + os.getpid() % 100)
    made = _Robot(context)
    yield made
    made.close()
    context.try_shutdown()


def test_without_a_service_there_is_no_cloud_and_it_is_told(robot: _Robot) -> None:
    robot.until(lambda: robot.told == [False])
    assert not robot.presence.ready


def test_a_service_is_used_once_it_has_had_time_to_find_us(robot: _Robot) -> None:
    robot.serve()
    robot.now_s += 0.9 * SETTLE_S
    assert not robot.presence.ready
    robot.now_s += 0.2 * SETTLE_S
    assert robot.presence.ready
    robot.until(lambda: robot.told == [False, True] or robot.told == [True])


def test_one_that_was_gone_gets_its_time_anew(robot: _Robot) -> None:
    robot.serve()
    robot.now_s += SETTLE_S
    assert robot.presence.ready
    robot.cloud.destroy_service(robot.service)
    robot.until(lambda: not robot.client.service_is_ready())
    assert not robot.presence.ready
    robot.presence.check()
    robot.serve()
    assert not robot.presence.ready
    robot.now_s += SETTLE_S
    assert robot.presence.ready
