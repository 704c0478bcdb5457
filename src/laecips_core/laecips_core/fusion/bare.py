"""What fusion leaves to the edge: pixels under no mask."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from laecips_core.fusion.compiled import top_classes_between
from laecips_core.fusion.segments import Segments
from laecips_core.prediction_maps import confidence_bytes
from laecips_core.values import Softmax


def keep_edge(
    softmax: Softmax,
    segments: Segments,
    labels: NDArray[np.uint8],
    confidence: NDArray[np.uint8],
) -> None:
    """
    Write the edge's own class, and its probability, where no mask is.

    :param softmax: (M, H, W) float32 of the frame's size, M from 1 to 255.
    :param segments: the cuts of the frame's masks.
    :param labels: (H * W,) written under no mask: the lowest of equally probable classes.
    :param confidence: (H * W,) written under no mask.
    """
    starts, ends = segments.bare_ranges()
    pixels = segments.bare_pixels()
    own = np.empty(len(pixels), np.uint8)
    top = np.empty(len(pixels), np.float32)
    top_classes_between(softmax.reshape(len(softmax), -1), starts, ends, own, top)
    labels[pixels] = own
    confidence[pixels] = confidence_bytes(top)
