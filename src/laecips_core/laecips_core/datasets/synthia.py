"""The SYNTHIA-RAND-CITYSCAPES data set in its official folders."""

from __future__ import annotations

from pathlib import Path
import re
from typing import Any

import numpy as np
from numpy.typing import NDArray

from laecips_core.catalogue import ClassCatalogue
from laecips_core.config import DataSetConfig
from laecips_core.datasets.cityscapes import CATALOGUE as CITYSCAPES
from laecips_core.datasets.official import LabelIds
from laecips_core.datasets.official import OfficialDataSet
from laecips_core.datasets.official import OfficialFrame
from laecips_core.datasets.official_files import checked_root
from laecips_core.datasets.official_files import find_images
from laecips_core.datasets.official_files import name_parts
from laecips_core.datasets.official_files import read_png
from laecips_core.errors import DataSetError
from laecips_core.values import UNLABELLED

_PAGE = 'https://synthia-dataset.net'
_NAME = re.compile(r'[0-9]+')
_LABEL_IDS = 23
_SOURCE_PARTS, _PARTS = 4, 5
_RED = 2

# Id in label files and name of the classes shared with Cityscapes, in the order of Cityscapes.
_CLASSES = (
    (3, 'road'),
    (4, 'sidewalk'),
    (2, 'building'),
    (21, 'wall'),
    (5, 'fence'),
    (7, 'pole'),
    (15, 'traffic light'),
    (9, 'traffic sign'),
    (6, 'vegetation'),
    (1, 'sky'),
    (10, 'person'),
    (17, 'rider'),
    (8, 'car'),
    (19, 'bus'),
    (12, 'motorcycle'),
    (11, 'bicycle'),
)
_COLOURS = dict(zip(CITYSCAPES.names, CITYSCAPES.colours, strict=True))
CATALOGUE = ClassCatalogue(
    tuple(name for _, name in _CLASSES), tuple(_COLOURS[name] for _, name in _CLASSES)
)
_MEANING = LabelIds(
    CATALOGUE,
    dict.fromkeys(range(_LABEL_IDS), UNLABELLED)
    | {number: position for position, (number, _) in enumerate(_CLASSES)},
)


class Synthia(OfficialDataSet):
    """
    Rendered streets of a virtual city, in the 16 classes shared with Cityscapes.

    ``RGB/NUMBER.png`` goes with ``GT/LABELS/NUMBER.png``, 16 bit in three channels, with the ids
    0 to 22 in the first. Void (0) and the ids outside the 16 classes (13 parking slot, 14 road
    work, 16 terrain, 18 truck, 20 train, 22 lane marking) are ignored. There is no time and no
    official split: in the order of numbers, one second apart, the first four fifths of the
    frames are the source and the rest is the stream.
    """

    name = 'synthia'

    def __init__(self, config: DataSetConfig) -> None:
        """
        List the frames; no image is decoded yet.

        :param config: root, split and number of frames.
        :raises DataSetError: when a folder or label file is missing or a name is of another form.
        """
        root = checked_root(config, ('RGB', 'GT/LABELS'), _PAGE)
        frames = [
            _frame(image, root / 'GT/LABELS') for image in find_images(root / 'RGB', '*.png')
        ]
        frames.sort(key=lambda frame: frame.number)
        cut = len(frames) * _SOURCE_PARTS // _PARTS
        split = frames[:cut] if config.split == 'source' else frames[cut:]
        super().__init__(_MEANING, split, None, config)

    def _read_ids(self, path: Path) -> NDArray[Any]:
        stored = read_png(path)
        if stored.ndim != 3 or stored.shape[2] != 3 or stored.dtype != np.uint16:
            raise DataSetError(
                str(path), '16 bit in three channels', f'{stored.shape} {stored.dtype}'
            )
        return stored[..., _RED]


def _frame(image: Path, labels: Path) -> OfficialFrame:
    name_parts(image, _NAME, 'NUMBER.png')
    return OfficialFrame('', int(image.stem), image.stem, image, labels / image.name)
