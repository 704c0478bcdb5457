from __future__ import annotations

import pytest

from laecips_core.learning.split import split_indices
from laecips_core.learning.split import thin


def test_every_seventh_frame_is_held_out() -> None:
    trained, held_out = split_indices(20)
    assert held_out == [3, 10, 17]
    assert trained == [0, 1, 2, 4, 5, 6, 7, 8, 9, 11, 12, 13, 14, 15, 16, 18, 19]


@pytest.mark.parametrize('frames', [0, 1, 3, 4, 400])
def test_every_frame_is_on_one_side(frames: int) -> None:
    trained, held_out = split_indices(frames)
    assert sorted(trained + held_out) == list(range(frames))


def test_chosen_frames_are_evenly_spread() -> None:
    assert thin([10, 11, 12, 13, 14, 15, 16], 3) == [10, 13, 16]
    assert thin(range(0, 100, 10), 4) == [0, 30, 60, 90]


@pytest.mark.parametrize('count', range(1, 30))
@pytest.mark.parametrize('members', [1, 2, 13, 29])
def test_no_frame_is_chosen_twice(count: int, members: int) -> None:
    chosen = thin(range(members), count)
    assert len(chosen) == min(count, members)
    assert chosen == sorted(set(chosen))


def test_all_are_given_when_there_are_not_more() -> None:
    assert thin([5, 7], 2) == [5, 7]
    assert thin([5, 7], 9) == [5, 7]


def test_nothing_is_chosen_of_nothing_or_when_nothing_is_asked_for() -> None:
    assert thin([], 4) == []
    assert thin([1, 2], 0) == []
