from __future__ import annotations

import numpy as np

from laecips_bringup.view_moments import MAX_MOMENTS
from laecips_bringup.view_moments import Moments

MASK = np.zeros((10, 10), np.uint8)


def test_what_has_one_stamp_comes_together() -> None:
    moments = Moments()
    moments.at(5).mask = MASK
    assert moments.at(5).mask is MASK
    assert moments.at(6).mask is None


def test_the_oldest_go_when_the_arrays_are_too_large() -> None:
    moments = Moments(max_bytes=200)
    for stamp_ns in (1, 2, 3):
        moments.at(stamp_ns).mask = MASK
    moments.at(4)
    assert moments.at(1).mask is None
    assert moments.at(3).mask is MASK


def test_the_newest_moment_is_kept_whatever_its_size() -> None:
    moments = Moments(max_bytes=1)
    moments.at(1).mask = MASK
    assert moments.at(1).mask is MASK


def test_moments_without_arrays_are_bounded_too() -> None:
    moments = Moments()
    for stamp_ns in range(MAX_MOMENTS + 5):
        moments.at(stamp_ns)
    assert len(moments) == MAX_MOMENTS


def test_a_camera_whose_stamps_go_back_begins_anew() -> None:
    moments = Moments()
    moments.at(10**10).mask = MASK
    moments.at_image(2 * 10**10)
    moments.at_image(10**10)
    assert moments.at(10**10).mask is None


def test_a_late_mask_is_no_new_beginning() -> None:
    moments = Moments()
    moments.at_image(10**10).image = MASK
    moments.at_image(2 * 10**10)
    assert moments.at(10**10).image is MASK
