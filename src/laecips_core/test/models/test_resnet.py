from __future__ import annotations

import torch
from torch import nn

from laecips_core.models.resnet import ResidualBlock
from laecips_core.models.resnet import ResNet18
from laecips_core.models.resnet import STAGE_CHANNELS


def test_a_residual_block_adds_what_came_in() -> None:
    block = ResidualBlock(2, 2, 1).eval()
    last = block.block[-1]
    assert isinstance(last, nn.BatchNorm2d)
    nn.init.zeros_(last.weight)
    x = torch.randn(1, 2, 4, 4)
    assert torch.equal(block(x), x.relu())


def test_it_has_the_published_size() -> None:
    # ResNet-18 of 1000 classes has 11,689,512, of which 513,000 are the classifier.
    assert sum(p.numel() for p in ResNet18(3).parameters()) == 11_176_512


def test_its_stages_halve_the_resolution_from_a_quarter_on() -> None:
    network = ResNet18(1).eval()
    with torch.inference_mode():
        x, shapes = network.stem(torch.zeros(1, 1, 64, 96)), []
        for stage in network.stages:
            x = stage(x)
            shapes.append(tuple(x.shape[1:]))
    sides_px = [(16, 24), (8, 12), (4, 6), (2, 3)]
    assert shapes == [(c, *px) for c, px in zip(STAGE_CHANNELS, sides_px, strict=True)]
