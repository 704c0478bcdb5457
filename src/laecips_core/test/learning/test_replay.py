from __future__ import annotations

import numpy as np
import pytest

from laecips_core.errors import ConfigError
from laecips_core.learning.replay import ReplayBuffer
from laecips_core.values import Frame
from laecips_core.values import Sample
from laecips_core.values import Segmentation
from laecips_core.values import Source


def sample(uid: str, stamp_ns: int = 0) -> Sample:
    frame = Frame(np.zeros((1, 1, 3), np.uint8), stamp_ns, uid)
    one = np.zeros((1, 1), np.uint8)
    return Sample(frame, Segmentation(one, one, Source.FUSED, 'v1'))


def uids(samples: list[Sample]) -> list[str]:
    return [item.frame.frame_uid for item in samples]


def test_a_round_is_due_by_size() -> None:
    buffer = ReplayBuffer(size=2, capacity=4, max_interval_s=100.0)
    buffer.append(sample('a'), now_s=1.0)
    assert not buffer.due(now_s=1.0)
    buffer.append(sample('b'), now_s=1.0)
    assert buffer.due(now_s=1.0)


def test_a_round_is_due_by_the_age_of_the_oldest_sample() -> None:
    buffer = ReplayBuffer(size=9, capacity=9, max_interval_s=100.0)
    buffer.append(sample('a'), now_s=5000.0)
    buffer.append(sample('b'), now_s=5050.0)
    assert not buffer.due(now_s=5100.0)
    assert buffer.due(now_s=5100.1)


def test_a_round_is_never_due_without_samples() -> None:
    buffer = ReplayBuffer(size=1, capacity=1, max_interval_s=1.0)
    assert not buffer.due(now_s=1e9)


def test_emptying_gives_everything_oldest_first_and_restarts_the_interval() -> None:
    buffer = ReplayBuffer(size=9, capacity=9, max_interval_s=100.0)
    for uid in 'cab':
        buffer.append(sample(uid), now_s=0.0)
    assert uids(buffer.empty()) == ['c', 'a', 'b']
    assert (len(buffer), buffer.empty()) == (0, [])
    buffer.append(sample('d'), now_s=90.0)
    assert not buffer.due(now_s=190.0)
    assert buffer.due(now_s=190.1)


def test_the_same_frame_again_replaces_its_older_sample() -> None:
    buffer = ReplayBuffer(size=2, capacity=2, max_interval_s=100.0)
    again = sample('a', stamp_ns=1)
    for item in (sample('a'), sample('b'), again):
        assert buffer.append(item, now_s=0.0) is None
    assert buffer.empty()[1] is again


def test_the_oldest_goes_above_the_capacity() -> None:
    buffer = ReplayBuffer(size=2, capacity=3, max_interval_s=100.0)
    gone = [buffer.append(sample(uid), now_s=0.0) for uid in 'abcde']
    assert gone[:3] == [None, None, None]
    assert [item and item.frame.frame_uid for item in gone[3:]] == ['a', 'b']
    assert uids(buffer.empty()) == ['c', 'd', 'e']


def test_a_capacity_below_the_size_is_refused() -> None:
    match = r'update\.buffer_capacity: expected int in \[9, inf\], got 8'
    with pytest.raises(ConfigError, match=match):
        ReplayBuffer(size=9, capacity=8, max_interval_s=1.0)


def test_other_bounds_count_from_the_next_question_on() -> None:
    buffer = ReplayBuffer(size=3, capacity=3, max_interval_s=100.0)
    for uid in 'ab':
        buffer.append(sample(uid), now_s=0.0)
    buffer.configure(size=2, capacity=2, max_interval_s=10.0)
    assert buffer.due(now_s=0.0)
    assert buffer.append(sample('c'), now_s=0.0) is not None
    with pytest.raises(ConfigError, match=r'update.buffer_capacity: expected int in \[3, inf\]'):
        buffer.configure(size=3, capacity=2, max_interval_s=10.0)
    assert buffer.due(now_s=0.0)
