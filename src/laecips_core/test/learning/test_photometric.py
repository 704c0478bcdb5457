from __future__ import annotations

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter
import torch
from torch import Tensor

from laecips_core.learning import photometric
from laecips_core.learning.photometric import strong_light

# Tensors this small are slower on several threads, much slower on a busy machine.
torch.set_num_threads(1)


def generator(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def noise(count: int, seed: int = 0) -> Tensor:
    return torch.rand(count, 3, 12, 16, generator=generator(seed)) * 255


def test_shape_type_range_and_layout_stay() -> None:
    lit = strong_light(noise(30), generator(1))
    assert (lit.shape, lit.dtype) == ((30, 3, 12, 16), torch.float32)
    assert lit.is_contiguous(memory_format=torch.channels_last)
    assert 0.0 <= float(lit.min()) <= float(lit.max()) <= 255.0


def test_the_given_images_stay_as_they_are() -> None:
    images = noise(3)
    strong_light(images, generator(1))
    assert torch.equal(images, noise(3))


def test_the_generator_alone_decides() -> None:
    first = strong_light(noise(4), generator(3))
    torch.manual_seed(99)
    assert torch.equal(first, strong_light(noise(4), generator(3)))
    assert not torch.equal(first, strong_light(noise(4), generator(4)))


def test_channels_last_images_are_lit_alike() -> None:
    images = noise(4)
    last = images.contiguous(memory_format=torch.channels_last)
    assert torch.equal(strong_light(images, generator(0)), strong_light(last, generator(0)))


def test_some_frames_stay_as_they_are() -> None:
    # Six disturbances, each in half of the frames: one of 64 stays as it is.
    images = noise(1).expand(800, 3, 12, 16)
    same = (strong_light(images, generator(0)) - images).abs().flatten(1).max(1).values < 0.01
    assert 2 <= int(same.sum()) <= 30


def test_frames_get_as_dark_as_a_seventh() -> None:
    flat = torch.full((600, 3, 4, 4), 200.0)
    means = strong_light(flat, generator(0)).mean(dim=(1, 2, 3))
    # Gamma darkens further what haze did not lift; the lightest stay above the given 200.
    assert float(means.min()) < 30.0
    assert float(means.max()) > 200.0


@pytest.mark.parametrize('deviation_px', [0.5, 1.0, 2.0])
def test_the_blur_is_a_gaussian(deviation_px: float) -> None:
    images = noise(2)
    blurred = photometric._blurred(images, torch.full((2, 1, 1, 1), deviation_px))
    expected = gaussian_filter(
        images.numpy(), (0, 0, deviation_px, deviation_px), mode='nearest', radius=4
    )
    np.testing.assert_allclose(blurred.numpy(), expected, rtol=1e-4, atol=1e-3)


def test_each_frame_is_blurred_by_its_own_deviation() -> None:
    images, deviations = noise(3), torch.tensor([0.0, 1.0, 2.0]).view(3, 1, 1, 1)
    both = photometric._blurred(images, deviations)
    torch.testing.assert_close(both[0], images[0])
    for number in range(3):
        alone = photometric._blurred(images[number : number + 1], deviations[number : number + 1])
        torch.testing.assert_close(both[number : number + 1], alone)
