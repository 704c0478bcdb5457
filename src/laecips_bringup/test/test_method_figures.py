from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest

from laecips_bringup.method_figures import FIGURES
from laecips_bringup.method_figures import SHOWN
from laecips_bringup.method_figures import WALK
from laecips_core.config import EdgeConfig
from laecips_core.pipeline.build_edge import build_edge
from laecips_core.registry import build_dataset

FOLDER = Path(__file__).resolve().parents[3] / 'docs' / 'figures'
MAX_BYTES = 150_000


def colours(data: bytes) -> int:
    image = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
    assert image.shape[1] == 1350
    return len(np.unique(image.reshape(-1, 3), axis=0))


@pytest.mark.parametrize(('file', 'make'), FIGURES.items())
def test_figure_is_made_small_and_not_blank(file: str, make: Callable[[], bytes]) -> None:
    data = make()
    assert len(data) < MAX_BYTES
    assert colours(data) > 50


@pytest.mark.parametrize('file', FIGURES)
def test_committed_figure_is_small_and_used(file: str) -> None:
    assert 0 < (FOLDER / file).stat().st_size < MAX_BYTES
    assert f'(figures/{file})' in (FOLDER.parent / 'method.md').read_text(encoding='utf-8')


def test_folder_holds_no_other_figure() -> None:
    assert {path.name for path in FOLDER.iterdir()} == set(FIGURES)


def test_frame_shown_is_hard() -> None:
    frame = build_dataset(WALK)[SHOWN].frame
    assert build_edge(EdgeConfig()).pipeline.process(frame).verdict.hard
