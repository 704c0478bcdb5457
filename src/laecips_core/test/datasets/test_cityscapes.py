from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from laecips_core.config import DataSetConfig
from laecips_core.datasets.cityscapes import Cityscapes
from laecips_core.errors import DataSetError

# trainId of the label ids 0 to 33 in the official scripts.
TRAIN_IDS = (
    *(255,) * 7,
    *(0, 1, 255, 255, 2, 3, 4, 255, 255, 255, 5, 255),
    *(6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 255, 255, 16, 17, 18),
)
VAL = ('lindau_000001_000019', 'frankfurt_000001_000034', 'frankfurt_000000_000294')
TRAIN = ('aachen_000000_000019', 'aachen_000001_000019')


def write_frame(root: Path, part: str, uid: str, number: int = 7) -> None:
    city = uid.split('_')[0]
    image, label = root / 'leftImg8bit' / part / city, root / 'gtFine' / part / city
    for folder in (image, label):
        folder.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(image / f'{uid}_leftImg8bit.png'), np.zeros((6, 8, 3), np.uint8))
    cv2.imwrite(str(label / f'{uid}_gtFine_labelIds.png'), np.full((6, 8), number, np.uint8))


@pytest.fixture
def root(tmp_path: Path) -> Path:
    for part, uids in (('train', TRAIN), ('val', VAL)):
        for uid in uids:
            write_frame(tmp_path, part, uid)
    return tmp_path


def opened(root: Path, split: str = 'stream') -> Cityscapes:
    return Cityscapes(DataSetConfig(name='cityscapes', root=str(root), split=split))


def names(dataset: Cityscapes) -> list[str]:
    return [dataset[index].frame.frame_uid for index in range(len(dataset))]


def test_val_is_the_stream_by_city_sequence_and_frame(root: Path) -> None:
    assert names(opened(root)) == [VAL[2], VAL[1], VAL[0]]


def test_train_is_the_source(root: Path) -> None:
    assert names(opened(root, 'source')) == list(TRAIN)


def test_frame_numbers_count_at_17_hz(root: Path) -> None:
    write_frame(root, 'val', 'frankfurt_000000_000311')
    dataset = opened(root)
    assert dataset.stamp_ns(1) - dataset.stamp_ns(0) == pytest.approx(1e9, abs=1)
    stamps = [dataset.stamp_ns(index) for index in range(4)]
    assert stamps == sorted(set(stamps))


def test_five_frames_are_five_tasks(root: Path) -> None:
    for number in (100, 200):
        write_frame(root, 'val', f'munster_000000_000{number}')
    dataset = opened(root)
    assert [dataset[index].task for index in range(5)] == [0, 1, 2, 3, 4]


def test_every_label_id_becomes_its_train_id(root: Path) -> None:
    stored = np.arange(34, dtype=np.uint8).reshape(2, 17)
    folder = root / 'gtFine' / 'val' / 'lindau'
    cv2.imwrite(str(folder / f'{VAL[0]}_gtFine_labelIds.png'), stored)
    image = root / 'leftImg8bit' / 'val' / 'lindau' / f'{VAL[0]}_leftImg8bit.png'
    cv2.imwrite(str(image), np.zeros((2, 17, 3), np.uint8))
    assert tuple(opened(root)[2].labels.ravel().tolist()) == TRAIN_IDS


def test_catalogue_has_the_official_names_and_colours(root: Path) -> None:
    catalogue = opened(root).catalogue
    assert len(catalogue) == 19
    assert (catalogue.names[0], catalogue.names[18]) == ('road', 'bicycle')
    assert catalogue.colours[10] == (70, 130, 180)


def test_an_unknown_id_is_refused(root: Path) -> None:
    write_frame(root, 'val', VAL[0], 34)
    with pytest.raises(DataSetError, match=r'labelIds.png: expected ids in 0..33, got \[34\]'):
        opened(root)[2]


def test_a_missing_label_is_refused(root: Path) -> None:
    (root / 'gtFine' / 'val' / 'lindau' / f'{VAL[0]}_gtFine_labelIds.png').unlink()
    with pytest.raises(DataSetError, match='the label map of lindau_000001_000019_leftImg8bit'):
        opened(root)


def test_a_name_of_other_form_is_refused(root: Path) -> None:
    write_frame(root, 'val', 'lindau_one')
    with pytest.raises(DataSetError, match=r'a name CITY_SEQ_FRAME_leftImg8bit.png'):
        opened(root)


def test_missing_folders_are_named(tmp_path: Path) -> None:
    with pytest.raises(DataSetError, match=r'leftImg8bit/val and gtFine/val.*cityscapes-dataset'):
        opened(tmp_path)
