from __future__ import annotations

from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
import pytest

from laecips_core.config import DataSetConfig
from laecips_core.datasets.cityscapes import CATALOGUE as CITYSCAPES
from laecips_core.datasets.synthia import Synthia
from laecips_core.errors import DataSetError

# Class of the label ids 0 to 22.
CLASSES = (
    *(255, 9, 2, 0, 1, 4, 8, 5, 12, 7, 10, 15, 14),
    *(255, 255, 6, 255, 11, 255, 13, 255, 3, 255),
)


def write_frame(root: Path, number: int, ids: NDArray[Any]) -> None:
    for folder in ('RGB', 'GT/LABELS'):
        (root / folder).mkdir(parents=True, exist_ok=True)
    stored = np.zeros((*ids.shape, 3), np.uint16)
    stored[..., 2] = ids
    stored[..., 1] = 999
    cv2.imwrite(str(root / 'RGB' / f'{number:07d}.png'), np.zeros((*ids.shape, 3), np.uint8))
    cv2.imwrite(str(root / 'GT/LABELS' / f'{number:07d}.png'), stored)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    for number in range(25):
        write_frame(tmp_path, number, np.full((6, 8), 3))
    return tmp_path


def opened(root: Path, split: str = 'stream') -> Synthia:
    return Synthia(DataSetConfig(name='synthia', root=str(root), split=split))


def names(dataset: Synthia) -> list[str]:
    return [dataset[index].frame.frame_uid for index in range(len(dataset))]


def test_the_first_four_fifths_are_the_source_and_the_rest_is_the_stream(root: Path) -> None:
    assert names(opened(root, 'source')) == [f'{number:07d}' for number in range(20)]
    stream = opened(root)
    assert names(stream) == [f'{number:07d}' for number in range(20, 25)]
    assert [stream[index].task for index in range(5)] == [0, 1, 2, 3, 4]
    assert [stream.stamp_ns(index) for index in range(5)] == [n * 10**9 for n in range(1, 6)]


def test_every_id_of_the_first_channel_becomes_its_class(root: Path) -> None:
    write_frame(root, 24, np.arange(23).reshape(1, 23))
    assert tuple(opened(root)[4].labels[0].tolist()) == CLASSES


def test_catalogue_is_that_of_cityscapes_without_three_classes(root: Path) -> None:
    catalogue = opened(root).catalogue
    left_out = {'terrain', 'truck', 'train'}
    assert catalogue.names == tuple(n for n in CITYSCAPES.names if n not in left_out)
    assert catalogue.colours[9] == (70, 130, 180)


def test_an_unknown_id_is_refused(root: Path) -> None:
    write_frame(root, 20, np.full((6, 8), 300))
    with pytest.raises(DataSetError, match=r'0000020.png: expected ids in 0..22, got \[300\]'):
        opened(root)[0]


@pytest.mark.parametrize(
    'stored',
    [
        np.zeros((6, 8), np.uint16),
        np.zeros((6, 8, 3), np.uint8),
        np.zeros((6, 8, 4), np.uint16),
    ],
)
def test_a_label_of_other_form_is_refused(root: Path, stored: NDArray[Any]) -> None:
    cv2.imwrite(str(root / 'GT/LABELS/0000020.png'), stored)
    with pytest.raises(DataSetError, match=r'0000020.png: expected 16 bit in three channels'):
        opened(root)[0]


def test_a_missing_label_is_refused(root: Path) -> None:
    (root / 'GT/LABELS/0000024.png').unlink()
    with pytest.raises(DataSetError, match=r'LABELS/0000024.png: expected the label map of'):
        opened(root)


def test_a_name_of_other_form_is_refused(root: Path) -> None:
    (root / 'RGB' / 'first.png').write_bytes(b'')
    with pytest.raises(DataSetError, match=r'a name NUMBER.png, got first'):
        opened(root)


def test_too_few_frames_for_a_source_are_refused(tmp_path: Path) -> None:
    write_frame(tmp_path, 0, np.full((6, 8), 3))
    with pytest.raises(DataSetError, match='synthia source: expected at least one frame'):
        opened(tmp_path, 'source')


def test_missing_folders_are_named(tmp_path: Path) -> None:
    with pytest.raises(DataSetError, match=r'RGB and GT/LABELS, got no RGB.*synthia-dataset'):
        opened(tmp_path)
