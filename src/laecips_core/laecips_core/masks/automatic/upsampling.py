"""Mask logits from the resolution of a decoder to that of the image."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor
from torch.nn import functional

from laecips_core.masks.automatic.promptable import ImageFit

_CHUNK_BYTES = {'cpu': 12_000_000, 'cuda': 400_000_000}
"""Of logits at full size held at once; a CPU is fastest where memory is used again soon."""


class Upsampler:
    """
    Scales mask logits up to the image.

    Scaling up to the model's input, cutting, and scaling to the image are linear and treat rows
    and columns apart; so all of it is one matrix for the rows and one for the columns, and no
    mask is ever held at the size of the model's input.

    :param fit: how the image lies in the model's input, and the logits over it.
    :param size_px: (H, W) of the image.
    :param device: where the logits are.
    """

    def __init__(self, fit: ImageFit, size_px: tuple[int, int], device: torch.device) -> None:
        """Make both matrices."""
        canvas_px = fit.canvas_px or (None, None)
        rows, columns = (
            _scaling(fit.mask_px[axis], canvas_px[axis], fit.inside_px[axis], size_px[axis])
            for axis in (0, 1)
        )
        self._rows = rows.to(device)
        self._columns = columns.T.contiguous().to(device)
        mask_bytes = 4 * size_px[0] * size_px[1]
        self._chunk = max(1, _CHUNK_BYTES[device.type] // mask_bytes)

    def chunks(self, logits: Tensor) -> Iterator[tuple[slice, Tensor]]:
        """
        Scale masks up, few at a time.

        :param logits: (K, h, w) float32.
        :returns: which masks, and their (k, H, W) float32 logits; nothing when K is 0.
        """
        for first in range(0, len(logits), self._chunk):
            chosen = slice(first, first + self._chunk)
            yield chosen, torch.matmul(torch.matmul(self._rows, logits[chosen]), self._columns)


def _scaling(mask_px: int, canvas_px: int | None, inside_px: int, size_px: int) -> Tensor:
    """Give the (size, mask) matrix of bilinear scaling along one axis."""
    scaled = torch.eye(mask_px)[:, None]
    if canvas_px is not None:
        scaled = functional.interpolate(scaled, canvas_px, mode='linear')[..., :inside_px]
    return functional.interpolate(scaled, size_px, mode='linear')[:, 0].T.contiguous()
