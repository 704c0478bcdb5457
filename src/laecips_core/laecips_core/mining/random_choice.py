"""The miner that chooses at random: what every other one has to beat at its upload rate."""

from __future__ import annotations

import zlib

import numpy as np

from laecips_core.config import MinerConfig
from laecips_core.values import Softmax


class RandomMiner:
    """
    A confidence that has nothing to do with how hard the frame is.

    :param config: the seed; nothing else is read.
    """

    name = 'random'

    def __init__(self, config: MinerConfig) -> None:
        """Keep the seed."""
        self._seed = config.seed

    def confidence(self, softmax: Softmax) -> float:
        """
        Draw a number for one prediction.

        Seed and bytes of the prediction decide it, not the frames before: the same frame has the
        same number in every run, and another seed makes an independent choice.

        :param softmax: (M, H', W') float32.
        :returns: uniform in [0, 1).
        """
        content = zlib.crc32(softmax.tobytes())
        return float(np.random.default_rng([self._seed, content]).random())
