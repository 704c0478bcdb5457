from __future__ import annotations

from collections.abc import Iterator
import os
from queue import Empty
from queue import Queue

import pytest
import rclpy
from rclpy.context import Context
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node
from rclpy.parameter import Parameter

from laecips_ros.steady import steady_timer


@pytest.fixture
def node(monkeypatch: pytest.MonkeyPatch) -> Iterator[Node]:
    monkeypatch.setenv('ROS_AUTOMATIC_DISCOVERY_RANGE', 'LOCALHOST')
    context = Context()
    rclpy.init(context=context, domain_id=1 + os.getpid() % 100)
    simulated = Parameter('use_sim_time', value=True)
    made = Node('steady', context=context, parameter_overrides=[simulated])
    yield made
    made.destroy_node()
    context.try_shutdown()


def test_the_timer_goes_on_while_simulated_time_stands_still(node: Node) -> None:
    calls: Queue[int] = Queue()
    stopped: Queue[int] = Queue()
    steady_timer(node, 0.01, lambda: calls.put(1))
    node.create_timer(0.01, lambda: stopped.put(1))
    executor = SingleThreadedExecutor(context=node.context)
    executor.add_node(node)
    while calls.qsize() < 3:
        executor.spin_once(timeout_sec=10.0)
    executor.shutdown()
    with pytest.raises(Empty):
        stopped.get_nowait()
