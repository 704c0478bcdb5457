"""Who is answered first, who is not, and that everyone is told; the clock is the test's."""

from __future__ import annotations

from collections.abc import Iterator
from queue import Queue
from threading import Event

import pytest

from laecips_cloud.hard_frame_queue import HardFrameQueue
from laecips_msgs.srv import SegmentHardFrame
from laecips_ros.counters import Counters

_WAIT_S = 10.0
_Response = SegmentHardFrame.Response


class _Desk:
    """A queue whose work waits for the test; while it does, requests pile up."""

    def __init__(self, most: int = 8) -> None:
        self.now_s = 0.0
        self.counters = Counters()
        self.begun: Queue[str] = Queue()
        self.answers: Queue[tuple[str, int]] = Queue()
        self.go_on = Event()
        self.error: Exception | None = None
        self.queue = HardFrameQueue(self._work, self.counters, most, lambda: self.now_s)

    def put(self, uid: str, deadline_s: float = 0.0, training_only: bool = False) -> None:
        request = SegmentHardFrame.Request(
            frame_uid=uid, deadline_s=deadline_s, training_only=training_only
        )
        self.queue.put(request, lambda response: self.answers.put((uid, response.status)))

    def busy_with(self, uid: str) -> None:
        self.put(uid)
        assert self.begun.get(timeout=_WAIT_S) == uid

    def answered(self, count: int) -> list[tuple[str, int]]:
        self.go_on.set()
        return [self.answers.get(timeout=_WAIT_S) for _ in range(count)]

    def drops(self) -> int:
        return self.counters.snapshot().get('drops.busy', 0)

    def _work(self, request: SegmentHardFrame.Request) -> SegmentHardFrame.Response:
        self.begun.put(request.frame_uid)
        assert self.go_on.wait(_WAIT_S)
        if self.error is not None:
            raise self.error
        return _Response(status=_Response.OK)


@pytest.fixture
def desk() -> Iterator[_Desk]:
    made = _Desk()
    yield made
    made.go_on.set()
    made.queue.stop(_WAIT_S)


def test_the_newest_goes_first_and_training_last_in_its_order(desk: _Desk) -> None:
    desk.busy_with('first')
    for uid, training_only in (('t1', True), ('a', False), ('t2', True), ('b', False)):
        desk.put(uid, training_only=training_only)
    assert len(desk.queue) == 4
    done = desk.answered(5)
    assert [uid for uid, _ in done] == ['first', 'b', 'a', 't1', 't2']
    assert {status for _, status in done} == {_Response.OK}
    assert desk.drops() == 0


def test_one_whose_deadline_passed_is_given_back_without_work(desk: _Desk) -> None:
    desk.busy_with('first')
    desk.put('over', deadline_s=0.5)
    desk.put('later over', deadline_s=2.0, training_only=True)
    desk.put('in time', deadline_s=0.75)
    desk.put('no deadline', deadline_s=float('nan'))
    desk.now_s = 0.5
    done = desk.answered(5)
    assert done[0] == ('first', _Response.OK)
    assert done[1] == ('over', _Response.BUSY)
    assert [uid for uid, _ in done[2:]] == ['no deadline', 'in time', 'later over']
    assert desk.drops() == 1
    assert list(desk.begun.queue) == ['no deadline', 'in time', 'later over']


def test_where_only_those_too_late_wait_the_next_one_is_served(desk: _Desk) -> None:
    desk.busy_with('first')
    desk.put('over', deadline_s=0.5)
    desk.now_s = 1.0
    assert desk.answered(2) == [('first', _Response.OK), ('over', _Response.BUSY)]
    desk.put('next', deadline_s=0.5)
    assert desk.answered(1) == [('next', _Response.OK)]


@pytest.mark.parametrize(('training_only', 'given_back'), [(False, 'a'), (True, 't')])
def test_of_too_many_the_oldest_is_given_back_at_once(
    training_only: bool, given_back: str
) -> None:
    desk = _Desk(most=2)
    desk.busy_with('first')
    desk.put('a')
    desk.put('t' if training_only else 'b', training_only=training_only)
    desk.put('c')
    assert desk.answers.get(timeout=_WAIT_S) == (given_back, _Response.BUSY)
    assert len(desk.queue) == 2
    assert desk.drops() == 1
    desk.answered(3)
    assert desk.queue.stop(_WAIT_S)


def test_an_error_of_the_work_is_answered_and_the_next_one_served(desk: _Desk) -> None:
    desk.error = RuntimeError('no memory')
    desk.put('a')
    assert desk.answered(1) == [('a', _Response.FAILED)]
    desk.error = None
    desk.put('b')
    assert desk.answered(1) == [('b', _Response.OK)]
    assert desk.counters.snapshot()['errors.unexpected'] == 1


def test_an_answer_that_cannot_be_sent_stops_nothing(desk: _Desk) -> None:
    def fail(response: SegmentHardFrame.Response) -> None:
        raise RuntimeError('gone')

    desk.queue.put(SegmentHardFrame.Request(frame_uid='a'), fail)
    desk.put('b')
    assert desk.answered(1) == [('b', _Response.OK)]


def test_at_the_end_what_waits_is_given_back_and_what_comes_too() -> None:
    desk = _Desk()
    desk.busy_with('first')
    desk.put('a')
    assert not desk.queue.stop(0.0)
    assert desk.answers.get(timeout=_WAIT_S) == ('a', _Response.BUSY)
    desk.put('b')
    assert desk.answers.get(timeout=_WAIT_S) == ('b', _Response.BUSY)
    assert desk.answered(1) == [('first', _Response.OK)]
    assert desk.queue.stop(_WAIT_S)
