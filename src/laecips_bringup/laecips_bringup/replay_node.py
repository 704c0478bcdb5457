"""The node that feeds frames to the edge and collects what edge and cloud publish."""

from __future__ import annotations

from typing import Any

from rclpy.context import Context
from rclpy.node import Node
from rclpy.qos import HistoryPolicy
from rclpy.qos import QoSProfile
from sensor_msgs.msg import Image
from std_msgs.msg import Bool
from std_msgs.msg import Header

from laecips_bringup.records import RoundRecord
from laecips_bringup.replay_state import Answer
from laecips_bringup.replay_state import ReplayState
from laecips_bringup.replay_state import ROLLED_BACK
from laecips_bringup.stream import StreamFrame
from laecips_core.values import Source
from laecips_msgs.msg import ModelVersion
from laecips_msgs.msg import Report
from laecips_msgs.msg import TrainingRound
from laecips_ros.conversions import image_from_map
from laecips_ros.conversions import image_from_rgb
from laecips_ros.conversions import map_from_image
from laecips_ros.conversions import ns_to_stamp
from laecips_ros.conversions import stamp_to_ns
from laecips_ros.qos import latched
from laecips_ros.qos import masks

IMAGE_TOPIC = 'image'
MASK_TOPIC = 'edge/mask'
TRUTH_TOPIC = 'laecips_replay/truth'

_FRAME_ID = 'camera'
ROUND_STATES = {
    TrainingRound.STARTED: 'STARTED',
    TrainingRound.RELEASED: 'RELEASED',
    TrainingRound.REJECTED: 'REJECTED',
    TrainingRound.FAILED: 'FAILED',
    TrainingRound.ROLLED_BACK: ROLLED_BACK,
}


class ReplayNode(Node):
    """Publishes on ``image``, and writes into a state what comes from nodes edge and cloud."""

    def __init__(self, state: ReplayState, context: Context) -> None:
        """
        Subscribe to everything.

        :param state: the book.
        :param context: an initialised context.
        """
        super().__init__('laecips_replay', context=context)
        self._state = state
        self._images = self.create_publisher(Image, IMAGE_TOPIC, masks())
        self._truth = self.create_publisher(Image, TRUTH_TOPIC, masks())
        self._cloud_ready = False
        listeners: list[tuple[type, str, Any, QoSProfile]] = [
            (Image, MASK_TOPIC, self._on_mask, masks()),
            (Report, 'edge/report', self._on_report, masks()),
            (ModelVersion, 'edge/model_version', self._on_edge_version, latched()),
            (ModelVersion, 'cloud/model_version', self._on_cloud_version, latched()),
            (TrainingRound, 'cloud/training_round', self._on_round, latched()),
            (Bool, 'edge/cloud_ready', self._on_cloud_ready, latched()),
        ]
        for kind, topic, callback, profile in listeners:
            self.create_subscription(kind, topic, callback, _keep_all(profile))

    def absent(self) -> str:
        """Name what has not been found of edge and cloud; empty when frames may be fed in."""
        found = {
            'a subscriber of image': self._images.get_subscription_count() > 0,
            'edge/model_version': bool(self._state.edge_version),
            'cloud/model_version': bool(self._state.cloud_version),
            'true on edge/cloud_ready': self._cloud_ready,
        }
        missing = ', '.join(name for name, good in found.items() if not good)
        return missing or self._state.outdated

    def publish(self, frame: StreamFrame) -> None:
        """
        Feed in one frame, and tell its annotation to those who listen.

        :param frame: of a stamp not fed before.
        """
        self._state.feed(frame)
        header = Header(stamp=ns_to_stamp(frame.stamp_ns), frame_id=_FRAME_ID)
        if frame.labels is not None and self._truth.get_subscription_count() > 0:
            self._truth.publish(image_from_map(frame.labels, header))
        self._images.publish(image_from_rgb(frame.image, header))

    def _on_mask(self, msg: Image) -> None:
        self._state.take_mask(stamp_to_ns(msg.header.stamp), map_from_image(msg))

    def _on_report(self, msg: Report) -> None:
        if not msg.refined:
            self._state.take_report(stamp_to_ns(msg.header.stamp), _answer(msg))

    def _on_edge_version(self, msg: ModelVersion) -> None:
        self._state.take_edge_version(msg.version, msg.size_bytes)

    def _on_cloud_ready(self, msg: Bool) -> None:
        self._cloud_ready = msg.data

    def _on_cloud_version(self, msg: ModelVersion) -> None:
        self._state.cloud_version = msg.version

    def _on_round(self, msg: TrainingRound) -> None:
        self._state.take_round(
            RoundRecord(
                number=msg.training_round,
                state=ROUND_STATES[msg.state],
                version=msg.version,
                reason=msg.reason,
                samples=msg.samples,
                duration_s=msg.duration_s,
                after_frame=0,
            )
        )


def _answer(msg: Report) -> Answer:
    return Answer(
        source=Source(msg.source),
        hard=msg.hard,
        confidence=msg.confidence,
        threshold=msg.threshold,
        weights_version=msg.weights_version,
        fallback_reason=msg.fallback_reason,
        latency_s=msg.total_s,
        edge_s=msg.edge_s,
        cloud_s=msg.cloud_s,
        bytes_up=msg.bytes_up,
        bytes_down=msg.bytes_down,
        training_round=msg.training_round,
    )


def _keep_all(profile: QoSProfile) -> QoSProfile:
    """Miss nothing while the next frame is read or rendered."""
    profile.history = HistoryPolicy.KEEP_ALL
    return profile
