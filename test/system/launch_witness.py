"""Looks from outside at nodes that someone has started: are they active, do they answer."""

from __future__ import annotations

from collections.abc import Callable
import time
from types import TracebackType
from typing import Any

from lifecycle_msgs.msg import State
from lifecycle_msgs.srv import GetState
import rclpy
from rclpy.client import Client
from rclpy.context import Context
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node
from sensor_msgs.msg import Image
from std_msgs.msg import Header

from laecips_core.config import DataSetConfig
from laecips_core.datasets.patrol.patrol import Patrol
from laecips_core.image_codec import encode_image
from laecips_core.image_codec import sha256_hex
from laecips_msgs.msg import ModelVersion
from laecips_msgs.msg import Report
from laecips_msgs.srv import SegmentHardFrame
from laecips_ros import qos
from laecips_ros.conversions import image_from_rgb
from laecips_ros.conversions import ns_to_stamp
from laecips_ros.conversions import stamp_to_ns

PATIENCE_S = 150.0
_SPIN_S = 0.05
_AGAIN_S = 1.0
"""Seconds after which a frame or a question that brought nothing is followed by another."""


class LaunchWitness:
    """A node of its own, which waits for what must come."""

    def __init__(self, alive: Callable[[], None] = lambda: None) -> None:
        """
        Start nothing yet.

        :param alive: called while waiting; raises when a node has died.
        """
        self._alive = alive

    def __enter__(self) -> LaunchWitness:
        """Join the domain that the environment names."""
        self._context = Context()
        rclpy.init(context=self._context)
        self._node = Node('launch_witness', context=self._context)
        self._executor = SingleThreadedExecutor(context=self._context)
        self._executor.add_node(self._node)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Leave it."""
        self._executor.shutdown()
        self._node.destroy_node()
        self._context.try_shutdown()

    def until(self, holds: Callable[[], object], what: str) -> None:
        """
        Wait.

        :param holds: what to wait for.
        :param what: in words.
        """
        ends_s = time.monotonic() + PATIENCE_S
        while not holds():
            assert time.monotonic() < ends_s, f'{what}: not within {PATIENCE_S} s'
            self._alive()
            self._executor.spin_once(timeout_sec=_SPIN_S)

    def is_active(self, name: str) -> None:
        """
        Wait until a lifecycle node says that it is active.

        :param name: of the node, with its namespace.
        """
        client = self._node.create_client(GetState, f'{name}/get_state')
        self._answer(
            client,
            GetState.Request(),
            lambda answer: answer.current_state.id == State.PRIMARY_STATE_ACTIVE,
            f'{name} is active',
        )

    def topics_of(self, name: str) -> dict[str, list[str]]:
        """
        List the topics that a node of the root namespace publishes or listens to, with types.

        :param name: of the node; before it is found, it has none.
        """
        if name not in self._node.get_node_names():
            return {}
        outputs = self._node.get_publisher_names_and_types_by_node(name, '/')
        inputs = self._node.get_subscriber_names_and_types_by_node(name, '/')
        return dict([*outputs, *inputs])

    def report_of_a_frame(self, namespace: str, source: int, image: str = 'image') -> Report:
        """
        Feed frames in until one has come back as a mask.

        :param namespace: of the edge node; empty: the root.
        :param source: that the mask must have; masks of other sources are passed over.
        :param image: camera topic in the namespace.
        :returns: the report with the stamp of that mask.
        """
        pixels = Patrol(DataSetConfig(frames=1))[0].frame.image
        images = self._node.create_publisher(Image, f'{namespace}/{image}', qos.masks())
        masks: set[int] = set()
        found: list[Report] = []
        self._hear(Image, f'{namespace}/edge/mask', lambda m: masks.add(_stamp_ns(m)))
        self._hear(Report, f'{namespace}/edge/report', found.append)
        fed_s = 0.0

        def answered() -> bool:
            nonlocal fed_s
            if time.monotonic() > fed_s + _AGAIN_S and images.get_subscription_count():
                fed_s = time.monotonic()
                header = Header(stamp=ns_to_stamp(time.time_ns()), frame_id='camera')
                images.publish(image_from_rgb(pixels, header))
            found[:] = [report for report in found if report.source == source]
            return any(_stamp_ns(report) in masks for report in found)

        self.until(answered, f'a mask of source {source} on {namespace}/edge/mask')
        return next(report for report in found if _stamp_ns(report) in masks)

    def cloud_answer(self) -> SegmentHardFrame.Response:
        """Send one hard frame to the cloud node, and wait for what it says."""
        versions: list[ModelVersion] = []
        self._node.create_subscription(
            ModelVersion, 'cloud/model_version', versions.append, qos.latched()
        )
        client = self._node.create_client(SegmentHardFrame, 'cloud/segment_hard_frame')
        self.until(lambda: versions, 'the cloud announces its version')
        data = encode_image(Patrol(DataSetConfig(frames=1))[0].frame.image, 'jpeg', 90)
        request = SegmentHardFrame.Request(
            frame_uid='witness/1',
            robot='witness',
            weights_version=versions[-1].version,
            catalogue_sha256=versions[-1].catalogue_sha256,
            image_sha256=sha256_hex(data),
            image_data=data,
        )
        return self._answer(client, request, lambda answer: True, 'the cloud answers')

    def _answer(self, client: Client, request: Any, good: Callable[[Any], bool], what: str) -> Any:
        """Ask until a good answer comes, for one may get lost while both sides find each other."""
        answers: list[Any] = []
        asked_s = 0.0

        def answered() -> bool:
            nonlocal asked_s
            if time.monotonic() > asked_s + _AGAIN_S and client.service_is_ready():
                asked_s = time.monotonic()
                future = client.call_async(request)
                future.add_done_callback(lambda done: answers.append(done.result()))
            return any(good(answer) for answer in answers)

        self.until(answered, what)
        return next(answer for answer in answers if good(answer))

    def _hear(self, kind: type, topic: str, take: Callable[[object], None]) -> None:
        self._node.create_subscription(kind, topic, take, qos.masks())


def _stamp_ns(msg: Image | Report) -> int:
    return stamp_to_ns(msg.header.stamp)
