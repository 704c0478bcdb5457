"""Weights on the straight line between two versions."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from laecips_core.values import ModelWeights
from laecips_core.values import WeightArrays


def blended(start: ModelWeights, end: ModelWeights, share: float) -> ModelWeights:
    """
    Go a part of the way from one version to another.

    Between a network and its fine-tuned child the accuracy on old data falls later than that on
    new data rises: Wortsman et al., "Robust fine-tuning of zero-shot models", CVPR 2022,
    https://arxiv.org/abs/2109.01903.

    :param start: weights at share 0.
    :param end: weights at share 1, with the same names and shapes; a miner that only the end has
        is taken as it is, and so are whole numbers.
    :param share: part of the way, 0 to 1.
    """
    return ModelWeights(
        _blended(start.edge, end.edge, share), _blended(start.miner, end.miner, share)
    )


def _blended(start: WeightArrays, end: WeightArrays, share: float) -> WeightArrays:
    return {
        # Whole numbers, such as positions, are no weights: between two there may be none.
        name: _between(start[name], array, share)
        if name in start and array.dtype.kind == 'f'
        else array
        for name, array in end.items()
    }


def _between(start: NDArray[Any], end: NDArray[Any], share: float) -> NDArray[Any]:
    with np.errstate(over='ignore'):
        half = end.astype(np.float16)
        mixed = start + np.float32(share) * (end - start)
        # What a rule rounded to half precision, to send fewer bytes, stays so.
        rounded = mixed.astype(np.float16).astype(mixed.dtype)
    whole = np.array_equal(half.astype(end.dtype), end) and bool(np.isfinite(rounded).all())
    return np.asarray(rounded if whole else mixed)
