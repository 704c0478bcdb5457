"""How well one list of numbers orders another, by ranks alone."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def mean_ranks(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """
    Rank values from 1 up; equal ones share the mean of their ranks.

    :param values: (N,) finite values.
    :returns: (N,) ranks.
    """
    _, group, counts = np.unique(values, return_inverse=True, return_counts=True)
    last = np.cumsum(counts)
    ranks: NDArray[np.float64] = (last - (counts - 1) / 2.0)[group]
    return ranks


def spearman(first: NDArray[np.float64], second: NDArray[np.float64]) -> float:
    """
    Correlate the ranks of two lists.

    :param first: (N,) finite values.
    :param second: (N,) finite values.
    :returns: in [−1, 1]; nan when all values of a list are equal.
    """
    centred = [ranks - ranks.mean() for ranks in map(mean_ranks, (first, second))]
    spread = float(np.linalg.norm(centred[0]) * np.linalg.norm(centred[1]))
    return float(centred[0] @ centred[1]) / spread if spread > 0.0 else float('nan')


def auroc(scores: NDArray[np.float64], positive: NDArray[np.bool_]) -> float:
    """
    Give the share of pairs, one positive and one not, that the scores put in the right order.

    :param scores: (N,) finite values, larger for positives; an equal pair counts half.
    :param positive: (N,) which ones are.
    :returns: in [0, 1], 0.5 for scores that know nothing; nan when one kind is missing.
    """
    hits = int(positive.sum())
    others = len(positive) - hits
    if hits == 0 or others == 0:
        return float('nan')
    above = float(mean_ranks(scores)[positive].sum()) - hits * (hits + 1) / 2.0
    return above / (hits * others)
