"""Strong photometric augmentation: light and lenses far worse than the training frames had."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

_SHARE = 0.5
"""Share of the frames that each disturbance hits."""

_BLUR_TAPS = 9
_MAX_BLUR_PX = 2.0


def strong_light(images: Tensor, generator: torch.Generator) -> Tensor:
    """
    Disturb light, colour and sharpness; each disturbance hits half of the frames.

    In this order: blur (σ up to 2 px), haze (up to 60 % of a grey veil), gamma (0.5 to 2.2),
    darkness (down to a seventh), a colour cast (up to 25 % a channel), sensor noise (σ up to 18).

    :param images: (N, 3, h, w) float32 RGB in [0, 255].
    :param generator: of every random choice.
    :returns: the same shape, float32 in [0, 255].
    """
    count = images.shape[0]

    def draw(low: float, high: float, neutral: float, channels: int = 1) -> Tensor:
        value = torch.empty(count, channels, 1, 1).uniform_(low, high, generator=generator)
        hit = torch.rand(count, 1, 1, 1, generator=generator) < _SHARE
        return torch.where(hit, value, torch.full_like(value, neutral))

    lit = _blurred(images, draw(0.3, _MAX_BLUR_PX, 0.0))
    haze = draw(0.1, 0.6, 0.0)
    lit = lit * (1.0 - haze) + draw(110.0, 220.0, 170.0) * haze
    gamma = torch.exp(draw(-0.7, 0.8, 0.0))
    lit = 255.0 * (lit.clamp(0.0, 255.0) / 255.0).pow(gamma)
    lit = lit * torch.exp(draw(-1.95, 0.2, 0.0)) * draw(0.75, 1.25, 1.0, channels=3)
    noise = torch.randn(lit.shape, generator=generator) * draw(0.0, 18.0, 0.0)
    return (lit + noise).clamp(0.0, 255.0).contiguous(memory_format=torch.channels_last)


def _blurred(images: Tensor, deviation_px: Tensor) -> Tensor:
    """Blur each frame by its own Gaussian; a deviation of 0 leaves it as it is."""
    offsets = torch.arange(_BLUR_TAPS, dtype=torch.float32) - _BLUR_TAPS // 2
    taps = torch.exp(-0.5 * (offsets / deviation_px.view(-1, 1).clamp(min=1e-3)) ** 2)
    taps = taps / taps.sum(dim=1, keepdim=True)
    count, channels, height, width = images.shape
    kernels = taps.repeat_interleave(channels, dim=0)
    flat = images.reshape(1, count * channels, height, width)
    half = _BLUR_TAPS // 2
    padded = functional.pad(flat, (half, half, half, half), mode='replicate')
    across = functional.conv2d(padded, kernels.view(-1, 1, 1, _BLUR_TAPS), groups=len(kernels))
    both = functional.conv2d(across, kernels.view(-1, 1, _BLUR_TAPS, 1), groups=len(kernels))
    return both.reshape(images.shape)
