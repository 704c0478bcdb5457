from __future__ import annotations

import numpy as np
import pytest
import torch

from laecips_core.prediction_maps import confidence_bytes
from laecips_core.prediction_maps import edge_segmentation
from laecips_core.prediction_maps import full_softmax
from laecips_core.prediction_maps import top_class
from laecips_core.values import Prediction
from laecips_core.values import Source


def softmax(shape: tuple[int, ...], seed: int = 0) -> np.ndarray:
    logits = np.random.default_rng(seed).standard_normal(shape) * 2
    shares = np.exp(logits) / np.exp(logits).sum(axis=0)
    return shares.astype(np.float32)


def test_a_prediction_of_the_frames_size_stays_the_same_array() -> None:
    given = softmax((3, 4, 5))
    assert full_softmax(Prediction(given, (4, 5), 'v')) is given


def test_a_prediction_read_out_of_a_packed_message_is_aligned() -> None:
    packed = np.frombuffer(b'\0' + softmax((3, 4, 5)).tobytes(), np.float32, offset=1)
    full = full_softmax(Prediction(packed.reshape(3, 4, 5), (4, 5), 'v'))
    assert full.flags.aligned
    assert np.array_equal(full, softmax((3, 4, 5)))


@pytest.mark.parametrize('size_px', [(40, 56), (37, 51), (3, 5)])
def test_upsampling_agrees_with_torch(size_px: tuple[int, int]) -> None:
    given = softmax((4, 10, 14))
    full = full_softmax(Prediction(given, size_px, 'v'))
    expected = torch.nn.functional.interpolate(
        torch.from_numpy(given)[None], size=size_px, mode='bilinear', align_corners=False
    )[0]
    assert full.dtype == np.float32
    assert full.shape == (4, *size_px)
    np.testing.assert_allclose(full, expected.numpy(), atol=1e-5)


def test_upsampling_is_the_same_bit_for_bit() -> None:
    prediction = Prediction(softmax((4, 10, 14)), (40, 56), 'v')
    assert full_softmax(prediction).tobytes() == full_softmax(prediction).tobytes()


@pytest.mark.parametrize('shape', [(1, 2, 3), (5, 7, 9), (19, 300, 301), (255, 3, 3)])
def test_top_class_is_the_arg_max(shape: tuple[int, ...]) -> None:
    given = softmax(shape)
    labels, top = top_class(given)
    assert labels.dtype == np.uint8
    assert np.array_equal(labels, given.argmax(axis=0))
    assert np.array_equal(top, given.max(axis=0))


def test_top_class_takes_the_lowest_of_equal_ones() -> None:
    given = np.random.default_rng(0).integers(0, 3, (6, 40, 40)).astype(np.float32)
    assert np.array_equal(top_class(given)[0], given.argmax(axis=0))


def test_confidence_goes_from_0_to_255() -> None:
    shares = np.array([0.0, 0.5, 1.0, 1.0000002, 0.001], np.float32)
    assert confidence_bytes(shares).tolist() == [0, 128, 255, 255, 0]


def test_edge_segmentation_is_arg_max_and_its_probability() -> None:
    given = softmax((5, 7, 9))
    segmentation = edge_segmentation(Prediction(given, (7, 9), 'v3'))
    assert np.array_equal(segmentation.labels, given.argmax(axis=0))
    np.testing.assert_allclose(segmentation.confidence, given.max(axis=0) * 255, atol=0.51)
    assert segmentation.source is Source.EDGE
    assert segmentation.weights_version == 'v3'


def test_edge_segmentation_can_be_a_fallback() -> None:
    prediction = Prediction(softmax((5, 7, 9)), (14, 18), 'v')
    segmentation = edge_segmentation(prediction, Source.EDGE_FALLBACK)
    assert segmentation.source is Source.EDGE_FALLBACK
    assert segmentation.labels.shape == (14, 18)
