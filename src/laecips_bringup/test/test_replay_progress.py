from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from laecips_bringup.records import FrameRecord
from laecips_bringup.replay_progress import ReplayProgress
from laecips_bringup.replay_progress import RunningScores
from laecips_core.values import Source

TRUTH = np.array([[0, 0], [1, 1]], np.uint8)
RIGHT = FrameRecord(
    0, 10, 0, TRUTH, TRUTH, Source.EDGE, False, 0.9, 0.5, 'abcdef012345', '', 0, 0, 0, 0, 0
)
ALL_ZERO = replace(RIGHT, mask=np.zeros_like(TRUTH), bytes_up=100)
UNLABELLED = replace(RIGHT, truth=None)


def test_scores_of_all_frames_so_far() -> None:
    scores = RunningScores(2)
    scores.add(RIGHT)
    assert scores.text() == 'mIoU 1.000  uploaded 0%  weights abcdef'
    scores.add(ALL_ZERO)
    # Class 0: 4 right of 6 in the union; class 1: 2 of 4.
    assert scores.text() == 'mIoU 0.583  uploaded 50%  weights abcdef'


def test_without_truth_there_is_no_miou() -> None:
    scores = RunningScores(2)
    scores.add(UNLABELLED)
    assert scores.text() == 'uploaded 0%  weights abcdef'


def test_line_on_the_terminal_ends_with_the_last_scores(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with ReplayProgress('EDGE', 1, None) as progress:
        progress.add(RIGHT)
    text = capsys.readouterr().err
    assert 'EDGE' in text
    assert '1/1' in text
