"""Miners without weights: three confidences from the literature, and the two extremes."""

from __future__ import annotations

import numpy as np

from laecips_core.config import MinerConfig
from laecips_core.errors import WeightsError
from laecips_core.values import Softmax
from laecips_core.values import WeightArrays


def mess(softmax: Softmax, pixel_threshold: float) -> float:
    """
    Count the pixels whose top probability reaches a threshold (Eq. 22).

    :param softmax: (M, H', W') float32.
    :param pixel_threshold: in [0, 1].
    :returns: share of such pixels, in [0, 1].
    """
    return float(np.mean(softmax.max(axis=0) >= np.float32(pixel_threshold)))


def sm(softmax: Softmax) -> float:
    """
    Average the margin between the top two probabilities (Eq. 23).

    :param softmax: (M, H', W') float32; with one class the second probability is 0.
    :returns: mean margin, in [0, 1].
    """
    first = softmax[0]
    second = np.zeros_like(first)
    for plane in softmax[1:]:
        second = np.maximum(second, np.minimum(first, plane))
        first = np.maximum(first, plane)
    return float(np.mean(first - second, dtype=np.float64))


def spp(softmax: Softmax) -> float:
    """
    Average the top probability (Eq. 24).

    :param softmax: (M, H', W') float32.
    :returns: mean top probability, in [1 / M, 1].
    """
    return float(np.mean(softmax.max(axis=0), dtype=np.float64))


class _WithoutWeights:
    def __init__(self, config: MinerConfig) -> None:
        """
        Keep the settings.

        :param config: the pixel threshold; only MESS reads it.
        """
        self._config = config

    def load_weights(self, arrays: WeightArrays) -> None:
        """
        Accept nothing.

        :raises WeightsError: when there is any array.
        """
        if arrays:
            raise WeightsError('weights of a miner without any', 'no arrays', sorted(arrays))


class MessMiner(_WithoutWeights):
    """Share of sure pixels as confidence."""

    name = 'mess'

    def confidence(self, softmax: Softmax) -> float:
        """Judge one prediction by Eq. 22."""
        return mess(softmax, self._config.pixel_threshold)


class SmMiner(_WithoutWeights):
    """Mean score margin as confidence."""

    name = 'sm'

    def confidence(self, softmax: Softmax) -> float:
        """Judge one prediction by Eq. 23."""
        return sm(softmax)


class SppMiner(_WithoutWeights):
    """Mean top probability as confidence."""

    name = 'spp'

    def confidence(self, softmax: Softmax) -> float:
        """Judge one prediction by Eq. 24."""
        return spp(softmax)


class AlwaysMiner(_WithoutWeights):
    """Every frame is hard, whatever δ: the paper's cloud-only baseline."""

    name = 'always'

    def confidence(self, softmax: Softmax) -> float:
        """Give 0, which is above no δ."""
        return 0.0


class NeverMiner(_WithoutWeights):
    """No frame is hard, the edge-only baseline, but for δ = 1, where every frame is (Eq. 2)."""

    name = 'never'

    def confidence(self, softmax: Softmax) -> float:
        """Give 1, which is above every δ but 1."""
        return 1.0
