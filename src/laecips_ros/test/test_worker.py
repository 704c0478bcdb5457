"""Tests of the worker on the newest item."""

from __future__ import annotations

from collections.abc import Iterator
from queue import Queue
from threading import Event
from threading import get_ident

import pytest

from laecips_core.errors import ImageError
from laecips_ros.counters import Counters
from laecips_ros.worker import LatestFrameWorker

TIMEOUT_S = 10.0


class Bench:
    """A worker whose work waits for permission, so that tests decide what happens when."""

    def __init__(self) -> None:
        """Start the worker."""
        self.begun: Queue[object] = Queue()
        self.done: Queue[object] = Queue()
        self.errors: Queue[Exception] = Queue()
        self.go_on = Event()
        self.counters = Counters()
        self.threads: set[int] = set()
        self.worker = LatestFrameWorker('test', self.work, self.errors.put, self.counters)

    def work(self, item: object) -> None:
        """Wait for permission, then fail with the item if it is an error."""
        self.threads.add(get_ident())
        self.begun.put(item)
        assert self.go_on.wait(TIMEOUT_S)
        if isinstance(item, Exception):
            raise item
        self.done.put(item)

    def finish(self) -> dict[str, int]:
        """Stop and give the final counts."""
        self.go_on.set()
        assert self.worker.stop(TIMEOUT_S)
        return self.worker.snapshot()


@pytest.fixture
def bench() -> Iterator[Bench]:
    """Give a bench and end its thread."""
    bench = Bench()
    yield bench
    bench.finish()


def test_one_item_is_worked_on_in_the_own_thread(bench: Bench) -> None:
    bench.go_on.set()
    bench.worker.offer('a')
    assert bench.done.get(timeout=TIMEOUT_S) == 'a'
    assert get_ident() not in bench.threads
    assert bench.finish() == {'offered': 1, 'processed': 1}


def test_newest_item_replaces_older_waiting_ones(bench: Bench) -> None:
    bench.worker.offer('a')
    assert bench.begun.get(timeout=TIMEOUT_S) == 'a'
    for item in ('b', 'c', 'd'):
        bench.worker.offer(item)
    bench.go_on.set()
    assert [bench.done.get(timeout=TIMEOUT_S) for _ in range(2)] == ['a', 'd']
    assert bench.finish() == {'drops.superseded': 2, 'offered': 4, 'processed': 2}


def test_none_is_an_item_like_any_other(bench: Bench) -> None:
    bench.go_on.set()
    bench.worker.offer(None)
    assert bench.done.get(timeout=TIMEOUT_S) is None


def test_bad_item_is_reported_counted_and_does_not_end_the_thread(bench: Bench) -> None:
    bench.go_on.set()
    bad = ImageError('step', '9', 8)
    bench.worker.offer(bad)
    assert bench.errors.get(timeout=TIMEOUT_S) is bad
    bench.worker.offer('good')
    assert bench.done.get(timeout=TIMEOUT_S) == 'good'
    counts = {'errors.bad_image': 1, 'failed.bad_image': 1, 'offered': 2, 'processed': 1}
    assert bench.finish() == counts


def test_error_without_a_code_is_unexpected(bench: Bench) -> None:
    bench.go_on.set()
    bench.worker.offer(ValueError('bug'))
    bench.errors.get(timeout=TIMEOUT_S)
    counts = bench.finish()
    assert (counts['errors.unexpected'], counts['failed.unexpected']) == (1, 1)


def test_failing_error_callback_does_not_end_the_thread(
    caplog: pytest.LogCaptureFixture,
) -> None:
    done: Queue[int] = Queue()
    reported = Event()

    def work(divisor: int) -> None:
        done.put(6 // divisor)

    def on_error(error: Exception) -> None:
        reported.set()
        raise RuntimeError('worse')

    worker = LatestFrameWorker('test', work, on_error, Counters())
    worker.offer(0)
    assert reported.wait(TIMEOUT_S)
    worker.offer(2)
    assert done.get(timeout=TIMEOUT_S) == 3
    assert worker.stop(TIMEOUT_S)
    assert 'on_error of worker test failed' in caplog.text


def test_stop_drops_what_waits_and_finishes_what_runs(bench: Bench) -> None:
    bench.worker.offer('a')
    bench.begun.get(timeout=TIMEOUT_S)
    bench.worker.offer('b')
    assert not bench.worker.stop(0.0)
    assert bench.finish() == {'drops.stopped': 1, 'offered': 2, 'processed': 1}
    assert bench.done.get(timeout=TIMEOUT_S) == 'a'
    assert bench.done.empty()


def test_item_offered_after_stop_is_dropped(bench: Bench) -> None:
    bench.finish()
    bench.worker.offer('late')
    assert bench.worker.snapshot() == {'drops.stopped': 1, 'offered': 1}
    assert bench.begun.empty()


def test_every_offered_item_is_accounted_for(bench: Bench) -> None:
    bench.go_on.set()
    for item in range(500):
        bench.worker.offer(item if item % 3 else ImageError('size', '1', item))
    counts = bench.finish()
    assert counts.pop('offered') == 500
    assert sum(counts.values()) == 500
