from __future__ import annotations

from threading import Barrier
from threading import Thread

from laecips_edge.pending import PendingHardFrames


def test_an_answer_takes_the_frame_once() -> None:
    pending: PendingHardFrames[str] = PendingHardFrames(2)
    assert pending.add('a', 'frame a', 1.0)
    assert pending.take('a') == 'frame a'
    assert pending.take('a') is None
    assert pending.expire(9.0) == []


def test_a_deadline_takes_the_frame_once() -> None:
    pending: PendingHardFrames[str] = PendingHardFrames(2)
    pending.add('a', 'frame a', 1.0)
    pending.add('b', 'frame b', 2.0)
    assert pending.expire(0.999) == []
    assert pending.expire(1.0) == ['frame a']
    assert pending.take('a') is None
    assert pending.take('b') == 'frame b'


def test_no_more_than_allowed_are_held() -> None:
    pending: PendingHardFrames[str] = PendingHardFrames(1)
    assert pending.add('a', 'frame a', 1.0)
    assert not pending.add('b', 'frame b', 1.0)
    assert len(pending) == 1
    assert pending.take('b') is None


def test_a_uid_is_held_once() -> None:
    pending: PendingHardFrames[str] = PendingHardFrames(2)
    assert pending.add('a', 'first', 1.0)
    assert not pending.add('a', 'second', 1.0)
    assert pending.take('a') == 'first'


def test_answer_and_deadline_at_once_settle_a_frame_once() -> None:
    for _ in range(200):
        pending: PendingHardFrames[str] = PendingHardFrames(1)
        pending.add('a', 'frame a', 0.0)
        settled: list[str] = []
        start = Barrier(2)

        def answer(
            pending: PendingHardFrames[str] = pending,
            settled: list[str] = settled,
            start: Barrier = start,
        ) -> None:
            start.wait()
            frame = pending.take('a')
            settled.extend([] if frame is None else [frame])

        thread = Thread(target=answer)
        thread.start()
        start.wait()
        settled.extend(pending.expire(1.0))
        thread.join()
        assert settled == ['frame a']
