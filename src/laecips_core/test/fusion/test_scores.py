from __future__ import annotations

import numpy as np
import pytest

from laecips_core.fusion.scores import class_scores
from laecips_core.fusion.scores import discounted
from laecips_core.fusion.scores import mean_scores
from laecips_core.fusion.segments import cut
from laecips_core.fusion.segments import Segments
from laecips_core.masks.runs import from_booleans
from laecips_core.values import Prediction


def segments_of(softmax: np.ndarray, masks: np.ndarray) -> Segments:
    size_px = softmax.shape[1:]
    return cut(Prediction(softmax, size_px, 'v'), from_booleans(masks, size_px, generator='x'))


def random_softmax(
    random: np.random.Generator, size_px: tuple[int, int], classes: int = 5
) -> np.ndarray:
    shares = random.dirichlet(np.ones(classes), size_px).astype(np.float32)
    return np.ascontiguousarray(shares.transpose(2, 0, 1))


@pytest.mark.parametrize('size_px', [(1, 1), (3, 5), (16, 16), (33, 65), (120, 161)])
@pytest.mark.parametrize('share', [0.0, 0.1, 0.9, 1.0])
def test_agree_with_a_sum_over_each_masks_pixels(size_px: tuple[int, int], share: float) -> None:
    random = np.random.default_rng(0)
    softmax = random_softmax(random, size_px)
    masks = random.random((4, *size_px)) < share
    expected = [[plane[mask].sum(dtype=np.float64) for mask in masks] for plane in softmax]
    scores = class_scores(softmax, segments_of(softmax, masks))
    np.testing.assert_allclose(scores, expected, rtol=1e-5, atol=1e-5)


def test_agree_at_a_size_that_is_no_whole_number_of_blocks() -> None:
    random = np.random.default_rng(0)
    softmax = random_softmax(random, (520, 1031), classes=2)
    masks = np.zeros((3, 520, 1031), np.bool_)
    masks[0, 200:400, 100:900] = True
    masks[1, 508:, :] = True
    masks[2] = random.random((520, 1031)) < 0.3
    expected = [[plane[mask].sum(dtype=np.float64) for mask in masks] for plane in softmax]
    scores = class_scores(softmax, segments_of(softmax, masks))
    np.testing.assert_allclose(scores, expected, rtol=1e-6)


def test_equal_evidence_gives_equal_scores() -> None:
    # Quarters add up without rounding, whatever the order.
    random = np.random.default_rng(0)
    softmax = random.integers(0, 5, (3, 30, 40)).astype(np.float32) / 4
    masks = random.random((6, 30, 40)) < 0.5
    expected = [[plane[mask].sum(dtype=np.float64) for mask in masks] for plane in softmax]
    assert class_scores(softmax, segments_of(softmax, masks)).tolist() == expected


def test_no_masks_have_no_scores() -> None:
    softmax = random_softmax(np.random.default_rng(0), (3, 4))
    assert class_scores(softmax, segments_of(softmax, [])).shape == (5, 0)


def test_an_empty_mask_between_others_scores_zero() -> None:
    softmax = random_softmax(np.random.default_rng(0), (3, 4))
    masks = np.ones((3, 3, 4), np.bool_)
    masks[1] = False
    segments = segments_of(softmax, masks)
    scores = class_scores(softmax, segments)
    assert (scores[:, 1] == 0).all()
    np.testing.assert_allclose(scores[:, 2], softmax.sum(axis=(1, 2)), rtol=1e-6)
    assert (mean_scores(softmax, segments)[:, 1] == 0).all()


def test_mean_scores_of_a_mask_sum_to_one() -> None:
    random = np.random.default_rng(0)
    softmax = random_softmax(random, (20, 30))
    masks = random.random((3, 20, 30)) < 0.3
    means = mean_scores(softmax, segments_of(softmax, masks))
    assert means.dtype == np.float32
    np.testing.assert_allclose(means.sum(axis=0), 1, rtol=1e-5)


def test_a_rare_class_names_a_mask_that_a_common_one_leads() -> None:
    # The frame is 9/10 building; the mask holds .3 of sign and .6 of building.
    softmax = np.array([[[0.9, 0.9]], [[0.1, 0.1]]], np.float32)
    means = np.array([[0.6], [0.3]], np.float32)
    # .6 / .9 against .3 / .1: 2/3 against 3, of a sum of 11/3.
    np.testing.assert_allclose(discounted(means, softmax, 1.0), [[2 / 11], [9 / 11]], rtol=1e-5)
    assert discounted(means, softmax, 0.0) is means


def test_a_class_that_the_frame_does_not_hold_is_not_raised_without_bound() -> None:
    softmax = np.array([[[1.0, 1.0]], [[0.0, 0.0]]], np.float32)
    means = np.array([[0.999], [0.001]], np.float32)
    # .001 / .002, not .001 / 0.
    expected = np.array([[0.999], [0.5]]) / 1.499
    np.testing.assert_allclose(discounted(means, softmax, 1.0), expected, rtol=1e-5)


def test_an_empty_mask_is_not_discounted_to_nan() -> None:
    softmax = np.full((2, 1, 2), 0.5, np.float32)
    assert discounted(np.zeros((2, 1), np.float32), softmax, 0.5).tolist() == [[0.0], [0.0]]
