"""
The loops of fusion that are compiled to machine code.

Importing this module compiles them, in a few seconds, or loads what was compiled before from the
cache: ``__pycache__`` beside this file or, where that cannot be written, the user's cache folder.
So it is paid for when a fusion rule is built, not with the first frame. Arrays must be
C-contiguous and of the types given; positions are not checked here.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from typing import cast
from typing import TypeVar

import numba
from numba import types
import numpy as np
from numpy.typing import NDArray

_Loop = TypeVar('_Loop', bound=Callable[..., Any])

_BLOCK_PX = 8
# The sums of a chunk's blocks, and the chunk, stay in the first-level cache.
_CHUNK_PX = 512
# Row r weighs the first r pixels of a block with 1: no branch that depends on where a bound is.
_BEFORE = np.tri(_BLOCK_PX, _BLOCK_PX, -1, dtype=np.float32)


def _read(dtype: Any, dimensions: int = 1) -> types.Array:
    return types.Array(dtype, dimensions, 'C', readonly=True)


def _compiled(*arguments: Any) -> Callable[[_Loop], _Loop]:
    def compile_loop(loop: _Loop) -> _Loop:
        # The order in which a block is summed is free, so that it is summed at once.
        options: Any = {'nogil': True, 'fastmath': {'reassoc', 'nsz'}}
        try:
            compiled = numba.njit(arguments, cache=True, **options)(loop)
        except RuntimeError:
            # No folder to cache in, as in a read-only container: compile in every process.
            compiled = numba.njit(arguments, **options)(loop)
        return cast('_Loop', compiled)

    return compile_loop


@_compiled(_read(types.float32), _read(types.int64))
def sums_before(plane: NDArray[np.float32], bounds: NDArray[np.int64]) -> NDArray[np.float64]:
    """
    Sum a plane from its first pixel to each bound.

    :param plane: (P,) float32.
    :param bounds: (B,) increasing, in [0, P].
    :returns: (B,) the sum of ``plane[:bound]``; blocks of 8 in float32, the rest in float64.
    """
    sums = np.empty(len(bounds), np.float64)
    before = np.empty(_CHUNK_PX // _BLOCK_PX, np.float64)
    total, at = np.float64(0), 0
    whole = len(plane) // _CHUNK_PX * _CHUNK_PX
    for start in range(0, whole, _CHUNK_PX):
        chunk = plane[start : start + _CHUNK_PX]
        for block in range(_CHUNK_PX // _BLOCK_PX):
            before[block] = total
            block_sum = np.float32(0)
            for pixel in range(_BLOCK_PX):
                block_sum += chunk[block * _BLOCK_PX + pixel]
            total += block_sum
        while at < len(bounds) and bounds[at] < start + _CHUNK_PX:
            block, rest = divmod(bounds[at] - start, _BLOCK_PX)
            weights = _BEFORE[rest]
            part = np.float32(0)
            for pixel in range(_BLOCK_PX):
                part += chunk[block * _BLOCK_PX + pixel] * weights[pixel]
            sums[at] = before[block] + part
            at += 1
    for position in range(whole, len(plane)):
        while at < len(bounds) and bounds[at] == position:
            sums[at] = total
            at += 1
        total += plane[position]
    sums[at:] = total
    return sums


@_compiled(_read(types.int32), _read(types.int32), _read(types.int64), types.int64[::1])
def raise_ranks(
    first: NDArray[np.int32],
    last: NDArray[np.int32],
    ranks: NDArray[np.int64],
    highest: NDArray[np.int64],
) -> None:
    """
    Keep the highest rank of the runs that cover each segment.

    :param first: (R,) the segment in which each run begins.
    :param last: (R,) one after the segment in which it ends.
    :param ranks: (R,) its rank.
    :param highest: (S,) the highest rank so far; raised.
    """
    for run in range(len(ranks)):
        for segment in range(first[run], last[run]):
            highest[segment] = max(highest[segment], ranks[run])


@_compiled(_read(types.int64), _read(types.int64), _read(types.uint8), types.uint8[::1])
def paint_segments(
    bounds: NDArray[np.int64],
    tops: NDArray[np.int64],
    values: NDArray[np.uint8],
    painted: NDArray[np.uint8],
) -> None:
    """
    Give every pixel the value that its segment's top picks.

    :param bounds: (S + 1,) increasing, from 0 to P.
    :param tops: (S,) positions in ``values``; -1 picks the last.
    :param values: what is picked.
    :param painted: (P,) written.
    """
    for segment in range(len(tops)):
        painted[bounds[segment] : bounds[segment + 1]] = values[tops[segment]]


@_compiled(
    _read(types.float32, 2),
    _read(types.int64),
    _read(types.int64),
    types.uint8[::1],
    types.float32[::1],
)
def top_classes_between(
    planes: NDArray[np.float32],
    starts: NDArray[np.int64],
    ends: NDArray[np.int64],
    labels: NDArray[np.uint8],
    top: NDArray[np.float32],
) -> None:
    """
    Find the most probable class of every pixel of some ranges.

    :param planes: (M, P) float32, M from 1 to 255.
    :param starts: (R,) first pixel of each range.
    :param ends: (R,) one after its last pixel.
    :param labels: written, range after range: the class, the lowest where several are equal.
    :param top: written: its probability.
    """
    at = 0
    for start, end in zip(starts, ends):  # noqa: B905
        pixels = end - start
        own_labels, own_top = labels[at : at + pixels], top[at : at + pixels]
        own_labels[:] = 0
        own_top[:] = planes[0, start:end]
        for label in range(1, len(planes)):
            plane = planes[label, start:end]
            for pixel in range(pixels):
                better = plane[pixel] > own_top[pixel]
                own_top[pixel] = plane[pixel] if better else own_top[pixel]
                own_labels[pixel] = label if better else own_labels[pixel]
        at += pixels
