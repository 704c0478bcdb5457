"""A network whose classes are joined to those of the user."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
import torch
from torch import nn
from torch import Tensor
from torch.nn import functional


class ClassMapped(nn.Module):
    """
    Joins the classes of a network.

    The logit of a user's class is the log of the summed exponentials of its parts, so that its
    softmax is the sum of their probabilities, divided by that of all classes that are a part of
    any. The map is kept with the weights: weights of another map are then other weights.

    :param network: gives (N, K, h', w') logits.
    :param shares: (M, K): 1 where class k is a part of class m, else 0.
    """

    shares: Tensor

    def __init__(self, network: nn.Module, shares: NDArray[np.float32]) -> None:
        """Take over the network."""
        super().__init__()
        self.network = network
        self.register_buffer('shares', torch.from_numpy(shares.copy()))

    def forward(self, images: Tensor) -> Tensor:
        """
        Score the user's classes.

        :param images: (N, 3, H, W) float32 RGB in [0, 255].
        :returns: (N, M, h', w') logits.
        """
        logits: Tensor = self.network(images)
        unused = (self.shares.sum(dim=0) == 0.0).view(1, -1, 1, 1)
        logits = logits.masked_fill(unused, -torch.inf)
        peak = logits.amax(dim=1, keepdim=True).detach()
        sums = functional.conv2d((logits - peak).exp(), self.shares[:, :, None, None])
        return sums.clamp_min(torch.finfo(sums.dtype).tiny).log() + peak
