from __future__ import annotations

import numpy as np
import pytest

from laecips_core.engines.frame_batch import frame_batch
from laecips_core.errors import ShapeError

IMAGE = np.random.default_rng(0).integers(0, 256, (8, 16, 3), np.uint8)


def test_an_image_of_the_input_size_goes_in_as_it_is() -> None:
    batch = frame_batch([IMAGE], (8, 16))
    assert (batch.shape, batch.dtype) == ((1, 3, 8, 16), np.float32)
    np.testing.assert_array_equal(batch[0].transpose(1, 2, 0), IMAGE)


def test_channels_lie_together_in_memory() -> None:
    assert frame_batch([IMAGE, IMAGE], (8, 16)).transpose(0, 2, 3, 1).flags.c_contiguous


def test_a_larger_image_is_averaged() -> None:
    averaged = IMAGE.reshape(2, 4, 4, 4, 3).mean(axis=(1, 3))
    batch = frame_batch([IMAGE], (2, 4))
    np.testing.assert_allclose(batch[0].transpose(1, 2, 0), averaged, atol=0.5)


def test_images_of_different_sizes_are_stacked() -> None:
    assert frame_batch([IMAGE, IMAGE[:5, :7]], (4, 6)).shape == (2, 3, 4, 6)


def test_no_image_is_refused() -> None:
    with pytest.raises(ShapeError, match=r'images: expected at least one \(H, W, 3\), got none'):
        frame_batch([], (4, 6))
