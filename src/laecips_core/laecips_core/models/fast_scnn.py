"""
The default edge network: Fast-SCNN with one skip from a quarter of the resolution.

After Poudel, Liwicki, Cipolla, "Fast-SCNN: Fast Semantic Segmentation Network", BMVC 2019,
https://arxiv.org/abs/1902.04502; the skip keeps thin objects that 1/8 resolution loses.
"""

from __future__ import annotations

import torch
from torch import nn
from torch import Tensor
from torch.nn import functional

_POOL_BINS = (1, 2, 3, 6)


def _resize(x: Tensor, like: Tensor) -> Tensor:
    return functional.interpolate(x, like.shape[-2:], mode='bilinear', align_corners=False)


def _convolution(inputs: int, outputs: int, kernel: int = 3, stride: int = 1) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2, bias=False),
        nn.BatchNorm2d(outputs),
        nn.ReLU(inplace=True),
    )


def _depthwise(channels: int, stride: int = 1) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(channels, channels, 3, stride, 1, groups=channels, bias=False),
        nn.BatchNorm2d(channels),
        nn.ReLU(inplace=True),
    )


def _separable(inputs: int, outputs: int, stride: int = 1) -> nn.Sequential:
    return nn.Sequential(_depthwise(inputs, stride), _convolution(inputs, outputs, 1))


class Bottleneck(nn.Module):
    """Inverted residual block: widen by six, filter each channel, project back."""

    def __init__(self, inputs: int, outputs: int, stride: int) -> None:
        """Build the block; it has a residual where input and output have one shape."""
        super().__init__()
        self.residual = stride == 1 and inputs == outputs
        self.block = nn.Sequential(
            _convolution(inputs, inputs * 6, 1),
            _depthwise(inputs * 6, stride),
            nn.Conv2d(inputs * 6, outputs, 1, bias=False),
            nn.BatchNorm2d(outputs),
        )

    def forward(self, x: Tensor) -> Tensor:
        """Map (N, inputs, H, W) to (N, outputs, H / stride, W / stride)."""
        y: Tensor = self.block(x)
        return x + y if self.residual else y


class PyramidPooling(nn.Module):
    """Adds the mean of 1, 4, 9 and 36 parts of the image to every place."""

    def __init__(self, channels: int) -> None:
        """Build one projection for each grid."""
        super().__init__()
        quarter = channels // len(_POOL_BINS)
        # Without batch norm: the mean of a whole image is one value, which a batch of one image
        # cannot be normalised by.
        self.projections = nn.ModuleList(nn.Conv2d(channels, quarter, 1) for _ in _POOL_BINS)
        self.join = _convolution(channels * 2, channels, 1)

    def forward(self, x: Tensor) -> Tensor:
        """Map (N, channels, H, W) to the same shape."""
        parts = [
            _resize(projection(functional.adaptive_avg_pool2d(x, bins)).relu(), x)
            for projection, bins in zip(self.projections, _POOL_BINS, strict=True)
        ]
        joined: Tensor = self.join(torch.cat([x, *parts], dim=1))
        return joined


class FastScnn(nn.Module):
    """
    Fast-SCNN-like network, about 1.2 million parameters.

    :param classes: number of classes M.
    """

    stride_px = 4
    channel_ratio = 1.0
    """Channels of every inner layer against the published network."""

    mean: Tensor
    deviation: Tensor

    def __init__(self, classes: int) -> None:
        """Build the network with random weights."""
        super().__init__()
        self.register_buffer('mean', torch.tensor([123.7, 116.3, 103.5]), persistent=False)
        self.register_buffer('deviation', torch.tensor([58.4, 57.1, 57.4]), persistent=False)
        c32, c48, c64, c96, c128 = (round(self.channel_ratio * c) for c in (32, 48, 64, 96, 128))
        self.quarter = nn.Sequential(_convolution(3, c32, 3, 2), _separable(c32, c48, 2))
        self.eighth = _separable(c48, c64, 2)
        stages = [(c64, c64, 2), (c64, c64, 1), (c64, c64, 1), (c64, c96, 2), (c96, c96, 1)]
        stages += [(c96, c96, 1), (c96, c128, 1), (c128, c128, 1), (c128, c128, 1)]
        self.context = nn.Sequential(*(Bottleneck(*s) for s in stages), PyramidPooling(c128))
        self.fuse_context = nn.Sequential(
            _depthwise(c128), nn.Conv2d(c128, c128, 1, bias=False), nn.BatchNorm2d(c128)
        )
        self.fuse_detail = nn.Sequential(nn.Conv2d(c64, c128, 1, bias=False), nn.BatchNorm2d(c128))
        self.refine = nn.Sequential(_separable(c128, c128), _separable(c128, c64))
        self.skip = _convolution(c48, c64, 1)
        self.classify = nn.Sequential(
            _separable(c64, c64), nn.Dropout(0.1), nn.Conv2d(c64, classes, 1)
        )

    def forward(self, images: Tensor) -> Tensor:
        """
        Score every class at a quarter of the resolution.

        :param images: (N, 3, H, W) float32 RGB in [0, 255].
        :returns: (N, M, H / 4, W / 4) logits.
        """
        x = (images - self.mean.view(1, 3, 1, 1)) / self.deviation.view(1, 3, 1, 1)
        quarter = self.quarter(x)
        eighth = self.eighth(quarter)
        context = _resize(self.context(eighth), eighth)
        joined = functional.relu(self.fuse_context(context) + self.fuse_detail(eighth))
        logits: Tensor = self.classify(_resize(self.refine(joined), quarter) + self.skip(quarter))
        return logits


class FastScnnWide(FastScnn):
    """
    The same network, one and a half times as wide: 2.5 million parameters, for a server.

    :param classes: number of classes M.
    """

    channel_ratio = 1.5
