"""Class scores of masks (Alg. 1, line 5)."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
import os

import cv2
import numpy as np
from numpy.typing import NDArray
import torch

from laecips_core.fusion.segments import Segments
from laecips_core.values import Softmax

# One cache line of float32: looking at part of a block costs no more than at one pixel.
_BLOCK_PX = 16
# 1 MB of float32: what was summed is still in the second-level cache when parts are looked at.
_CHUNK_BLOCKS = 16384
_MOST_THREADS = 4


def class_scores(softmax: Softmax, segments: Segments) -> NDArray[np.float64]:
    """
    Sum the softmax of every class over the pixels of every mask.

    Algorithm 1 sums over the classes in line 5; a score per class needs the sum over the mask's
    pixels, so that is what stands here. A run's sum is the difference of two sums from the first
    pixel on, so each class is read once, however many masks overlap.

    :param softmax: (M, H, W) float32 of the frame's size.
    :param segments: the cuts of K masks.
    :returns: (M, K) float64, in [0, pixels of the mask]; 0 for an empty mask.
    """
    owners = segments.masks.owners
    scores = np.zeros((len(softmax), len(segments.masks)))
    if not len(owners):
        return scores
    blocks = _blocks(softmax)
    sums_to = _SumsTo(segments.bounds, blocks.shape[1])
    first_runs = np.flatnonzero(np.diff(owners, prepend=-1))
    present = owners[first_runs]

    def score(label: int) -> None:
        sums = sums_to(blocks[label])
        runs = sums.take(segments.last) - sums.take(segments.first)
        scores[label, present] = np.add.reduceat(runs, first_runs)

    with ThreadPoolExecutor(min(_MOST_THREADS, os.cpu_count() or 1)) as threads:
        list(threads.map(score, range(len(softmax))))
    return scores


def mean_scores(softmax: Softmax, segments: Segments) -> NDArray[np.float32]:
    """
    Average the softmax of every class over every mask.

    :param softmax: (M, H, W) float32 of the frame's size.
    :param segments: the cuts of K masks.
    :returns: (M, K) float32, in [0, 1]; 0 for an empty mask, which names no pixel.
    """
    areas_px = np.maximum(segments.masks.areas_px, 1)
    return (class_scores(softmax, segments) / areas_px).astype(np.float32)


def _blocks(softmax: Softmax) -> NDArray[np.float32]:
    """Give (M, blocks, 16); the last block is filled up with zeros, which costs a copy."""
    flat = softmax.reshape(len(softmax), -1)
    missing = -flat.shape[1] % _BLOCK_PX
    if missing:
        flat = np.pad(flat, ((0, 0), (0, missing)))
    return flat.reshape(len(softmax), -1, _BLOCK_PX)


class _SumsTo:
    """Sums one class from the first pixel to each of some positions, given in order."""

    def __init__(self, positions: NDArray[np.int64], blocks: int) -> None:
        self._block, rest = np.divmod(positions, _BLOCK_PX)
        before = np.arange(_BLOCK_PX, dtype=np.int8) < rest.astype(np.int8)[:, None]
        self._before = before.astype(np.float32)
        starts = np.arange(0, blocks, _CHUNK_BLOCKS)
        ends = np.searchsorted(self._block, starts[1:]).tolist()
        self._chunks = list(zip(starts.tolist(), [0, *ends], [*ends, len(positions)], strict=True))

    def __call__(self, blocks: NDArray[np.float32]) -> NDArray[np.float64]:
        block_sums = np.empty((len(blocks), 1), np.float32)
        parts = np.empty(len(self._block), np.float32)
        for start, first, last in self._chunks:
            chunk = blocks[start : start + _CHUNK_BLOCKS]
            cv2.reduce(chunk, 1, cv2.REDUCE_SUM, dst=block_sums[start : start + _CHUNK_BLOCKS])
            # A position at the very end has no block of its own; it gets one, with no weight.
            near = chunk.take(self._block[first:last] - start, axis=0, mode='clip')
            np.einsum('cp,cp->c', near, self._before[first:last], out=parts[first:last])
        whole = np.zeros(len(blocks) + 1)
        # torch's cumulative sum takes a fifth of numpy's time; both arrays are float64 already, so
        # that it stays on this thread.
        given, result = block_sums[:, 0].astype(np.float64), whole[1:]
        torch.cumsum(torch.from_numpy(given), 0, out=torch.from_numpy(result))
        return whole.take(self._block) + parts
