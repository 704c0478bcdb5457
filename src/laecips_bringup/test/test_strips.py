from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np

from laecips_bringup.records import FrameRecord
from laecips_bringup.records import RunRecord
from laecips_bringup.strips import chosen_frames
from laecips_bringup.strips import region_borders
from laecips_bringup.strips import strips
from laecips_core.catalogue import ClassCatalogue
from laecips_core.config import MaskConfig
from laecips_core.masks.regions import RegionGenerator
from laecips_core.masks.runs import from_booleans
from laecips_core.masks.runs import from_partition
from laecips_core.values import Frame
from laecips_core.values import LabelledFrame
from laecips_core.values import Source


class TwoColours:
    name = 'two colours'
    catalogue = ClassCatalogue(('road', 'person'), ((128, 64, 128), (220, 20, 60)))

    def __len__(self) -> int:
        return 6

    def __getitem__(self, index: int) -> LabelledFrame:
        labels = np.zeros((24, 32), np.uint8)
        labels[:, 4 * index : 4 * index + 8] = 1
        image = self.catalogue.palette()[labels]
        return LabelledFrame(Frame(image, index, f'f{index}'), labels, index // 3)


def _run(method: str, fused: set[int]) -> RunRecord:
    frames = []
    for i in range(6):
        labels = TwoColours()[i].labels
        source = Source.FUSED if i in fused else Source.EDGE
        frames.append(
            FrameRecord(
                i, i, i // 3, labels, labels, source, i in fused, 0.5, 0.5, 'v', '', 0.0, 0.0,
                0.0, 0, 0,
            )
        )  # fmt: skip
    return RunRecord(method, 6, 6, 0, frames)


def _width_over_height(png: bytes) -> float:
    height, width, _ = cv2.imdecode(np.frombuffer(png, np.uint8), cv2.IMREAD_COLOR).shape
    return width / height


def test_a_fused_frame_is_chosen_where_a_task_has_one() -> None:
    runs = [_run('EDGE', set()), _run('LAECIPS', {3, 5})]
    assert [frame.index for frame in chosen_frames(runs)] == [1, 5]


def test_without_the_method_the_last_run_decides() -> None:
    runs = [_run('EDGE', {0}), _run('CLOUD', {2, 4})]
    assert [frame.index for frame in chosen_frames(runs)] == [2, 4]


def test_borders_are_two_pixels_wide() -> None:
    regions = np.array([[0, 0, 0, 1, 1, 1]])
    borders = region_borders(from_partition(regions, generator='test'))
    assert borders.tolist() == [[False, False, True, True, False, False]]


def test_small_masks_lie_on_top_of_large_ones() -> None:
    large = np.ones((5, 5), bool)
    small = np.zeros((5, 5), bool)
    small[2, 2] = True
    for masks in ([large, small], [small, large]):
        borders = region_borders(from_booleans(masks, (5, 5), generator='test'))
        assert borders.sum() == 5
        assert borders[2, 2]


def test_no_masks_have_no_borders() -> None:
    assert not region_borders(from_booleans([], (4, 4), generator='test')).any()


def test_strips_are_one_png_with_a_row_for_each_task() -> None:
    runs = [_run('EDGE', set()), _run('CLOUD', set(range(6))), _run('LAECIPS', {1, 4})]
    generator = RegionGenerator(MaskConfig())
    both = strips(runs, TwoColours(), generator)
    assert both.startswith(b'\x89PNG\r\n\x1a\n')
    first = [replace(run, frames=run.frames[:3]) for run in runs]
    assert _width_over_height(strips(first, TwoColours(), generator)) > _width_over_height(both)


def test_strips_do_without_truth_and_masks() -> None:
    run = _run('LAECIPS', {1})
    bare = [replace(frame, mask=None, truth=None) for frame in run.frames]
    png = strips([replace(run, frames=bare)], TwoColours(), RegionGenerator(MaskConfig()))
    assert png.startswith(b'\x89PNG\r\n\x1a\n')
