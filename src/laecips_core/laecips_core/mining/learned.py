"""The learned hard input miner h: a small network on the softmax (Eq. 2, 12 and 14), in numpy."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from laecips_core.errors import WeightsError
from laecips_core.mining.benefit import without_benefit
from laecips_core.values import Softmax
from laecips_core.values import WeightArrays
from laecips_core.weights.checks import check_tensors

_LAYER_1, _LAYER_2, _ADDED = 16, 32, 3
# As in MinerNetwork, where it keeps the logarithm of 0 finite.
_TINY = np.float32(1e-8)
_FIT_IT = 'fit it: laecips pretrain --start WEIGHTS --epochs 0; or set miner.name to mess'

_Maps = NDArray[np.float32]


class LearnedMiner:
    """
    Hard input miner with trained weights.

    It computes what :class:`laecips_core.learning.miner_network.MinerNetwork` does, which tells
    what the layers are for; an edge needs no torch for it.

    :param classes: number of classes M, at least 2.
    :param arrays: every tensor of the network by name; those of the benefit miner are not read.
    """

    name = 'learned'

    def __init__(self, classes: int, arrays: WeightArrays) -> None:
        """
        Take over the weights.

        :raises WeightsError: when there are none, or a name or shape does not fit.
        """
        learned = without_benefit(arrays)
        if not learned:
            raise WeightsError('miner weights', 'those of the learned miner', 'none', _FIT_IT)
        check_tensors(_shapes(classes), learned)
        own = {name: np.array(array, np.float32) for name, array in learned.items()}
        self._layers = [
            (_taps(own[f'features.{k}.weight']), own[f'features.{k}.bias'][:, None])
            for k in (0, 2)
        ]
        self._score, self._bias = own['score.weight'][0], float(own['score.bias'][0])

    def confidence(self, softmax: Softmax) -> float:
        """
        Judge one prediction.

        :param softmax: (M, H', W') float32, at least 2 pixels high and wide.
        :returns: h in [0, 1]; larger is easier.
        """
        x = _halved(_features(softmax))
        for taps, bias in self._layers:
            x = _convolved(x, taps, bias)
        pooled = np.concatenate([x.mean(axis=(1, 2)), x.max(axis=(1, 2))])
        return _sigmoid(float(self._score @ pooled) + self._bias)


def _shapes(classes: int) -> dict[str, tuple[int, ...]]:
    return {
        'features.0.weight': (_LAYER_1, classes + _ADDED, 3, 3),
        'features.0.bias': (_LAYER_1,),
        'features.2.weight': (_LAYER_2, _LAYER_1, 3, 3),
        'features.2.bias': (_LAYER_2,),
        'score.weight': (1, 2 * _LAYER_2),
        'score.bias': (1,),
    }


def _features(softmax: Softmax) -> _Maps:
    """Put the two largest probabilities and the entropy after the classes."""
    classes = len(softmax)
    maps = np.empty((classes + _ADDED, *softmax.shape[1:]), np.float32)
    maps[:classes] = softmax
    first, second = maps[classes], maps[classes + 1]
    np.maximum(softmax[0], softmax[1], out=first)
    np.minimum(softmax[0], softmax[1], out=second)
    for plane in softmax[2:]:
        np.maximum(second, np.minimum(first, plane), out=second)
        np.maximum(first, plane, out=first)
    logarithm = np.log(softmax + _TINY)
    logarithm *= softmax
    np.negative(logarithm.sum(axis=0), out=maps[classes + 2])
    return maps


def _halved(maps: _Maps) -> _Maps:
    """Average blocks of 2x2; a last odd row or column is left out, as torch does."""
    height, width = (size // 2 * 2 for size in maps.shape[1:])
    even, odd = maps[:, :height:2], maps[:, 1:height:2]
    rows = even + odd
    halved: _Maps = (rows[..., :width:2] + rows[..., 1:width:2]) * np.float32(0.25)
    return halved


def _taps(weight: _Maps) -> _Maps:
    """Lay (outputs, inputs, 3, 3) out for one product of matrices."""
    outputs = len(weight)
    return np.ascontiguousarray(weight.transpose(0, 2, 3, 1).reshape(outputs, -1))


def _convolved(maps: _Maps, taps: _Maps, bias: _Maps) -> _Maps:
    """Convolve 3x3 in steps of 2 with a border of zeros, and cut below 0."""
    inputs, height, width = maps.shape
    size = (height + 1) // 2, (width + 1) // 2
    bordered = np.zeros((inputs, 2 * size[0] + 1, 2 * size[1] + 1), np.float32)
    bordered[:, 1 : height + 1, 1 : width + 1] = maps
    columns = np.empty((9, inputs, *size), np.float32)
    for k in range(9):
        top, left = divmod(k, 3)
        bottom, right = top + 2 * size[0] - 1, left + 2 * size[1] - 1
        columns[k] = bordered[:, top:bottom:2, left:right:2]
    product: Any = taps @ columns.reshape(9 * inputs, -1)
    product += bias
    np.maximum(product, 0.0, out=product)
    convolved: _Maps = product.reshape(len(taps), *size)
    return convolved


def _sigmoid(logit: float) -> float:
    if logit >= 0:
        return 1.0 / (1.0 + math.exp(-logit))
    return math.exp(logit) / (1.0 + math.exp(logit))
