"""The node's controller of δ: set at run time, told what uploads cost, shown in diagnostics."""

from __future__ import annotations

from collections.abc import Iterator
import os
import time

from diagnostic_msgs.msg import DiagnosticArray
import numpy as np
import pytest
import rclpy
from rclpy.executors import SingleThreadedExecutor
from rclpy.parameter import Parameter
from std_msgs.msg import Header

from laecips_core.pipeline.edge import EdgePass
from laecips_core.values import Frame
from laecips_core.values import Prediction
from laecips_core.values import Segmentation
from laecips_core.values import Source
from laecips_core.values import Verdict
from laecips_edge.call import JudgedFrame
from laecips_edge.edge_node import EdgeNode
from laecips_ros import qos

_WAIT_S = 30.0
_GIVEN = {'controller.name': 'mean_delay', 'controller.mean_delay_s': 0.5, 'model.threads': 1}


@pytest.fixture
def node(monkeypatch: pytest.MonkeyPatch) -> Iterator[EdgeNode]:
    monkeypatch.setenv('ROS_AUTOMATIC_DISCOVERY_RANGE', 'LOCALHOST')
    words = [word for name, value in _GIVEN.items() for word in ('-p', f'{name}:={value}')]
    rclpy.init(args=['--ros-args', *words], domain_id=1 + os.getpid() % 100)
    made = EdgeNode()
    made.start()
    yield made
    made.close()
    made.destroy_node()
    rclpy.try_shutdown()


def _hard_frame(age_s: float) -> JudgedFrame:
    image = np.zeros((4, 6, 3), np.uint8)
    softmax = np.full((3, 4, 6), 1 / 3, np.float32)
    mask = Segmentation(image[..., 0], image[..., 0], Source.EDGE, 'v')
    prediction = Prediction(softmax, (4, 6), 'v')
    edge = EdgePass(Frame(image, 1, 'a'), prediction, Verdict(0.1, 0.5, 'test'), mask, 0.1)
    return JudgedFrame(edge, Header(), time.perf_counter() - age_s)


def _diagnostics_until(node: EdgeNode, target_rate: float) -> dict[str, str]:
    seen: list[DiagnosticArray] = []
    node.create_subscription(DiagnosticArray, '/diagnostics', seen.append, qos.diagnostics())
    executor = SingleThreadedExecutor()
    executor.add_node(node)
    ends_s = time.monotonic() + _WAIT_S
    values: dict[str, str] = {}
    while not values or abs(float(values['target_rate']) - target_rate) > 0.02:
        assert time.monotonic() < ends_s, values
        executor.spin_once(timeout_sec=0.2)
        values = {pair.key: pair.value for pair in seen[-1].status[0].values} if seen else {}
    executor.shutdown()
    return values


def test_targets_and_costs_reach_the_controller(node: EdgeNode) -> None:
    controller = node.loaded.edge.pipeline.controller
    controller.judged(0.9, hard=False, delay_s=0.1, stamp_ns=0)
    node.running.on_fallback(_hard_frame(age_s=1.1), 'no_cloud')
    node.running.on_fallback(_hard_frame(age_s=1.1), 'deadline', bytes_up=1000)
    controller.judged(0.9, hard=False, delay_s=0.1, stamp_ns=1)
    values = _diagnostics_until(node, 0.4)
    assert (values['controller'], values['upload_rate']) == ('mean_delay', '0.0')
    done = node.set_parameters([Parameter('controller.mean_delay_s', value=0.2)])
    assert done[0].successful
    assert controller.state().target_rate == pytest.approx(0.1, abs=0.01)


def test_what_cannot_change_is_refused(node: EdgeNode) -> None:
    for name, value in (('controller.name', 'fixed'), ('controller.mean_delay_s', 0.0)):
        assert not node.set_parameters([Parameter(name, value=value)])[0].successful
