"""Networks of other libraries behind our contract: an image of [0, 255] in, logits out."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import nn
from torch import Tensor
from torch.nn import functional


@dataclass(frozen=True)
class ImageScale:
    """
    How a network wants its images.

    :param mean: subtracted from each channel, in the order of ``channels``, of values in [0, 255].
    :param deviation: divided by then.
    :param channels: which of red (0), green (1), blue (2) is the first, second, third channel.
    """

    mean: tuple[float, ...] = (0.485 * 255, 0.456 * 255, 0.406 * 255)
    deviation: tuple[float, ...] = (0.229 * 255, 0.224 * 255, 0.225 * 255)
    channels: tuple[int, ...] = (0, 1, 2)


IMAGENET = ImageScale()
"""What networks pretrained on ImageNet want."""


class AdaptedNetwork(nn.Module):
    """
    A network of another library, with its scaling of images inside.

    :param network: theirs; a subclass says how it is called.
    :param scale: how it wants its images.
    """

    mean: Tensor
    deviation: Tensor

    def __init__(self, network: nn.Module, scale: ImageScale = IMAGENET) -> None:
        """Take over the network."""
        super().__init__()
        self.network = network
        # No weights: they are not trained, and come with the network's definition.
        for name, values in (('mean', scale.mean), ('deviation', scale.deviation)):
            self.register_buffer(name, torch.tensor(values).view(1, 3, 1, 1), persistent=False)
        self._channels = list(scale.channels)

    def forward(self, images: Tensor) -> Tensor:
        """
        Score every class.

        :param images: (N, 3, H, W) float32 RGB in [0, 255].
        :returns: (N, M, h', w') logits at the resolution at which the network has them.
        """
        if self._channels != [0, 1, 2]:
            images = images[:, self._channels]
        return self.logits((images - self.mean) / self.deviation)

    def logits(self, x: Tensor) -> Tensor:
        """
        Call the network.

        :param x: (N, 3, H, W) scaled images.
        :returns: (N, M, h', w').
        """
        raise NotImplementedError


def with_sides_of(x: Tensor, multiple_px: int) -> Tensor:
    """
    Enlarge images to sides that a network takes.

    :param x: (N, 3, H, W).
    :param multiple_px: what both sides must be multiples of.
    :returns: the same when they are; else the images resized to the next larger ones, so that the
        logits still cover the whole image and nothing else.
    """
    height, width = x.shape[-2:]
    sides = [-(-side // multiple_px) * multiple_px for side in (height, width)]
    if sides == [height, width]:
        return x
    return functional.interpolate(x, sides, mode='bilinear', align_corners=False)
