from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from laecips_core.config import FusionConfig
from laecips_core.errors import ShapeError
from laecips_core.fusion.algorithm1 import PlainFusion
from laecips_core.fusion.guarded import GuardedFusion
from laecips_core.masks.runs import from_booleans
from laecips_core.prediction_maps import edge_segmentation
from laecips_core.values import Prediction
from laecips_core.values import Segmentation
from laecips_core.values import Source


def random_case(
    seed: int, classes: int = 4, size_px: tuple[int, int] = (15, 18)
) -> tuple[Prediction, np.ndarray]:
    random = np.random.default_rng(seed)
    shares = random.dirichlet(np.full(classes, 0.4), size_px).astype(np.float32)
    masks = np.zeros((5, *size_px), np.bool_)
    for mask in masks:
        top, left = random.integers(0, 12, 2)
        mask[top : top + random.integers(1, 9), left : left + random.integers(1, 9)] = True
    return Prediction(np.ascontiguousarray(shares.transpose(2, 0, 1)), size_px, 'v'), masks


def fuse(prediction: Prediction, masks: np.ndarray, **settings: Any) -> Segmentation:
    mask_set = from_booleans(masks, prediction.size_px, generator='x')
    return GuardedFusion(FusionConfig(**settings)).fuse(prediction, mask_set)


def loop_over_pixels(
    softmax: np.ndarray,
    masks: np.ndarray,
    keep_pixel_above: float,
    min_margin: float,
    discount: float,
) -> tuple[np.ndarray, np.ndarray]:
    """Decide every pixel by itself from the smallest mask over it."""
    labels, confidence = softmax.argmax(axis=0), softmax.max(axis=0).astype(np.float64)
    areas = [int(mask.sum()) for mask in masks]
    for y, x in np.ndindex(labels.shape):
        over = [k for k in range(len(masks)) if masks[k, y, x]]
        if not over or confidence[y, x] > np.float32(keep_pixel_above):
            continue
        smallest = min(over, key=lambda k: (areas[k], -k))
        scores = [
            float(plane[masks[smallest]].mean(dtype=np.float64)) / float(plane.mean()) ** discount
            for plane in softmax
        ]
        means = [score / sum(scores) for score in scores]
        second, best = sorted(means)[-2:]
        if best - second >= min_margin:
            labels[y, x], confidence[y, x] = means.index(best), best
    return labels, confidence


@pytest.mark.parametrize('seed', range(8))
@pytest.mark.parametrize(
    ('keep', 'margin', 'discount'),
    [(0.9, 0.1, 0.0), (0.6, 0.05, 0.5), (1.0, 0.3, 0.0), (0.9, 0.0, 1.0)],
)
def test_equals_the_loop_over_pixels(
    seed: int, keep: float, margin: float, discount: float
) -> None:
    prediction, masks = random_case(seed)
    fused = fuse(
        prediction, masks, keep_pixel_above=keep, min_margin=margin, class_discount=discount
    )
    labels, confidence = loop_over_pixels(prediction.softmax, masks, keep, margin, discount)
    assert np.array_equal(fused.labels, labels)
    np.testing.assert_allclose(fused.confidence, confidence * 255, atol=0.51)
    assert fused.source is Source.FUSED


def test_without_guards_and_discount_it_is_algorithm_1() -> None:
    prediction, masks = random_case(1)
    fused = fuse(prediction, masks, keep_pixel_above=1.0, min_margin=0.0, class_discount=0.0)
    mask_set = from_booleans(masks, prediction.size_px, generator='x')
    plain = PlainFusion(FusionConfig()).fuse(prediction, mask_set)
    assert np.array_equal(fused.labels, plain.labels)
    assert np.array_equal(fused.confidence, plain.confidence)


def test_a_sure_pixel_keeps_its_class() -> None:
    softmax = np.array([[[0.3, 0.3, 0.95]], [[0.7, 0.7, 0.05]]], np.float32)
    masks = np.ones((1, 1, 3), np.bool_)
    prediction = Prediction(softmax, (1, 3), 'v')
    assert fuse(
        prediction, masks[:, :, :3], min_margin=0.0, class_discount=0.0
    ).labels.tolist() == [[0, 0, 0]]
    # Means are .52 and .48: without the margin all is class 0; with it the edge's labels stay.
    assert fuse(prediction, masks, min_margin=0.1, class_discount=0.0).labels.tolist() == [
        [1, 1, 0]
    ]
    assert fuse(prediction, masks, min_margin=0.1).confidence.tolist() == [[179, 179, 242]]


def test_an_unclear_mask_hides_the_clear_one_below() -> None:
    softmax = np.array([[[0.9, 0.9, 0.45]], [[0.1, 0.1, 0.55]]], np.float32)
    masks = np.array([[[True, True, True]], [[False, False, True]]])
    fused = fuse(Prediction(softmax, (1, 3), 'v'), masks, min_margin=0.2)
    assert fused.labels.tolist() == [[0, 0, 1]]


def test_no_masks_leave_the_edges_segmentation() -> None:
    prediction, _ = random_case(0)
    fused, edge = fuse(prediction, []), edge_segmentation(prediction)
    assert np.array_equal(fused.labels, edge.labels)
    assert np.array_equal(fused.confidence, edge.confidence)


def test_one_class_is_no_special_case() -> None:
    prediction = Prediction(np.ones((1, 2, 2), np.float32), (2, 2), 'v')
    assert (fuse(prediction, np.ones((1, 2, 2), np.bool_)).labels == 0).all()


def test_refuses_masks_of_another_size() -> None:
    prediction, _ = random_case(0)
    masks = from_booleans([], (18, 15), generator='x')
    with pytest.raises(ShapeError, match='size'):
        GuardedFusion(FusionConfig()).fuse(prediction, masks)
