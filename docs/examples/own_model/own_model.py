"""An edge network of your own for LAECIPS."""

import torch
from torch import nn


class TinyUnet(nn.Module):
    """Maps (N, 3, h, w) RGB in [0, 255] to (N, classes, h / 2, w / 2) logits."""

    def __init__(self, classes: int) -> None:
        super().__init__()
        self.fine = self._block(3, 16, stride=2)
        self.coarse = nn.Sequential(self._block(16, 32, stride=2), self._block(32, 32, stride=2))
        self.head = nn.Conv2d(16 + 32, classes, 1)

    @staticmethod
    def _block(inputs: int, outputs: int, stride: int) -> nn.Sequential:
        conv = nn.Conv2d(inputs, outputs, 3, stride, padding=1, bias=False)
        return nn.Sequential(conv, nn.BatchNorm2d(outputs), nn.ReLU())

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        fine = self.fine(images / 127.5 - 1)
        coarse = nn.functional.interpolate(self.coarse(fine), fine.shape[2:], mode='bilinear')
        return self.head(torch.cat([fine, coarse], dim=1))
