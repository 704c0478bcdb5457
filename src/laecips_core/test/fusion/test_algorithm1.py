from __future__ import annotations

import numpy as np
import pytest

from laecips_core.config import FusionConfig
from laecips_core.errors import ShapeError
from laecips_core.fusion.algorithm1 import PlainFusion
from laecips_core.masks.runs import from_booleans
from laecips_core.prediction_maps import edge_segmentation
from laecips_core.values import Prediction
from laecips_core.values import Segmentation
from laecips_core.values import Source


def random_prediction(
    random: np.random.Generator, size_px: tuple[int, int], classes: int = 5
) -> Prediction:
    shares = random.dirichlet(np.full(classes, 0.5), size_px).astype(np.float32)
    softmax = np.ascontiguousarray(shares.transpose(2, 0, 1))
    return Prediction(softmax, size_px, 'v')


def random_masks(random: np.random.Generator, count: int, size_px: tuple[int, int]) -> np.ndarray:
    """Draw rectangles, some with holes, some empty."""
    masks = np.zeros((count, *size_px), np.bool_)
    for mask in masks:
        top, bottom = sorted(random.integers(0, size_px[0] + 1, 2))
        left, right = sorted(random.integers(0, size_px[1] + 1, 2))
        mask[top:bottom, left:right] = random.random((bottom - top, right - left)) < 0.9
    return masks


def loop_over_pixels(softmax: np.ndarray, masks: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Read Algorithm 1 pixel by pixel, in plain Python numbers."""
    classes, height, width = softmax.shape
    labels = [[int(np.argmax(softmax[:, y, x])) for x in range(width)] for y in range(height)]
    confidence = [[float(softmax[:, y, x].max()) for x in range(width)] for y in range(height)]
    for k in sorted(range(len(masks)), key=lambda k: -int(masks[k].sum())):
        pixels = [(y, x) for y in range(height) for x in range(width) if masks[k, y, x]]
        scores = [sum(float(softmax[i, y, x]) for y, x in pixels) for i in range(classes)]
        for y, x in pixels:
            labels[y][x] = scores.index(max(scores))
            confidence[y][x] = max(scores) / len(pixels)
    return np.array(labels), np.array(confidence)


def fuse(prediction: Prediction, masks: np.ndarray) -> Segmentation:
    mask_set = from_booleans(masks, prediction.size_px, generator='x')
    return PlainFusion(FusionConfig()).fuse(prediction, mask_set)


@pytest.mark.parametrize('seed', range(20))
def test_equals_the_loop_over_pixels(seed: int) -> None:
    random = np.random.default_rng(seed)
    size_px = tuple(int(n) for n in random.integers(1, 30, 2))
    prediction = random_prediction(random, size_px, int(random.integers(1, 8)))
    masks = random_masks(random, int(random.integers(0, 9)), size_px)
    fused = fuse(prediction, masks)
    labels, confidence = loop_over_pixels(prediction.softmax, masks)
    assert np.array_equal(fused.labels, labels)
    np.testing.assert_allclose(fused.confidence, confidence * 255, atol=0.51)


def test_small_example_by_hand() -> None:
    # Summed over the mask: .6 + .3 = .9 for class 0, .4 + .7 = 1.1 for class 1.
    softmax = np.array([[[0.6, 0.3, 0.8]], [[0.4, 0.7, 0.2]]], np.float32)
    fused = fuse(Prediction(softmax, (1, 3), 'v7'), np.array([[[True, True, False]]]))
    assert fused.labels.tolist() == [[1, 1, 0]]
    assert fused.confidence.tolist() == [[140, 140, 204]]
    assert fused.source is Source.FUSED
    assert fused.weights_version == 'v7'


def test_no_masks_leave_the_edges_labels_at_any_size() -> None:
    softmax = random_prediction(np.random.default_rng(0), (6, 8)).softmax
    prediction = Prediction(softmax, (24, 32), 'v')
    fused, edge = fuse(prediction, []), edge_segmentation(prediction)
    assert np.array_equal(fused.labels, edge.labels)
    assert np.array_equal(fused.confidence, edge.confidence)


def test_a_mask_of_the_whole_image_gives_it_one_class() -> None:
    prediction = random_prediction(np.random.default_rng(0), (6, 8))
    fused = fuse(prediction, np.ones((1, 6, 8), np.bool_))
    assert (fused.labels == prediction.softmax.sum(axis=(1, 2)).argmax()).all()


def test_the_order_of_masks_of_different_areas_does_not_matter() -> None:
    random = np.random.default_rng(0)
    prediction = random_prediction(random, (12, 14))
    masks = np.zeros((4, 12, 14), np.bool_)
    for k, mask in enumerate(masks):
        mask[: k + 3, : k + 5] = True
    labels = [fuse(prediction, masks[order]).labels for order in ([0, 1, 2, 3], [3, 1, 0, 2])]
    assert np.array_equal(*labels)


def test_equal_scores_give_the_lowest_class() -> None:
    softmax = np.full((4, 2, 2), 0.25, np.float32)
    fused = fuse(Prediction(softmax, (2, 2), 'v'), np.ones((1, 2, 2), np.bool_))
    assert (fused.labels == 0).all()


def test_refuses_masks_of_another_size() -> None:
    prediction = random_prediction(np.random.default_rng(0), (6, 8))
    masks = from_booleans([], (8, 6), generator='x')
    with pytest.raises(ShapeError, match='size'):
        PlainFusion(FusionConfig()).fuse(prediction, masks)
