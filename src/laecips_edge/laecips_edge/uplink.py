"""Sends hard frames to the cloud; never waits."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from time import perf_counter
from typing import cast
from typing import Protocol

from rclpy.node import Node
from rclpy.task import Future
from std_msgs.msg import Bool

from laecips_core.config import EdgeConfig
from laecips_core.errors import LaecipsError
from laecips_core.image_codec import decode_confidence
from laecips_core.image_codec import decode_map
from laecips_core.image_codec import encode_image
from laecips_core.image_codec import sha256_hex
from laecips_core.image_header import ImageFormat
from laecips_core.values import Segmentation
from laecips_core.values import Source
from laecips_edge.call import CloudAnswer
from laecips_edge.call import JudgedFrame
from laecips_edge.pending import PendingHardFrames
from laecips_msgs.srv import SegmentHardFrame
from laecips_ros import qos
from laecips_ros.conversions import ns_to_stamp
from laecips_ros.counters import Counters
from laecips_ros.steady import steady_timer

_DEADLINE_CHECK_S = 0.01
_READY_CHECK_S = 0.1
_MAX_LATE = 16
_REASONS = {
    SegmentHardFrame.Response.REFUSED: 'refused',
    SegmentHardFrame.Response.UNKNOWN_VERSION: 'unknown_version',
    SegmentHardFrame.Response.FAILED: 'cloud_failed',
}


class HardFrameEvents(Protocol):
    """What becomes of a hard frame; called on an executor thread."""

    def on_answer(self, frame: JudgedFrame, answer: CloudAnswer) -> None:
        """Take an answer that came in time."""

    def on_late_answer(self, frame: JudgedFrame, answer: CloudAnswer) -> None:
        """Take an answer that came after the frame fell back."""

    def on_fallback(self, frame: JudgedFrame, reason: str, bytes_up: int) -> None:
        """Go on without the cloud; bytes_up were sent in vain."""


@dataclass(frozen=True)
class _Sent:
    frame: JudgedFrame
    future: Future
    sent_s: float
    bytes_up: int


class Uplink:
    """
    Hard frames out, fused masks in.

    For every frame that :meth:`send` accepts, exactly one of ``on_answer`` and ``on_fallback`` is
    called. A few late answers are still waited for; the oldest of them are given up.
    """

    def __init__(
        self,
        node: Node,
        catalogue_sha256: str,
        config: EdgeConfig,
        events: HardFrameEvents,
        counters: Counters,
    ) -> None:
        """
        Open the client; nothing is sent yet.

        :param node: the edge node.
        :param catalogue_sha256: class catalogue of the edge, 64 hex digits.
        :param config: deadlines, bounds and image encoding; :meth:`configure` changes them.
        :param events: told what becomes of each frame.
        :param counters: where drops and errors are counted.
        """
        self._catalogue_sha256 = catalogue_sha256
        self._events, self._counters = events, counters
        self._client = node.create_client(SegmentHardFrame, 'cloud/segment_hard_frame')
        self._ready = node.create_publisher(Bool, '~/cloud_ready', qos.latched())
        self._was_ready: bool | None = None
        self._pending: PendingHardFrames[_Sent] = PendingHardFrames(1)
        self._late: dict[str, _Sent] = {}
        self._timer = steady_timer(node, _DEADLINE_CHECK_S, self._check_deadlines)
        self._ready_timer = steady_timer(node, _READY_CHECK_S, self._announce_ready)
        self.configure(config)

    def configure(self, config: EdgeConfig) -> None:
        """
        Change deadlines, bounds and image encoding from the next frame on.

        :param config: checked settings.
        """
        self._config, self._limits = config.uplink, config.limits
        self._pending.max_in_flight = config.uplink.max_in_flight

    def send(self, frame: JudgedFrame) -> str:
        """
        Send one hard frame; only the worker thread may call this.

        :param frame: the frame.
        :returns: why it could not be sent; empty when it is on its way.
        """
        if not self._client.service_is_ready():
            return 'no_cloud'
        if len(self._pending) >= self._config.max_in_flight:
            return 'too_many_in_flight'
        request = self._request(frame)
        sent_s = perf_counter()
        future = self._client.call_async(request)
        sent = _Sent(frame, future, sent_s, len(request.image_data))
        if not self._pending.add(frame.frame_uid, sent, sent_s + self._config.deadline_s):
            self._client.remove_pending_request(future)
            return 'duplicate_stamp'
        future.add_done_callback(partial(self._answered, frame.frame_uid))
        return ''

    def _request(self, frame: JudgedFrame) -> SegmentHardFrame.Request:
        core = frame.edge.frame
        image_format = cast('ImageFormat', self._config.image_format)
        data = encode_image(core.image, image_format, self._config.image_quality)
        return SegmentHardFrame.Request(
            frame_uid=core.frame_uid,
            robot=self._config.robot,
            stamp=ns_to_stamp(core.stamp_ns),
            weights_version=frame.edge.prediction.weights_version,
            catalogue_sha256=self._catalogue_sha256,
            image_sha256=sha256_hex(data),
            image_data=data,
        )

    def _answered(self, frame_uid: str, future: Future) -> None:
        sent, late = self._pending.take(frame_uid), False
        if sent is None:
            sent, late = self._late.pop(frame_uid, None), True
        if sent is None:
            return
        cloud_s = perf_counter() - sent.sent_s
        try:
            answer = self._open(sent, future.result(), cloud_s)
        except LaecipsError as error:
            self._counters.add_error(error)
            answer = 'bad_answer'
        self._settle(sent, answer, late)

    def _settle(self, sent: _Sent, answer: CloudAnswer | str, late: bool) -> None:
        if late:
            self._counters.add('late_answers')
        if isinstance(answer, str):
            if not late:
                self._events.on_fallback(sent.frame, answer, sent.bytes_up)
        elif late:
            self._events.on_late_answer(sent.frame, answer)
        else:
            self._events.on_answer(sent.frame, answer)

    def _open(
        self, sent: _Sent, response: SegmentHardFrame.Response, cloud_s: float
    ) -> CloudAnswer | str:
        if response.status != SegmentHardFrame.Response.OK:
            return _REASONS.get(response.status, 'bad_answer')
        size_px = sent.frame.edge.frame.size_px
        labels = decode_map(bytes(response.label_png), size_px, self._limits)
        confidence = decode_confidence(bytes(response.confidence_png), size_px, self._limits)
        return CloudAnswer(
            Segmentation(labels, confidence, Source.FUSED, response.weights_version),
            cloud_s,
            _compute_s(response),
            sent.bytes_up,
            len(response.label_png) + len(response.confidence_png),
            response.training_round,
        )

    def _announce_ready(self) -> None:
        ready = self._client.service_is_ready()
        if ready != self._was_ready:
            self._was_ready = ready
            self._ready.publish(Bool(data=ready))

    def _check_deadlines(self) -> None:
        for sent in self._pending.expire(perf_counter()):
            self._late[sent.frame.frame_uid] = sent
            if len(self._late) > _MAX_LATE:
                oldest = self._late.pop(next(iter(self._late)))
                self._client.remove_pending_request(oldest.future)
            self._events.on_fallback(sent.frame, 'deadline', sent.bytes_up)


def _compute_s(response: SegmentHardFrame.Response) -> float:
    models_s = response.edge_s + response.masks_s + response.labels_s
    return float(response.decode_s + models_s + response.fusion_s)
