"""The robot's way up for hard frames: written down first, then sent, or kept for later."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from threading import Lock
from time import monotonic

from rclpy.node import Node

from laecips_bridge.bridge_config import BridgeConfig
from laecips_bridge.byte_budget import ByteBudget
from laecips_bridge.errors import PayloadTooLargeError
from laecips_bridge.keys import check_robot
from laecips_bridge.keys import key_of
from laecips_bridge.keys import SEGMENT
from laecips_bridge.message_codec import pack
from laecips_bridge.message_codec import unpack
from laecips_bridge.outbox import Outbox
from laecips_bridge.questions import Questions
from laecips_bridge.questions import Reply
from laecips_bridge.questions import Urgency
from laecips_core.errors import LaecipsError
from laecips_msgs.srv import SegmentHardFrame
from laecips_ros.counters import Counters
from laecips_ros.deferred_service import Answer
from laecips_ros.deferred_service import DeferredService

# The answer must reach the edge before the edge gives up.
_MARGIN_S = 0.03
_MOST_WAIT_S = 60.0
_LATER = {
    SegmentHardFrame.Response.UNKNOWN_VERSION: 'unknown_version',
    SegmentHardFrame.Response.OVER_BUDGET: 'over_budget',
    SegmentHardFrame.Response.NO_LINK: 'no_link',
    SegmentHardFrame.Response.NO_ANSWER: 'no_answer',
    SegmentHardFrame.Response.BUSY: 'cloud_busy',
}


class FrameRelay:
    """
    Offers ``cloud/segment_hard_frame`` on the robot.

    Every frame is written to the outbox before it is sent, and taken out when the server has it:
    a bridge that dies in between sends it after its restart. A frame for which there is no link,
    no budget or no answer stays there, and its caller is told at once.
    """

    def __init__(
        self,
        node: Node,
        config: BridgeConfig,
        questions: Questions,
        budget: ByteBudget,
        outbox: Outbox,
        link_is_down: Callable[[], bool],
        counters: Counters,
    ) -> None:
        """
        Offer the service.

        :param node: the bridge's node.
        :param config: checked settings.
        :param questions: the way to the server.
        :param budget: bytes that may go up.
        :param outbox: keeps frames.
        :param link_is_down: whether it makes no sense to send.
        :param counters: where everything is counted.
        """
        self._config, self._questions, self._budget = config, questions, budget
        self._outbox, self._link_is_down, self._counters = outbox, link_is_down, counters
        self._lock = Lock()
        self._in_flight: set[str] = set()
        self._service = DeferredService(
            node, SegmentHardFrame, 'cloud/segment_hard_frame', self._take
        )

    def configure(self, config: BridgeConfig) -> None:
        """
        Use other deadlines from the next question on.

        :param config: checked settings.
        """
        self._config = config

    @property
    def in_flight(self) -> frozenset[str]:
        """Uids of the frames that are on their way."""
        with self._lock:
            return frozenset(self._in_flight)

    def _take(self, request: SegmentHardFrame.Request, answer: Answer) -> None:
        self._counters.add('frames')
        try:
            payload = self._pack(request)
        except LaecipsError as error:
            self._counters.add_error(error)
            self._counters.add('frames.refused')
            refused = SegmentHardFrame.Response.REFUSED
            answer(SegmentHardFrame.Response(status=refused, error=str(error)))
            return
        status = self._hindrance(request, len(payload))
        reason = 'handed_over' if request.training_only else _LATER.get(status, 'in_flight')
        with self._lock:
            self._in_flight.add(request.frame_uid)
        kept = self._outbox.keep(request.frame_uid, payload, reason)
        if status == SegmentHardFrame.Response.OK:
            self._send(request, payload, answer)
            return
        self._leave(request.frame_uid)
        answer(_later(status, kept))
        self._counters.add(f'frames.later.{reason}')

    def _pack(self, request: SegmentHardFrame.Request) -> bytes:
        check_robot(request, self._config.robot)
        payload = pack(request)
        most = self._config.limits.max_frame_bytes
        if len(payload) > most:
            raise PayloadTooLargeError('hard frame', f'at most {most} bytes', len(payload))
        return payload

    def _hindrance(self, request: SegmentHardFrame.Request, size_bytes: int) -> int:
        """Give OK when the frame may go up now."""
        if request.training_only or self._link_is_down():
            return int(SegmentHardFrame.Response.NO_LINK)
        if not self._budget.take(size_bytes, monotonic()):
            return int(SegmentHardFrame.Response.OVER_BUDGET)
        return int(SegmentHardFrame.Response.OK)

    def _send(self, request: SegmentHardFrame.Request, payload: bytes, answer: Answer) -> None:
        wait_s = min(request.deadline_s or self._config.link.answer_timeout_s, _MOST_WAIT_S)
        self._counters.add('bytes_up', len(payload))
        self._questions.ask(
            key_of(self._config.robot, SEGMENT),
            payload,
            Urgency.FRAME,
            monotonic(),
            max(wait_s - _MARGIN_S, _MARGIN_S),
            partial(self._answered, request.frame_uid, answer),
        )

    def _answered(self, frame_uid: str, answer: Answer, reply: Reply) -> None:
        response = self._read(reply)
        try:
            answer(response)
        finally:
            # Whoever asked may be gone.
            self._settle(frame_uid, response.status)
            self._leave(frame_uid)

    def _settle(self, frame_uid: str, status: int) -> None:
        if status == SegmentHardFrame.Response.OK:
            self._counters.add('frames.answered')
            self._outbox.sent(frame_uid)
        elif status == SegmentHardFrame.Response.REFUSED:
            # The same bytes would be refused again; weights that are gone are no fault of theirs.
            self._counters.add('frames.refused')
            self._outbox.refused(frame_uid, 'refused')
        else:
            self._counters.add(f'frames.later.{_LATER.get(status, "cloud_failed")}')

    def _read(self, reply: Reply) -> SegmentHardFrame.Response:
        if reply.payload is None:
            return SegmentHardFrame.Response(
                status=SegmentHardFrame.Response.NO_ANSWER, error=reply.reason
            )
        self._counters.add('bytes_down', len(reply.payload))
        try:
            response = unpack(
                SegmentHardFrame.Response, reply.payload, self._config.limits.max_answer_bytes
            )
        except LaecipsError as error:
            self._counters.add_error(error)
            return SegmentHardFrame.Response(
                status=SegmentHardFrame.Response.NO_ANSWER, error=str(error)
            )
        return response

    def _leave(self, frame_uid: str) -> None:
        with self._lock:
            self._in_flight.discard(frame_uid)


def _later(status: int, kept: bool) -> SegmentHardFrame.Response:
    text = 'kept on the robot for later' if kept else 'not kept: it was there before, or is full'
    return SegmentHardFrame.Response(status=status, error=text)
