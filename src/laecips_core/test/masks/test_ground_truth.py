from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from laecips_core.config import MaskConfig
from laecips_core.errors import DataSetError
from laecips_core.errors import ShapeError
from laecips_core.masks.ground_truth import GroundTruthGenerator
from laecips_core.masks.runs import check_mask_set
from laecips_core.masks.runs import to_booleans
from laecips_core.values import MaskSet

IMAGE = np.random.default_rng(0).integers(0, 256, (60, 80, 3), np.uint8)


def blocks() -> np.ndarray:
    truth = np.zeros((60, 80), np.uint8)
    truth[:, 40:] = 3
    truth[20:40, 10:30] = 3
    truth[50:, :] = 255
    return truth


def masks_of(image: np.ndarray = IMAGE, **settings: Any) -> MaskSet:
    return GroundTruthGenerator(MaskConfig(name='ground_truth', **settings)).masks(image, blocks())


def test_masks_are_the_connected_regions_of_one_class() -> None:
    booleans = to_booleans(masks_of())
    truth = blocks()
    assert sorted(booleans.sum(axis=(1, 2)).tolist()) == [400, 1600, 2000]
    assert all(len(np.unique(truth[mask])) == 1 for mask in booleans)
    assert np.array_equal(booleans.any(axis=0), truth != 255)


def test_class_zero_has_masks_too() -> None:
    truth = np.zeros((60, 80), np.uint8)
    masks = GroundTruthGenerator(MaskConfig()).masks(IMAGE, truth)
    assert masks.areas_px.tolist() == [60 * 80]


def test_an_annotation_without_labels_gives_no_masks() -> None:
    truth = np.full((60, 80), 255, np.uint8)
    assert len(GroundTruthGenerator(MaskConfig()).masks(IMAGE, truth)) == 0


def test_generator_says_that_it_is_an_upper_bound() -> None:
    assert masks_of().generator == 'ground_truth (upper bound: masks from the annotation)'


def test_small_regions_are_left_out() -> None:
    assert masks_of(min_area_px=401).areas_px.min() == 1600


def test_jitter_moves_edges_by_about_its_deviation() -> None:
    truth = np.zeros((400, 400), np.uint8)
    truth[:, 200:] = 1
    image = np.zeros((400, 400, 3), np.uint8)
    config = MaskConfig(jitter_px=2.0)
    left, right = to_booleans(GroundTruthGenerator(config).masks(image, truth))
    moved_px = left[:, 100:].sum(axis=1) - 100.0
    assert moved_px.mean() == pytest.approx(0.0, abs=1.0)
    assert moved_px.std() == pytest.approx(2.0, abs=0.7)
    assert (left ^ right).all()


def test_same_image_and_seed_give_the_same_masks() -> None:
    first, again = masks_of(jitter_px=2.0, drop_ratio=0.3), masks_of(jitter_px=2.0, drop_ratio=0.3)
    assert np.array_equal(first.starts, again.starts)
    assert np.array_equal(first.owners, again.owners)


@pytest.mark.parametrize('other', [{'seed': 1}, {'image': IMAGE + 1}])
def test_another_seed_or_image_gives_other_errors(other: dict[str, Any]) -> None:
    first, second = masks_of(jitter_px=2.0), masks_of(jitter_px=2.0, **other)
    assert first.starts.tolist() != second.starts.tolist()


def test_drops_about_its_share_and_numbers_the_rest_anew() -> None:
    truth = np.arange(60 * 80).reshape(60, 80) // 16 % 2 + np.arange(60)[:, None] % 2 * 2
    masks = GroundTruthGenerator(MaskConfig(drop_ratio=0.4, min_area_px=1)).masks(
        IMAGE, truth.astype(np.uint8)
    )
    check_mask_set(masks)
    assert len(masks) == pytest.approx(0.6 * 300, abs=30)
    assert masks.areas_px.min() > 0


def test_drop_ratio_one_drops_all() -> None:
    assert len(masks_of(drop_ratio=1.0)) == 0


def test_refuses_a_frame_without_annotation() -> None:
    with pytest.raises(DataSetError, match='choose another mask generator'):
        GroundTruthGenerator(MaskConfig()).masks(IMAGE)


def test_refuses_an_annotation_of_another_size() -> None:
    with pytest.raises(ShapeError, match=r'annotation: expected \(60, 80\)'):
        GroundTruthGenerator(MaskConfig()).masks(IMAGE, np.zeros((60, 81), np.uint8))
