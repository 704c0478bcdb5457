"""Annotated source frames in the colours of the stream: truth, near to where the robot is."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from laecips_core.values import Image
from laecips_core.values import LabelledFrame

_LEVELS = 256


def restyled(source: Sequence[LabelledFrame], recent: Sequence[Image]) -> list[LabelledFrame]:
    """
    Give source frames the brightness and colours of recent frames; annotations stay.

    Each source frame takes the histogram of one recent frame, channel by channel in Lab (histogram
    specification: Gonzalez and Woods, "Digital Image Processing", section 3.3; in Lab after
    Reinhard et al., "Color Transfer between Images", 2001). It looks like the stream as far as
    light goes, and its labels are true: what the stream itself never offers.

    :param source: annotated frames.
    :param recent: frames of the stream; source frame k takes the colours of frame k modulo their
        number.
    :returns: as many frames as ``source`` has; none without recent frames.
    """
    if not recent:
        return []
    targets = [_histograms(image) for image in recent]
    made = []
    for number, item in enumerate(source):
        image = _with_histograms(item.frame.image, targets[number % len(targets)])
        frame = type(item.frame)(image, item.frame.stamp_ns, item.frame.frame_uid)
        made.append(LabelledFrame(frame, item.labels, item.task))
    return made


def _histograms(image: Image) -> NDArray[np.float64]:
    """Give the (3, 256) cumulative shares of each Lab channel."""
    lab = cv2.cvtColor(image, cv2.COLOR_RGB2LAB)
    counts = [np.bincount(lab[..., c].ravel(), minlength=_LEVELS) for c in range(3)]
    shares: NDArray[np.float64] = np.cumsum(counts, axis=1) / lab[..., 0].size
    return shares


def _with_histograms(image: Image, target: NDArray[np.float64]) -> Image:
    lab = cv2.cvtColor(image, cv2.COLOR_RGB2LAB)
    own = _histograms(image)
    for channel in range(3):
        table = np.searchsorted(target[channel], own[channel] - 1e-9).clip(0, _LEVELS - 1)
        lab[..., channel] = table.astype(np.uint8)[lab[..., channel]]
    return np.asarray(cv2.cvtColor(lab, cv2.COLOR_LAB2RGB), np.uint8)
