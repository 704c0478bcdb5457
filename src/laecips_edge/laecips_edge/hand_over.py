"""Hands hard frames that cannot be sent now to the bridge, so that it sends them later."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from math import inf
from time import perf_counter

from rclpy.client import Client
from rclpy.task import Future

from laecips_edge.pending import PendingHardFrames
from laecips_msgs.srv import SegmentHardFrame
from laecips_ros.counters import Counters

_MAX_AT_ONCE = 4
_DEADLINE_S = 5.0
_Response = SegmentHardFrame.Response
_KEPT = (_Response.OK, _Response.OVER_BUDGET, _Response.NO_LINK, _Response.NO_ANSWER)


class HandOver:
    """
    Calls that nobody waits for; their answers are only counted.

    Counts ``handed_over``, ``drops.hand_over_busy`` (too many under way, or this one),
    ``drops.hand_over_refused`` and ``drops.hand_over_unanswered``.
    """

    def __init__(self, client: Client, counters: Counters) -> None:
        """
        Start with nothing under way.

        :param client: of the bridge's service.
        :param counters: where to count.
        """
        self._client, self._counters = client, counters
        self._pending: PendingHardFrames[Future] = PendingHardFrames(_MAX_AT_ONCE)

    def give(self, make: Callable[[], SegmentHardFrame.Request]) -> None:
        """
        Hand a frame over; never waits.

        :param make: encodes it; only called when there is room.
        """
        if len(self._pending) >= _MAX_AT_ONCE:
            self._counters.add_drop('hand_over_busy')
            return
        request = make()
        request.training_only, request.deadline_s = True, 0.0
        call = self._client.call_async(request)
        if not self._pending.add(request.frame_uid, call, perf_counter() + _DEADLINE_S):
            self._client.remove_pending_request(call)
            self._counters.add_drop('hand_over_busy')
            return
        call.add_done_callback(partial(self._answered, request.frame_uid))

    def check_deadlines(self) -> None:
        """Give up the calls that were not answered in time."""
        for call in self._pending.expire(perf_counter()):
            self._client.remove_pending_request(call)
            self._counters.add_drop('hand_over_unanswered')

    def close(self) -> None:
        """Give every call up."""
        for call in self._pending.expire(inf):
            self._client.remove_pending_request(call)
            self._counters.add_drop('hand_over_unanswered')

    def _answered(self, uid: str, call: Future) -> None:
        if self._pending.take(uid) is None:
            return
        if call.result().status in _KEPT:
            self._counters.add('handed_over')
        else:
            self._counters.add_drop('hand_over_refused')
