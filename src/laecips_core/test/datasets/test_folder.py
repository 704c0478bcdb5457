from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
import pytest

from laecips_core.config import DataSetConfig
from laecips_core.datasets.folder import FolderDataSet
from laecips_core.errors import DataSetError

LAYOUT = """\
classes:
  - {name: sky, colour: [0, 0, 255]}
  - {name: road, colour: [90, 90, 90]}
ignore: [7]
rate_hz: 10
"""
CAMVID = Path(__file__).resolve().parents[4].parent / 'shared' / 'data' / 'camvid'
needs_camvid = pytest.mark.skipif(
    not (CAMVID / 'images').is_dir(), reason=f'no CamVid data in {CAMVID}'
)


def write_frame(root: Path, name: str, labels: NDArray[np.uint8], suffix: str = '.png') -> None:
    image = np.zeros((*labels.shape[:2], 3), np.uint8)
    image[..., 0] = 200
    cv2.imwrite(str(root / 'images' / f'{name}{suffix}'), cv2.cvtColor(image, cv2.COLOR_RGB2BGR))
    cv2.imwrite(str(root / 'labels' / f'{name}.png'), labels)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = tmp_path / 'walk'
    for folder in ('images', 'labels'):
        (root / folder).mkdir(parents=True)
    (root / 'dataset.yaml').write_text(LAYOUT)
    for number in range(10):
        write_frame(root, f'a_b_{number * 5:03d}', np.full((4, 6), number % 2, np.uint8))
    for number in range(4):
        write_frame(root, f'c_{number}', np.zeros((4, 6), np.uint8), '.jpg')
    return root


def opened(root: Path, select: str = '', frames: int = 0) -> FolderDataSet:
    return FolderDataSet(
        DataSetConfig(name='folder', root=str(root), select=select, frames=frames)
    )


def names(dataset: FolderDataSet) -> list[str]:
    return [dataset[index].frame.frame_uid for index in range(len(dataset))]


def stamps_s(dataset: FolderDataSet) -> list[float]:
    return [dataset.stamp_ns(index) / 1e9 for index in range(len(dataset))]


def test_all_frames_are_listed_by_sequence_and_number(root: Path) -> None:
    dataset = opened(root)
    assert names(dataset) == [f'a_b_{n * 5:03d}' for n in range(10)] + [f'c_{n}' for n in range(4)]
    assert dataset.catalogue.names == ('sky', 'road')


def test_numbers_are_sorted_as_numbers(root: Path) -> None:
    write_frame(root, 'c_10', np.zeros((4, 6), np.uint8))
    assert names(opened(root, 'c')) == ['c_0', 'c_1', 'c_2', 'c_3', 'c_10']


def test_images_are_rgb(root: Path) -> None:
    np.testing.assert_array_equal(opened(root)[0].frame.image[0, 0], (200, 0, 0))


def test_ignored_ids_become_unlabelled(root: Path) -> None:
    write_frame(root, 'd_0', np.array([[0, 1], [7, 255]], np.uint8))
    np.testing.assert_array_equal(opened(root, 'd')[0].labels, [[0, 1], [255, 255]])


def test_stamps_follow_frame_numbers_and_sequences_follow_one_another(root: Path) -> None:
    dataset = opened(root, 'c, a_b[:3]')
    assert stamps_s(dataset) == pytest.approx([1.0, 1.1, 1.2, 1.3, 2.3, 2.8, 3.3])
    assert [dataset[i].frame.stamp_ns for i in range(7)] == [dataset.stamp_ns(i) for i in range(7)]


def test_consecutive_slices_of_a_sequence_share_its_clock(root: Path) -> None:
    assert stamps_s(opened(root, 'c[:2],c[2:]')) == stamps_s(opened(root, 'c'))


def test_slices_out_of_order_still_have_rising_stamps(root: Path) -> None:
    stamps = stamps_s(opened(root, 'c[2:],c[:2],a_b'))
    assert stamps == sorted(set(stamps))


@pytest.mark.parametrize(
    ('select', 'numbers'),
    [
        ('c[1:3]', [1, 2]),
        ('c[:-1]', [0, 1, 2]),
        ('c[0.5:]', [2, 3]),
        ('c[:.25]', [0]),
        ('c[0.0:1.0]', [0, 1, 2, 3]),
        ('c[3:],c[:1]', [3, 0]),
        (' c[ 1 : 2 ] ', [1]),
    ],
)
def test_selection(root: Path, select: str, numbers: list[int]) -> None:
    assert names(opened(root, select)) == [f'c_{number}' for number in numbers]


def test_each_of_several_entries_is_a_task(root: Path) -> None:
    dataset = opened(root, 'c,a_b[:2]')
    assert [dataset[i].task for i in range(6)] == [0, 0, 0, 0, 1, 1]


@pytest.mark.parametrize('select', ['a_b', 'a_b[:10]'])
def test_one_entry_is_cut_into_five_tasks(root: Path, select: str) -> None:
    dataset = opened(root, select)
    assert [dataset[i].task for i in range(10)] == [0, 0, 1, 1, 2, 2, 3, 3, 4, 4]


def test_thinning_keeps_stamps_and_tasks(root: Path) -> None:
    full, thin = opened(root, 'a_b'), opened(root, 'a_b', frames=5)
    assert stamps_s(thin) == stamps_s(full)[::2]
    assert [thin[i].task for i in range(5)] == [0, 1, 2, 3, 4]


def test_index_past_the_end_is_refused(root: Path) -> None:
    dataset = opened(root, 'c')
    with pytest.raises(IndexError):
        dataset[4]


@pytest.mark.parametrize(
    ('select', 'message'),
    [
        ('c[1]', 'comma-separated SEQUENCE'),
        ('c[1:2', 'comma-separated SEQUENCE'),
        ('c[a:2]', 'comma-separated SEQUENCE'),
        ('c[:1.5]', 'fractions from 0.0 to 1.0'),
        ('c,,a_b', "got ''"),
        ('zebra', "expected a sequence of a_b, c, got 'zebra'"),
        ('c[4:]', 'expected at least one frame, got none of 4'),
        ('c,c[:1]', 'expected every frame once, got c_0 twice'),
    ],
)
def test_bad_selection_is_refused(root: Path, select: str, message: str) -> None:
    with pytest.raises(DataSetError, match=message):
        opened(root, select)


def test_more_frames_than_there_are_is_refused(root: Path) -> None:
    with pytest.raises(DataSetError, match='at most the 14 frames there are, got 15'):
        opened(root, frames=15)


@pytest.mark.parametrize('missing', ['', 'nowhere'])
def test_missing_root_is_refused(tmp_path: Path, missing: str) -> None:
    path = str(tmp_path / missing) if missing else ''
    with pytest.raises(DataSetError, match='root: expected a data folder'):
        FolderDataSet(DataSetConfig(name='folder', root=path))


def test_empty_folder_is_refused(root: Path) -> None:
    for image in (root / 'images').iterdir():
        image.unlink()
    with pytest.raises(DataSetError, match=r'images: expected images named \*.jpg'):
        opened(root)


def test_missing_label_is_refused_when_opened(root: Path) -> None:
    (root / 'labels' / 'c_2.png').unlink()
    with pytest.raises(DataSetError, match=r'c_2.png: expected the label map of c_2.jpg, got no'):
        opened(root)
    assert len(opened(root, 'a_b')) == 10


def test_name_without_number_is_refused(root: Path) -> None:
    (root / 'images' / 'holiday.jpg').write_bytes(b'')
    with pytest.raises(DataSetError, match='a name SEQUENCE_FRAME with a number'):
        opened(root)


def test_two_images_of_one_frame_are_refused(root: Path) -> None:
    (root / 'images' / 'c_02.png').write_bytes(b'')
    with pytest.raises(DataSetError, match='expected one image a frame, got the same frame as'):
        opened(root)


def test_label_of_other_size_is_refused(root: Path) -> None:
    cv2.imwrite(str(root / 'labels' / 'c_0.png'), np.zeros((4, 5), np.uint8))
    with pytest.raises(DataSetError, match=r'expected the image size \(4, 6\), got \(4, 5\)'):
        opened(root, 'c')[0]


def test_coloured_label_is_refused(root: Path) -> None:
    cv2.imwrite(str(root / 'labels' / 'c_0.png'), np.zeros((4, 6, 3), np.uint8))
    with pytest.raises(DataSetError, match='8 bit class ids in one channel, got'):
        opened(root, 'c')[0]


def test_unknown_class_id_is_refused(root: Path) -> None:
    cv2.imwrite(str(root / 'labels' / 'c_0.png'), np.full((4, 6), 5, np.uint8))
    with pytest.raises(DataSetError, match=r'class ids below 2 or ignored ones, got \[5\]'):
        opened(root, 'c')[0]


@pytest.mark.parametrize(
    ('broken', 'message'),
    [('images/c_0.jpg', 'a readable image'), ('labels/c_0.png', 'a readable PNG')],
)
def test_broken_file_is_refused(root: Path, broken: str, message: str) -> None:
    (root / broken).write_bytes(b'no picture')
    with pytest.raises(DataSetError, match=message):
        opened(root, 'c')[0]


@needs_camvid
def test_camvid_is_read_with_the_shipped_layout() -> None:
    dataset = opened(CAMVID, '0006R0,0016E5[:0.5],0001TP')
    assert len(dataset) == 101 + 152 + 124
    stamps = stamps_s(dataset)
    assert stamps == sorted(set(stamps))
    labelled = dataset[101]
    assert labelled.task == 1
    assert labelled.frame.size_px == (360, 480)
    assert set(np.unique(labelled.labels)) <= {*range(11), 255}
    assert dataset.catalogue.names[3] == 'road'
