from __future__ import annotations

import numpy as np

from laecips_core.config import MaskConfig
from laecips_core.masks.no_masks import NoMasks
from laecips_core.masks.runs import check_mask_set


def test_gives_the_empty_set_of_the_images_size() -> None:
    masks = NoMasks(MaskConfig()).masks(np.zeros((3, 5, 3), np.uint8))
    check_mask_set(masks)
    assert len(masks) == 0
    assert masks.size_px == (3, 5)
    assert masks.generator == 'none'
