from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from skimage.measure import label

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


def board(rows: int, columns: int) -> np.ndarray:
    """Make blocks of 10 x 10 pixels, each of another class than its neighbours."""
    y, x = np.mgrid[: rows * 10, : columns * 10] // 10
    return (y % 2 * 2 + x % 2).astype(np.uint8)


def merged(truth: np.ndarray, ratio: float, seed: int = 0) -> np.ndarray:
    image = np.zeros((*truth.shape, 3), np.uint8)
    config = MaskConfig(merge_ratio=ratio, min_area_px=1, seed=seed)
    return to_booleans(GroundTruthGenerator(config).masks(image, truth))


@pytest.mark.parametrize('seed', range(5))
def test_two_neighbours_become_one_mask(seed: int) -> None:
    masks = merged(board(1, 2), 1.0, seed)
    assert masks.shape == (1, 10, 20)
    assert masks.all()


@pytest.mark.parametrize('seed', range(5))
def test_only_regions_that_touch_are_joined(seed: int) -> None:
    masks = merged(board(4, 5), 0.5, seed)
    assert 1 <= len(masks) < 20
    assert (masks.sum(axis=0) == 1).all()
    for mask in masks:
        assert label(mask, connectivity=1).max() == 1
        blocks_of = mask.reshape(4, 10, 5, 10)
        assert (blocks_of.all(axis=(1, 3)) == blocks_of.any(axis=(1, 3))).all()


@pytest.mark.parametrize('seed', range(5))
def test_a_region_takes_along_what_was_joined_to_it(seed: int) -> None:
    assert merged(board(4, 5), 1.0, seed).sum(axis=(1, 2)).min() >= 200


@pytest.mark.parametrize('ratio', [0.1, 0.3])
def test_about_its_share_of_the_regions_is_joined(ratio: float) -> None:
    # A region that is joined to one that chose it back leaves one mask more than expected.
    masks = len(merged(board(20, 20), ratio))
    assert masks == pytest.approx(400 * (1 - ratio), abs=30)


def test_no_share_joins_none() -> None:
    assert len(merged(board(4, 5), 0.0)) == 20


def test_a_region_without_neighbours_stays_as_it_is() -> None:
    truth = np.full((10, 30), 255, np.uint8)
    truth[:, :10], truth[:, 20:] = 0, 1
    masks = merged(truth, 1.0)
    assert masks.sum(axis=(1, 2)).tolist() == [100, 100]


@pytest.mark.parametrize('seed', range(5))
def test_unlabelled_pixels_are_never_joined(seed: int) -> None:
    truth = board(4, 5)
    truth[5:25, 15:35] = 255
    masks = merged(truth, 1.0, seed)
    np.testing.assert_array_equal(masks.any(axis=0), truth != 255)


def test_the_same_image_and_seed_join_the_same_regions() -> None:
    first, again = (masks_of(merge_ratio=0.5, drop_ratio=0.2) for _ in range(2))
    assert np.array_equal(first.starts, again.starts)
    assert np.array_equal(first.owners, again.owners)
    counts = {merged(board(4, 5), 0.4, seed).tobytes() for seed in range(4)}
    assert len(counts) == 4


def test_nothing_annotated_can_be_joined() -> None:
    assert len(merged(np.full((4, 5), 255, np.uint8), 1.0)) == 0


def test_refuses_a_frame_without_annotation() -> None:
    with pytest.raises(DataSetError, match='choose another mask generator'):
        GroundTruthGenerator(MaskConfig()).masks(IMAGE)


def test_refuses_an_annotation_of_another_size() -> None:
    with pytest.raises(ShapeError, match=r'annotation: expected \(60, 80\)'):
        GroundTruthGenerator(MaskConfig()).masks(IMAGE, np.zeros((60, 81), np.uint8))
