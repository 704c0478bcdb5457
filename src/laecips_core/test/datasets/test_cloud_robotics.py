from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from laecips_core.config import DataSetConfig
from laecips_core.datasets.cloud_robotics import CloudRobotics
from laecips_core.errors import DataSetError

FRONT, GARDEN = '20220420_front', '20220420_garden'


def write_frame(root: Path, part: str, place: str, number: int) -> None:
    image, label = root / 'rgb' / part / place, root / 'gtFine' / part / place
    for folder in (image, label):
        folder.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(image / f'{number:05d}.png'), np.zeros((6, 8, 3), np.uint8))
    cv2.imwrite(str(label / f'{number:05d}_TrainIds.png'), np.full((6, 8), 29, np.uint8))


@pytest.fixture
def root(tmp_path: Path) -> Path:
    for place, number in ((GARDEN, 480), (GARDEN, 1357), (FRONT, 3), (FRONT, 20), (FRONT, 100)):
        write_frame(tmp_path, 'val', place, number)
    for place, number in ((GARDEN, 481), (FRONT, 4)):
        write_frame(tmp_path, 'train', place, number)
    write_frame(tmp_path, 'test', FRONT, 5)
    return tmp_path


def opened(root: Path, split: str = 'stream') -> CloudRobotics:
    return CloudRobotics(DataSetConfig(name='cloud_robotics', root=str(root), split=split))


def names(dataset: CloudRobotics) -> list[str]:
    return [dataset[index].frame.frame_uid for index in range(len(dataset))]


def test_val_is_the_stream_by_place_and_number(root: Path) -> None:
    dataset = opened(root)
    front = [f'{FRONT}_{number}' for number in ('00003', '00020', '00100')]
    assert names(dataset) == [*front, f'{GARDEN}_00480', f'{GARDEN}_01357']
    assert [dataset[index].task for index in range(5)] == [0, 1, 2, 3, 4]
    assert [dataset.stamp_ns(index) for index in range(5)] == [n * 10**9 for n in range(1, 6)]


def test_train_is_the_source(root: Path) -> None:
    assert names(opened(root, 'source')) == [f'{FRONT}_00004', f'{GARDEN}_00481']


def test_ids_of_the_30_classes_stay_and_all_above_are_ignored(root: Path) -> None:
    stored = np.arange(256, dtype=np.uint8).reshape(16, 16)
    cv2.imwrite(str(root / 'gtFine' / 'val' / FRONT / '00003_TrainIds.png'), stored)
    image = root / 'rgb' / 'val' / FRONT / '00003.png'
    cv2.imwrite(str(image), np.zeros((16, 16, 3), np.uint8))
    labels = opened(root)[0].labels.ravel()
    assert labels.tolist() == [*range(30), *(255,) * 226]


def test_catalogue_has_the_30_official_classes(root: Path) -> None:
    names = opened(root).catalogue.names
    assert len(names) == 30
    assert names[:2] == ('road', 'sidewalk')
    assert names[18:] == (
        *('bicycle', 'stair', 'curb', 'ramp', 'runway', 'flowerbed', 'door'),
        *('CCTV camera', 'Manhole', 'hydrant', 'belt', 'dustbin'),
    )


def test_colours_differ(root: Path) -> None:
    assert len(set(opened(root).catalogue.colours)) == 30


def test_a_missing_label_is_refused(root: Path) -> None:
    (root / 'gtFine' / 'val' / GARDEN / '01357_TrainIds.png').unlink()
    with pytest.raises(DataSetError, match=r'01357_TrainIds.png: expected the label map of 01357'):
        opened(root)


def test_a_label_of_other_size_is_refused(root: Path) -> None:
    label = root / 'gtFine' / 'val' / FRONT / '00003_TrainIds.png'
    cv2.imwrite(str(label), np.zeros((3, 8), np.uint8))
    with pytest.raises(
        DataSetError, match=r'00003_TrainIds.png: expected the image size \(6, 8\)'
    ):
        opened(root)[0]


def test_a_name_of_other_form_is_refused(root: Path) -> None:
    (root / 'rgb' / 'val' / FRONT / 'first.png').write_bytes(b'')
    with pytest.raises(DataSetError, match=r'a name FRAME.png with a number FRAME, got first'):
        opened(root)


def test_missing_folders_are_named(tmp_path: Path) -> None:
    with pytest.raises(
        DataSetError, match=r'rgb/train and gtFine/train.*kubeedge-ianvs.github.io'
    ):
        opened(tmp_path, 'source')
