from __future__ import annotations

from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
import pytest

from laecips_core.config import DataSetConfig
from laecips_core.datasets.ade20k import Ade20k
from laecips_core.errors import DataSetError

SCENES = ('street', 'bathroom', 'street', 'abbey', 'bathroom')


def write_frame(root: Path, part: str, name: str, ids: NDArray[Any]) -> None:
    for folder in ('images', 'annotations'):
        (root / folder / part).mkdir(parents=True, exist_ok=True)
    image = np.zeros((*ids.shape, 3), np.uint8)
    cv2.imwrite(str(root / 'images' / part / f'{name}.jpg'), image)
    cv2.imwrite(str(root / 'annotations' / part / f'{name}.png'), ids)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    for number in range(1, 6):
        write_frame(tmp_path, 'validation', f'ADE_val_{number:08d}', np.ones((6, 8), np.uint8))
    for number in (1, 2):
        write_frame(tmp_path, 'training', f'ADE_train_{number:08d}', np.ones((6, 8), np.uint8))
    return tmp_path


def write_categories(root: Path, scenes: tuple[str, ...] = SCENES) -> None:
    lines = [f'ADE_val_{number:08d} {scene}' for number, scene in enumerate(scenes, 1)]
    (root / 'sceneCategories.txt').write_text('\n'.join(lines) + '\n')


def opened(root: Path, split: str = 'stream') -> Ade20k:
    return Ade20k(DataSetConfig(name='ade20k', root=str(root), split=split))


def numbers(dataset: Ade20k) -> list[int]:
    return [int(dataset[index].frame.frame_uid.split('_')[-1]) for index in range(len(dataset))]


def test_validation_is_the_stream_by_number(root: Path) -> None:
    dataset = opened(root)
    assert numbers(dataset) == [1, 2, 3, 4, 5]
    assert dataset[0].frame.frame_uid == 'ADE_val_00000001'
    assert [dataset.stamp_ns(index) for index in range(5)] == [n * 10**9 for n in range(1, 6)]


def test_training_is_the_source(root: Path) -> None:
    dataset = opened(root, 'source')
    assert numbers(dataset) == [1, 2]
    assert dataset[0].frame.frame_uid == 'ADE_train_00000001'


def test_with_scene_categories_the_tasks_follow_these(root: Path) -> None:
    write_categories(root)
    dataset = opened(root)
    assert numbers(dataset) == [4, 2, 5, 1, 3]
    assert [dataset[index].task for index in range(5)] == [0, 1, 2, 3, 4]
    assert [dataset.stamp_ns(index) for index in range(5)] == [n * 10**9 for n in range(1, 6)]


def test_a_frame_without_a_scene_category_is_refused(root: Path) -> None:
    write_categories(root, SCENES[:4])
    with pytest.raises(DataSetError, match=r'sceneCategories.txt: .*got none of ADE_val_00000005'):
        opened(root)


def test_every_id_is_one_above_its_class_and_0_is_ignored(root: Path) -> None:
    stored = np.arange(151, dtype=np.uint8).reshape(1, 151)
    write_frame(root, 'validation', 'ADE_val_00000001', stored)
    assert opened(root)[0].labels[0].tolist() == [255, *range(150)]


def test_catalogue_has_the_150_official_classes(root: Path) -> None:
    catalogue = opened(root).catalogue
    assert len(catalogue) == 150
    assert catalogue.names[:3] == ('wall', 'building', 'sky')
    assert catalogue.names[149] == 'flag'
    assert catalogue.colours[2] == (6, 230, 230)


def test_an_unknown_id_is_refused(root: Path) -> None:
    write_frame(root, 'validation', 'ADE_val_00000001', np.full((6, 8), 151, np.uint8))
    with pytest.raises(DataSetError, match=r'00000001.png: expected ids in 0..150, got \[151\]'):
        opened(root)[0]


def test_a_label_of_other_size_is_refused(root: Path) -> None:
    label = root / 'annotations' / 'validation' / 'ADE_val_00000001.png'
    cv2.imwrite(str(label), np.ones((6, 6), np.uint8))
    with pytest.raises(DataSetError, match=r'00000001.png: expected the image size \(6, 8\)'):
        opened(root)[0]


def test_a_missing_label_is_refused(root: Path) -> None:
    (root / 'annotations' / 'validation' / 'ADE_val_00000003.png').unlink()
    with pytest.raises(DataSetError, match=r'00000003.png: expected the label map of ADE_val_0'):
        opened(root)


def test_a_name_of_other_form_is_refused(root: Path) -> None:
    (root / 'images' / 'validation' / 'first.jpg').write_bytes(b'')
    with pytest.raises(DataSetError, match=r'a name ADE_train_NUMBER.jpg or ADE_val_NUMBER.jpg'):
        opened(root)


def test_missing_folders_are_named(tmp_path: Path) -> None:
    message = r'images/validation and annotations/validation.*sceneparsing'
    with pytest.raises(DataSetError, match=message):
        opened(tmp_path)
