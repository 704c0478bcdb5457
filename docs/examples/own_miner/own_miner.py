"""A miner of your own for LAECIPS: looks only where the robot walks."""

from typing import Any

import numpy as np


class RoadAhead:
    """Mean top probability in the lower half of the frame as confidence."""

    name = 'road_ahead'

    def __init__(self, config: Any) -> None:
        """Take the settings miner.*; this one needs none."""

    def confidence(self, softmax: np.ndarray) -> float:
        """Judge one (M, h, w) float32 softmax: 0 is hard, 1 is easy."""
        below = softmax[:, softmax.shape[1] // 2 :]
        return float(below.max(axis=0).mean())
