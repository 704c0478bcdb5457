from __future__ import annotations

import numpy as np
import pytest

from laecips_bringup.frame_scores import class_count
from laecips_bringup.frame_scores import frame_mious
from laecips_bringup.frame_scores import running_mean
from laecips_bringup.frame_scores import sent
from laecips_bringup.frame_scores import version_starts
from laecips_bringup.records import FrameRecord
from laecips_bringup.records import RunRecord
from laecips_core.values import LabelMap
from laecips_core.values import Source


def _frame(
    index: int,
    mask: LabelMap | None = None,
    truth: LabelMap | None = None,
    *,
    version: str = 'v1',
    hard: bool = False,
    bytes_up: int = 0,
) -> FrameRecord:
    return FrameRecord(
        index, index, 0, mask, truth, Source.EDGE, hard, 0.9, 0.5, version, '', 0.0, 0.0, 0.0,
        bytes_up, 0,
    )  # fmt: skip


def _run(*frames: FrameRecord) -> RunRecord:
    return RunRecord('LAECIPS', len(frames), len(frames), 0, list(frames))


def _labels(*ids: int) -> LabelMap:
    return np.array([ids], np.uint8)


def test_hard_frame_without_bytes_was_not_sent() -> None:
    assert sent(_frame(0, hard=True, bytes_up=10))
    assert not sent(_frame(0, hard=True))
    assert not sent(_frame(0))


def test_class_count_does_not_count_unlabelled() -> None:
    assert class_count([_run(_frame(0, _labels(0, 255), _labels(3, 255)))]) == 4
    assert class_count([_run(_frame(0))]) == 1


def test_frame_mious_are_nan_where_something_is_missing() -> None:
    run = _run(
        _frame(0, _labels(0, 1), _labels(0, 1)),
        _frame(1, _labels(0, 0), _labels(0, 1)),
        _frame(2, None, _labels(0, 1)),
        _frame(3, _labels(0, 1), None),
        _frame(4, _labels(0, 1), _labels(255, 255)),
    )
    np.testing.assert_allclose(frame_mious(run), [1.0, 0.25, np.nan, np.nan, np.nan])


def test_running_mean_leaves_nan_out() -> None:
    values = np.array([np.nan, 1.0, 3.0, np.nan, np.nan, 5.0])
    expected = [np.nan, 1.0, 2.0, 3.0, np.nan, 5.0]
    np.testing.assert_allclose(running_mean(values, 2), expected)


@pytest.mark.parametrize('window', [1, 4, 50])
def test_running_mean_equals_the_mean_of_each_slice(window: int) -> None:
    values = np.random.default_rng(0).random(20)
    expected = [values[max(0, end - window) : end].mean() for end in range(1, 21)]
    np.testing.assert_allclose(running_mean(values, window), expected)


def test_running_mean_of_nothing_is_nothing() -> None:
    assert running_mean(np.zeros(0), 5).shape == (0,)


def test_version_starts_name_every_change() -> None:
    run = _run(*(_frame(i, version=version) for i, version in enumerate('aabba')))
    assert version_starts(run) == [(2, 'b'), (4, 'a')]
