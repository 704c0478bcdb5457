from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
import torch

from laecips_core.models.torchvision_import import import_torchvision
from laecips_core.models.torchvision_import import suppress


def _overlap(one: NDArray[np.float64], other: NDArray[np.float64]) -> float:
    width = min(one[2], other[2]) - max(one[0], other[0])
    height = min(one[3], other[3]) - max(one[1], other[1])
    shared = max(width, 0.0) * max(height, 0.0)
    areas = [(box[2] - box[0]) * (box[3] - box[1]) for box in (one, other)]
    return float(shared / (sum(areas) - shared))


def _kept(boxes: NDArray[np.float64], scores: NDArray[np.float64], most: float) -> list[int]:
    """Suppress as the textbook says: box by box, from the best on."""
    kept: list[int] = []
    for row in np.argsort(-scores, kind='stable'):
        if all(_overlap(boxes[row], boxes[better]) <= most for better in kept):
            kept.append(int(row))
    return kept


def test_suppression_is_that_of_the_textbook() -> None:
    random = np.random.default_rng(0)
    for most in (0.1, 0.5, 0.7):
        low = random.uniform(0, 50, (200, 2))
        boxes = np.concatenate([low, low + random.uniform(5, 30, (200, 2))], axis=1)
        scores = random.uniform(size=200)
        found = suppress(torch.from_numpy(boxes), torch.from_numpy(scores), most)
        assert found.tolist() == _kept(boxes, scores, most)


def test_nothing_suppresses_nothing() -> None:
    assert suppress(torch.zeros(0, 4), torch.zeros(0), 0.5).tolist() == []


def test_box_that_overlaps_by_just_the_threshold_stays() -> None:
    boxes = torch.tensor([[0.0, 0.0, 2.0, 1.0], [0.0, 0.0, 1.0, 1.0]])
    assert suppress(boxes, torch.tensor([0.9, 0.8]), 0.5).tolist() == [0, 1]
    assert suppress(boxes, torch.tensor([0.9, 0.8]), 0.49).tolist() == [0]


def test_torchvision_can_be_imported_and_suppresses() -> None:
    operators = import_torchvision().ops
    boxes = torch.tensor(
        [[0.0, 0.0, 10.0, 10.0], [1.0, 0.0, 10.0, 10.0], [20.0, 20.0, 30.0, 30.0]]
    )
    assert operators.nms(boxes, torch.tensor([0.5, 0.6, 0.1]), 0.5).tolist() == [1, 2]
    classes = torch.tensor([0, 1, 1])
    kept = operators.batched_nms(boxes, torch.tensor([0.5, 0.6, 0.1]), classes, 0.5)
    assert kept.tolist() == [1, 0, 2]
