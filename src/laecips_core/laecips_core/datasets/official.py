"""What data sets in their official folders share: order, times, tasks, meaning of ids."""

from __future__ import annotations

from collections.abc import Mapping
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from laecips_core.catalogue import ClassCatalogue
from laecips_core.config import DataSetConfig
from laecips_core.datasets.official_files import read_image
from laecips_core.datasets.official_files import read_png
from laecips_core.datasets.thinning import thinned
from laecips_core.errors import DataSetError
from laecips_core.values import Frame
from laecips_core.values import LabelledFrame
from laecips_core.values import LabelMap
from laecips_core.values import UNLABELLED

_GAP_NS = 1_000_000_000
_PARTS = 5


@dataclass(frozen=True)
class OfficialFrame:
    """
    One annotated frame, as its files lie in an official folder.

    :param sequence: the recording, or another group whose frames belong together.
    :param number: its number in the sequence; no other frame of the sequence has it.
    :param uid: its name, unique in the data set.
    :param image: the image file.
    :param label: the label file.
    """

    sequence: str
    number: int
    uid: str
    image: Path
    label: Path


@dataclass(frozen=True)
class LabelIds:
    """
    What the ids in label files mean.

    :param catalogue: the classes.
    :param classes: class of every id that may occur; UNLABELLED for one without a class.
    """

    catalogue: ClassCatalogue
    classes: Mapping[int, int]

    def labels(self, ids: NDArray[Any], path: Path) -> LabelMap:
        """
        Translate ids to classes.

        :param ids: (H, W) uint8 or uint16, as stored.
        :param path: the label file, for the error.
        :returns: (H, W) uint8 classes, 255 where there is none.
        :raises DataSetError: when an id has no meaning.
        """
        present = np.flatnonzero(np.bincount(ids.ravel())).tolist()
        unknown = [number for number in present if number not in self.classes]
        if unknown:
            raise DataSetError(
                str(path), f'ids in {min(self.classes)}..{max(self.classes)}', unknown
            )
        table = np.full(max(self.classes) + 1, UNLABELLED, np.uint8)
        table[list(self.classes)] = list(self.classes.values())
        labels: LabelMap = table[ids]
        return labels


@dataclass(frozen=True)
class _Item:
    frame: OfficialFrame
    stamp_ns: int
    task: int


class OfficialDataSet:
    """
    Annotated frames in order of sequence and number, cut into five equal tasks.

    Where frame numbers have a rate, number / rate is the time within a sequence, and sequences
    follow one another one second apart, the first from second one on. Where they have none,
    frames lie one second apart. Files are decoded when asked for and not kept.
    """

    name: str

    def __init__(
        self,
        meaning: LabelIds,
        frames: Sequence[OfficialFrame],
        rate_hz: float | None,
        config: DataSetConfig,
    ) -> None:
        """
        Order the frames; no image is decoded yet.

        :param meaning: of the ids in label files.
        :param frames: all of the split, in any order.
        :param rate_hz: frame numbers per second; None where they tell no time.
        :param config: how many frames to keep.
        :raises DataSetError: when there are no frames or fewer than asked for, a label file is
            missing, or two images are the same frame.
        """
        if not frames:
            raise DataSetError(f'{self.name} {config.split}', 'at least one frame', 'none')
        self.catalogue, self._meaning = meaning.catalogue, meaning
        ordered = sorted(frames, key=lambda frame: (frame.sequence, frame.number))
        self._items = thinned(_items(ordered, rate_hz), config.frames)

    def __len__(self) -> int:
        """Count the frames."""
        return len(self._items)

    def stamp_ns(self, index: int) -> int:
        """
        Give the time of one frame without decoding it.

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
            holds an id without a meaning.
        """
        item = self._items[index]
        image, path = read_image(item.frame.image), item.frame.label
        labels = self._meaning.labels(self._read_ids(path), path)
        if labels.shape != image.shape[:2]:
            raise DataSetError(str(path), f'the image size {image.shape[:2]}', labels.shape)
        return LabelledFrame(Frame(image, item.stamp_ns, item.frame.uid), labels, item.task)

    def _read_ids(self, path: Path) -> NDArray[Any]:
        stored = read_png(path)
        if stored.ndim != 2 or stored.dtype != np.uint8:
            raise DataSetError(
                str(path), '8 bit ids in one channel', f'{stored.shape} {stored.dtype}'
            )
        return stored


def _items(frames: Sequence[OfficialFrame], rate_hz: float | None) -> list[_Item]:
    items: list[_Item] = []
    start_ns = _GAP_NS
    for position, frame in enumerate(frames):
        if not frame.label.is_file():
            raise DataSetError(str(frame.label), f'the label map of {frame.image.name}', 'no file')
        before = items[-1] if items else None
        if before and before.frame.sequence != frame.sequence:
            start_ns = before.stamp_ns + _GAP_NS
        elif before and before.frame.number == frame.number:
            other = before.frame.image
            raise DataSetError(str(frame.image), 'one image a frame', f'the same frame as {other}')
        since_start_ns = round(frame.number * 1e9 / rate_hz) if rate_hz else 0
        stamp_ns = start_ns + since_start_ns if rate_hz else (position + 1) * _GAP_NS
        items.append(_Item(frame, stamp_ns, position * _PARTS // len(frames)))
    return items
