from __future__ import annotations

import numpy as np
import pytest

from laecips_core.errors import ShapeError
from laecips_core.experiments.scores import TaskScores
from laecips_core.values import LabelMap


def label_map(*ids: int) -> LabelMap:
    return np.array([ids], np.uint8)


def test_a_frame_is_scored_over_the_classes_it_has() -> None:
    # Class 0: 1 hit in a union of 2; class 1: 1 in 2; class 2 is not in the truth.
    scores = TaskScores(3)
    assert scores.add(0, label_map(0, 1, 1), label_map(0, 0, 1)) == pytest.approx(0.5)


def test_frames_of_a_task_are_added_up_and_tasks_are_in_order() -> None:
    scores = TaskScores(2)
    scores.add(1, label_map(0, 1), label_map(0, 1))
    scores.add(0, label_map(1, 255), label_map(0, 1))
    scores.add(1, label_map(0, 0), label_map(0, 1))
    assert scores.matrices() == [[[0, 1, 0], [0, 0, 1]], [[2, 0, 0], [1, 1, 0]]]


def test_a_frame_without_annotation_has_no_score_but_counts_its_task() -> None:
    scores = TaskScores(2)
    assert scores.add(3, label_map(0, 1), label_map(255, 255)) is None
    assert scores.matrices() == [[[0, 0, 0], [0, 0, 0]]]


def test_nothing_scored_has_no_tasks() -> None:
    assert TaskScores(2).matrices() == []


def test_a_mask_of_another_size_is_refused() -> None:
    with pytest.raises(ShapeError, match='labels: expected the size of the truth'):
        TaskScores(2).add(0, label_map(0), label_map(0, 1))
