"""The node on the server: hard frames in, fused masks out, better weights back."""

from __future__ import annotations

import sys

from rclpy.callback_groups import MutuallyExclusiveCallbackGroup
from rclpy.node import Node
from std_srvs.srv import Trigger

from laecips_cloud.announcer import Announcer
from laecips_cloud.announcer import CHECK_S
from laecips_cloud.answers import fill_answer
from laecips_cloud.answers import fill_refusal
from laecips_cloud.answers import hard_frame_of
from laecips_cloud.answers import round_message
from laecips_cloud.learning import Learning
from laecips_cloud.rounds import RoundEvent
from laecips_core.config import CloudConfig
from laecips_core.pipeline.build_cloud import build_cloud
from laecips_core.pipeline.releases import build_releases
from laecips_core.values import WeightManifest
from laecips_core.weights.transfer import chunk_of
from laecips_msgs.msg import ModelVersion
from laecips_msgs.msg import TrainingRound
from laecips_msgs.srv import GetModelUpdate
from laecips_msgs.srv import SegmentHardFrame
from laecips_ros import qos
from laecips_ros.conversions import manifest_to_msg
from laecips_ros.counters import Counters
from laecips_ros.diagnostics import Diagnostics
from laecips_ros.diagnostics import Level
from laecips_ros.diagnostics import State
from laecips_ros.logging_bridge import LoggingBridge
from laecips_ros.parameters import declare_config
from laecips_ros.program import run_node
from laecips_ros.steady import steady_timer

_STOP_TIMEOUT_S = 5.0
_EXECUTOR_THREADS = 3


class CloudNode(Node):
    """Wires services, pipeline and training thread; computes nothing itself."""

    def __init__(self) -> None:
        """Load the weights and offer the services; a LaecipsError says why it could not."""
        super().__init__('cloud')
        self._logging = LoggingBridge(self, ('laecips_core', 'laecips_ros', 'laecips_cloud'))
        config = declare_config(self, CloudConfig())
        self._cloud = build_cloud(config)
        self._counters = Counters()
        self._version = self.create_publisher(ModelVersion, '~/model_version', qos.latched())
        self._round = self.create_publisher(TrainingRound, '~/training_round', qos.latched())
        self._releases = build_releases(config)
        self._announcer = Announcer(
            lambda: self._cloud.newest.manifest, self._releases, self._publish, self._counters
        )
        self._learning = Learning(
            config, self._cloud, self._announcer, self._announce_round, self._counters
        )
        self._offer_services()
        self._timer = steady_timer(
            self, CHECK_S, self._announcer.check, MutuallyExclusiveCallbackGroup()
        )
        self._diagnostics = Diagnostics(
            self, 'server', self._state, self._counters, rates={'frames': 'output_fps'}
        )

    def close(self) -> None:
        """Stop training; a round in progress is given up, its samples wait for the next start."""
        self._learning.stop(_STOP_TIMEOUT_S)
        self._logging.close()

    def _publish(self, manifest: WeightManifest) -> None:
        self._version.publish(manifest_to_msg(manifest))

    def _offer_services(self) -> None:
        # A group each: a download or a trigger is answered while a frame is segmented.
        services = (
            (SegmentHardFrame, '~/segment_hard_frame', self._segment),
            (GetModelUpdate, '~/get_model_update', self._chunk),
            (Trigger, '~/train_now', self._train_now),
        )
        self._services = [
            self.create_service(*service, callback_group=MutuallyExclusiveCallbackGroup())
            for service in services
        ]

    def _segment(
        self, request: SegmentHardFrame.Request, response: SegmentHardFrame.Response
    ) -> SegmentHardFrame.Response:
        try:
            frame = hard_frame_of(request)
            done = self._cloud.segment(frame)
            known, started = self._learning.take(done, frame.image_data)
            fill_answer(response, done, known, started)
            self._counters.add('frames')
        except Exception as error:
            self._refuse(response, error)
        return response

    def _chunk(
        self, request: GetModelUpdate.Request, response: GetModelUpdate.Response
    ) -> GetModelUpdate.Response:
        try:
            transfer = self._cloud.transfer(request.version, request.have_version)
            sent = self._releases.stamped(transfer)
            response.chunk = chunk_of(sent, request.offset, request.max_bytes, request.sha256)
            response.offset, response.manifest = request.offset, manifest_to_msg(sent.manifest)
            self._counters.add('chunks')
        except Exception as error:
            self._refuse(response, error)
        return response

    def _train_now(self, request: Trigger.Request, response: Trigger.Response) -> Trigger.Response:
        reason = self._learning.train_now()
        response.success, response.message = not reason, reason or 'a round has started'
        return response

    def _announce_round(self, event: RoundEvent) -> None:
        version = self._cloud.newest.manifest.version
        self.get_logger().info(f'round {event.number} {event.state.name}: {event.reason}')
        self._round.publish(round_message(event, version))

    def _refuse(
        self, response: SegmentHardFrame.Response | GetModelUpdate.Response, error: Exception
    ) -> None:
        self._counters.add_error(error)
        fill_refusal(response, error)
        self.get_logger().warning(f'request refused: {response.error}', throttle_duration_sec=1.0)

    def _state(self) -> State:
        version, release = self._cloud.newest.manifest.version, self._announcer.release
        return State(Level.OK, 'running', {'weights_version': version, 'release': release})


def main() -> int:
    """Run the node until it is told to stop."""
    return run_node(CloudNode, _EXECUTOR_THREADS)


if __name__ == '__main__':
    sys.exit(main())
