"""The edge at work: every frame in, one mask out."""

from __future__ import annotations

from time import perf_counter

from rclpy.node import Node
from sensor_msgs.msg import CompressedImage
from sensor_msgs.msg import Image

from laecips_core.config import EdgeConfig
from laecips_core.errors import LaecipsError
from laecips_core.pipeline.build_edge import Edge
from laecips_core.values import Frame
from laecips_core.values import Source
from laecips_edge.call import CloudAnswer
from laecips_edge.call import JudgedFrame
from laecips_edge.installer import Installer
from laecips_edge.link_watch import LinkWatch
from laecips_edge.outputs import Outputs
from laecips_edge.updates import UpdateClient
from laecips_edge.uplink import Uplink
from laecips_ros import qos
from laecips_ros.conversions import frame_from_compressed
from laecips_ros.conversions import frame_from_image
from laecips_ros.counters import Counters
from laecips_ros.diagnostics import Level
from laecips_ros.diagnostics import State
from laecips_ros.worker import LatestFrameWorker

_STOP_TIMEOUT_S = 5.0


class RunningEdge:
    """Wires camera, pipeline, uplink and outputs; computes nothing itself."""

    def __init__(
        self,
        node: Node,
        config: EdgeConfig,
        edge: Edge,
        installer: Installer,
        counters: Counters,
    ) -> None:
        """
        Start listening.

        :param node: the edge node.
        :param config: checked settings.
        :param edge: the pipeline, loaded.
        :param installer: takes updates.
        :param counters: where everything is counted.
        """
        self._node, self._config, self._edge = node, config, edge
        self._installer, self._counters = installer, counters
        catalogue = edge.parts.catalogue
        self.outputs = Outputs(node, catalogue, counters)
        self._link = LinkWatch(node)
        self._uplink = Uplink(node, catalogue.sha256, config, self._link, self, counters)
        self._updates = UpdateClient(node, config, installer, edge.guard, counters)
        self._worker: LatestFrameWorker[tuple[Image | CompressedImage, float]] = LatestFrameWorker(
            'edge', self._process, self._refuse, counters
        )
        self._listen()

    def close(self) -> None:
        """Finish the frame in hand; frames on their way to the cloud fall back."""
        self._worker.stop(_STOP_TIMEOUT_S)
        self._uplink.close()
        self._updates.close()

    def configure(self, config: EdgeConfig) -> None:
        """
        Take other settings from the next frame on.

        :param config: checked settings.
        """
        self._config = config
        self._uplink.configure(config)
        self._updates.configure(config)

    def state(self) -> State:
        """Describe pipeline, updates and link, for diagnostics."""
        told = (self._edge, self._edge.pipeline, self._installer, self._updates, self._link)
        facts = {name: fact for part in told for name, fact in part.facts().items()}
        return State(Level.OK, 'running', facts)

    def on_answer(self, frame: JudgedFrame, answer: CloudAnswer) -> None:
        """Publish a fused mask: the frame's one mask, or its refinement."""
        self._edge.pipeline.controller.answered(frame.age_s(), answer.bytes_up)
        if frame.provisional:
            self.outputs.publish_refined(frame, answer)
        else:
            self.outputs.publish(frame, answer.segmentation, answer=answer)

    def on_late_answer(self, frame: JudgedFrame, answer: CloudAnswer) -> None:
        """Publish a refinement that missed its deadline; a waited-for mask has gone out."""
        if frame.provisional:
            self.outputs.publish_refined(frame, answer)

    def on_fallback(self, frame: JudgedFrame, reason: str, bytes_up: int = 0) -> None:
        """Publish the edge's own mask for a hard frame, unless it went out at once."""
        self._counters.add(f'fallbacks.{reason}')
        self._edge.pipeline.controller.answered(frame.age_s(), bytes_up)
        if not frame.provisional:
            mask = frame.edge.segmentation.from_source(Source.EDGE_FALLBACK)
            self.outputs.publish(frame, mask, reason=reason, bytes_up=bytes_up)

    def _listen(self) -> None:
        compressed = self._config.image_transport == 'compressed'
        topic = self._node.resolve_topic_name('image') + ('/compressed' if compressed else '')
        self._subscription = self._node.create_subscription(
            CompressedImage if compressed else Image,
            topic,
            lambda msg: self._worker.offer((msg, perf_counter())),
            qos.sensor_input(),
            qos_overriding_options=qos.overridable(),
        )

    def _process(self, item: tuple[Image | CompressedImage, float]) -> None:
        msg, arrived_s = item
        edge = self._edge.pipeline.process(self._frame(msg), perf_counter() - arrived_s)
        provisional = self._config.uplink.policy == 'provisional'
        judged = JudgedFrame(edge, msg.header, arrived_s, provisional)
        hard = judged.edge.verdict.hard
        if not hard or provisional:
            self.outputs.publish(judged, judged.edge.segmentation)
        reason = self._uplink.send(judged) if hard else ''
        if reason:
            self.on_fallback(judged, reason)

    def _frame(self, msg: Image | CompressedImage) -> Frame:
        robot = self._config.uplink.robot
        if isinstance(msg, CompressedImage):
            return frame_from_compressed(msg, robot, self._config.limits)
        return frame_from_image(msg, robot)

    def _refuse(self, error: Exception) -> None:
        text = str(error) if isinstance(error, LaecipsError) else repr(error)
        self._node.get_logger().error(f'frame refused: {text}', throttle_duration_sec=1.0)
