"""Sends what the outbox keeps, in the background, as training data."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Set
from time import monotonic

from laecips_bridge.bridge_config import BridgeConfig
from laecips_bridge.byte_budget import ByteBudget
from laecips_bridge.keys import key_of
from laecips_bridge.keys import SEGMENT
from laecips_bridge.message_codec import pack
from laecips_bridge.message_codec import unpack
from laecips_bridge.outbox import Kept
from laecips_bridge.outbox import Outbox
from laecips_bridge.questions import Questions
from laecips_bridge.questions import Reply
from laecips_bridge.questions import Urgency
from laecips_core.errors import LaecipsError
from laecips_msgs.srv import SegmentHardFrame
from laecips_ros.counters import Counters

# Room in the byte budget that a hard frame finds when one comes.
_ROOM_BYTES = 131_072


class OutboxSender:
    """One kept frame at a time; the next when the server has the last one."""

    def __init__(
        self,
        config: BridgeConfig,
        questions: Questions,
        budget: ByteBudget,
        outbox: Outbox,
        link_is_down: Callable[[], bool],
        in_flight: Callable[[], Set[str]],
        counters: Counters,
    ) -> None:
        """
        Send nothing yet; :meth:`check` does.

        :param config: checked settings.
        :param questions: the way to the server.
        :param budget: bytes that may go up; a frame's worth is left for hard frames.
        :param outbox: what to send.
        :param link_is_down: whether it makes no sense to send.
        :param in_flight: frames that are on their way already.
        :param counters: where everything is counted.
        """
        self._config, self._questions, self._budget = config, questions, budget
        self._outbox, self._link_is_down = outbox, link_is_down
        self._in_flight, self._counters = in_flight, counters
        self._busy = False
        self._not_before_s = 0.0

    def configure(self, config: BridgeConfig) -> None:
        """
        Use another pause and deadline from the next frame on.

        :param config: checked settings.
        """
        self._config = config

    def check(self) -> None:
        """Send the oldest frame if nothing speaks against it; never waits for the link."""
        if self._busy or self._link_is_down() or monotonic() < self._not_before_s:
            return
        in_flight = self._in_flight()
        if self._outbox.frames <= len(in_flight):
            return
        kept = self._outbox.oldest(in_flight)
        if kept is None:
            return
        if not self._budget.take_if_left(len(kept.payload), _ROOM_BYTES, monotonic()):
            self._counters.add('outbox.waits_for_budget')
            return
        self._send(kept)

    def _send(self, kept: Kept) -> None:
        most = self._config.limits.max_frame_bytes
        try:
            request = unpack(SegmentHardFrame.Request, kept.payload, most)
        except LaecipsError as error:
            self._counters.add_error(error)
            self._outbox.refused(kept.frame_uid, 'damaged')
            return
        request.training_only, request.deadline_s = True, self._config.outbox.timeout_s
        payload = pack(request)
        self._busy = True
        self._counters.add('bytes_up_later', len(payload))
        self._questions.ask(
            key_of(self._config.robot, SEGMENT),
            payload,
            Urgency.BACKGROUND,
            monotonic(),
            self._config.outbox.timeout_s,
            lambda reply: self._answered(kept, reply),
        )

    def _answered(self, kept: Kept, reply: Reply) -> None:
        try:
            self._settle(kept.frame_uid, self._status(reply))
        finally:
            self._busy = False

    def _settle(self, frame_uid: str, status: int) -> None:
        if status == SegmentHardFrame.Response.OK:
            self._outbox.sent(frame_uid)
        elif status == SegmentHardFrame.Response.REFUSED:
            self._outbox.refused(frame_uid, 'refused')
        else:
            self._outbox.postpone(frame_uid)
            self._not_before_s = monotonic() + self._config.outbox.retry_s

    def _status(self, reply: Reply) -> int:
        if reply.payload is None:
            return int(SegmentHardFrame.Response.NO_ANSWER)
        try:
            return int(
                unpack(
                    SegmentHardFrame.Response, reply.payload, self._config.limits.max_answer_bytes
                ).status
            )
        except LaecipsError as error:
            self._counters.add_error(error)
            return int(SegmentHardFrame.Response.NO_ANSWER)
