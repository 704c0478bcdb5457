from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from laecips_core.datasets.layout import find_layout
from laecips_core.datasets.layout import read_layout
from laecips_core.datasets.layout import shipped_layouts
from laecips_core.errors import DataSetError

CLASSES = 'classes:\n  - {name: sky, colour: [0, 0, 255]}\n  - {name: road, colour: [9, 9, 9]}\n'


def written(folder: Path, text: str) -> Path:
    path = folder / 'dataset.yaml'
    path.write_text(text)
    return path


def test_own_layout_is_read(tmp_path: Path) -> None:
    written(tmp_path, CLASSES + 'ignore: [2, 11]\nrate_hz: 12.5\n')
    layout = find_layout(tmp_path)
    assert layout.catalogue.names == ('sky', 'road')
    assert layout.ignore == (2, 11)
    assert layout.rate_hz == 12.5


def test_ignore_and_rate_have_defaults(tmp_path: Path) -> None:
    layout = read_layout(written(tmp_path, CLASSES))
    assert layout.ignore == ()
    assert layout.rate_hz == 30.0


def test_own_layout_wins_over_the_shipped_one(tmp_path: Path) -> None:
    root = tmp_path / 'camvid'
    root.mkdir()
    assert len(find_layout(root).catalogue) == 11
    written(root, CLASSES)
    assert len(find_layout(root).catalogue) == 2


def test_camvid_ignores_void(tmp_path: Path) -> None:
    assert shipped_layouts() == ('camvid',)
    root = tmp_path / 'camvid'
    root.mkdir()
    layout = find_layout(root)
    assert layout.ignore == (11,)
    assert layout.rate_hz == 30.0


def test_relabelling_keeps_classes_and_drops_the_rest(tmp_path: Path) -> None:
    layout = read_layout(written(tmp_path, CLASSES + 'ignore: [1, 4]\n'))
    table = layout.relabelling()
    np.testing.assert_array_equal(table[:6], [0, 255, 255, 255, 255, 255])
    assert np.flatnonzero(layout.allowed_ids()).tolist() == [0, 1, 4, 255]


def test_folder_without_layout_is_told_what_to_write(tmp_path: Path) -> None:
    with pytest.raises(DataSetError, match='a folder named one of camvid, got neither; write one'):
        find_layout(tmp_path)


@pytest.mark.parametrize(
    ('text', 'message'),
    [
        ('ignore: 11\n', r'ignore: expected a list of ids in 0..255, got 11'),
        ('ignore: [256]\n', r'expected a list of ids in 0..255, got \[256\]'),
        ('ignore: [true]\n', 'expected a list of ids'),
        ('rate_hz: 0\n', r'rate_hz: expected a number in \(0, 10000\], got 0'),
        ('rate_hz: fast\n', 'got fast'),
        ('rate: 30\n', r"only the keys classes, ignore, rate_hz, got \['rate'\]"),
    ],
)
def test_bad_layout_is_refused(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(DataSetError, match=message):
        read_layout(written(tmp_path, CLASSES + text))


def test_layout_without_classes_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataSetError, match='a YAML file with classes'):
        read_layout(written(tmp_path, 'rate_hz: 30\n'))
