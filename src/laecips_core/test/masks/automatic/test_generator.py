from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from laecips_core.config import MaskConfig
from laecips_core.masks.automatic.generator import AutomaticMasks
from laecips_core.masks.automatic.promptable import EncodedImage
from laecips_core.masks.automatic.promptable import good_enough
from laecips_core.masks.automatic.promptable import ImageFit
from laecips_core.masks.runs import check_mask_set
from laecips_core.masks.runs import to_booleans
from laecips_core.values import MaskSet

IMAGE = np.zeros((40, 60, 3), np.uint8)


class Squares:
    """Gives a square around each point; the left half of them is soft, bad or small if so told."""

    name = 'squares'
    mask_threshold = 0.0
    device = torch.device('cpu')

    def __init__(
        self, soft: bool = False, bad: bool = False, small: bool = False, radius_px: float = 3.25
    ) -> None:
        self.soft, self.bad, self.small, self.radius_px = soft, bad, small, radius_px
        self.batches: list[int] = []

    def encode(self, image: np.ndarray) -> EncodedImage:
        return EncodedImage(None, ImageFit((40, 60), (40, 60)))

    def decode(
        self, encoded: EncodedImage, points: Tensor, min_predicted_iou: float
    ) -> tuple[Tensor, Tensor]:
        self.batches.append(len(points))
        y, x = torch.meshgrid(torch.arange(40.0), torch.arange(60.0), indexing='ij')
        x_off = (x - points[:, 0, None, None]).abs()
        y_off = (y - points[:, 1, None, None]).abs()
        away = torch.maximum(x_off, y_off).float()
        left = points[:, 0] < 30
        steep = torch.where(left & self.soft, 0.2, 100.0).float()
        scores = torch.where(left & self.bad, 0.5, 0.9).float() + points[:, 1].float() / 1000
        radius_px = self.radius_px - (left & self.small).float()
        keep = good_enough(scores, min_predicted_iou)
        logits = steep[:, None, None] * (radius_px[:, None, None] - away)
        return logits[keep], scores[keep]


def masks_of(model: Squares, **settings: Any) -> MaskSet:
    config = MaskConfig(points_per_side=4, points_per_batch=16, min_area_px=1, **settings)
    found = AutomaticMasks(model, config).masks(IMAGE)
    check_mask_set(found)
    return found


def centres_x(masks: MaskSet) -> list[float]:
    return sorted(float(np.nonzero(mask)[1].mean()) for mask in to_booleans(masks))


def test_every_point_gives_its_mask_best_first() -> None:
    found = masks_of(Squares())
    assert len(found) == 16
    assert found.generator == 'squares'
    assert found.size_px == (40, 60)
    assert found.scores.tolist() == sorted(found.scores.tolist(), reverse=True)
    assert set(found.areas_px.tolist()) == {6 * 7}


def test_masks_of_a_low_predicted_iou_are_left_out() -> None:
    found = masks_of(Squares(bad=True))
    assert len(found) == 8
    assert min(centres_x(found)) > 30


def test_a_threshold_of_zero_keeps_every_predicted_iou() -> None:
    assert len(masks_of(Squares(bad=True), min_predicted_iou=0.0)) == 16


def test_unstable_masks_are_left_out() -> None:
    found = masks_of(Squares(soft=True))
    assert len(found) == 8
    assert min(centres_x(found)) > 30


def test_a_threshold_of_zero_keeps_every_stability() -> None:
    assert len(masks_of(Squares(soft=True), min_stability=0.0)) == 16


def test_of_masks_with_nearly_one_box_the_best_stays() -> None:
    found = masks_of(Squares(radius_px=30.0), max_box_iou=0.3)
    every = masks_of(Squares(radius_px=30.0), max_box_iou=1.0)
    assert len(every) == 16
    assert len(found) < 16
    assert found.scores[0] == every.scores[0]


def test_small_masks_are_left_out() -> None:
    config = MaskConfig(points_per_side=4, points_per_batch=16, min_area_px=4 * 5 + 1)
    found = AutomaticMasks(Squares(small=True), config).masks(IMAGE)
    assert found.areas_px.tolist() == [6 * 7] * 8


@pytest.mark.parametrize('points_per_batch', [1, 5, 7, 16, 100])
def test_the_batch_changes_nothing(points_per_batch: int) -> None:
    model, whole = Squares(), masks_of(Squares())
    config = MaskConfig(points_per_side=4, points_per_batch=points_per_batch, min_area_px=1)
    found = AutomaticMasks(model, config).masks(IMAGE)
    assert sum(model.batches) == 16
    assert max(model.batches) == min(points_per_batch, 16)
    for part in ('starts', 'lengths', 'owners', 'scores'):
        assert np.array_equal(getattr(found, part), getattr(whole, part))


def test_no_good_mask_is_the_empty_set() -> None:
    found = masks_of(Squares(), min_predicted_iou=1.0)
    assert len(found) == 0
    assert found.size_px == (40, 60)


def test_empty_masks_are_no_masks() -> None:
    assert len(masks_of(Squares(radius_px=-1.0), min_stability=0.0)) == 0
