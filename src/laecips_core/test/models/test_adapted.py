from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn
from torch import Tensor

from laecips_core.models.adapted import AdaptedNetwork
from laecips_core.models.adapted import ImageScale
from laecips_core.models.adapted import with_sides_of


class Plain(AdaptedNetwork):
    def logits(self, x: Tensor) -> Tensor:
        scored: Tensor = self.network(x)
        return scored


SCALE = ImageScale((10.0, 20.0, 30.0), (2.0, 4.0, 8.0))


@pytest.mark.parametrize('channels', [(0, 1, 2), (2, 1, 0)])
def test_each_channel_is_scaled_by_its_own_mean_and_deviation(channels: tuple[int, ...]) -> None:
    images = torch.rand(2, 3, 4, 5) * 255
    network = Plain(nn.Identity(), ImageScale(SCALE.mean, SCALE.deviation, channels))
    ordered = images.numpy()[:, list(channels)]
    mean, deviation = np.array(SCALE.mean), np.array(SCALE.deviation)
    expected = (ordered - mean[:, None, None]) / deviation[:, None, None]
    np.testing.assert_allclose(network(images).numpy(), expected, rtol=1e-5)


def test_the_default_scale_is_that_of_imagenet() -> None:
    network = Plain(nn.Identity())
    grey = torch.tensor([123.675, 116.28, 103.53]).view(1, 3, 1, 1)
    torch.testing.assert_close(network(grey), torch.zeros(1, 3, 1, 1))


def test_the_scale_is_no_weight() -> None:
    assert set(Plain(nn.Conv2d(3, 2, 1)).state_dict()) == {'network.weight', 'network.bias'}


@pytest.mark.parametrize(
    ('size_px', 'expected_px'), [((64, 96), (64, 96)), ((60, 90), (64, 96)), ((1, 33), (32, 64))]
)
def test_sides_grow_to_the_next_multiple(
    size_px: tuple[int, int], expected_px: tuple[int, int]
) -> None:
    assert with_sides_of(torch.zeros(1, 3, *size_px), 32).shape[2:] == expected_px


def test_images_of_fitting_sides_are_left_alone() -> None:
    images = torch.rand(1, 3, 32, 64)
    assert with_sides_of(images, 32) is images


def test_enlarged_images_cover_the_same_scene() -> None:
    ramp = torch.arange(48.0).expand(1, 3, 48, 48)
    wider = with_sides_of(ramp, 32)
    centres = (np.arange(64) + 0.5) * 48 / 64 - 0.5
    np.testing.assert_allclose(wider[0, 0, 0], centres.clip(0, 47), atol=1e-5)
