"""Masks on their way through the filters, as runs on the device."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from laecips_core.masks.automatic.pixels import find_pixels
from laecips_core.values import MaskSet


@dataclass(frozen=True)
class Candidates:
    """
    K masks of one image as runs over the row-major flattened image, see :class:`MaskSet`.

    :param size_px: (H, W) of the image.
    :param scores: (K,) float32.
    :param starts: (R,) int64, first pixel of each run.
    :param ends: (R,) int64, one past the last pixel of each run.
    :param owners: (R,) int64, the mask of each run, sorted.
    """

    size_px: tuple[int, int]
    scores: Tensor
    starts: Tensor
    ends: Tensor
    owners: Tensor

    def areas_px(self) -> Tensor:
        """Give the (K,) int64 pixels of each mask."""
        areas = torch.zeros(len(self.scores), dtype=torch.int64, device=self.scores.device)
        return areas.index_add_(0, self.owners, self.ends - self.starts)

    def at_least(self, min_area_px: int) -> Candidates:
        """
        Give the masks that are large enough.

        :param min_area_px: smallest area in pixels.
        """
        return self.chosen((self.areas_px() >= min_area_px).nonzero()[:, 0])

    def boxes(self) -> Tensor:
        """
        Give the box around each mask.

        :returns: (K, 4) float32 as x0, y0, x1, y1 of the outermost pixels; an empty mask has the
            box of pixel 0, as in segment-anything.
        """
        width = self.size_px[1]
        first, last = self.starts, self.ends - 1
        top, bottom = first // width, last // width
        # A run over the end of a row reaches from the left to the right border.
        wraps = bottom > top
        left = torch.where(wraps, 0, first % width)
        right = torch.where(wraps, width - 1, last % width)
        sides = [self._of_each(left, 'amin'), self._of_each(top, 'amin')]
        sides += [self._of_each(right, 'amax'), self._of_each(bottom, 'amax')]
        return torch.stack(sides, dim=1).float()

    def chosen(self, rows: Tensor) -> Candidates:
        """
        Give some of the masks, in a new order.

        :param rows: (S,) int64, which ones, each at most once.
        """
        place = torch.full_like(self.scores, -1, dtype=torch.int64)
        place[rows] = torch.arange(len(rows), device=rows.device)
        owners = place[self.owners]
        order = torch.argsort(owners, stable=True)
        order = order[owners[order] >= 0]
        runs = self.starts[order], self.ends[order], owners[order]
        return Candidates(self.size_px, self.scores[rows], *runs)

    def to_mask_set(self, generator: str) -> MaskSet:
        """
        Bring the masks to the CPU.

        :param generator: name of the mask generator.
        """
        starts, ends, owners = (
            part.cpu().numpy() for part in (self.starts, self.ends, self.owners)
        )
        scores = self.scores.cpu().numpy().astype(np.float32)
        return MaskSet(self.size_px, starts, ends - starts, owners, scores, generator)

    def _of_each(self, values: Tensor, reduce: str) -> Tensor:
        found = torch.zeros(len(self.scores), dtype=torch.int64, device=values.device)
        return found.scatter_reduce_(0, self.owners, values, reduce, include_self=False)


def from_flags(masks: Tensor, scores: Tensor) -> Candidates:
    """
    Make candidates of masks that are spelt out.

    :param masks: (K, H, W) bool.
    :param scores: (K,) float32, on the same device.
    """
    height, width = masks.shape[1:]
    # Nothing before and after each mask, so that every run begins and ends.
    flat = functional.pad(masks.flatten(1), (1, 1 + (-1 - height * width) % 8))
    owners, places = find_pixels(flat[:, 1:] != flat[:, :-1])
    return Candidates((height, width), scores, places[::2], places[1::2], owners[::2])


def joined(
    parts: Sequence[Candidates], size_px: tuple[int, int], device: torch.device
) -> Candidates:
    """
    Join candidates of one image.

    :param parts: in the order of the result; none is valid.
    :param size_px: (H, W) of the image.
    :param device: where they are.
    """
    firsts = np.cumsum([0, *(len(part.scores) for part in parts)])
    nothing = torch.zeros(0, dtype=torch.int64, device=device)
    return Candidates(
        size_px,
        torch.cat([nothing.float(), *(part.scores for part in parts)]),
        torch.cat([nothing, *(part.starts for part in parts)]),
        torch.cat([nothing, *(part.ends for part in parts)]),
        torch.cat([nothing, *(p.owners + int(n) for p, n in zip(parts, firsts, strict=False))]),
    )
