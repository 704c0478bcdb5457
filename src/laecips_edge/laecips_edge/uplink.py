"""Sends hard frames to the cloud; never waits."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from math import inf
from time import perf_counter
from typing import Protocol

from rclpy.node import Node
from rclpy.task import Future

from laecips_core.config import EdgeConfig
from laecips_core.errors import LaecipsError
from laecips_edge.call import CloudAnswer
from laecips_edge.call import JudgedFrame
from laecips_edge.cloud_presence import CloudPresence
from laecips_edge.hand_over import HandOver
from laecips_edge.hard_frame import CLOUD_BUSY
from laecips_edge.hard_frame import NO_ANSWER
from laecips_edge.hard_frame import NOT_SENT
from laecips_edge.hard_frame import open_answer
from laecips_edge.hard_frame import request_of
from laecips_edge.link_watch import LinkWatch
from laecips_edge.pending import PendingHardFrames
from laecips_msgs.srv import SegmentHardFrame
from laecips_ros.counters import Counters
from laecips_ros.steady import steady_timer

_DEADLINE_CHECK_S = 0.01
_MAX_LATE = 16


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
    called. A few late answers are still waited for; the oldest of them are given up. Where a
    bridge is, frames that cannot be sent now are handed over to it, as training data for later.
    """

    def __init__(
        self,
        node: Node,
        catalogue_sha256: str,
        config: EdgeConfig,
        link: LinkWatch,
        events: HardFrameEvents,
        counters: Counters,
    ) -> None:
        """
        Open the client; nothing is sent yet.

        :param node: the edge node.
        :param catalogue_sha256: class catalogue of the edge, 64 hex digits.
        :param config: deadlines, bounds and image encoding; :meth:`configure` changes them.
        :param link: says whether the link is down.
        :param events: told what becomes of each frame.
        :param counters: where drops and errors are counted.
        """
        self._catalogue_sha256 = catalogue_sha256
        self._link, self._events, self._counters = link, events, counters
        self._client = node.create_client(SegmentHardFrame, 'cloud/segment_hard_frame')
        self._presence = CloudPresence(node, self._client)
        self._pending: PendingHardFrames[_Sent] = PendingHardFrames(1)
        self._late: dict[str, _Sent] = {}
        self._hand_over = HandOver(self._client, counters)
        self._timer = steady_timer(node, _DEADLINE_CHECK_S, self._check_deadlines)
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
        if not self._presence.ready:
            return 'no_cloud'
        if self._link.down:
            self._hand_over.give(partial(self._request, frame))
            return 'link_down'
        if len(self._pending) >= self._config.max_in_flight:
            if self._link.bridged:
                self._hand_over.give(partial(self._request, frame))
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

    def close(self) -> None:
        """Let the frames on their way fall back; no answer is looked at any more."""
        self._hand_over.close()
        for sent in self._late.values():
            self._client.remove_pending_request(sent.future)
        self._late.clear()
        for sent in self._pending.expire(inf):
            self._client.remove_pending_request(sent.future)
            self._events.on_fallback(sent.frame, 'stopped', sent.bytes_up)

    def _request(self, frame: JudgedFrame) -> SegmentHardFrame.Request:
        return request_of(frame, self._config, self._catalogue_sha256)

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
        if late and answer not in (NO_ANSWER, CLOUD_BUSY):
            self._counters.add('late_answers')
        if isinstance(answer, str):
            if not late:
                bytes_up = 0 if answer in NOT_SENT else sent.bytes_up
                self._events.on_fallback(sent.frame, answer, bytes_up)
        elif late:
            self._events.on_late_answer(sent.frame, answer)
        else:
            self._events.on_answer(sent.frame, answer)

    def _open(
        self, sent: _Sent, response: SegmentHardFrame.Response, cloud_s: float
    ) -> CloudAnswer | str:
        size_px = sent.frame.edge.frame.size_px
        return open_answer(
            response, size_px, self._limits, cloud_s=cloud_s, bytes_up=sent.bytes_up
        )

    def _check_deadlines(self) -> None:
        self._hand_over.check_deadlines()
        for sent in self._pending.expire(perf_counter()):
            self._late[sent.frame.frame_uid] = sent
            if len(self._late) > _MAX_LATE:
                oldest = self._late.pop(next(iter(self._late)))
                self._client.remove_pending_request(oldest.future)
            self._events.on_fallback(sent.frame, 'deadline', sent.bytes_up)
