"""Hard frames that wait for the large vision model."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from collections.abc import Iterator
from dataclasses import dataclass
import logging
from math import inf
from threading import Condition
from threading import Thread
from time import monotonic

from laecips_cloud.answers import fill_refusal
from laecips_msgs.srv import SegmentHardFrame
from laecips_ros.counters import Counters
from laecips_ros.deferred_service import Answer

_Response = SegmentHardFrame.Response
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class _Waiting:
    request: SegmentHardFrame.Request
    answer: Answer
    arrived_s: float

    @property
    def over_s(self) -> float:
        told_s = float(self.request.deadline_s)
        return self.arrived_s + (told_s if told_s > 0.0 else inf)


class HardFrameQueue:
    """
    A bounded line of requests, and the thread that works on them.

    The newest frame goes first: in a line served from its head, a cloud with more frames than it
    can take would work on each just until its deadline, and none would be answered in time.
    Frames for training only come after all others, oldest first. One whose caller no longer waits
    is answered BUSY without work, and so is the oldest where too many wait; both are counted as
    ``drops.busy``. A bridge keeps such a frame and sends it again later.
    """

    def __init__(
        self,
        work: Callable[[SegmentHardFrame.Request], SegmentHardFrame.Response],
        counters: Counters,
        most: int,
        now_s: Callable[[], float] = monotonic,
    ) -> None:
        """
        Start the thread.

        :param work: answers one request; called with one at a time, always from the same thread.
        :param counters: where to count.
        :param most: requests that wait at once, at least 1.
        :param now_s: a steady clock, in seconds.
        """
        self._work, self._counters, self._most, self._now_s = work, counters, most, now_s
        self._live: deque[_Waiting] = deque()
        self._training: deque[_Waiting] = deque()
        self._stopped = False
        self._changed = Condition()
        self._thread = Thread(target=self._run, name='frames', daemon=True)
        self._thread.start()

    def __len__(self) -> int:
        """Count the requests that wait."""
        return len(self._live) + len(self._training)

    def put(self, request: SegmentHardFrame.Request, answer: Answer) -> None:
        """
        Let a request wait for its turn; never waits itself.

        :param request: as it came; untrusted.
        :param answer: called once with the response, on any thread, perhaps before this returns.
        """
        line = self._training if request.training_only else self._live
        with self._changed:
            line.append(_Waiting(request, answer, self._now_s()))
            surplus = self._oldest() if len(self) > self._most or self._stopped else None
            self._changed.notify()
        if surplus is not None:
            self._refuse(surplus, f'{self._most} hard frames wait')

    def stop(self, timeout_s: float) -> bool:
        """
        Refuse what waits and end the thread; a request in progress is answered.

        :param timeout_s: longest wait for the request in progress, in seconds.
        :returns: whether the thread has ended.
        """
        with self._changed:
            self._stopped = True
            left = [*self._live, *self._training]
            self._live.clear()
            self._training.clear()
            self._changed.notify()
        for one in left:
            self._refuse(one, 'the cloud stops')
        self._thread.join(timeout_s)
        return not self._thread.is_alive()

    def _oldest(self) -> _Waiting:
        return (self._training or self._live).popleft()

    def _run(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: len(self) > 0 or self._stopped)
                if self._stopped:
                    return
                over = list(self._take_over())
                line = self._live or self._training
                one = line.pop() if line is self._live else line.popleft() if line else None
            for late in over:
                self._refuse(late, f'its {late.request.deadline_s:g} s were over')
            if one is not None:
                self._answer(one)

    def _take_over(self) -> Iterator[_Waiting]:
        """Take out those whose callers wait no longer."""
        now_s = self._now_s()
        for line in (self._live, self._training):
            over = [one for one in line if one.over_s <= now_s]
            for one in over:
                line.remove(one)
            yield from over

    def _answer(self, one: _Waiting) -> None:
        try:
            response = self._work(one.request)
        except Exception as error:
            self._counters.add_error(error)
            response = _Response()
            fill_refusal(response, error)
        self._send(one, response)

    def _refuse(self, one: _Waiting, why: str) -> None:
        self._counters.add_drop('busy')
        text = f'{one.request.frame_uid[:64]}: the cloud had no time for it, {why}'
        self._send(one, _Response(status=_Response.BUSY, error=text))

    def _send(self, one: _Waiting, response: SegmentHardFrame.Response) -> None:
        try:
            one.answer(response)
        except Exception as error:  # who asked may be gone
            self._counters.add_error(error)
            _log.warning('an answer could not be sent: %r', error)
