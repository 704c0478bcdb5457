"""The view's node over real DDS, with a small node in the place of camera, edge and cloud."""

from __future__ import annotations

from array import array
from collections.abc import Callable
from collections.abc import Iterator
from contextlib import contextmanager
import os
import time
from typing import Any

import cv2
import numpy as np
import pytest
import rclpy
from rclpy.context import Context
from rclpy.node import Node
from rclpy.signals import SignalHandlerOptions
from sensor_msgs.msg import CompressedImage
from std_msgs.msg import Header

from laecips_bringup.replay_node import ReplayNode
from laecips_bringup.replay_node import TRUTH_TOPIC
from laecips_bringup.replay_state import ReplayState
from laecips_bringup.ros_domain import private_domain
from laecips_bringup.stream import StreamFrame
from laecips_bringup.view_beside import live_page
from laecips_bringup.view_listener import listening
from laecips_bringup.view_node import ViewTopics
from laecips_bringup.view_state import Book
from laecips_bringup.view_values import Snapshot
from laecips_core.catalogue import ClassCatalogue
from laecips_core.errors import ConfigError
from laecips_msgs.msg import LabelInfo
from laecips_msgs.msg import LinkState
from laecips_msgs.msg import ModelVersion
from laecips_msgs.msg import Report
from laecips_msgs.msg import TrainingRound
from laecips_ros import qos
from laecips_ros.conversions import image_from_map
from laecips_ros.conversions import image_from_rgb
from laecips_ros.conversions import ns_to_stamp

_WAIT_S = 30.0
PIXELS = np.full((6, 8, 3), 7, np.uint8)
MASK = np.zeros((6, 8), np.uint8)
LATCHED = [
    ('edge/label_info', LabelInfo(class_names=['road'], colours=array('B', [1, 2, 3]))),
    ('edge/model_version', ModelVersion(version='v1')),
    ('cloud/model_version', ModelVersion(version='v2')),
    ('cloud/training_round', TrainingRound(training_round=1, state=TrainingRound.STARTED)),
    ('cloud/link_state', LinkState(state=9)),
]


def header(stamp_ns: int) -> Header:
    return Header(stamp=ns_to_stamp(stamp_ns))


class Robot(Node):
    """Publishes what is asked for, again and again until it has arrived."""

    def __init__(self, context: Context) -> None:
        super().__init__('robot', context=context)
        self._open: dict[str, Any] = {}

    def tell(self, topic: str, msg: Any, *, latched: bool = False) -> None:
        if topic not in self._open:
            profile = qos.latched() if latched else qos.masks()
            self._open[topic] = self.create_publisher(type(msg), topic, profile)
        self._open[topic].publish(msg)

    def tell_until(
        self, book: Book, arrived: Callable[[Snapshot], bool], *told: tuple[str, Any]
    ) -> Snapshot:
        ends_s = time.monotonic() + _WAIT_S
        while not arrived(now := book.snapshot()):
            assert time.monotonic() < ends_s, now
            for topic, msg in told:
                self.tell(topic, msg)
            time.sleep(0.05)
        return now


@contextmanager
def in_context() -> Iterator[Context]:
    context = Context()
    rclpy.init(context=context, signal_handler_options=SignalHandlerOptions.NO)
    yield context
    context.try_shutdown()


@pytest.fixture
def context() -> Iterator[Context]:
    with private_domain(os.getpid()), in_context() as context:
        yield context


@pytest.fixture
def robot(context: Context) -> Iterator[Robot]:
    node = Robot(context)
    yield node
    node.destroy_node()


@pytest.fixture
def book() -> Book:
    return Book()


def test_everything_that_edge_and_cloud_tell_is_in_the_book(robot: Robot, book: Book) -> None:
    for topic, msg in LATCHED:
        robot.tell(topic, msg, latched=True)
    frame = [
        ('image', image_from_rgb(PIXELS, header(5))),
        ('edge/mask', image_from_map(MASK, header(5))),
        ('edge/refined_mask', image_from_map(MASK, header(5))),
        ('edge/report', Report(header=header(5))),
        (TRUTH_TOPIC, image_from_map(MASK, header(5))),
    ]
    with listening(book, ViewTopics()):
        now = robot.tell_until(
            book,
            lambda now: bool(
                now.frame and now.edge_mask and now.fused_mask and now.scores and now.link
                and now.spans and now.catalogue
            ),
            *frame,
        )  # fmt: skip
    assert now.frame is not None
    assert np.array_equal(now.frame.image, PIXELS)
    assert now.catalogue is not None
    assert now.catalogue.names == ('road',)
    assert now.link is not None
    assert now.link.state == 'unknown (9)'
    assert now.weights_version == 'v1'
    assert {span.row for span in now.spans} >= {'newest release', 'training round'}
    assert now.scores[0].miou == 1.0


def test_message_that_cannot_be_used_does_not_stop_the_next(robot: Robot, book: Book) -> None:
    broken = image_from_rgb(PIXELS, header(5))
    broken.encoding = 'painting'
    with listening(book, ViewTopics()):
        good = image_from_rgb(PIXELS, header(6))
        robot.tell_until(
            book, lambda now: now.frame is not None, ('image', broken), ('image', good)
        )


def test_namespace_camera_and_compressed_images_can_be_chosen(robot: Robot, book: Book) -> None:
    _, data = cv2.imencode('.png', PIXELS)
    image = CompressedImage(header=header(5), format='png', data=data.tobytes())
    topics = ViewTopics('spot', '/front/compressed', compressed=True)
    mask = image_from_map(MASK, header(5))
    with listening(book, topics):
        now = robot.tell_until(
            book,
            lambda now: now.frame is not None and now.edge_mask is not None,
            ('/front/compressed', image),
            ('/spot/edge/mask', mask),
            ('/spot/edge/report', Report(header=header(5))),
        )
    assert now.frame is not None
    assert np.array_equal(now.frame.image, PIXELS)


@pytest.mark.parametrize('topics', [ViewTopics('not a name'), ViewTopics(image='not a name')])
def test_names_that_ros_does_not_allow_are_refused(book: Book, topics: ViewTopics) -> None:
    with (
        private_domain(os.getpid()),
        pytest.raises(ConfigError, match='names of ROS'),
        listening(book, topics),
    ):
        pass


def test_replay_tells_the_truth_to_those_who_listen(context: Context, book: Book) -> None:
    book.take_classes(ClassCatalogue(('road',), ((1, 2, 3),)))
    node = ReplayNode(ReplayState('TEST', lambda record: None), context)
    robot = Robot(context)
    frame = StreamFrame(5, PIXELS, MASK)
    with listening(book, ViewTopics()):
        ends_s = time.monotonic() + _WAIT_S
        while not book.snapshot().scores:
            assert time.monotonic() < ends_s
            node.feed(frame)
            robot.tell('edge/mask', image_from_map(MASK, header(5)))
            time.sleep(0.05)
    robot.destroy_node()
    node.destroy_node()


def test_one_page_shows_every_run_of_a_demo() -> None:
    lines: list[str] = []
    with live_page(0, lines.append) as watch:
        for name in ('EDGE', 'CLOUD'):
            with private_domain(os.getpid()), watch(name), in_context() as context:
                assert 'laecips_view' in _names_seen(context)
    assert lines[0].startswith('page: http://127.0.0.1:')


def _names_seen(context: Context) -> list[str]:
    node = Robot(context)
    ends_s = time.monotonic() + _WAIT_S
    while 'laecips_view' not in (names := node.get_node_names()):
        if time.monotonic() > ends_s:
            break
        time.sleep(0.05)
    node.destroy_node()
    return list(names)
