from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np

from laecips_bringup.experiment_figures import class_frequency_figure
from laecips_bringup.experiment_figures import task_lines_figure
from laecips_bringup.experiment_figures import task_miou_figure
from laecips_core.experiments.results import FrameResult
from laecips_core.experiments.results import RunResult

SIGNATURE = b'\x89PNG\r\n\x1a\n'
WIDTH_PX = 1350
SHARES = [[0.5, 0.0, 0.5], [0.9, 0.0, 0.1]]
CLASSES = ['road', 'tram', 'car']


def _frame(index: int, miou: float | None) -> FrameResult:
    uploaded = index % 2 == 0
    return FrameResult(index, index // 2, miou, miou, uploaded, 0.5, 0.5, 'v', 0.1, 0.0, 0.1, 0, 0)


def _run(method: str = 'LAECIPS', seed: int = 0, miou: float | None = 0.5) -> RunResult:
    frames = [_frame(index, miou) for index in range(4)]
    return RunResult(method, seed, frames, [], CLASSES, [], [])


def _pixels(png: bytes) -> np.ndarray:
    assert png.startswith(SIGNATURE)
    pixels = cv2.imdecode(np.frombuffer(png, np.uint8), cv2.IMREAD_COLOR)
    assert pixels is not None
    return pixels


def test_every_figure_is_a_png_of_the_page_width() -> None:
    for png in (
        class_frequency_figure(SHARES, CLASSES), task_miou_figure([_run()]),
        task_lines_figure([_run()]),
    ):  # fmt: skip
        assert _pixels(png).shape[1] == WIDTH_PX


def test_same_values_give_the_same_bytes() -> None:
    assert task_miou_figure([_run()]) == task_miou_figure([_run()])
    assert class_frequency_figure(SHARES, CLASSES) == class_frequency_figure(SHARES, CLASSES)


def test_frequency_map_shows_changes_and_leaves_absent_classes_out() -> None:
    shown = class_frequency_figure(SHARES, CLASSES)
    other = [[0.5, 0.0, 0.5], [0.8, 0.0, 0.2]]
    assert shown != class_frequency_figure(other, CLASSES)
    present = [[0.5, 0.1, 0.4], [0.9, 0.0, 0.1]]
    taller = class_frequency_figure(present, CLASSES)
    assert _pixels(taller).shape[0] > _pixels(shown).shape[0]
    assert _pixels(class_frequency_figure([[0.0], [0.0]], ['road'])).any()


def test_bars_show_value_interval_and_method() -> None:
    one = task_miou_figure([_run(), _run(seed=1)])
    assert one != task_miou_figure([_run(), _run(seed=1, miou=0.6)])
    # The same mean of another spread.
    assert one != task_miou_figure([_run(miou=0.45), _run(seed=1, miou=0.55)])
    assert one != task_miou_figure([_run('EDGE'), _run('EDGE', 1)])


def test_lines_show_miou_and_upload_rate() -> None:
    one = task_lines_figure([_run()])
    assert one != task_lines_figure([_run(miou=0.4)])
    never = [replace(frame, uploaded=False) for frame in _run().frames]
    assert one != task_lines_figure([replace(_run(), frames=never)])


def test_figures_need_no_annotation() -> None:
    for draw in (task_miou_figure, task_lines_figure):
        assert _pixels(draw([_run(miou=None)])).any()
