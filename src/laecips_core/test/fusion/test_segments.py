from __future__ import annotations

import numpy as np
import pytest

from laecips_core.errors import ShapeError
from laecips_core.fusion.segments import cut
from laecips_core.fusion.segments import Segments
from laecips_core.masks.runs import from_booleans
from laecips_core.values import MaskSet
from laecips_core.values import Prediction


def prediction(size_px: tuple[int, int]) -> Prediction:
    return Prediction(np.ones((1, 1, 1), np.float32), size_px, 'v')


def segments_of(*rows: list[int]) -> Segments:
    masks = np.array(rows, np.bool_)[:, None, :]
    return cut(prediction(masks.shape[1:]), from_booleans(masks, masks.shape[1:], generator='x'))


def test_cuts_where_runs_begin_and_end() -> None:
    segments = segments_of([0, 1, 1, 1, 0, 0], [0, 0, 1, 1, 1, 0])
    assert segments.bounds.tolist() == [0, 1, 2, 4, 5, 6]
    assert segments.first.tolist() == [1, 2]
    assert segments.last.tolist() == [3, 4]


def test_the_smaller_mask_is_on_top() -> None:
    assert segments_of([1, 1, 1, 0], [0, 1, 0, 0]).tops.tolist() == [0, 1, 0, -1]
    assert segments_of([0, 1, 0, 0], [1, 1, 1, 0]).tops.tolist() == [1, 0, 1, -1]


def test_the_last_of_equally_large_masks_is_on_top() -> None:
    assert segments_of([1, 1, 0], [0, 1, 1]).tops.tolist() == [0, 1, 1]


def test_paint_gives_every_pixel_the_value_of_its_mask() -> None:
    segments = segments_of([1, 1, 1, 0], [0, 1, 0, 0])
    painted = segments.paint(np.array([5, 7], np.uint8))
    assert painted.tolist() == [5, 7, 5, 0]
    assert painted.dtype == np.uint8


def test_bare_pixels_are_in_order() -> None:
    assert segments_of([0, 0, 1, 0, 0]).bare_pixels().tolist() == [0, 1, 3, 4]


def test_bare_ranges_begin_and_end_where_no_mask_is() -> None:
    starts, ends = segments_of([0, 0, 1, 0, 0], [0, 0, 1, 1, 0]).bare_ranges()
    assert starts.tolist() == [0, 4]
    assert ends.tolist() == [2, 5]


def test_no_masks_leave_one_bare_segment() -> None:
    segments = cut(prediction((2, 3)), from_booleans([], (2, 3), generator='x'))
    assert segments.bounds.tolist() == [0, 6]
    assert segments.tops.tolist() == [-1]
    assert segments.bare_pixels().tolist() == [0, 1, 2, 3, 4, 5]


def test_refuses_masks_of_another_frame_size() -> None:
    masks = from_booleans([], (2, 3), generator='x')
    with pytest.raises(ShapeError, match=r"masks: expected the prediction's size \(3, 2\)"):
        cut(prediction((3, 2)), masks)


def test_refuses_a_mask_set_that_breaks_its_contract() -> None:
    run = np.array([0])
    masks = MaskSet((2, 3), run, run + 7, run, np.ones(1, np.float32), 'x')
    with pytest.raises(ShapeError, match='mask runs'):
        cut(prediction((2, 3)), masks)
