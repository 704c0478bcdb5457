from __future__ import annotations

import numpy as np
import pytest

from laecips_core.bench import masks
from laecips_core.bench.masks import matched_ratio


def test_both_ways_give_the_same_masks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(masks, 'SIZE_PX', (90, 120))
    monkeypatch.setattr(masks, 'POINTS_PER_SIDE', 12)
    monkeypatch.setattr(masks, 'INPUT_PX', 128)
    monkeypatch.setattr(masks, 'PROMPT_WIDTH', 64)
    result = masks.run(seed=0, repeats=2)
    assert result['matched_ratio'] == 1.0
    assert result['masks'] == result['stock_masks']
    assert result['masks'] > 1  # type: ignore[operator]
    assert result['size_px'] == [90, 120]
    assert result['points'] == 144
    assert result['ratio'] == result['stock_s'] / result['ours_s']  # type: ignore[operator]
    assert result['nms'] in ('ours', 'torchvision')


def one(columns: int) -> np.ndarray:
    mask = np.zeros((10, 10), np.bool_)
    mask[:, :columns] = True
    return mask


@pytest.mark.parametrize(
    ('first', 'second', 'expected'),
    [
        ([], [], 1.0),
        ([one(3)], [], 0.0),
        ([one(3), one(5)], [one(5), one(3)], 1.0),
        ([one(3), one(5)], [one(5), one(4)], 0.5),
        ([one(3)], [one(3), one(5)], 2 / 3),
    ],
)
def test_matched_ratio(first: list[np.ndarray], second: list[np.ndarray], expected: float) -> None:
    assert matched_ratio(first, second) == pytest.approx(expected)


def test_same_iou_is_the_limit() -> None:
    assert matched_ratio([one(9)], [one(10)], same_iou=0.89) == 1.0
    assert matched_ratio([one(9)], [one(10)], same_iou=0.91) == 0.0
