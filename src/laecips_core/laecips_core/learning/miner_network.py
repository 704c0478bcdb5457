"""The miner network h as it is trained (Eq. 14); ``mining/learned.py`` runs it without torch."""

from __future__ import annotations

import torch
from torch import nn
from torch import Tensor
from torch.nn import functional


class MinerNetwork(nn.Module):
    """
    Scores a softmax map; about 8 thousand parameters.

    Sorted class probabilities are the input beside the classes themselves: how sure the edge
    model is matters more than of what.

    :param classes: number of classes M, at least 2.
    """

    def __init__(self, classes: int) -> None:
        """Build the network with random weights."""
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv2d(classes + 3, 16, 3, 2, 1),
            nn.ReLU(inplace=True),
            nn.Conv2d(16, 32, 3, 2, 1),
            nn.ReLU(inplace=True),
        )
        self.score = nn.Linear(64, 1)

    def forward(self, softmax: Tensor) -> Tensor:
        """
        Score predictions.

        :param softmax: (N, M, H', W') float32.
        :returns: (N,) logits; h is their sigmoid.
        """
        top = softmax.topk(2, dim=1).values
        entropy = -(softmax * (softmax + 1e-8).log()).sum(dim=1, keepdim=True)
        x = functional.avg_pool2d(torch.cat([softmax, top, entropy], dim=1), 2)
        x = self.features(x)
        pooled = torch.cat([x.mean(dim=(2, 3)), x.amax(dim=(2, 3))], dim=1)
        logits: Tensor = self.score(pooled).squeeze(1)
        return logits
