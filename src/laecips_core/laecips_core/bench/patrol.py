"""How fast the patrol is painted."""

from __future__ import annotations

import time

import cv2

from laecips_core.config import DataSetConfig
from laecips_core.datasets.patrol.patrol import Patrol


def run(frames: int) -> dict[str, float]:
    """
    Paint frames of the stream on one core, the building of the places included.

    :param frames: how many, 1 to 300, evenly taken from the stream.
    :returns: ``frames_per_s``.
    :raises DataSetError: when the stream has fewer frames.
    """
    patrol = Patrol(DataSetConfig(frames=frames))
    threads = cv2.getNumThreads()
    cv2.setNumThreads(1)
    try:
        started_s = time.perf_counter()
        for index in range(len(patrol)):
            patrol[index]
        spent_s = time.perf_counter() - started_s
    finally:
        cv2.setNumThreads(threads)
    return {'frames_per_s': len(patrol) / spent_s}
