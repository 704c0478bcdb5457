from __future__ import annotations

import numpy as np
import pytest

from laecips_core.config import FusionConfig
from laecips_core.errors import ShapeError
from laecips_core.fusion.algorithm1 import PlainFusion
from laecips_core.fusion.log_mix import LogMixFusion
from laecips_core.masks.runs import from_booleans
from laecips_core.prediction_maps import edge_segmentation
from laecips_core.values import Prediction
from laecips_core.values import Segmentation
from laecips_core.values import Source


def random_case(
    seed: int, classes: int = 4, size_px: tuple[int, int] = (15, 18)
) -> tuple[Prediction, np.ndarray]:
    random = np.random.default_rng(seed)
    shares = random.dirichlet(np.full(classes, 0.6), size_px).astype(np.float32)
    masks = np.zeros((5, *size_px), np.bool_)
    for mask in masks:
        top, left = random.integers(0, 12, 2)
        mask[top : top + random.integers(1, 9), left : left + random.integers(1, 9)] = True
    return Prediction(np.ascontiguousarray(shares.transpose(2, 0, 1)), size_px, 'v'), masks


def fuse(
    prediction: Prediction, masks: np.ndarray, share: float, discount: float = 0.0
) -> Segmentation:
    mask_set = from_booleans(masks, prediction.size_px, generator='x')
    config = FusionConfig(pixel_share=share, class_discount=discount)
    return LogMixFusion(config).fuse(prediction, mask_set)


def loop_over_pixels(
    softmax: np.ndarray, masks: np.ndarray, share: float, discount: float
) -> tuple[np.ndarray, np.ndarray]:
    """Multiply powers instead of adding logarithms, pixel by pixel."""
    labels, confidence = softmax.argmax(axis=0), softmax.max(axis=0).astype(np.float64)
    areas = [int(mask.sum()) for mask in masks]
    for y, x in np.ndindex(labels.shape):
        over = [k for k in range(len(masks)) if masks[k, y, x]]
        if over:
            smallest = min(over, key=lambda k: (areas[k], -k))
            means = softmax[:, masks[smallest]].mean(axis=1, dtype=np.float64)
            means = means / softmax.mean(axis=(1, 2), dtype=np.float64) ** discount
            means = means / means.sum()
            mixed = softmax[:, y, x].astype(np.float64) ** share * means ** (1 - share)
            labels[y, x] = mixed.argmax()
            confidence[y, x] = means[labels[y, x]]
    return labels, confidence


@pytest.mark.parametrize('seed', range(8))
@pytest.mark.parametrize(
    ('share', 'discount'), [(0.3, 0.0), (0.5, 0.5), (0.8, 0.0), (0.3, 0.7), (0.0, 1.0)]
)
def test_equals_the_loop_over_pixels(seed: int, share: float, discount: float) -> None:
    prediction, masks = random_case(seed)
    fused = fuse(prediction, masks, share, discount)
    labels, confidence = loop_over_pixels(prediction.softmax, masks, share, discount)
    assert np.array_equal(fused.labels, labels)
    np.testing.assert_allclose(fused.confidence, confidence * 255, atol=0.51)
    assert fused.source is Source.FUSED


def test_share_zero_without_a_discount_is_algorithm_1() -> None:
    prediction, masks = random_case(1)
    mask_set = from_booleans(masks, prediction.size_px, generator='x')
    plain = PlainFusion(FusionConfig()).fuse(prediction, mask_set)
    fused = fuse(prediction, masks, 0.0)
    assert np.array_equal(fused.labels, plain.labels)
    assert np.array_equal(fused.confidence, plain.confidence)


def test_share_one_is_the_edge() -> None:
    prediction, masks = random_case(1)
    assert np.array_equal(fuse(prediction, masks, 1.0).labels, prediction.softmax.argmax(axis=0))


@pytest.mark.parametrize('share', [0.0, 0.5, 1.0])
def test_probabilities_of_zero_do_no_harm(share: float) -> None:
    softmax = np.array([[[1.0, 0.0]], [[0.0, 1.0]], [[0.0, 0.0]]], np.float32)
    fused = fuse(Prediction(softmax, (1, 2), 'v'), np.ones((1, 1, 2), np.bool_), share)
    assert fused.labels.tolist() == ([[0, 0]] if share == 0.0 else [[0, 1]])
    assert fused.confidence.tolist() == [[128, 128]]


@pytest.mark.parametrize('share', [0.0, 0.5])
def test_no_masks_leave_the_edges_segmentation(share: float) -> None:
    prediction, _ = random_case(0)
    fused, edge = fuse(prediction, [], share), edge_segmentation(prediction)
    assert np.array_equal(fused.labels, edge.labels)
    assert np.array_equal(fused.confidence, edge.confidence)


def test_refuses_masks_of_another_size() -> None:
    prediction, _ = random_case(0)
    masks = from_booleans([], (18, 15), generator='x')
    with pytest.raises(ShapeError, match='size'):
        LogMixFusion(FusionConfig()).fuse(prediction, masks)
