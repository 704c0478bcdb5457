"""The node behind the live page: listens to edge and cloud, and tells the book."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from rclpy.context import Context
from rclpy.node import Node
from rclpy.qos import QoSProfile
from sensor_msgs.msg import CompressedImage
from sensor_msgs.msg import Image

from laecips_bringup.replay_node import TRUTH_TOPIC
from laecips_bringup.view_messages import catalogue_of
from laecips_bringup.view_messages import link_of
from laecips_bringup.view_messages import report_of
from laecips_bringup.view_messages import round_of
from laecips_bringup.view_pictures import shrunk
from laecips_bringup.view_state import Book
from laecips_core.config import LimitsConfig
from laecips_core.errors import LaecipsError
from laecips_msgs.msg import LabelInfo
from laecips_msgs.msg import LinkState
from laecips_msgs.msg import ModelVersion
from laecips_msgs.msg import Report
from laecips_msgs.msg import TrainingRound
from laecips_ros import qos
from laecips_ros.conversions import frame_from_compressed
from laecips_ros.conversions import frame_from_image
from laecips_ros.conversions import map_from_image
from laecips_ros.conversions import stamp_to_ns

NODE_NAME = 'laecips_view'
_LOG_EVERY_S = 5.0


@dataclass(frozen=True)
class ViewTopics:
    """
    Where the view listens.

    :param namespace: of edge and cloud; empty: the root.
    :param image: topic of the camera; within the namespace unless it begins with ``/``.
    :param compressed: whether that topic carries ``CompressedImage``.
    :param truth: topic of annotations, mono8 class ids with the header of the frame.
    """

    namespace: str = ''
    image: str = 'image'
    compressed: bool = False
    truth: str = TRUTH_TOPIC


class ViewNode(Node):
    """Converts messages and hands them over; computes nothing itself, and publishes nothing."""

    def __init__(self, book: Book, topics: ViewTopics, context: Context) -> None:
        """
        Subscribe to everything.

        :param book: is told.
        :param topics: where to listen.
        :param context: an initialised context.
        """
        super().__init__(
            NODE_NAME,
            namespace=topics.namespace,
            context=context,
            start_parameter_services=False,
            enable_rosout=False,
        )
        self._book = book
        self._limits = LimitsConfig()
        camera = CompressedImage if topics.compressed else Image
        # A page that falls behind loses pictures; nobody sends one again for it.
        newest, latched = qos.newest, qos.latched
        self._listen(camera, topics.image, newest(), self._on_image)
        self._listen(Image, 'edge/mask', newest(), self._on_mask)
        self._listen(Image, 'edge/refined_mask', newest(), self._on_refined_mask)
        self._listen(Image, topics.truth, newest(), self._on_truth)
        self._listen(Report, 'edge/report', qos.masks(), self._on_report)
        self._listen(LabelInfo, 'edge/label_info', latched(), self._on_classes)
        self._listen(ModelVersion, 'edge/model_version', latched(), self._on_weights)
        self._listen(ModelVersion, 'cloud/model_version', latched(), self._on_release)
        self._listen(TrainingRound, 'cloud/training_round', latched(), self._on_round)
        self._listen(LinkState, 'cloud/link_state', latched(), self._on_link)

    def _listen(
        self, kind: type, topic: str, profile: QoSProfile, tell: Callable[[Any], None]
    ) -> None:
        def take(msg: Any) -> None:
            try:
                tell(msg)
            except LaecipsError as error:
                text = f'message on {topic} not shown: {error}'
                self.get_logger().warning(text, throttle_duration_sec=_LOG_EVERY_S)

        self.create_subscription(kind, topic, take, profile)

    def _on_image(self, msg: Image | CompressedImage) -> None:
        if isinstance(msg, CompressedImage):
            frame = frame_from_compressed(msg, NODE_NAME, self._limits)
        else:
            frame = frame_from_image(msg, NODE_NAME)
        self._book.take_image(frame.stamp_ns, shrunk(frame.image))

    def _on_mask(self, msg: Image) -> None:
        self._book.take_mask(stamp_to_ns(msg.header.stamp), map_from_image(msg))

    def _on_refined_mask(self, msg: Image) -> None:
        self._book.take_refined_mask(stamp_to_ns(msg.header.stamp), map_from_image(msg))

    def _on_truth(self, msg: Image) -> None:
        self._book.take_truth(stamp_to_ns(msg.header.stamp), map_from_image(msg))

    def _on_report(self, msg: Report) -> None:
        self._book.take_report(report_of(msg))

    def _on_classes(self, msg: LabelInfo) -> None:
        self._book.take_classes(catalogue_of(msg))

    def _on_weights(self, msg: ModelVersion) -> None:
        self._book.take_weights(msg.version)

    def _on_release(self, msg: ModelVersion) -> None:
        self._book.take_release(msg.version)

    def _on_round(self, msg: TrainingRound) -> None:
        self._book.take_round(round_of(msg))

    def _on_link(self, msg: LinkState) -> None:
        self._book.take_link(link_of(msg))
