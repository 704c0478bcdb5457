"""Augmentation for pretraining: mirror, zoom and mild light for f, bad light for h."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from laecips_core.learning.tensors import TrainingSet
from laecips_core.values import UNLABELLED

_HARDER_COPIES = 3


@dataclass(frozen=True)
class View:
    """
    Which part of a frame a training image shows.

    :param size_px: (h, w) of the training image; None: that of the frame.
    :param smallest_ratio: smallest share of the frame's width and height that is shown.
    :param largest_ratio: largest share; above 1 a black border is shown, too.
    """

    size_px: tuple[int, int] | None = None
    smallest_ratio: float = 0.6
    largest_ratio: float = 1.05


WHOLE = View()
"""The whole frame at its own size."""


def _zoom_grid(images: Tensor, view: View, generator: torch.Generator) -> Tensor:
    count = images.shape[0]
    ratios = view.smallest_ratio, view.largest_ratio
    scale = torch.empty(count).uniform_(*ratios, generator=generator)
    shift = torch.empty(count, 2).uniform_(-1.0, 1.0, generator=generator)
    mirror = torch.where(torch.rand(count, generator=generator) < 0.5, -1.0, 1.0)
    theta = torch.zeros(count, 2, 3)
    theta[:, 0, 0] = scale * mirror
    theta[:, 1, 1] = scale
    theta[:, :, 2] = shift * (1.0 - scale).clamp(min=0.0).unsqueeze(1)
    size_px = view.size_px or (images.shape[2], images.shape[3])
    return functional.affine_grid(theta, [count, 3, *size_px], align_corners=False)


def augment(
    images: Tensor, labels: Tensor, generator: torch.Generator, view: View = WHOLE
) -> tuple[Tensor, Tensor]:
    """
    Vary a batch of annotated frames.

    Mirror half of them, zoom by up to 1 / 0.6, and change brightness by up to 15 %, contrast by
    up to 15 % and each colour by up to 6 %.

    :param images: (N, 3, h, w) float32 in [0, 255].
    :param labels: (N, h, w) int64, 255 unlabelled.
    :param generator: of every random choice.
    :param view: size and share of the frame; by default the frame's own size, zoomed as above.
    :returns: (N, 3, h', w') and (N, h', w') of the view's size; places outside
        the frame are black before the change of light, and unlabelled.
    """
    grid = _zoom_grid(images, view, generator)
    moved = functional.grid_sample(images, grid, 'bilinear', 'zeros', align_corners=False)
    shifted = (labels - UNLABELLED).float().unsqueeze(1)
    placed = functional.grid_sample(shifted, grid, 'nearest', 'zeros', align_corners=False)
    count = images.shape[0]
    contrast = torch.empty(count, 1, 1, 1).uniform_(0.85, 1.15, generator=generator)
    brightness = torch.empty(count, 1, 1, 1).uniform_(-20.0, 20.0, generator=generator)
    colour = torch.empty(count, 3, 1, 1).uniform_(0.94, 1.06, generator=generator)
    lit = ((moved - 128.0) * contrast + 128.0 + brightness) * colour
    lit = lit.clamp(0.0, 255.0).contiguous(memory_format=torch.channels_last)
    return lit, placed.squeeze(1).long() + UNLABELLED


def spoil_light(images: Tensor, generator: torch.Generator) -> Tensor:
    """
    Make frames harder: dusk, haze, a colour cast and sensor noise, each of random strength.

    The miner learns from these what a hard frame looks like; the edge model never sees them.

    :param images: (N, 3, h, w) uint8 RGB.
    :param generator: of every random choice.
    :returns: (N, 3, h, w) uint8 RGB.
    """
    count = images.shape[0]

    def draw(low: float, high: float, channels: int = 1) -> Tensor:
        return torch.empty(count, channels, 1, 1).uniform_(low, high, generator=generator)

    haze = draw(0.0, 0.7)
    lit = images.float() * (1.0 - haze) + draw(120.0, 200.0) * haze
    lit = lit * draw(0.25, 1.0) * draw(0.7, 1.1, channels=3)
    noise = torch.randn(lit.shape, generator=generator) * draw(0.0, 14.0)
    return (lit + noise).round().clamp(0.0, 255.0).to(torch.uint8)


def with_harder_copies(data: TrainingSet, seed: int) -> TrainingSet:
    """
    Put copies in bad light beside annotated frames, for the miner to learn from.

    :param data: N annotated frames.
    :param seed: of the light.
    :returns: 4 N frames, the given ones first.
    """
    generator = torch.Generator().manual_seed(seed)
    harder = [spoil_light(data.images, generator) for _ in range(_HARDER_COPIES)]
    labels = data.labels.repeat(1 + _HARDER_COPIES, 1, 1)
    return TrainingSet(torch.cat([data.images, *harder]), labels)
