"""The node on the robot: every frame in, one mask out."""

from __future__ import annotations

import sys
from time import perf_counter

from rclpy.node import Node
from sensor_msgs.msg import CompressedImage
from sensor_msgs.msg import Image

from laecips_core.config import EdgeConfig
from laecips_core.errors import LaecipsError
from laecips_core.pipeline.build_edge import build_edge
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
from laecips_ros.diagnostics import Diagnostics
from laecips_ros.diagnostics import Level
from laecips_ros.diagnostics import State
from laecips_ros.logging_bridge import LoggingBridge
from laecips_ros.parameters import declare_config
from laecips_ros.parameters import on_change
from laecips_ros.program import event_executor
from laecips_ros.program import run_node
from laecips_ros.worker import LatestFrameWorker

_STOP_TIMEOUT_S = 5.0


class EdgeNode(Node):
    """Wires camera, pipeline, uplink and outputs; computes nothing itself."""

    def __init__(self) -> None:
        """Load the weights and start listening; a LaecipsError says why it could not."""
        super().__init__('edge')
        self._logging = LoggingBridge(self, ('laecips_core', 'laecips_ros', 'laecips_edge'))
        self._config = declare_config(self, EdgeConfig())
        self._edge = build_edge(self._config)
        self._controller = self._edge.pipeline.controller
        self._counters = Counters()
        catalogue = self._edge.parts.catalogue
        self._outputs = Outputs(self, catalogue, self._counters)
        self._link = LinkWatch(self)
        self._uplink = Uplink(
            self, catalogue.sha256, self._config, self._link, self, self._counters
        )
        frames = self._config.updates.probation_frames
        publish = self._outputs.publish_version
        self._installer = Installer(self._edge, frames, publish, self._counters)
        self._updates = UpdateClient(
            self, self._config, self._installer, self._edge.guard, self._counters
        )
        self._worker: LatestFrameWorker[tuple[Image | CompressedImage, float]] = LatestFrameWorker(
            'edge', self._process, self._refuse, self._counters
        )
        self._diagnostics = Diagnostics(
            self, self._config.uplink.robot, self._state, self._counters, self._outputs.rates
        )
        on_change(self, self._config, self._apply)
        self._listen()

    def close(self) -> None:
        """Finish the frame in hand and stop."""
        self._worker.stop(_STOP_TIMEOUT_S)
        self._installer.close()
        self._logging.close()

    def on_answer(self, frame: JudgedFrame, answer: CloudAnswer) -> None:
        """Publish a fused mask: the frame's one mask, or its refinement."""
        self._controller.answered(frame.age_s(), answer.bytes_up)
        if self._config.uplink.policy == 'provisional':
            self._outputs.publish_refined(frame, answer)
        else:
            self._outputs.publish(frame, answer.segmentation, answer=answer)

    def on_late_answer(self, frame: JudgedFrame, answer: CloudAnswer) -> None:
        """Publish a refinement that missed its deadline; a waited-for mask has gone out."""
        if self._config.uplink.policy == 'provisional':
            self._outputs.publish_refined(frame, answer)

    def on_fallback(self, frame: JudgedFrame, reason: str, bytes_up: int = 0) -> None:
        """Publish the edge's own mask for a hard frame, unless it went out at once."""
        self._counters.add(f'fallbacks.{reason}')
        self._controller.answered(frame.age_s(), bytes_up)
        if self._config.uplink.policy == 'wait':
            mask = frame.edge.segmentation.from_source(Source.EDGE_FALLBACK)
            self._outputs.publish(frame, mask, reason=reason, bytes_up=bytes_up)

    def _listen(self) -> None:
        compressed = self._config.image_transport == 'compressed'
        topic = self.resolve_topic_name('image') + ('/compressed' if compressed else '')
        self._subscription = self.create_subscription(
            CompressedImage if compressed else Image,
            topic,
            lambda msg: self._worker.offer((msg, perf_counter())),
            qos.sensor_input(),
            qos_overriding_options=qos.overridable(),
        )

    def _process(self, item: tuple[Image | CompressedImage, float]) -> None:
        msg, arrived_s = item
        edge = self._edge.pipeline.process(self._frame(msg), perf_counter() - arrived_s)
        judged = JudgedFrame(edge, msg.header, arrived_s)
        hard = judged.edge.verdict.hard
        if not hard or self._config.uplink.policy == 'provisional':
            self._outputs.publish(judged, judged.edge.segmentation)
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
        self.get_logger().error(f'frame refused: {text}', throttle_duration_sec=1.0)

    def _apply(self, config: EdgeConfig) -> None:
        self._config = config
        self._controller.configure(config.controller, config.miner.threshold)
        self._uplink.configure(config)

    def _state(self) -> State:
        told = (self._edge, self._edge.pipeline, self._installer, self._updates, self._link)
        facts = {name: fact for part in told for name, fact in part.facts().items()}
        return State(Level.OK, 'running', facts)


def main() -> int:
    """Run the node until it is told to stop."""
    return run_node(EdgeNode, make_executor=event_executor)


if __name__ == '__main__':
    sys.exit(main())
