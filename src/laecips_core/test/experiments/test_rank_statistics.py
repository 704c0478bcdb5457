from __future__ import annotations

from hypothesis import given
from hypothesis import strategies
import numpy as np
import pytest
from scipy import stats

from laecips_core.experiments.rank_statistics import auroc
from laecips_core.experiments.rank_statistics import mean_ranks
from laecips_core.experiments.rank_statistics import spearman

# Few different values, so that ties are common.
PAIRS = strategies.lists(
    strategies.tuples(strategies.integers(0, 5), strategies.integers(0, 5)),
    min_size=2,
    max_size=30,
)


@given(PAIRS)
def test_ranks_are_those_of_scipy(pairs: list[tuple[int, int]]) -> None:
    values = np.asarray(pairs, np.float64)[:, 0]
    assert mean_ranks(values).tolist() == stats.rankdata(values).tolist()


@given(PAIRS)
def test_correlation_is_that_of_scipy(pairs: list[tuple[int, int]]) -> None:
    first, second = np.asarray(pairs, np.float64).T
    if len(set(first)) == 1 or len(set(second)) == 1:
        assert np.isnan(spearman(first, second))
    else:
        expected = stats.spearmanr(first, second).statistic
        assert spearman(first, second) == pytest.approx(expected, abs=1e-12)


@given(PAIRS)
def test_auroc_is_the_u_statistic_of_scipy(pairs: list[tuple[int, int]]) -> None:
    values, kinds = np.asarray(pairs, np.float64).T
    positive = kinds > 2
    if positive.all() or not positive.any():
        assert np.isnan(auroc(values, positive))
    else:
        u = stats.mannwhitneyu(values[positive], values[~positive]).statistic
        expected = u / (positive.sum() * (~positive).sum())
        assert auroc(values, positive) == pytest.approx(expected, abs=1e-12)


def test_auroc_by_hand() -> None:
    # Of four pairs two are right, one is equal and one is wrong.
    scores = np.array([3.0, 1.0, 1.0, 2.0])
    assert auroc(scores, np.array([True, True, False, False])) == 2.5 / 4
