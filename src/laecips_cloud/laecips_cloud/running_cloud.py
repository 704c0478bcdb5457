"""The cloud at work: hard frames in, fused masks out, better weights back."""

from __future__ import annotations

from rclpy.callback_groups import MutuallyExclusiveCallbackGroup
from rclpy.node import Node
from rclpy.publisher import Publisher
from std_srvs.srv import Trigger

from laecips_cloud.announcer import Announcer
from laecips_cloud.announcer import CHECK_S
from laecips_cloud.answers import fill_answer
from laecips_cloud.answers import fill_refusal
from laecips_cloud.answers import hard_frame_of
from laecips_cloud.answers import round_message
from laecips_cloud.hard_frame_queue import HardFrameQueue
from laecips_cloud.learning import Learning
from laecips_cloud.pictures import Pictures
from laecips_cloud.rounds import RoundEvent
from laecips_core.config import CloudConfig
from laecips_core.learning.journal import SampleJournal
from laecips_core.pipeline.releases import Releases
from laecips_core.pipeline.running_cloud import Cloud
from laecips_core.values import WeightManifest
from laecips_core.weights.transfer import chunk_of
from laecips_msgs.msg import ModelVersion
from laecips_msgs.msg import TrainingRound
from laecips_msgs.srv import GetModelUpdate
from laecips_msgs.srv import SegmentHardFrame
from laecips_ros import qos
from laecips_ros.conversions import manifest_to_msg
from laecips_ros.counters import Counters
from laecips_ros.deferred_service import DeferredService
from laecips_ros.diagnostics import Level
from laecips_ros.diagnostics import State
from laecips_ros.steady import steady_timer

_STOP_TIMEOUT_S = 5.0


class RunningCloud:
    """Wires services, pipeline and training thread; computes nothing itself."""

    def __init__(
        self,
        node: Node,
        config: CloudConfig,
        cloud: Cloud,
        releases: Releases,
        journal: SampleJournal,
        counters: Counters,
    ) -> None:
        """
        Announce what runs, and offer the services.

        :param node: the cloud node.
        :param config: checked settings.
        :param cloud: the models, loaded.
        :param releases: numbers and signs versions.
        :param journal: keeps samples.
        :param counters: where everything is counted.
        :raises LaecipsError: when the version cannot be released, or a sample not be read.
        """
        self._node, self._cloud, self._releases = node, cloud, releases
        self._counters = counters
        self._version = self._latched(ModelVersion, '~/model_version')
        self._round = self._latched(TrainingRound, '~/training_round')
        self._pictures = Pictures(node, cloud.catalogue)
        self._announcer = Announcer(
            lambda: cloud.newest.manifest, releases, self._publish, counters
        )
        self._learning = Learning(
            config, cloud, self._announcer, self._announce_round, journal, counters
        )
        self._timer = steady_timer(
            node, CHECK_S, self._announcer.check, MutuallyExclusiveCallbackGroup()
        )
        # Last: nothing that fails comes after the thread that works on frames.
        self._offer_services(config.waiting_frames)

    def close(self) -> None:
        """Stop training; a round in progress is given up, its samples wait for the next start."""
        self._frames.stop(_STOP_TIMEOUT_S)
        self._learning.stop(_STOP_TIMEOUT_S)

    def configure(self, config: CloudConfig) -> None:
        """
        Take other settings from the next sample on.

        :param config: checked settings.
        """
        self._learning.configure(config)

    def state(self) -> State:
        """Describe what is served, for diagnostics."""
        version, release = self._cloud.newest.manifest.version, self._announcer.release
        return State(Level.OK, 'running', {'weights_version': version, 'release': release})

    def _latched(self, kind: type, topic: str) -> Publisher:
        return self._node.create_publisher(
            kind, topic, qos.latched(), qos_overriding_options=qos.overridable()
        )

    def _publish(self, manifest: WeightManifest) -> None:
        self._version.publish(manifest_to_msg(manifest))

    def _offer_services(self, most_waiting: int) -> None:
        self._frames = HardFrameQueue(self._segment, self._counters, most_waiting)
        self._segment_service = DeferredService(
            self._node, SegmentHardFrame, '~/segment_hard_frame', self._frames.put
        )
        # A group each: a trigger is answered while a delta is made.
        services = (
            (GetModelUpdate, '~/get_model_update', self._chunk),
            (Trigger, '~/train_now', self._train_now),
        )
        for service in services:
            self._node.create_service(*service, callback_group=MutuallyExclusiveCallbackGroup())

    def _segment(self, request: SegmentHardFrame.Request) -> SegmentHardFrame.Response:
        response = SegmentHardFrame.Response()
        try:
            frame = hard_frame_of(request)
            done = self._cloud.segment(frame)
            known, started = self._learning.take(done, frame.image_data)
            fill_answer(response, done, known, started)
            self._counters.add('frames')
            self._pictures.publish(done, frame.robot)
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
        log = self._node.get_logger()
        log.info(f'round {event.number} {event.state.name}: {event.reason}')
        self._round.publish(round_message(event, version))

    def _refuse(
        self, response: SegmentHardFrame.Response | GetModelUpdate.Response, error: Exception
    ) -> None:
        self._counters.add_error(error)
        fill_refusal(response, error)
        log = self._node.get_logger()
        log.warning(f'request refused: {response.error}', throttle_duration_sec=1.0)
