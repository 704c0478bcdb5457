"""The points that an image is asked with."""

from __future__ import annotations

import torch
from torch import Tensor

from laecips_core.masks.automatic.promptable import ImageFit


def point_grid(points_per_side: int, fit: ImageFit) -> Tensor:
    """
    Spread points evenly over an image, each in the middle of its cell.

    :param points_per_side: points along each side, at least 1.
    :param fit: how the image lies in the model's input.
    :returns: (points_per_side ** 2, 2) float64 as x, y in pixels of the model's input, row by row.
    """
    offset = 1.0 / (2 * points_per_side)
    side = torch.linspace(offset, 1.0 - offset, points_per_side, dtype=torch.float64)
    y, x = torch.meshgrid(side, side, indexing='ij')
    height, width = fit.inside_px
    return torch.stack([x.flatten() * width, y.flatten() * height], dim=1)
