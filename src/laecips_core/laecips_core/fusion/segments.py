"""
The flattened image, cut wherever a mask's run begins or ends.

Between two cuts every pixel is in the same masks, so fusion decides once for a segment instead of
once for a pixel: there are thousands of segments where there are millions of pixels.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from laecips_core.errors import ShapeError
from laecips_core.fusion.compiled import paint_segments
from laecips_core.fusion.compiled import raise_ranks
from laecips_core.masks.runs import check_mask_set
from laecips_core.values import MaskSet
from laecips_core.values import Prediction


@dataclass(frozen=True)
class Segments:
    """
    The cuts of one mask set; segment s covers pixels ``bounds[s]`` to ``bounds[s + 1] - 1``.

    :param masks: the mask set.
    :param bounds: (S + 1,) int64, increasing from 0 to H * W.
    :param first: (R,) int32, the segment in which each run begins.
    :param last: (R,) int32, one after the segment in which each run ends.
    :param tops: (S,) int64, the mask that names the segment; -1 under no mask.
    """

    masks: MaskSet
    bounds: NDArray[np.int64]
    first: NDArray[np.int32]
    last: NDArray[np.int32]
    tops: NDArray[np.int64]

    def paint(self, values: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """
        Give every pixel the value of the mask that names it.

        :param values: (K,) one value a mask.
        :returns: (H * W,), 0 under no mask.
        """
        painted = np.empty(self.bounds[-1], np.uint8)
        # A top of -1 picks the last entry.
        paint_segments(self.bounds, self.tops, np.append(values, np.uint8(0)), painted)
        return painted

    def bare_ranges(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Give the first pixel of every segment under no mask, and one after its last."""
        bare = np.flatnonzero(self.tops < 0)
        return self.bounds[bare], self.bounds[bare + 1]

    def bare_pixels(self) -> NDArray[np.int64]:
        """Give the positions under no mask, in order, of the flattened image."""
        return _ranges(*self.bare_ranges())


def cut(prediction: Prediction, masks: MaskSet) -> Segments:
    """
    Cut an image at its masks.

    Where masks overlap the smallest names the pixel; of equally large ones, the last.

    :param prediction: of the same frame.
    :param masks: masks of the frame; none is valid.
    :raises ShapeError: when prediction and masks are of different frame sizes, or the mask set
        breaks its contract.
    """
    if tuple(masks.size_px) != tuple(prediction.size_px):
        raise ShapeError('masks', f"the prediction's size {prediction.size_px}", masks.size_px)
    check_mask_set(masks)
    pixels = masks.size_px[0] * masks.size_px[1]
    ends = masks.starts + masks.lengths
    is_bound = np.zeros(pixels + 1, np.bool_)
    is_bound[[0, pixels]] = True
    is_bound[masks.starts] = True
    is_bound[ends] = True
    bounds = np.flatnonzero(is_bound)
    segment_at = np.empty(pixels + 1, np.int32)
    segment_at[bounds] = np.arange(len(bounds), dtype=np.int32)
    first, last = segment_at[masks.starts], segment_at[ends]
    return Segments(masks, bounds, first, last, _tops(masks, first, last, len(bounds) - 1))


def _tops(
    masks: MaskSet, first: NDArray[np.int32], last: NDArray[np.int32], segments: int
) -> NDArray[np.int64]:
    larger_first = np.argsort(-masks.areas_px, kind='stable')
    rank = np.empty(len(masks), np.int64)
    rank[larger_first] = np.arange(len(masks))
    highest = np.full(segments, -1, np.int64)
    raise_ranks(first, last, rank[masks.owners], highest)
    return np.append(larger_first, -1)[highest]


def _ranges(first: NDArray[np.integer], last: NDArray[np.integer]) -> NDArray[np.int64]:
    """Join ``range(first[i], last[i])`` of all i."""
    lengths = (last - first).astype(np.int64)
    before = np.cumsum(lengths) - lengths
    ranges: NDArray[np.int64] = np.arange(lengths.sum()) + np.repeat(first - before, lengths)
    return ranges
