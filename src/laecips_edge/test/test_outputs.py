"""What goes out for a frame, and the overlay only while someone listens."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Iterator
import os
import time

import numpy as np
import pytest
import rclpy
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node
from sensor_msgs.msg import Image
from std_msgs.msg import Header

from laecips_core.catalogue import ClassCatalogue
from laecips_core.overlay import overlay
from laecips_core.pipeline.edge import EdgePass
from laecips_core.values import Frame
from laecips_core.values import Prediction
from laecips_core.values import Segmentation
from laecips_core.values import Source
from laecips_core.values import Verdict
from laecips_edge.call import JudgedFrame
from laecips_edge.outputs import Outputs
from laecips_ros import qos
from laecips_ros.conversions import frame_from_image
from laecips_ros.counters import Counters

WAIT_S = 20.0
CATALOGUE = ClassCatalogue(('road', 'tree'), ((200, 0, 0), (0, 200, 0)))
SIZE_PX = (260, 300)
PIXELS = np.full((*SIZE_PX, 3), 100, np.uint8)
LABELS = np.ones(SIZE_PX, np.uint8)


class Listener:
    """Outputs in a node that listens to itself."""

    def __init__(self) -> None:
        self.node, self.counters = Node('edge'), Counters()
        self.outputs = Outputs(self.node, CATALOGUE, self.counters)
        self.masks = self.heard('~/mask')
        self.executor = SingleThreadedExecutor()
        self.executor.add_node(self.node)

    def heard(self, topic: str) -> list[Image]:
        images: list[Image] = []
        self.node.create_subscription(Image, topic, images.append, qos.masks())
        return images

    def until(self, done: Callable[[], bool]) -> None:
        ends_s = time.monotonic() + WAIT_S
        while not done():
            assert time.monotonic() < ends_s
            self.executor.spin_once(timeout_sec=0.1)

    def publish(self, source: Source) -> None:
        mask = Segmentation(LABELS, LABELS, source, 'v')
        softmax = Prediction(np.full((2, 2, 2), 0.5, np.float32), SIZE_PX, 'v')
        frame, verdict = Frame(PIXELS, 1, 'a'), Verdict(0.25, 0.5, 'test')
        edge = EdgePass(frame, softmax, verdict, mask, 0.1)
        self.outputs.publish(JudgedFrame(edge, Header(), time.perf_counter()), mask)


@pytest.fixture
def listener(monkeypatch: pytest.MonkeyPatch) -> Iterator[Listener]:
    monkeypatch.setenv('ROS_AUTOMATIC_DISCOVERY_RANGE', 'LOCALHOST')
    rclpy.init(args=[], domain_id=1 + os.getpid() % 100)
    made = Listener()
    made.until(lambda: made.outputs._mask.get_subscription_count() == 1)
    yield made
    made.executor.shutdown()
    made.node.destroy_node()
    rclpy.try_shutdown()


def test_masks_are_counted(listener: Listener) -> None:
    listener.publish(Source.EDGE)
    listener.publish(Source.FUSED)
    listener.until(lambda: len(listener.masks) == 2)
    assert listener.counters.snapshot() == {'masks': 2}
    assert set(listener.outputs.rates) == {'offered', 'processed', 'masks'}


def test_an_overlay_is_drawn_only_while_someone_listens(
    listener: Listener, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise AssertionError('drawn for nobody')

    monkeypatch.setattr(listener.outputs._captioned, 'drawn', refuse)
    listener.publish(Source.EDGE)
    listener.until(lambda: len(listener.masks) == 1)


def test_a_confidence_goes_out_while_someone_listens(listener: Listener) -> None:
    listener.publish(Source.EDGE)
    confidences = listener.heard('~/confidence')
    listener.until(lambda: listener.outputs._confidence.get_subscription_count() == 1)
    listener.publish(Source.EDGE)
    listener.until(lambda: len(confidences) == 1)
    assert bytes(confidences[0].data) == LABELS.tobytes()


def test_the_overlay_has_a_legend_and_says_who_made_the_mask(listener: Listener) -> None:
    overlays = listener.heard('~/overlay')
    listener.until(lambda: listener.outputs._overlay.get_subscription_count() == 1)
    listener.publish(Source.EDGE_FALLBACK)
    listener.publish(Source.FUSED)
    listener.until(lambda: len(overlays) == 2)
    fallback, fused = (frame_from_image(msg, 'r').image for msg in overlays)
    blended = overlay(PIXELS, LABELS, CATALOGUE.palette())
    np.testing.assert_array_equal(fused[100:], blended[100:])
    assert fused[15, 5].tolist() == [0, 200, 0]
    assert (fallback[:10] != fused[:10]).any()
    np.testing.assert_array_equal(fallback[10:], fused[10:])
