"""
The encoder ResNet-18.

After He, Zhang, Ren, Sun, "Deep Residual Learning for Image Recognition", CVPR 2016,
https://arxiv.org/abs/1512.03385.
"""

from __future__ import annotations

from torch import nn
from torch import Tensor

STAGE_CHANNELS = (64, 128, 256, 512)
"""Channels of the four stages, at 1/4, 1/8, 1/16 and 1/32 of the resolution."""


class ResidualBlock(nn.Module):
    """Two 3x3 convolutions beside the identity, or beside a 1x1 convolution where it cannot be."""

    def __init__(self, inputs: int, outputs: int, stride: int) -> None:
        """Build the block."""
        super().__init__()
        self.block = nn.Sequential(
            nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False),
            nn.BatchNorm2d(outputs),
            nn.ReLU(inplace=True),
            nn.Conv2d(outputs, outputs, 3, 1, 1, bias=False),
            nn.BatchNorm2d(outputs),
        )
        self.shortcut: nn.Module = nn.Identity()
        if stride != 1 or inputs != outputs:
            self.shortcut = nn.Sequential(
                nn.Conv2d(inputs, outputs, 1, stride, bias=False), nn.BatchNorm2d(outputs)
            )

    def forward(self, x: Tensor) -> Tensor:
        """Map (N, inputs, H, W) to (N, outputs, H / stride, W / stride)."""
        y: Tensor = self.block(x) + self.shortcut(x)
        return y.relu()


class ResNet18(nn.Module):
    """
    ResNet-18 without its classifier, to be run stage by stage.

    :param channels: of the input: 3 for a colour image, 1 for depth.
    """

    def __init__(self, channels: int) -> None:
        """Build the encoder with random weights."""
        super().__init__()
        first, *_ = STAGE_CHANNELS
        self.stem = nn.Sequential(
            nn.Conv2d(channels, first, 7, 2, 3, bias=False),
            nn.BatchNorm2d(first),
            nn.ReLU(inplace=True),
            nn.MaxPool2d(3, 2, 1),
        )
        inputs = (first, *STAGE_CHANNELS[:-1])
        self.stages = nn.ModuleList(
            nn.Sequential(ResidualBlock(before, after, stride), ResidualBlock(after, after, 1))
            for before, after, stride in zip(inputs, STAGE_CHANNELS, (1, 2, 2, 2), strict=True)
        )
