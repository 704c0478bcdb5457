from __future__ import annotations

from collections.abc import Iterator

from laecips_ros.counters import Counters
from laecips_ros.rates import Rates


def rates_at(counters: Counters, *times_s: float) -> Rates:
    clock: Iterator[float] = iter(times_s)
    names = {'offered': 'input_fps', 'processed': 'processing_fps'}
    return Rates(counters, names, clock=lambda: next(clock), window_s=5.0)


def test_a_rate_is_events_over_the_time_since_the_start() -> None:
    counters = Counters()
    rates = rates_at(counters, 10.0, 12.0)
    counters.add('offered', 30)
    counters.add('processed', 7)
    assert rates.facts() == {'input_fps': 15.0, 'processing_fps': 3.5}


def test_what_was_counted_before_is_not_in_the_rate() -> None:
    counters = Counters()
    counters.add('offered', 1000)
    assert rates_at(counters, 0.0, 1.0).facts() == {'input_fps': 0.0, 'processing_fps': 0.0}


def test_only_the_window_counts() -> None:
    counters = Counters()
    rates = rates_at(counters, 0.0, 2.0, 5.0, 8.0)
    counters.add('offered', 100)
    assert rates.facts()['input_fps'] == 50.0
    counters.add('offered', 50)
    assert rates.facts()['input_fps'] == 30.0
    # From 2 s on: the window of 5 s begins at 3 s.
    assert rates.facts()['input_fps'] == 8.33


def test_a_pause_longer_than_the_window_is_measured_whole() -> None:
    counters = Counters()
    rates = rates_at(counters, 0.0, 20.0)
    counters.add('offered', 100)
    assert rates.facts()['input_fps'] == 5.0


def test_without_time_there_is_no_rate() -> None:
    assert rates_at(Counters(), 3.0, 3.0).facts() == {}
