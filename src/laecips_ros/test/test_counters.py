"""Tests of the counters."""

from __future__ import annotations

from threading import Thread

from laecips_core.errors import ImageError
from laecips_ros.counters import Counters


def test_counters_start_at_zero_and_are_sorted() -> None:
    counters = Counters()
    assert counters.snapshot() == {}
    counters.add('b')
    counters.add('a', 3)
    counters.add('b')
    assert list(counters.snapshot().items()) == [('a', 3), ('b', 2)]


def test_snapshot_is_a_copy() -> None:
    counters = Counters()
    counters.add('a')
    counters.snapshot()['a'] = 99
    assert counters.snapshot() == {'a': 1}


def test_errors_are_counted_by_code() -> None:
    counters = Counters()
    counters.add_error(ImageError('step', '9', 8))
    counters.add_error(ValueError('bug'))
    counters.add_failed(ImageError('step', '9', 8))
    counters.add_drop('superseded')
    assert counters.snapshot() == {
        'drops.superseded': 1,
        'errors.bad_image': 1,
        'errors.unexpected': 1,
        'failed.bad_image': 1,
    }
    assert counters.errors() == 2


def test_no_count_is_lost_between_threads() -> None:
    counters = Counters()

    def count() -> None:
        for _ in range(2000):
            counters.add('a')

    threads = [Thread(target=count) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert counters.snapshot() == {'a': 8000}
