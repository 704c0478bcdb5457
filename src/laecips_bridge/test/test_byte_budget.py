"""Tests of the byte budget, by exact numbers and by its bound over any time span."""

from __future__ import annotations

import math
from threading import Thread

from hypothesis import given
from hypothesis import settings
from hypothesis import strategies as st
import pytest

from laecips_bridge.byte_budget import ByteBudget
from laecips_core.errors import ConfigError


def test_it_starts_full_and_fills_with_the_rate() -> None:
    budget = ByteBudget(100, 1000)
    assert budget.left_bytes(5.0) == 1000
    assert budget.take(800, 5.0)
    assert budget.left_bytes(5.0) == 200
    assert budget.left_bytes(7.5) == 450
    assert budget.left_bytes(1000.0) == 1000


def test_it_is_all_or_nothing() -> None:
    budget = ByteBudget(100, 1000)
    assert budget.take(800, 0.0)
    assert not budget.take(201, 0.0)
    assert budget.left_bytes(0.0) == 200
    assert budget.take(200, 0.0)
    assert not budget.take(1, 0.0)
    assert budget.take(0, 0.0)


def test_a_frame_larger_than_the_burst_goes_when_full_and_leaves_a_debt() -> None:
    budget = ByteBudget(100, 1000)
    assert budget.take(1, 0.0)
    assert not budget.take(5000, 0.0)
    assert budget.left_bytes(0.0) == 999
    assert budget.take(5000, 0.01)
    assert budget.left_bytes(0.01) == -4000
    assert not budget.take(1, 40.0)
    assert budget.take(1, 40.03)


def test_what_can_wait_leaves_room() -> None:
    budget = ByteBudget(100, 1000)
    assert budget.take_if_left(400, 600, 0.0)
    assert not budget.take_if_left(1, 600, 0.0)
    assert budget.left_bytes(0.0) == 600
    assert not budget.take_if_left(200, 600, 1.99)
    assert budget.take_if_left(200, 600, 2.0)
    assert budget.left_bytes(2.0) == 600


def test_what_can_wait_but_finds_never_room_goes_when_full() -> None:
    budget = ByteBudget(100, 1000)
    assert budget.take(1, 0.0)
    assert not budget.take_if_left(700, 600, 0.0)
    assert budget.take_if_left(700, 600, 0.01)
    assert budget.left_bytes(0.01) == 300


def test_no_rate_is_no_bound() -> None:
    budget = ByteBudget(0, 1)
    assert budget.take(10**12, 0.0)
    assert budget.take_if_left(10**12, 10**12, 0.0)
    assert budget.left_bytes(0.0) == math.inf


def test_a_clock_that_goes_back_earns_nothing() -> None:
    budget = ByteBudget(100, 1000)
    assert budget.take(1000, 10.0)
    assert budget.left_bytes(3.0) == 0
    assert budget.left_bytes(10.0) == 0
    assert budget.left_bytes(11.0) == 100


def test_a_lower_burst_cuts_what_is_left() -> None:
    budget = ByteBudget(100, 1000)
    budget.configure(10, 300)
    assert budget.left_bytes(0.0) == 300
    assert budget.take(300, 0.0)
    assert budget.left_bytes(1.0) == 10


def test_a_higher_burst_and_rate_count_from_the_next_question() -> None:
    budget = ByteBudget(100, 1000)
    assert budget.take(1000, 0.0)
    budget.configure(1000, 5000)
    assert budget.left_bytes(4.0) == 0
    assert budget.left_bytes(5.0) == 1000
    assert budget.left_bytes(99.0) == 5000


def test_a_debt_outlives_a_change() -> None:
    budget = ByteBudget(100, 1000)
    assert budget.take(3000, 0.0)
    budget.configure(100, 500)
    assert budget.left_bytes(0.0) == -2000


def test_a_bound_that_comes_finds_a_full_bucket() -> None:
    budget = ByteBudget(100, 1000)
    assert budget.take(1000, 0.0)
    budget.configure(0, 1)
    assert budget.take(10**9, 1.0)
    budget.configure(100, 2000)
    assert budget.left_bytes(2.0) == 2000


@pytest.mark.parametrize(
    ('bytes_per_s', 'burst_bytes', 'key'),
    [
        (-1, 1000, 'bytes_per_s'),
        (math.nan, 1000, 'bytes_per_s'),
        (math.inf, 1000, 'bytes_per_s'),
        (100, 0, 'burst_bytes'),
        (100, math.nan, 'burst_bytes'),
    ],
)
def test_what_is_no_rate_or_burst_is_refused(
    bytes_per_s: float, burst_bytes: float, key: str
) -> None:
    budget = ByteBudget(100, 1000)
    assert budget.take(500, 0.0)
    with pytest.raises(ConfigError, match=rf'^budget\.{key}: expected a number'):
        budget.configure(bytes_per_s, burst_bytes)
    assert budget.left_bytes(1.0) == 600


@pytest.mark.parametrize(('n_bytes', 'keep_bytes'), [(-1, 0), (0, -1)])
def test_less_than_nothing_is_refused(n_bytes: int, keep_bytes: int) -> None:
    budget = ByteBudget(100, 1000)
    with pytest.raises(ValueError, match='bytes: expected at least 0'):
        budget.take_if_left(n_bytes, keep_bytes, 0.0)
    assert budget.left_bytes(0.0) == 1000


QUESTION = st.tuples(
    st.sampled_from([0.0, 0.25, 1.0, 7.0]), st.integers(0, 3000), st.sampled_from([0, 0, 500])
)


@settings(max_examples=400)
@given(st.integers(1, 2000), st.integers(1, 2000), st.lists(QUESTION, max_size=40))
def test_no_span_is_granted_more_than_rate_and_burst(
    bytes_per_s: int, burst_bytes: int, questions: list[tuple[float, int, int]]
) -> None:
    budget = ByteBudget(bytes_per_s, burst_bytes)
    now_s, granted = 0.0, []
    for pause_s, n_bytes, keep_bytes in questions:
        now_s += pause_s
        if budget.take_if_left(n_bytes, keep_bytes, now_s):
            granted.append((now_s, n_bytes))
    for first, (from_s, _) in enumerate(granted):
        total, largest = 0, burst_bytes
        for to_s, n_bytes in granted[first:]:
            total, largest = total + n_bytes, max(largest, n_bytes)
            assert total <= largest + bytes_per_s * (to_s - from_s) + 1e-6


@settings(max_examples=200)
@given(st.integers(1, 2000), st.integers(1, 2000), st.integers(0, 10_000))
def test_nothing_waits_for_ever(bytes_per_s: int, burst_bytes: int, n_bytes: int) -> None:
    budget = ByteBudget(bytes_per_s, burst_bytes)
    assert budget.take(burst_bytes, 0.0)
    assert budget.take(n_bytes, burst_bytes / bytes_per_s * (1 + 1e-9))


def test_threads_together_get_no_byte_too_many() -> None:
    budget = ByteBudget(1, 1000)
    granted: list[int] = []

    def ask() -> None:
        granted.extend(1 for _ in range(500) if budget.take(1, 0.0))

    threads = [Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(granted) == 1000
