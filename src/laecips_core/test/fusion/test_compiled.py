from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from laecips_core.fusion.compiled import paint_segments
from laecips_core.fusion.compiled import raise_ranks
from laecips_core.fusion.compiled import sums_before
from laecips_core.fusion.compiled import top_classes_between


def plane_of(pixels: int) -> np.ndarray:
    return np.random.default_rng(pixels).random(pixels, np.float32)


def bounds_of(pixels: int, share: float) -> np.ndarray:
    inner = np.flatnonzero(np.random.default_rng(pixels).random(pixels) < share)
    return np.union1d(inner, [0, pixels])


# Chunks are of 512 pixels, blocks of 8: whole ones, one pixel more or less, none.
@pytest.mark.parametrize('pixels', [1, 7, 8, 511, 512, 513, 1023, 1024, 1025, 20011])
@pytest.mark.parametrize('share', [0.0, 0.05, 0.7, 1.0])
def test_sums_before_agree_with_numpy(pixels: int, share: float) -> None:
    plane, bounds = plane_of(pixels), bounds_of(pixels, share)
    expected = np.append(0, np.cumsum(plane, dtype=np.float64))[bounds]
    np.testing.assert_allclose(sums_before(plane, bounds), expected, rtol=1e-6)


def test_sums_before_read_nothing_after_the_bound() -> None:
    plane = np.ones(1024, np.float32)
    plane[516:] = 1e30
    assert sums_before(plane, np.array([0, 512, 515, 516])).tolist() == [0, 512, 515, 516]


def test_sums_before_of_a_large_plane_lose_nothing() -> None:
    plane = np.full(3_000_001, 0.75, np.float32)
    assert sums_before(plane, np.array([3_000_000, 3_000_001])).tolist() == [2.25e6, 2.25e6 + 0.75]


def test_sums_before_are_the_same_bit_for_bit_in_several_threads() -> None:
    plane, bounds = plane_of(100_003), bounds_of(100_003, 0.1)
    with ThreadPoolExecutor(4) as threads:
        sums = list(threads.map(lambda _: sums_before(plane, bounds).tobytes(), range(16)))
    assert len(set(sums)) == 1


def test_sums_before_take_what_cannot_be_written() -> None:
    plane, bounds = plane_of(20), np.array([0, 20])
    plane.flags.writeable = bounds.flags.writeable = False
    assert sums_before(plane, bounds)[1] == pytest.approx(plane.sum())


def test_sums_before_refuse_another_type() -> None:
    with pytest.raises(TypeError, match='No matching definition'):
        sums_before(np.zeros(8), np.array([0, 8]))  # type: ignore[arg-type]


def test_raise_ranks_keeps_the_highest() -> None:
    highest = np.array([-1, -1, 5, -1])
    first, last = np.array([0, 1], np.int32), np.array([3, 3], np.int32)
    raise_ranks(first, last, np.array([4, 2]), highest)
    assert highest.tolist() == [4, 4, 5, -1]


def test_paint_segments_picks_the_last_value_for_minus_one() -> None:
    painted = np.empty(5, np.uint8)
    values = np.array([7, 8, 9], np.uint8)
    paint_segments(np.array([0, 2, 3, 5]), np.array([1, -1, 0]), values, painted)
    assert painted.tolist() == [8, 8, 9, 7, 7]


@pytest.mark.parametrize('classes', [1, 2, 19, 255])
def test_top_classes_between_are_the_arg_max(classes: int) -> None:
    # Few different values, so that classes are often equal.
    planes = np.random.default_rng(classes).integers(0, 9, (classes, 300)).astype(np.float32)
    starts, ends = np.array([0, 10, 150]), np.array([1, 10, 300])
    inside = np.r_[0:1, 150:300]
    labels, top = np.empty(151, np.uint8), np.empty(151, np.float32)
    top_classes_between(planes, starts, ends, labels, top)
    assert np.array_equal(labels, planes[:, inside].argmax(axis=0))
    assert np.array_equal(top, planes[:, inside].max(axis=0))
