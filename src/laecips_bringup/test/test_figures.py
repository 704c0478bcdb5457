from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest

from laecips_bringup.figures import confidence_histogram
from laecips_bringup.figures import latency_figure
from laecips_bringup.figures import miou_curve
from laecips_bringup.records import FrameRecord
from laecips_bringup.records import RoundRecord
from laecips_bringup.records import RunRecord
from laecips_core.values import Source

SIGNATURE = b'\x89PNG\r\n\x1a\n'
WIDTH_PX = 1350


def _frame(index: int) -> FrameRecord:
    hard = index % 3 == 0
    return FrameRecord(
        index=index,
        stamp_ns=index,
        task=index // 5,
        mask=np.array([[0, 1, 1]], np.uint8),
        truth=np.array([[0, 1, index % 2]], np.uint8),
        source=Source.FUSED if hard else Source.EDGE,
        hard=hard,
        confidence=0.2 if hard else 0.9,
        threshold=0.5,
        weights_version='0123456789ab' if index < 7 else 'ba9876543210',
        fallback_reason='',
        latency_s=0.2 if hard else 0.02,
        edge_s=0.02,
        cloud_s=0.0,
        bytes_up=100 if hard else 0,
        bytes_down=10,
    )


def _run(method: str = 'LAECIPS', frames: int = 10) -> RunRecord:
    rounds = [
        RoundRecord(1, 'RELEASED', 'ba9876543210', 'better', 2, 1.0, 6),
        RoundRecord(2, 'REJECTED', 'ba9876543210', 'worse', 2, 1.0, 8),
        RoundRecord(3, 'FAILED', 'ba9876543210', 'ValueError()', 2, 1.0, 9),
    ]
    return RunRecord(method, frames, frames, 50, [_frame(i) for i in range(frames)], rounds)


def _pixels(png: bytes) -> np.ndarray:
    assert png.startswith(SIGNATURE)
    return cv2.imdecode(np.frombuffer(png, np.uint8), cv2.IMREAD_COLOR)


def test_every_figure_is_a_png_of_the_report_width() -> None:
    run = _run()
    for png in (miou_curve([run]), confidence_histogram(run), latency_figure([run])):
        assert _pixels(png).shape[1] == WIDTH_PX


def test_same_runs_give_the_same_bytes() -> None:
    assert miou_curve([_run()]) == miou_curve([_run()])


def test_curve_grows_by_the_rows_of_each_run() -> None:
    one = _pixels(miou_curve([_run()])).shape[0]
    assert _pixels(miou_curve([_run(), _run('DCSB')])).shape[0] > one


def test_curve_shows_a_swap() -> None:
    run = _run()
    stayed = [replace(frame, weights_version='0123456789ab') for frame in run.frames]
    assert miou_curve([run]) != miou_curve([replace(run, frames=stayed)])


@pytest.mark.parametrize('state', ['REJECTED', 'FAILED'])
def test_curve_shows_a_round_held_back(state: str) -> None:
    run = _run()
    others = [done for done in run.rounds if done.state != state]
    assert miou_curve([run]) != miou_curve([replace(run, rounds=others)])


def test_figures_need_neither_truth_nor_masks_nor_frames() -> None:
    bare = [replace(_frame(i), mask=None, truth=None) for i in range(4)]
    for run in (RunRecord('EDGE', 4, 0, 0, bare), RunRecord('EDGE')):
        assert _pixels(miou_curve([run])).any()
        assert _pixels(confidence_histogram(run)).any()
        assert _pixels(latency_figure([run])).any()


def test_histogram_shows_where_the_threshold_is() -> None:
    run = _run()
    moved = [replace(frame, threshold=0.4) for frame in run.frames]
    assert confidence_histogram(run) != confidence_histogram(replace(run, frames=moved))
