from __future__ import annotations

from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
import pytest

from laecips_core.catalogue import ClassCatalogue
from laecips_core.config import DataSetConfig
from laecips_core.datasets.official import LabelIds
from laecips_core.datasets.official import OfficialDataSet
from laecips_core.datasets.official import OfficialFrame
from laecips_core.datasets.official_files import checked_root
from laecips_core.datasets.official_files import find_images
from laecips_core.errors import DataSetError

MEANING = LabelIds(ClassCatalogue(('a', 'b'), ((0, 0, 0), (1, 1, 1))), {3: 0, 5: 1, 7: 255})


class Walk(OfficialDataSet):
    name = 'walk'


def frame(root: Path, sequence: str, number: int) -> OfficialFrame:
    uid = f'{sequence}_{number}'
    image = np.zeros((6, 8, 3), np.uint8)
    image[..., 0] = 200
    cv2.imwrite(str(root / f'{uid}.png'), cv2.cvtColor(image, cv2.COLOR_RGB2BGR))
    cv2.imwrite(str(root / f'{uid}_ids.png'), np.full((6, 8), 3, np.uint8))
    return OfficialFrame(sequence, number, uid, root / f'{uid}.png', root / f'{uid}_ids.png')


def opened(frames: list[OfficialFrame], rate_hz: float | None = None, count: int = 0) -> Walk:
    return Walk(MEANING, frames, rate_hz, DataSetConfig(name='walk', frames=count))


def stamps_s(dataset: Walk) -> list[float]:
    return [dataset.stamp_ns(index) / 1e9 for index in range(len(dataset))]


@pytest.fixture
def frames(tmp_path: Path) -> list[OfficialFrame]:
    return [frame(tmp_path, *key) for key in (('b', 2), ('a', 10), ('a', 9), ('b', 0))]


def test_frames_follow_sequence_and_number(frames: list[OfficialFrame]) -> None:
    dataset = opened(frames)
    assert [dataset[i].frame.frame_uid for i in range(4)] == ['a_9', 'a_10', 'b_0', 'b_2']
    assert dataset.catalogue.names == ('a', 'b')


def test_numbers_with_a_rate_tell_the_time(frames: list[OfficialFrame]) -> None:
    assert stamps_s(opened(frames, 10.0)) == pytest.approx([1.9, 2.0, 3.0, 3.2])


def test_numbers_without_a_rate_are_a_second_apart(frames: list[OfficialFrame]) -> None:
    dataset = opened(frames)
    assert stamps_s(dataset) == [1.0, 2.0, 3.0, 4.0]
    assert [dataset[i].frame.stamp_ns for i in range(4)] == [dataset.stamp_ns(i) for i in range(4)]


def test_the_whole_is_cut_into_five_tasks_and_thinning_keeps_them(tmp_path: Path) -> None:
    frames = [frame(tmp_path, 'a', number) for number in range(10)]
    assert [opened(frames)[i].task for i in range(10)] == [0, 0, 1, 1, 2, 2, 3, 3, 4, 4]
    thin = opened(frames, count=5)
    assert [thin[i].task for i in range(5)] == [0, 1, 2, 3, 4]
    assert stamps_s(thin) == [1.0, 3.0, 5.0, 7.0, 9.0]


def test_images_are_rgb_and_read_only_when_asked_for(frames: list[OfficialFrame]) -> None:
    dataset = opened(frames)
    frames[2].image.write_bytes(b'no picture')
    np.testing.assert_array_equal(dataset[1].frame.image[0, 0], (200, 0, 0))
    with pytest.raises(DataSetError, match=r'a_9.png: expected a readable image'):
        dataset[0]


def test_ids_become_classes(frames: list[OfficialFrame]) -> None:
    stored = np.full((6, 8), 7, np.uint8)
    stored[0, :2] = 3, 5
    cv2.imwrite(str(frames[2].label), stored)
    labels = opened(frames)[0].labels
    assert labels.dtype == np.uint8
    np.testing.assert_array_equal(labels[0, :3], [0, 1, 255])


@pytest.mark.parametrize('number', [0, 4, 255])
def test_an_unknown_id_is_refused(frames: list[OfficialFrame], number: int) -> None:
    cv2.imwrite(str(frames[2].label), np.full((6, 8), number, np.uint8))
    with pytest.raises(DataSetError, match=rf'a_9_ids.png: expected ids in 3..7, got \[{number}'):
        opened(frames)[0]


@pytest.mark.parametrize(
    ('stored', 'message'),
    [
        (np.full((6, 7), 3, np.uint8), r'the image size \(6, 8\), got \(6, 7\)'),
        (np.full((6, 8, 3), 3, np.uint8), '8 bit ids in one channel'),
        (np.full((6, 8), 3, np.uint16), '8 bit ids in one channel'),
    ],
)
def test_a_label_map_of_other_form_is_refused(
    frames: list[OfficialFrame], stored: NDArray[Any], message: str
) -> None:
    cv2.imwrite(str(frames[2].label), stored)
    with pytest.raises(DataSetError, match=f'a_9_ids.png: expected {message}'):
        opened(frames)[0]


def test_a_broken_label_map_is_refused(frames: list[OfficialFrame]) -> None:
    frames[2].label.write_bytes(b'no picture')
    with pytest.raises(DataSetError, match=r'a_9_ids.png: expected a readable PNG'):
        opened(frames)[0]


def test_a_missing_label_map_is_refused_when_opened(frames: list[OfficialFrame]) -> None:
    frames[0].label.unlink()
    with pytest.raises(DataSetError, match=r'b_2_ids.png: expected the label map of b_2.png'):
        opened(frames)


def test_two_images_of_one_frame_are_refused(frames: list[OfficialFrame]) -> None:
    with pytest.raises(DataSetError, match='one image a frame, got the same frame as'):
        opened([*frames, frames[0]])


def test_no_frames_are_refused() -> None:
    with pytest.raises(DataSetError, match='walk stream: expected at least one frame'):
        opened([])


def test_more_frames_than_there_are_is_refused(frames: list[OfficialFrame]) -> None:
    with pytest.raises(DataSetError, match='at most the 4 frames there are, got 5'):
        opened(frames, count=5)


def test_index_past_the_end_is_refused(frames: list[OfficialFrame]) -> None:
    dataset = opened(frames)
    with pytest.raises(IndexError):
        dataset[4]


@pytest.mark.parametrize('missing', ['', 'nowhere'])
def test_a_missing_root_is_refused_with_the_page(tmp_path: Path, missing: str) -> None:
    config = DataSetConfig(root=str(tmp_path / missing) if missing else '')
    with pytest.raises(DataSetError, match=r'root: expected a folder with x and y, got .* PAGE'):
        checked_root(config, ('x', 'y'), 'PAGE')


def test_a_missing_folder_is_refused_with_the_page(tmp_path: Path) -> None:
    (tmp_path / 'x').mkdir()
    with pytest.raises(DataSetError, match='the folders x and y, got no y; get the data from P'):
        checked_root(DataSetConfig(root=str(tmp_path)), ('x', 'y'), 'PAGE')


def test_a_selection_is_refused(tmp_path: Path) -> None:
    config = DataSetConfig(name='walk', root=str(tmp_path), select='a')
    with pytest.raises(DataSetError, match="select: expected none with walk, got 'a'"):
        checked_root(config, (), 'PAGE')


def test_a_folder_without_images_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataSetError, match=r'expected images \*\.png, got none'):
        find_images(tmp_path, '*.png')
