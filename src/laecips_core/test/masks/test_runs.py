from __future__ import annotations

import numpy as np
import pytest

from laecips_core.errors import ShapeError
from laecips_core.masks.runs import check_mask_set
from laecips_core.masks.runs import from_booleans
from laecips_core.masks.runs import from_partition
from laecips_core.masks.runs import to_booleans
from laecips_core.values import MaskSet


def mask_set(
    starts: list[int],
    lengths: list[int],
    owners: list[int],
    masks: np.ndarray = 2,
    size_px: tuple[int, int] = (2, 4),
) -> MaskSet:
    integers = [np.array(values, np.int64) for values in (starts, lengths, owners)]
    return MaskSet(size_px, *integers, np.ones(masks, np.float32), 'hand')


def test_partition_makes_one_run_where_a_region_goes_on_in_the_next_row() -> None:
    masks = from_partition(np.array([[0, 0, 1], [1, 0, -1]]), generator='hand')
    assert masks.starts.tolist() == [0, 4, 2]
    assert masks.lengths.tolist() == [2, 1, 2]
    assert masks.owners.tolist() == [0, 0, 1]
    assert masks.scores.tolist() == [1.0, 1.0]
    assert masks.generator == 'hand'


def test_partition_equals_its_regions_as_booleans() -> None:
    random = np.random.default_rng(1)
    for _ in range(20):
        regions = random.integers(-1, 6, random.integers(1, 9, 2))
        masks = from_partition(regions, np.ones(6, np.float32), generator='hand')
        check_mask_set(masks)
        assert np.array_equal(to_booleans(masks), regions == np.arange(6)[:, None, None])


def test_partition_without_any_region_is_the_empty_set() -> None:
    masks = from_partition(np.full((2, 3), -1), generator='hand')
    assert len(masks) == 0
    assert to_booleans(masks).shape == (0, 2, 3)


def test_partition_skips_numbers_as_empty_masks() -> None:
    masks = from_partition(np.array([[2, 0]]), generator='hand')
    assert masks.areas_px.tolist() == [1, 0, 1]


def test_partition_keeps_scores() -> None:
    scores = np.array([0.5, 0.25], np.float32)
    assert from_partition(np.array([[1, 0]]), scores, generator='hand').scores is scores


def test_partition_refuses_a_region_without_score() -> None:
    with pytest.raises(ShapeError, match='one for each of 2 regions'):
        from_partition(np.array([[0, 1]]), np.ones(1, np.float32), generator='hand')


def test_partition_refuses_numbers_with_a_point() -> None:
    with pytest.raises(ShapeError, match='integers'):
        from_partition(np.zeros((2, 2)), generator='hand')


def test_booleans_survive_the_way_there_and_back() -> None:
    random = np.random.default_rng(2)
    for share in (0.0, 0.2, 0.5, 0.9, 1.0):
        booleans = random.random((4, 5, 7)) < share
        masks = from_booleans(booleans, (5, 7), generator='hand')
        check_mask_set(masks)
        assert np.array_equal(to_booleans(masks), booleans)
        assert masks.areas_px.tolist() == booleans.sum(axis=(1, 2)).tolist()


def test_no_booleans_are_the_empty_set() -> None:
    masks = from_booleans([], (2, 3), generator='hand')
    check_mask_set(masks)
    assert len(masks) == 0
    assert masks.size_px == (2, 3)


def test_booleans_refuse_another_size() -> None:
    with pytest.raises(ShapeError, match=r'mask: expected \(2, 3\) bool, got \(3, 2\)'):
        from_booleans([np.ones((3, 2), np.bool_)], (2, 3), generator='hand')


def test_booleans_refuse_another_number_of_scores() -> None:
    with pytest.raises(ShapeError, match='one for each of 1 masks'):
        from_booleans(np.ones((1, 2, 2), np.bool_), (2, 2), np.ones(2), generator='hand')


@pytest.mark.parametrize(
    ('runs', 'text'),
    [
        (([0], [1, 1], [0]), r'starts, lengths and owners \(R,\)'),
        (([0], [0], [0]), '1 pixel or more'),
        (([-1], [1], [0]), 'runs outside'),
        (([7], [2], [0]), 'runs outside'),
        (([0], [1], [2]), 'mask owners: expected 0 to 1, got 2 to 2'),
        (([0], [1], [-1]), 'mask owners'),
        (([0, 2], [1, 1], [1, 0]), 'run 1 is not'),
        (([2, 0], [1, 1], [0, 0]), 'run 1 is not'),
        (([0, 4, 5], [1, 2, 1], [0, 0, 0]), 'run 2 is not'),
    ],
)
def test_check_refuses(runs: tuple[list[int], ...], text: str) -> None:
    with pytest.raises(ShapeError, match=text):
        check_mask_set(mask_set(*runs))


def test_check_accepts_masks_that_overlap_and_runs_that_touch() -> None:
    check_mask_set(mask_set([0, 2, 0], [2, 6, 8], [0, 0, 1]))
