from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest

from laecips_bringup.stream_figure import most_eventful
from laecips_bringup.stream_figure import stream_figure
from laecips_core.experiments.results import FrameResult
from laecips_core.experiments.results import RoundResult
from laecips_core.experiments.results import RunResult

WIDTH_PX = 1350
STATES = ('RELEASED', 'REJECTED', 'ROLLED_BACK', 'FAILED')


def _frame(index: int) -> FrameResult:
    return FrameResult(
        index=index,
        task=index // 6,
        system_miou=0.5 + 0.01 * index,
        edge_miou=0.5,
        uploaded=index % 3 == 0,
        confidence=0.5,
        threshold=0.5,
        weights_version='v1',
        edge_s=0.1,
        cloud_s=0.0,
        latency_s=0.1,
        bytes_up=0,
        bytes_down=0,
    )


def _run(method: str = 'LAECIPS') -> RunResult:
    rounds = [RoundResult(4 * i + 2, state, 'v', '', 1, 1.0, 0) for i, state in enumerate(STATES)]
    return RunResult(method, 0, [_frame(i) for i in range(18)], rounds, [], [], [])


def _pixels(png: bytes) -> np.ndarray:
    pixels = cv2.imdecode(np.frombuffer(png, np.uint8), cv2.IMREAD_COLOR)
    assert pixels is not None
    return pixels


def test_every_run_has_a_row() -> None:
    one = _pixels(stream_figure([_run()]))
    five = _pixels(stream_figure([_run(name) for name in 'abcde']))
    assert one.shape[1] == five.shape[1] == WIDTH_PX
    assert five.shape[0] > one.shape[0]


@pytest.mark.parametrize('state', STATES)
def test_every_kind_of_round_is_shown(state: str) -> None:
    run = _run()
    others = [done for done in run.rounds if done.state != state]
    assert stream_figure([run]) != stream_figure([replace(run, rounds=others)])


def test_uploads_and_scores_are_shown() -> None:
    run = _run()
    moved = [replace(frame, uploaded=frame.index % 3 == 1) for frame in run.frames]
    worse = [replace(frame, system_miou=0.4) for frame in run.frames]
    shown = stream_figure([run])
    assert shown == stream_figure([run])
    assert shown != stream_figure([replace(run, frames=moved)])
    assert shown != stream_figure([replace(run, frames=worse)])


def test_annotation_may_be_missing() -> None:
    bare = [replace(frame, system_miou=None) for frame in _run().frames]
    assert _pixels(stream_figure([replace(_run(), frames=bare, rounds=[])])).any()


def test_runs_with_training_rounds_are_shown_before_others() -> None:
    frozen = [replace(_run(name), rounds=[]) for name in 'abcdef']
    shown = most_eventful([frozen[0], _run('LAECIPS'), *frozen[1:], _run('PAPER')])
    assert [run.method for run in shown] == ['a', 'LAECIPS', 'b', 'c', 'PAPER']


def test_few_runs_are_all_shown() -> None:
    assert [run.method for run in most_eventful([_run('b'), _run('a')])] == ['b', 'a']
