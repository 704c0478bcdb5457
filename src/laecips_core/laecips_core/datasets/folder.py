"""A data set in a folder: images and label maps of the same names."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from laecips_core.config import DataSetConfig
from laecips_core.datasets.layout import find_layout
from laecips_core.datasets.selection import group_by_sequence
from laecips_core.datasets.selection import select_frames
from laecips_core.datasets.thinning import thinned
from laecips_core.errors import DataSetError
from laecips_core.values import Frame
from laecips_core.values import Image
from laecips_core.values import LabelledFrame
from laecips_core.values import LabelMap

_SUFFIXES = ('.jpg', '.jpeg', '.png')
_GAP_NS = 1_000_000_000
_PARTS = 5


@dataclass(frozen=True)
class _Item:
    image: Path
    label: Path
    stamp_ns: int
    task: int


class FolderDataSet:
    """
    Frames and label maps of the same names, in two folders below a root.

    ``images/SEQUENCE_FRAME.{jpg,jpeg,png}`` goes with ``labels/SEQUENCE_FRAME.png``. Frame
    numbers count at the layout's rate, so FRAME / rate is the time within a sequence; sequences
    follow one another in the order selected, one second apart, the first from second one on.
    Every entry of a selection of several is a task; otherwise the whole is cut into five equal
    tasks. Files are decoded when asked for and not kept.
    """

    name = 'folder'

    def __init__(self, config: DataSetConfig) -> None:
        """
        List the frames; no image is decoded yet.

        :param config: root, selection and number of frames.
        :raises DataSetError: when the folder is missing, empty or misnamed, has no layout, when
            the selection does not fit, or a selected image has no label map.
        """
        root = Path(config.root).expanduser()
        if not config.root or not root.is_dir():
            raise DataSetError(
                'root', 'a data folder with images/ and labels/', repr(config.root), 'set root'
            )
        layout = find_layout(root)
        self.catalogue = layout.catalogue
        self._relabelling, self._allowed = layout.relabelling(), layout.allowed_ids()
        entries = select_frames(config.select, group_by_sequence(_images(root)))
        items = _items(root, entries, layout.rate_hz, bool(config.select.strip()))
        self._items = thinned(items, config.frames)

    def __len__(self) -> int:
        """Count the frames."""
        return len(self._items)

    def stamp_ns(self, index: int) -> int:
        """
        Give the capture time of one frame without decoding it.

        :param index: position in this data set.
        :raises IndexError: past the end.
        """
        return self._items[index].stamp_ns

    def __getitem__(self, index: int) -> LabelledFrame:
        """
        Decode one frame and its label map.

        :param index: position in this data set.
        :raises IndexError: past the end.
        :raises DataSetError: when a file cannot be decoded, the sizes differ, or the label map
            holds an id that the catalogue does not have.
        """
        item = self._items[index]
        image = _read_image(item.image)
        labels = self._read_labels(item.label)
        if labels.shape != image.shape[:2]:
            raise DataSetError(str(item.label), f'the image size {image.shape[:2]}', labels.shape)
        frame = Frame(image, item.stamp_ns, item.image.stem)
        return LabelledFrame(frame, labels, item.task)

    def _read_labels(self, path: Path) -> LabelMap:
        stored = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
        if stored is None:
            raise DataSetError(str(path), 'a readable PNG', 'none')
        if stored.ndim != 2 or stored.dtype != np.uint8:
            raise DataSetError(
                str(path), '8 bit class ids in one channel', f'{stored.shape} {stored.dtype}'
            )
        ids = np.flatnonzero(np.bincount(stored.ravel(), minlength=256))
        unknown = ids[~self._allowed[ids]]
        if len(unknown):
            raise DataSetError(
                str(path),
                f'class ids below {len(self.catalogue)} or ignored ones',
                unknown.tolist(),
                'add them to classes or ignore of the layout',
            )
        labels: LabelMap = self._relabelling[stored]
        return labels


def _images(root: Path) -> list[Path]:
    folder = root / 'images'
    images = [path for path in sorted(folder.glob('*')) if path.suffix.lower() in _SUFFIXES]
    if not images:
        raise DataSetError(str(folder), 'images named *.jpg, *.jpeg or *.png', 'none')
    return images


def _items(
    root: Path,
    entries: Sequence[tuple[str, Sequence[tuple[int, Path]]]],
    rate_hz: float,
    selected: bool,
) -> list[_Item]:
    total, several = sum(len(frames) for _, frames in entries), selected and len(entries) > 1
    items: list[_Item] = []
    start_ns, last_ns, before = _GAP_NS, 0, ('', -1)
    for number, (sequence, frames) in enumerate(entries):
        # Consecutive slices of one sequence share its clock.
        if items and not (sequence == before[0] and frames[0][0] > before[1]):
            start_ns = last_ns + _GAP_NS
        for frame, image in frames:
            last_ns = start_ns + round(frame * 1e9 / rate_hz)
            task = number if several else len(items) * _PARTS // total
            items.append(_Item(image, _label_of(root, image), last_ns, task))
        before = (sequence, frames[-1][0])
    return items


def _label_of(root: Path, image: Path) -> Path:
    label = root / 'labels' / f'{image.stem}.png'
    if not label.is_file():
        raise DataSetError(str(label), f'the label map of {image.name}', 'no file')
    return label


def _read_image(path: Path) -> Image:
    # Label maps are not turned by an EXIF orientation, so neither is the image.
    flags = cv2.IMREAD_COLOR_RGB | cv2.IMREAD_IGNORE_ORIENTATION
    image: NDArray[np.uint8] | None = cv2.imread(str(path), flags)  # type: ignore[assignment]
    if image is None:
        raise DataSetError(str(path), 'a readable image', 'none')
    return image
