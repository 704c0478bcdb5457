from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from laecips_core.errors import ShapeError
from laecips_core.values import Frame
from laecips_core.values import LabelledFrame
from laecips_core.values import MaskSet
from laecips_core.values import Prediction
from laecips_core.values import Segmentation
from laecips_core.values import Source
from laecips_core.values import Verdict

FRAME = Frame(np.zeros((2, 3, 3), np.uint8), 7, 'frame')


def test_a_frame_knows_its_height_and_width() -> None:
    assert FRAME.size_px == (2, 3)


@pytest.mark.parametrize('shape', [(2, 3), (2, 3, 1), (2, 3, 4), (0, 3, 3), (2, 0, 3)])
def test_an_image_of_another_shape_is_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(
        ShapeError, match=r'frame\.image: expected \(H, W, 3\), H and W > 0, uint8'
    ):
        Frame(np.zeros(shape, np.uint8), 0, '')


def test_an_image_of_floats_is_refused() -> None:
    with pytest.raises(ShapeError, match=r'frame\.image: .*, got \(2, 3, 3\) float64'):
        Frame(np.zeros((2, 3, 3)), 0, '')  # type: ignore[arg-type]


def test_labels_of_another_size_than_the_image_are_refused() -> None:
    with pytest.raises(ShapeError, match=r'labels: expected \(2, 3\) uint8, got \(3, 2\) uint8'):
        LabelledFrame(FRAME, np.zeros((3, 2), np.uint8))


def test_labels_of_another_type_are_refused() -> None:
    with pytest.raises(ShapeError, match=r'labels: expected \(2, 3\) uint8, got \(2, 3\) int64'):
        LabelledFrame(FRAME, np.zeros((2, 3), np.int64))


@pytest.mark.parametrize('shape', [(2, 3), (1, 2, 3, 4), (0, 2, 3), (2, 0, 3)])
def test_a_softmax_of_another_shape_is_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(ShapeError, match=r'softmax: expected \(M, H, W\) float32'):
        Prediction(np.zeros(shape, np.float32), (2, 3), '')


def test_a_softmax_of_doubles_is_refused() -> None:
    with pytest.raises(ShapeError, match=r'softmax: expected .*, got \(2, 2, 3\) float64'):
        Prediction(np.zeros((2, 2, 3)), (2, 3), '')  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ('confidence', 'hard'), [(0.0, True), (0.5, True), (0.500001, False), (float('nan'), True)]
)
def test_a_frame_is_hard_up_to_the_threshold(confidence: float, hard: bool) -> None:
    assert Verdict(confidence, 0.5, 'spp').hard is hard


def test_a_mask_set_counts_masks_and_their_pixels() -> None:
    starts, lengths, owners = (np.array(runs) for runs in ([0, 4, 2], [2, 1, 4], [0, 0, 2]))
    masks = MaskSet((2, 3), starts, lengths, owners, np.ones(3, np.float32), 'test')
    assert len(masks) == 3
    assert masks.areas_px.tolist() == [3, 0, 4]


def test_an_empty_mask_set_is_valid() -> None:
    none = np.zeros(0, np.int64)
    masks = MaskSet((2, 3), none, none, none, np.zeros(0, np.float32), 'test')
    assert (len(masks), masks.areas_px.tolist()) == (0, [])


def test_a_segmentation_keeps_everything_but_its_source() -> None:
    labels, confidence = np.ones((2, 3), np.uint8), np.full((2, 3), 9, np.uint8)
    edge = Segmentation(labels, confidence, Source.EDGE, 'v1')
    fallback = edge.from_source(Source.EDGE_FALLBACK)
    assert fallback == dataclasses.replace(edge, source=Source.EDGE_FALLBACK)
    assert edge.source is Source.EDGE


def test_labels_that_are_no_map_are_refused() -> None:
    with pytest.raises(ShapeError, match=r'labels: expected \(H, W\) uint8, got \(6,\) uint8'):
        Segmentation(np.zeros(6, np.uint8), np.zeros(6, np.uint8), Source.EDGE, '')


def test_a_confidence_map_of_another_size_is_refused() -> None:
    labels, confidence = np.zeros((2, 3), np.uint8), np.zeros((3, 2), np.uint8)
    with pytest.raises(ShapeError, match=r'confidence: expected \(2, 3\) uint8, got \(3, 2\)'):
        Segmentation(labels, confidence, Source.EDGE, '')


def test_the_numbers_of_sources_do_not_change() -> None:
    assert {source.name: int(source) for source in Source} == {
        'EDGE': 0,
        'FUSED': 1,
        'EDGE_FALLBACK': 2,
    }
