"""A thread with a bounded queue."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Iterator
from threading import current_thread
from threading import Event
from threading import Timer

import pytest

from laecips_bridge.bounded_thread import BoundedThread

_WAIT_S = 10.0


@pytest.fixture
def thread() -> Iterator[BoundedThread]:
    made = BoundedThread('worker', 3)
    yield made
    made.stop(_WAIT_S)


def hold(thread: BoundedThread) -> Event:
    """Have the thread at work; give what lets it go on."""
    begun, go_on = Event(), Event()

    def work() -> None:
        begun.set()
        go_on.wait(_WAIT_S)

    assert thread.run(work)
    assert begun.wait(_WAIT_S)
    return go_on


def add(to: list[int], number: int) -> Callable[[], None]:
    return lambda: to.append(number)


def test_calls_run_in_order_on_the_thread(thread: BoundedThread) -> None:
    names: list[str] = []
    end = Event()
    go_on = hold(thread)
    for name in ('a', 'b'):
        assert thread.run(lambda name=name: names.append(f'{name} on {current_thread().name}'))
    assert thread.run(end.set)
    assert names == []
    go_on.set()
    assert end.wait(_WAIT_S)
    assert names == ['a on worker', 'b on worker']


def test_a_call_too_many_is_refused_and_never_run(thread: BoundedThread) -> None:
    done: list[int] = []
    go_on = hold(thread)
    assert [thread.run(add(done, number)) for number in range(5)] == [True] * 3 + [False] * 2
    go_on.set()
    end = Event()
    while not thread.run(end.set):
        pass
    assert end.wait(_WAIT_S)
    assert done == [0, 1, 2]


def test_an_error_is_logged_and_the_thread_goes_on(
    thread: BoundedThread, caplog: pytest.LogCaptureFixture
) -> None:
    end = Event()

    def fail() -> None:
        raise ValueError('of the test')

    thread.run(fail)
    thread.run(end.set)
    assert end.wait(_WAIT_S)
    assert 'a call on thread worker failed' in caplog.text
    assert 'ValueError: of the test' in caplog.text


def test_stop_waits_for_the_call_in_hand(thread: BoundedThread) -> None:
    done: list[int] = []
    go_on = hold(thread)
    thread.run(add(done, 1))
    Timer(0.05, go_on.set).start()
    thread.stop(_WAIT_S)
    assert done == [1]
    assert not thread._thread.is_alive()


def test_stop_gives_up_a_call_that_does_not_end(thread: BoundedThread) -> None:
    go_on = hold(thread)
    thread.stop(0.01)
    assert thread._thread.is_alive()
    go_on.set()
    thread._thread.join(_WAIT_S)
    assert not thread._thread.is_alive()


def test_a_full_queue_does_not_keep_it_from_stopping(thread: BoundedThread) -> None:
    go_on = hold(thread)
    while thread.run(lambda: None):
        pass
    thread.stop(0.01)
    go_on.set()
    thread._thread.join(_WAIT_S)
    assert not thread._thread.is_alive()


def test_nothing_is_taken_after_the_end(thread: BoundedThread) -> None:
    thread.stop(_WAIT_S)
    assert not thread.run(lambda: None)
