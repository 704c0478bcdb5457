"""
RFNet, the paper's edge network, on colour images, and its variant with depth.

After Sun, Yang, Hu, Hu, Wang, "Real-time Fusion Network for RGB-D Semantic Segmentation
Incorporating Unexpected Obstacle Detection for Road-driving Images", IEEE RA-L 2020,
https://arxiv.org/abs/2002.10570.
"""

from __future__ import annotations

import torch
from torch import nn
from torch import Tensor
from torch.nn import functional

from laecips_core.models.resnet import ResNet18
from laecips_core.models.resnet import STAGE_CHANNELS

_WIDTH = 128
_POOL_BINS = (8, 4, 2, 1)


def _resize(x: Tensor, like: Tensor) -> Tensor:
    return functional.interpolate(x, like.shape[-2:], mode='bilinear', align_corners=False)


def _activated(inputs: int, outputs: int, kernel: int) -> nn.Sequential:
    """Batch norm and ReLU come before the convolution here, not after it."""
    return nn.Sequential(
        nn.BatchNorm2d(inputs),
        nn.ReLU(),
        nn.Conv2d(inputs, outputs, kernel, padding=kernel // 2, bias=False),
    )


class SpatialPyramid(nn.Module):
    """
    Spatial pyramid pooling: the means of 64, 16, 4 and 1 parts of the image beside each place.

    :param inputs: channels of the last stage.
    """

    def __init__(self, inputs: int) -> None:
        """Build one projection for each grid."""
        super().__init__()
        part = _WIDTH // len(_POOL_BINS)
        self.narrow = _activated(inputs, _WIDTH, 1)
        # Without batch norm: the mean of a whole image is one value, which a batch of one image
        # cannot be normalised by.
        self.projections = nn.ModuleList(nn.Conv2d(_WIDTH, part, 1) for _ in _POOL_BINS)
        self.join = _activated(2 * _WIDTH, _WIDTH, 1)

    def forward(self, x: Tensor) -> Tensor:
        """Map (N, inputs, H, W) to (N, 128, H, W)."""
        x = self.narrow(x)
        parts = [
            _resize(projection(functional.adaptive_avg_pool2d(x, bins)), x)
            for projection, bins in zip(self.projections, _POOL_BINS, strict=True)
        ]
        joined: Tensor = self.join(torch.cat([x, *parts], dim=1))
        return joined


class LateralUpsampling(nn.Module):
    """
    One step of the decoder: doubles the resolution and adds what an earlier stage saw.

    :param lateral: channels of that stage.
    """

    def __init__(self, lateral: int) -> None:
        """Build the step."""
        super().__init__()
        self.skip = _activated(lateral, _WIDTH, 1)
        self.blend = _activated(_WIDTH, _WIDTH, 3)

    def forward(self, x: Tensor, lateral: Tensor) -> Tensor:
        """Map (N, 128, h, w) and (N, lateral, H, W) to (N, 128, H, W)."""
        skip = self.skip(lateral)
        blended: Tensor = self.blend(_resize(x, skip) + skip)
        return blended


class RfNet(nn.Module):
    """
    RFNet without its depth branch, 12 million parameters; images of at least 64x64 pixels.

    :param classes: number of classes M.
    """

    mean: Tensor
    deviation: Tensor

    def __init__(self, classes: int) -> None:
        """Build the network with random weights."""
        super().__init__()
        self.register_buffer('mean', torch.tensor([123.7, 116.3, 103.5]), persistent=False)
        self.register_buffer('deviation', torch.tensor([58.4, 57.1, 57.4]), persistent=False)
        self.encoder = ResNet18(3)
        self.pyramid = SpatialPyramid(STAGE_CHANNELS[-1])
        laterals = STAGE_CHANNELS[-2::-1]
        self.decoder = nn.ModuleList(LateralUpsampling(lateral) for lateral in laterals)
        self.classify = _activated(_WIDTH, classes, 1)

    def forward(self, images: Tensor) -> Tensor:
        """
        Score every class at a quarter of the resolution.

        :param images: (N, 3, H, W) float32 RGB in [0, 255].
        :returns: (N, M, H / 4, W / 4) logits.
        """
        x = self.encoder.stem(self._scaled(images))
        features = []
        for stage in self.encoder.stages:
            x = stage(x)
            features.append(x)
        return self._decoded(features)

    def _scaled(self, colours: Tensor) -> Tensor:
        return (colours - self.mean.view(1, 3, 1, 1)) / self.deviation.view(1, 3, 1, 1)

    def _decoded(self, features: list[Tensor]) -> Tensor:
        *laterals, last = features
        x = self.pyramid(last)
        for step, lateral in zip(self.decoder, reversed(laterals), strict=True):
            x = step(x, lateral)
        logits: Tensor = self.classify(x)
        return logits


class Attention(nn.Module):
    """Weighs every channel by what the whole image holds of all of them."""

    def __init__(self, channels: int) -> None:
        """Build the weighing."""
        super().__init__()
        self.weigh = nn.Conv2d(channels, channels, 1)

    def forward(self, x: Tensor) -> Tensor:
        """Map (N, channels, H, W) to the same shape."""
        return x * torch.sigmoid(self.weigh(functional.adaptive_avg_pool2d(x, 1)))


class RfNetDepth(RfNet):
    """
    RFNet with its depth branch, 23 million parameters.

    A second encoder sees the depth; after every stage attention feature complementary (AFC) adds
    it to the colours: the sum of both, each channel weighed by its own attention. It has no name
    in the registry, since the nodes feed colour images; it is for code that has depth, too.

    :param classes: number of classes M.
    """

    depth_scale_m = 10.0
    """Depths are divided by this, so that a scene has numbers around one."""

    def __init__(self, classes: int) -> None:
        """Build the network with random weights."""
        super().__init__(classes)
        self.depth_encoder = ResNet18(1)
        self.colour_attention = nn.ModuleList(Attention(c) for c in STAGE_CHANNELS)
        self.depth_attention = nn.ModuleList(Attention(c) for c in STAGE_CHANNELS)

    def forward(self, images: Tensor) -> Tensor:
        """
        Score every class at a quarter of the resolution.

        :param images: (N, 4, H, W) float32: RGB in [0, 255] and depth in metres, 0 where unknown.
        :returns: (N, M, H / 4, W / 4) logits.
        """
        x = self.encoder.stem(self._scaled(images[:, :3]))
        depth = self.depth_encoder.stem(images[:, 3:] / self.depth_scale_m)
        features = []
        for number, stage in enumerate(self.encoder.stages):
            depth = self.depth_encoder.stages[number](depth)
            x = self.colour_attention[number](stage(x)) + self.depth_attention[number](depth)
            features.append(x)
        return self._decoded(features)
