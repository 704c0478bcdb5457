from __future__ import annotations

import numpy as np
import pytest
import torch

from laecips_core.masks.automatic.candidates import Candidates
from laecips_core.masks.automatic.candidates import from_flags
from laecips_core.masks.automatic.candidates import joined
from laecips_core.masks.runs import check_mask_set
from laecips_core.masks.runs import to_booleans
from laecips_core.models.torchvision_import import import_torchvision

CPU = torch.device('cpu')


def random_masks(count: int = 6, size_px: tuple[int, int] = (13, 11)) -> np.ndarray:
    masks = np.random.default_rng(0).random((count, *size_px)) < 0.4
    masks[1] = True
    masks[2] = False
    masks[3, :4] = True
    return masks


def candidates_of(masks: np.ndarray) -> Candidates:
    return from_flags(torch.from_numpy(masks), torch.arange(len(masks)) / 10)


@pytest.mark.parametrize('size_px', [(13, 11), (8, 8), (1, 5), (5, 3)])
def test_runs_say_the_same_as_pixels(size_px: tuple[int, int]) -> None:
    masks = random_masks(size_px=size_px)
    mask_set = candidates_of(masks).to_mask_set('test')
    check_mask_set(mask_set)
    assert np.array_equal(to_booleans(mask_set), masks)
    assert mask_set.generator == 'test'
    assert mask_set.scores.tolist() == pytest.approx([0, 0.1, 0.2, 0.3, 0.4, 0.5])
    assert mask_set.scores.dtype == np.float32


def test_areas_are_counted() -> None:
    masks = random_masks()
    assert candidates_of(masks).areas_px().tolist() == masks.sum(axis=(1, 2)).tolist()


def test_boxes_are_those_of_segment_anything() -> None:
    import_torchvision()
    from segment_anything.utils.amg import batched_mask_to_box

    masks = random_masks()
    masks[4] = False
    masks[4, 5:7, 2:4] = True
    expected = batched_mask_to_box(torch.from_numpy(masks))
    assert candidates_of(masks).boxes().tolist() == expected.tolist()


def test_a_run_over_the_end_of_a_row_reaches_both_borders() -> None:
    mask = np.zeros((1, 4, 6), np.bool_)
    mask[0, 1, 5] = mask[0, 2, 0] = True
    assert candidates_of(mask).boxes().tolist() == [[0, 1, 5, 2]]


def test_chosen_masks_come_in_the_order_asked_for() -> None:
    masks = random_masks()
    mask_set = candidates_of(masks).chosen(torch.tensor([5, 0, 3])).to_mask_set('test')
    check_mask_set(mask_set)
    assert np.array_equal(to_booleans(mask_set), masks[[5, 0, 3]])
    assert mask_set.scores.tolist() == pytest.approx([0.5, 0, 0.3])


def test_none_chosen_is_the_empty_set() -> None:
    mask_set = candidates_of(random_masks()).chosen(torch.zeros(0, dtype=torch.int64))
    assert len(mask_set.to_mask_set('test')) == 0
    assert len(mask_set.starts) == 0


def test_small_masks_are_left_out() -> None:
    masks = np.zeros((3, 4, 4), np.bool_)
    masks[0, 0, :3] = masks[1, 0, :2] = masks[2] = True
    assert candidates_of(masks).at_least(3).areas_px().tolist() == [3, 16]


def test_joined_parts_keep_their_order() -> None:
    masks = random_masks()
    parts = [candidates_of(masks[:2]), candidates_of(masks[2:3]), candidates_of(masks[3:])]
    mask_set = joined(parts, (13, 11), CPU).to_mask_set('test')
    check_mask_set(mask_set)
    assert np.array_equal(to_booleans(mask_set), masks)


def test_nothing_joined_is_the_empty_set() -> None:
    mask_set = joined([], (13, 11), CPU).to_mask_set('test')
    check_mask_set(mask_set)
    assert len(mask_set) == 0
    assert mask_set.size_px == (13, 11)
