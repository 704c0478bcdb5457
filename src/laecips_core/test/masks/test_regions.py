from __future__ import annotations

import numpy as np

from laecips_core.config import MaskConfig
from laecips_core.masks.regions import RegionGenerator
from laecips_core.masks.runs import check_mask_set
from laecips_core.masks.runs import to_booleans


def test_every_pixel_is_in_exactly_one_mask() -> None:
    image = np.random.default_rng(0).integers(0, 256, (40, 50, 3), np.uint8)
    masks = RegionGenerator(MaskConfig(min_area_px=20)).masks(image)
    check_mask_set(masks)
    assert (to_booleans(masks).sum(axis=0) == 1).all()
    assert masks.areas_px.min() >= 20
    assert masks.generator == 'regions'


def test_two_flat_halves_are_two_regions() -> None:
    image = np.zeros((32, 32, 3), np.uint8)
    image[:, 16:] = 200
    masks = RegionGenerator(MaskConfig(sigma_px=0.0)).masks(image)
    left, right = to_booleans(masks)
    assert left[:, :16].all()
    assert right[:, 16:].all()


def test_larger_scale_gives_fewer_regions() -> None:
    image = np.random.default_rng(0).integers(0, 256, (64, 64, 3), np.uint8)
    fine, coarse = (
        RegionGenerator(MaskConfig(scale=scale, min_area_px=1)).masks(image)
        for scale in (10.0, 1000.0)
    )
    assert len(coarse) < len(fine)
