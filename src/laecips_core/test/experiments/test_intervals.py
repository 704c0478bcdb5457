from __future__ import annotations

import math

from hypothesis import given
from hypothesis import strategies
import numpy as np
import pytest
from scipy import stats

from laecips_core.experiments.intervals import Interval
from laecips_core.experiments.intervals import interval_text
from laecips_core.experiments.intervals import mean_interval
from laecips_core.experiments.intervals import paired_difference
from laecips_core.experiments.intervals import student_quantile

NAN = float('nan')


@pytest.mark.parametrize('degrees', [*range(1, 31), 99, 100, 1000])
@pytest.mark.parametrize('confidence', [0.5, 0.9, 0.95, 0.99])
def test_quantile_is_that_of_scipy(degrees: int, confidence: float) -> None:
    expected = stats.t.ppf((1.0 + confidence) / 2.0, degrees)
    assert student_quantile(degrees, confidence) == pytest.approx(expected, rel=1e-9)


@given(strategies.lists(strategies.floats(-1e3, 1e3), min_size=2, max_size=12))
def test_interval_is_that_of_scipy(values: list[float]) -> None:
    interval = mean_interval(values)
    assert interval is not None
    error = float(np.std(values, ddof=1)) / math.sqrt(len(values))
    expected = stats.t.ppf(0.975, len(values) - 1) * error
    assert interval.mean == pytest.approx(float(np.mean(values)), abs=1e-9)
    assert interval.half_width == pytest.approx(expected, rel=1e-6, abs=1e-9)


def test_three_values_by_hand() -> None:
    # Deviations −1, 0, 1: variance 1, standard error 1 / √3, t of 2 degrees is 4.3027.
    interval = mean_interval([1.0, 2.0, 3.0])
    assert interval is not None
    assert (interval.mean, interval.count) == (2.0, 3)
    assert interval.half_width == pytest.approx(4.302653 / math.sqrt(3.0), rel=1e-6)


def test_one_value_has_no_interval() -> None:
    assert mean_interval([0.5]) == Interval(0.5, None, 1)


@pytest.mark.parametrize('values', [[], [NAN], [0.5, NAN]])
def test_without_all_values_there_is_nothing(values: list[float]) -> None:
    assert mean_interval(values) is None


def test_difference_is_taken_seed_by_seed() -> None:
    # Seeds differ by much, the methods by one tenth on every seed.
    found = paired_difference({0: 0.2, 1: 0.9}, {1: 0.8, 0: 0.1})
    assert found is not None
    assert found.mean == pytest.approx(0.1)
    assert found.half_width == pytest.approx(0.0, abs=1e-12)


def test_difference_counts_common_seeds_only() -> None:
    assert paired_difference({0: 3.0, 1: 9.0}, {0: 1.0, 2: 7.0}) == Interval(2.0, None, 1)
    assert paired_difference({0: 1.0}, {1: 1.0}) is None


def test_text() -> None:
    assert Interval(0.4123, 0.0081, 3).text() == '0.412 ± 0.008'
    assert Interval(0.4123, None, 1).text() == '0.412'
    assert Interval(0.3712, 0.012, 3).text(1, scale=100.0) == '37.1 ± 1.2'
    assert Interval(0.059, 0.004, 3).text(signed=True) == '+0.059 ± 0.004'
    assert Interval(-1e-9, None, 1).text(signed=True) == '0.000'
    assert interval_text(None) == '–'
    assert interval_text(Interval(1.0, None, 1), 1) == '1.0'
