"""Between mask sets and the other forms that masks come in."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from laecips_core.errors import ShapeError
from laecips_core.values import MaskSet


def from_partition(
    regions: NDArray[np.integer[Any]],
    scores: NDArray[np.float32] | None = None,
    *,
    generator: str,
) -> MaskSet:
    """
    Make masks of a region map.

    :param regions: (H, W) integer region of each pixel, from 0; negative where there is none.
    :param scores: (K,) float32, one for each region; 1.0 each by default.
    :param generator: name of the mask generator.
    :returns: mask k is region k; regions without a pixel below the largest are empty masks.
    :raises ShapeError: when the map is not 2-D or a region has no score.
    """
    if regions.ndim != 2 or not np.issubdtype(regions.dtype, np.integer):
        raise ShapeError('regions', '(H, W) integers', f'{regions.shape} {regions.dtype}')
    flat = regions.ravel()
    count = int(flat.max(initial=-1)) + 1
    if scores is None:
        scores = np.ones(count, np.float32)
    if count > len(scores):
        raise ShapeError('scores', f'one for each of {count} regions', scores.shape)
    starts = np.concatenate(([0], np.flatnonzero(flat[1:] != flat[:-1]) + 1))[: flat.size]
    lengths = np.diff(starts, append=flat.size)
    owners = flat[starts].astype(np.int64)
    order = np.argsort(owners, kind='stable')
    order = order[np.searchsorted(owners[order], 0) :]
    return MaskSet(regions.shape, starts[order], lengths[order], owners[order], scores, generator)


def from_booleans(
    masks: NDArray[np.bool_] | Sequence[NDArray[np.bool_]],
    size_px: tuple[int, int],
    scores: NDArray[np.float32] | None = None,
    *,
    generator: str,
) -> MaskSet:
    """
    Make a mask set of boolean masks.

    :param masks: K masks, each (H, W) bool; none is valid.
    :param size_px: (H, W).
    :param scores: (K,) float32; 1.0 each by default.
    :param generator: name of the mask generator.
    :raises ShapeError: when a mask is of another size or dtype, or has no score.
    """
    starts: list[NDArray[np.int64]] = []
    lengths: list[NDArray[np.int64]] = []
    for mask in masks:
        if mask.shape != tuple(size_px) or mask.dtype != np.bool_:
            raise ShapeError('mask', f'{size_px} bool', f'{mask.shape} {mask.dtype}')
        edges = _edges(mask.ravel())
        starts.append(edges[::2])
        lengths.append(edges[1::2] - edges[::2])
    counts = [len(start) for start in starts]
    if scores is None:
        scores = np.ones(len(counts), np.float32)
    if len(scores) != len(counts):
        raise ShapeError('scores', f'one for each of {len(counts)} masks', scores.shape)
    nothing = np.zeros(0, np.int64)
    return MaskSet(
        (int(size_px[0]), int(size_px[1])),
        np.concatenate([nothing, *starts]),
        np.concatenate([nothing, *lengths]),
        np.repeat(np.arange(len(counts)), counts),
        scores,
        generator,
    )


def _edges(flat: NDArray[np.bool_]) -> NDArray[np.int64]:
    inner = np.flatnonzero(flat[1:] != flat[:-1]) + 1
    before = [0] if flat.size and flat[0] else []
    after = [flat.size] if flat.size and flat[-1] else []
    return np.concatenate([before, inner, after]).astype(np.int64)


def to_booleans(mask_set: MaskSet) -> NDArray[np.bool_]:
    """
    Spell a mask set out.

    :param mask_set: K masks.
    :returns: (K, H, W) bool, K * H * W bytes of memory.
    :raises ShapeError: when the mask set breaks its contract.
    """
    check_mask_set(mask_set)
    height, width = mask_set.size_px
    # One position more than pixels, for the end of a run that reaches the last pixel.
    steps = np.zeros((len(mask_set), height * width + 1), np.int8)
    np.add.at(steps, (mask_set.owners, mask_set.starts), 1)
    np.add.at(steps, (mask_set.owners, mask_set.starts + mask_set.lengths), -1)
    inside = np.cumsum(steps[:, :-1], axis=1, dtype=np.int8)
    return inside.astype(np.bool_).reshape(len(mask_set), height, width)


def check_mask_set(mask_set: MaskSet) -> None:
    """
    Refuse a mask set that breaks its contract.

    :param mask_set: from any mask generator.
    :raises ShapeError: when runs disagree in number, leave the image, belong to no mask, or are
        not sorted by owner and start without overlap.
    """
    starts, lengths, owners = mask_set.starts, mask_set.lengths, mask_set.owners
    shapes = starts.shape, lengths.shape, owners.shape
    if starts.ndim != 1 or len(set(shapes)) != 1 or mask_set.scores.ndim != 1:
        raise ShapeError('mask runs', 'starts, lengths and owners (R,), scores (K,)', shapes)
    if not len(starts):
        return
    pixels = mask_set.size_px[0] * mask_set.size_px[1]
    if lengths.min() < 1 or starts.min() < 0 or int((starts + lengths).max()) > pixels:
        raise ShapeError('mask runs', f'1 pixel or more inside [0, {pixels})', 'runs outside it')
    if owners.min() < 0 or owners.max() >= len(mask_set):
        got = f'{owners.min()} to {owners.max()}'
        raise ShapeError('mask owners', f'0 to {len(mask_set) - 1}', got)
    after = starts[1:] >= starts[:-1] + lengths[:-1]
    good = (owners[1:] > owners[:-1]) | ((owners[1:] == owners[:-1]) & after)
    if not good.all():
        position = int(np.argmin(good)) + 1
        raise ShapeError(
            'mask runs', 'sorted by owner, then start, without overlap', f'run {position} is not'
        )
