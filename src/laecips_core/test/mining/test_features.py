from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import ndimage
from scipy import stats

from laecips_core.mining.features import feature_names
from laecips_core.mining.features import label_boundaries
from laecips_core.mining.features import softmax_features
from laecips_core.values import Softmax

# Two classes over a row of four pixels: tops .75, 1, .5 and .875, labels 0, 1, 0 and 0.
SMALL = np.array([[[0.75, 0.0, 0.5, 0.875]], [[0.25, 1.0, 0.5, 0.125]]], np.float32)


def some_softmax(classes: int, size_px: tuple[int, int], sharpness: float = 3.0) -> Softmax:
    rng = np.random.default_rng([classes, *size_px])
    logits = ndimage.gaussian_filter(rng.standard_normal((classes, *size_px)), (0, 2, 2))
    powers = np.exp(logits / logits.std() * sharpness)
    softmax: Softmax = (powers / powers.sum(axis=0)).astype(np.float32)
    return softmax


def named(softmax: Softmax) -> dict[str, float]:
    values = softmax_features(softmax).tolist()
    return dict(zip(feature_names(len(softmax)), values, strict=True))


def reference(softmax: Softmax) -> dict[str, float]:
    ordered = np.sort(softmax.astype(np.float64), axis=0)
    top, labels = ordered[-1], softmax.argmax(axis=0)
    margin = top - ordered[-2]
    cross = ndimage.generate_binary_structure(2, 1)
    highest = ndimage.maximum_filter(labels, footprint=cross)
    boundary = highest != ndimage.minimum_filter(labels, footprint=cross)
    shares = [float(np.mean(labels == number)) for number in range(len(softmax))]
    return {
        'top_mean': top.mean(),
        'top_deviation': top.std(),
        **{f'top_share_from_{limit}': np.mean(top >= limit) for limit in (0.5, 0.7, 0.9)},
        **{f'top_quantile_{q}': np.quantile(top, q, method='lower') for q in (0.1, 0.5)},
        'margin_mean': margin.mean(),
        'entropy_mean': stats.entropy(softmax, axis=0).mean(),
        'boundary_share': boundary.mean(),
        'boundary_margin_mean': margin[boundary].mean(),
        'class_entropy': stats.entropy(shares),
        **{f'class_share_{number}': share for number, share in enumerate(shares)},
    }


def test_small_example_by_hand() -> None:
    quarter, eighth = (
        0.25 * math.log(4) + 0.75 * math.log(4 / 3),
        math.log(8) - 0.875 * math.log(7),
    )
    assert named(SMALL) == pytest.approx(
        {
            'top_mean': 0.78125,
            'top_deviation': math.sqrt(0.0341796875),
            'top_share_from_0.5': 1.0,
            'top_share_from_0.7': 0.75,
            'top_share_from_0.9': 0.25,
            'top_quantile_0.1': 0.5,
            'top_quantile_0.5': 0.75,
            'margin_mean': 0.5625,
            'entropy_mean': (quarter + eighth + math.log(2)) / 4,
            'boundary_share': 0.75,
            'boundary_margin_mean': 0.5,
            'class_entropy': quarter,
            'class_share_0': 0.75,
            'class_share_1': 0.25,
        }
    )


@pytest.mark.parametrize('classes', [2, 12])
@pytest.mark.parametrize('size_px', [(7, 9), (60, 80)])
def test_the_features_agree_with_the_reference(classes: int, size_px: tuple[int, int]) -> None:
    softmax = some_softmax(classes, size_px)
    assert named(softmax) == pytest.approx(reference(softmax), abs=2e-6)


@pytest.mark.parametrize('size_px', [(1, 1), (1, 7), (7, 1), (5, 6)])
def test_boundaries_are_where_a_neighbour_differs(size_px: tuple[int, int]) -> None:
    labels = np.random.default_rng(1).integers(0, 3, size_px, np.uint8)
    cross = ndimage.generate_binary_structure(2, 1)
    lowest = ndimage.minimum_filter(labels, footprint=cross)
    expected = ndimage.maximum_filter(labels, footprint=cross) != lowest
    np.testing.assert_array_equal(label_boundaries(labels), expected)


def test_boundaries_of_classes_far_apart_are_seen() -> None:
    assert label_boundaries(np.array([[0, 254, 254, 254]], np.uint8)).tolist() == [[1, 1, 0, 0]]


def test_a_frame_of_one_class_has_no_boundary_but_a_margin() -> None:
    softmax = np.stack([np.full((3, 4), 0.75), np.full((3, 4), 0.25)]).astype(np.float32)
    features = named(softmax)
    assert features['boundary_share'] == 0.0
    assert features['boundary_margin_mean'] == features['margin_mean'] == 0.5
    assert features['class_entropy'] == 0.0


@pytest.mark.parametrize('classes', [1, 2, 12])
def test_there_is_one_name_for_each_feature(classes: int) -> None:
    names = feature_names(classes)
    features = softmax_features(some_softmax(classes, (6, 8)))
    assert features.shape == (len(names),) == (12 + classes,)
    assert features.dtype == np.float32
    assert len(set(names)) == len(names)


def test_a_certain_frame_has_finite_features() -> None:
    softmax = np.zeros((3, 4, 4), np.float32)
    softmax[1] = 1.0
    features = named(softmax)
    assert features['entropy_mean'] == 0.0
    assert (features['top_mean'], features['margin_mean'], features['class_share_1']) == (1, 1, 1)


def test_a_softmax_that_is_not_a_number_gives_features_that_are_none() -> None:
    assert np.isnan(named(np.full((3, 4, 4), np.nan, np.float32))['top_mean'])


def test_the_layout_in_memory_does_not_matter() -> None:
    softmax = some_softmax(5, (8, 10))
    other = np.ascontiguousarray(softmax.transpose(1, 2, 0)).transpose(2, 0, 1)
    np.testing.assert_array_equal(softmax_features(other), softmax_features(softmax))
