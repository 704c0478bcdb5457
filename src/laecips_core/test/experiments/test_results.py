from __future__ import annotations

from dataclasses import replace
import json
import math

import numpy as np
import pytest

from laecips_core.experiments.results import FORMAT
from laecips_core.experiments.results import FrameResult
from laecips_core.experiments.results import RoundResult
from laecips_core.experiments.results import RunResult

EASY = FrameResult(0, 0, 0.5, 0.5, False, 0.9, 0.5, 'v1', 0.01, 0.0, 0.01, 0, 0)
SYSTEM = np.array([0.5, 0.7, 0.9, 0.2, np.nan])
EDGE = np.array([0.5, 0.6, 0.9, 0.1, np.nan])
UPLOADED = np.array([False, True, False, True, True])
LATENCY_S = np.array([0.01, 0.2, 0.01, 0.3, 0.4])
TASKS = np.array([0, 0, 2, 2, 2])
# Rows are true classes; the last column counts pixels without a label.
MATRICES = np.array([[[4, 1, 0], [0, 0, 0]], [[2, 0, 1], [3, 5, 0]]])


def frame(index: int) -> FrameResult:
    known = index < 4
    return replace(
        EASY,
        index=index,
        task=int(TASKS[index]),
        system_miou=float(SYSTEM[index]) if known else None,
        edge_miou=float(EDGE[index]) if known else None,
        uploaded=bool(UPLOADED[index]),
        latency_s=float(LATENCY_S[index]),
        bytes_up=1000 * index if UPLOADED[index] else 0,
        bytes_down=100 * index if UPLOADED[index] else 0,
    )


RUN = RunResult(
    'LAECIPS',
    1,
    [frame(index) for index in range(5)],
    [
        RoundResult(1, 'RELEASED', 'v2', 'better', 4, 1.5, 5000),
        RoundResult(3, 'ROLLED_BACK', 'v1', 'worse', 0, 0.0, 4000),
    ],
    ['road', 'car'],
    MATRICES.tolist(),
    MATRICES[:, ::-1].tolist(),
    {'start': 0.6, 'end': 0.5},
    {'date': 'today'},
)


def miou(matrix: np.ndarray) -> float:
    given, true = matrix[:, :2].sum(axis=0), matrix.sum(axis=1)
    hits = matrix.diagonal()
    ious = [hits[k] / (given[k] + true[k] - hits[k]) for k in range(2) if true[k]]
    return float(np.mean(ious))


@pytest.mark.parametrize('task', [None, 0, 2])
def test_figures_of_a_stream_and_of_a_task(task: int | None) -> None:
    rows = np.ones(5, bool) if task is None else task == TASKS
    assert RUN.system_miou(task) == pytest.approx(np.nanmean(SYSTEM[rows]))
    assert RUN.edge_miou(task) == pytest.approx(np.nanmean(EDGE[rows]))
    assert RUN.upload_rate(task) == pytest.approx(UPLOADED[rows].mean())
    assert RUN.latency_mean_s(task) == pytest.approx(LATENCY_S[rows].mean())
    assert [one.index for one in RUN.in_task(task)] == np.flatnonzero(rows).tolist()


def test_tasks_are_those_that_have_frames() -> None:
    assert RUN.tasks == [0, 2]


def test_one_matrix_over_the_whole_stream() -> None:
    assert RUN.system_miou_dataset() == pytest.approx(miou(MATRICES.sum(axis=0)))
    assert RUN.edge_miou_dataset() == pytest.approx(miou(MATRICES[:, ::-1].sum(axis=0)))


def test_bytes_are_those_of_frames_answers_and_updates() -> None:
    assert RUN.bytes_up() == 1000 * (1 + 3 + 4)
    assert RUN.bytes_down() == 100 * (1 + 3 + 4) + 5000 + 4000


def test_a_stream_without_annotations_has_no_miou() -> None:
    bare = [replace(EASY, system_miou=None, edge_miou=None)]
    run = replace(RUN, frames=bare, system_matrices=[[[0] * 3] * 2], edge_matrices=[[[0] * 3] * 2])
    figures = run.system_miou(), run.edge_miou(), run.system_miou_dataset()
    assert all(math.isnan(figure) for figure in (*figures, run.edge_miou_dataset()))


def test_a_run_survives_json() -> None:
    assert RunResult.from_json(json.loads(json.dumps(RUN.to_json()))) == RUN


@pytest.mark.parametrize('values', [{}, {'format': FORMAT + 1, 'frames': []}])
def test_another_format_gives_nothing(values: dict[str, object]) -> None:
    assert RunResult.from_json(values) is None
