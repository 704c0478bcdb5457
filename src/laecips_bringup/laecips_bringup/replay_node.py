"""The node that feeds frames to the edge and collects what edge and cloud publish."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from diagnostic_msgs.msg import DiagnosticArray
from rclpy.context import Context
from rclpy.node import Node
from rclpy.qos import HistoryPolicy
from rclpy.qos import QoSProfile
from sensor_msgs.msg import Image
from std_msgs.msg import Bool
from std_msgs.msg import Header

from laecips_bringup.answer import answer_of
from laecips_bringup.bag_writer import FRAME_ID
from laecips_bringup.edge_counters import counters_of
from laecips_bringup.replay_state import ReplayState
from laecips_bringup.round_news import round_of
from laecips_bringup.run_recorder import RunRecorder
from laecips_bringup.stream import StreamFrame
from laecips_bringup.stream import UnreadableFrame
from laecips_msgs.msg import LabelInfo
from laecips_msgs.msg import ModelVersion
from laecips_msgs.msg import Report
from laecips_msgs.msg import TrainingRound
from laecips_ros.conversions import image_from_map
from laecips_ros.conversions import image_from_rgb
from laecips_ros.conversions import map_from_image
from laecips_ros.conversions import ns_to_stamp
from laecips_ros.conversions import stamp_to_ns
from laecips_ros.qos import diagnostics
from laecips_ros.qos import latched
from laecips_ros.qos import masks

IMAGE_TOPIC = 'image'
MASK_TOPIC = 'edge/mask'
TRUTH_TOPIC = 'laecips_replay/truth'


class ReplayNode(Node):
    """Publishes on ``image``, and writes into a state what comes from nodes edge and cloud."""

    def __init__(
        self, state: ReplayState, context: Context, recorder: RunRecorder | None = None
    ) -> None:
        """
        Subscribe to everything.

        :param state: the book.
        :param context: an initialised context.
        :param recorder: records what comes; None: nobody does.
        """
        super().__init__('laecips_replay', context=context)
        self._state, self._recorder = state, recorder
        self._images = self.create_publisher(Image, IMAGE_TOPIC, masks())
        self._edge = self.resolve_topic_name(MASK_TOPIC).rpartition('/')[0]
        self._truth = self.create_publisher(Image, TRUTH_TOPIC, masks())
        self._cloud_ready = False
        self._hear(Image, MASK_TOPIC, self._on_mask, masks())
        self._hear(Report, 'edge/report', self._on_report, masks())
        self._hear(ModelVersion, 'edge/model_version', self._on_edge_version, latched())
        self._hear(ModelVersion, 'cloud/model_version', self._on_cloud_version, latched())
        self._hear(TrainingRound, 'cloud/training_round', self._on_round, latched())
        self._hear(LabelInfo, 'edge/label_info', lambda msg: None, latched())
        self._hear(Bool, 'edge/cloud_ready', self._on_cloud_ready, latched())
        self._hear(DiagnosticArray, '/diagnostics', self._on_diagnostics, diagnostics())

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

    def feed(self, frame: StreamFrame | UnreadableFrame) -> None:
        """
        Feed in one frame, or note that it cannot be fed in.

        Its annotation is told to those who listen.

        :param frame: of a stamp not fed before.
        """
        if self._recorder is not None:
            self._recorder.frame(frame)
        if isinstance(frame, UnreadableFrame):
            error = frame.error
            self._state.skip(frame.stamp_ns, frame.task, error.code, str(error))
            return
        self._state.feed(frame.stamp_ns, frame.task, frame.labels)
        header = Header(stamp=ns_to_stamp(frame.stamp_ns), frame_id=FRAME_ID)
        if frame.labels is not None and self._truth.get_subscription_count() > 0:
            self._truth.publish(image_from_map(frame.labels, header))
        self._images.publish(image_from_rgb(frame.image, header))

    def unanswered(self, stamp_ns: int) -> str:
        """
        Name what has not come of the only frame under way; empty when it is answered or failed.

        :param stamp_ns: of the frame.
        """
        code = self._state.blame(stamp_ns)
        if code and self._recorder is not None:
            self._recorder.failure(stamp_ns, code)
        return self._state.unanswered(stamp_ns)

    def _hear(
        self, kind: type, topic: str, take: Callable[[Any], None], profile: QoSProfile
    ) -> None:
        # Miss nothing while the next frame is read or rendered.
        profile.history = HistoryPolicy.KEEP_ALL
        name = self.resolve_topic_name(topic)

        def record_and_take(msg: Any) -> None:
            if self._recorder is not None:
                self._recorder.message(name, msg)
            take(msg)

        self.create_subscription(kind, topic, record_and_take, profile)

    def _on_mask(self, msg: Image) -> None:
        self._state.take_mask(stamp_to_ns(msg.header.stamp), map_from_image(msg))

    def _on_report(self, msg: Report) -> None:
        if not msg.refined:
            self._state.take_report(stamp_to_ns(msg.header.stamp), answer_of(msg))

    def _on_edge_version(self, msg: ModelVersion) -> None:
        self._state.take_edge_version(msg.version, msg.size_bytes)

    def _on_cloud_ready(self, msg: Bool) -> None:
        self._cloud_ready = msg.data

    def _on_cloud_version(self, msg: ModelVersion) -> None:
        self._state.cloud_version = msg.version

    def _on_round(self, msg: TrainingRound) -> None:
        self._state.take_round(round_of(msg))

    def _on_diagnostics(self, msg: DiagnosticArray) -> None:
        counters = counters_of(msg, self._edge)
        if counters:
            self._state.take_counters(counters)
