from __future__ import annotations

import numpy as np
import pytest
import torch

from laecips_core.masks.automatic.pixels import count_pixels
from laecips_core.masks.automatic.pixels import find_pixels
from laecips_core.masks.automatic.pixels import stability
from laecips_core.models.torchvision_import import import_torchvision

SIZES = [(1, 1), (3, 5), (32, 32), (33, 31), (57, 129)]


@pytest.mark.parametrize('size_px', SIZES)
@pytest.mark.parametrize('share', [0.0, 0.3, 1.0])
def test_counts_every_pixel(size_px: tuple[int, int], share: float) -> None:
    masks = np.random.default_rng(0).random((4, *size_px)) < share
    counts = count_pixels(torch.from_numpy(masks))
    assert counts.tolist() == masks.sum(axis=(1, 2)).tolist()


def test_counts_a_large_full_mask_without_overflow() -> None:
    assert count_pixels(torch.ones(2, 700, 900, dtype=torch.bool)).tolist() == [630_000] * 2


def test_counts_no_masks() -> None:
    assert count_pixels(torch.zeros(0, 8, 8, dtype=torch.bool)).tolist() == []


@pytest.mark.parametrize('share', [0.0, 0.01, 0.5, 1.0])
def test_finds_what_is_set_row_by_row(share: float) -> None:
    flags = np.random.default_rng(1).random((5, 64)) < share
    rows, columns = find_pixels(torch.from_numpy(flags))
    expected_rows, expected_columns = np.nonzero(flags)
    assert rows.tolist() == expected_rows.tolist()
    assert columns.tolist() == expected_columns.tolist()


def test_stability_is_that_of_segment_anything() -> None:
    import_torchvision()
    from segment_anything.utils.amg import calculate_stability_score

    logits = 3.0 * torch.randn(20, 37, 41, generator=torch.Generator().manual_seed(0))
    expected = calculate_stability_score(logits, 0.25, 1.5)
    assert torch.equal(stability(logits, 0.25, 1.5), expected)


def test_stability_of_a_mask_that_is_empty_in_both_cuts_is_zero() -> None:
    assert stability(torch.full((1, 4, 4), -9.0), 0.0, 1.0).tolist() == [0.0]


def test_stability_of_a_mask_that_is_whole_in_both_cuts_is_one() -> None:
    assert stability(torch.full((1, 4, 4), 9.0), 0.0, 1.0).tolist() == [1.0]
