"""The camera of the bench, against a node that answers without a model."""

from __future__ import annotations

from collections.abc import Iterator
import os
from threading import Thread

from diagnostic_msgs.msg import DiagnosticArray
from diagnostic_msgs.msg import DiagnosticStatus
from diagnostic_msgs.msg import KeyValue
import numpy as np
import pytest
import rclpy
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node
from sensor_msgs.msg import Image

from laecips_bringup.edge_bench_camera import BenchCamera
from laecips_ros import qos

PIXELS = np.arange(24, dtype=np.uint8).reshape(2, 4, 3)


class Echo(Node):
    """Answers every frame but each third."""

    def __init__(self) -> None:
        super().__init__('edge')
        self.seen: list[Image] = []
        self._mask = self.create_publisher(Image, '~/mask', qos.masks())
        self._overlay = self.create_publisher(Image, '~/overlay', qos.masks())
        self._told = self.create_publisher(DiagnosticArray, '/diagnostics', qos.diagnostics())
        self.create_subscription(Image, 'image', self._answer, qos.sensor_input())
        self.create_timer(0.05, self._tell)

    def _answer(self, msg: Image) -> None:
        self.seen.append(msg)
        if msg.header.stamp.nanosec % 3:
            self._mask.publish(Image(header=msg.header))
            if self._overlay.get_subscription_count():
                self._overlay.publish(Image(header=msg.header))

    def _tell(self) -> None:
        dropped = KeyValue(key='drops.superseded', value=str(len(self.seen) // 2))
        status = DiagnosticStatus(name='edge', values=[dropped])
        self._told.publish(DiagnosticArray(status=[status]))


@pytest.fixture
def pair(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Echo, BenchCamera]]:
    monkeypatch.setenv('ROS_AUTOMATIC_DISCOVERY_RANGE', 'LOCALHOST')
    rclpy.init(args=[], domain_id=1 + os.getpid() % 100)
    echo, executor = Echo(), SingleThreadedExecutor()
    executor.add_node(echo)
    spinning = Thread(target=executor.spin)
    spinning.start()
    camera = BenchCamera([PIXELS])
    camera.wait_until_ready()
    yield echo, camera
    executor.shutdown()
    spinning.join()
    camera.close()
    rclpy.try_shutdown()


def test_a_frame_is_its_image_as_bgr8_with_a_stamp_of_its_own(
    pair: tuple[Echo, BenchCamera],
) -> None:
    echo, camera = pair
    camera.walk(2, 1)
    first, second = echo.seen[-2:]
    assert first.header.stamp.nanosec + 1 == second.header.stamp.nanosec
    assert (second.encoding, second.height, second.width, second.step) == ('bgr8', 2, 4, 12)
    assert bytes(second.data) == PIXELS[..., ::-1].tobytes()


def test_frames_without_an_answer_are_lost_and_the_others_timed(
    pair: tuple[Echo, BenchCamera],
) -> None:
    _, camera = pair
    walk = camera.walk(6, 1)
    assert (len(walk.answered_s), walk.lost) == (4, 2)
    assert 0.0 < min(walk.answered_s) <= max(walk.answered_s) < walk.spent_s


def test_with_the_overlay_a_frame_waits_for_both_answers(pair: tuple[Echo, BenchCamera]) -> None:
    _, camera = pair
    overlay = camera.listen_to_overlay()
    assert len(camera.walk(3, 1, answers=2).answered_s) == 2
    camera.destroy_subscription(overlay)


def test_a_flood_goes_on_without_answers_and_reads_the_drops(
    pair: tuple[Echo, BenchCamera],
) -> None:
    _, camera = pair
    flood = camera.flood(30, 0.02, 0.01)
    assert (flood.sent, flood.frame_s) == (30, 0.02)
    assert 0 < len(flood.ages_s) <= 20
    assert 0 < flood.dropped <= 16
