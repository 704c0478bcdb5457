"""The Cityscapes data set in its official folders."""

from __future__ import annotations

from pathlib import Path
import re

from laecips_core.catalogue import ClassCatalogue
from laecips_core.config import DataSetConfig
from laecips_core.datasets.official import LabelIds
from laecips_core.datasets.official import OfficialDataSet
from laecips_core.datasets.official import OfficialFrame
from laecips_core.datasets.official_files import checked_root
from laecips_core.datasets.official_files import find_images
from laecips_core.datasets.official_files import name_parts
from laecips_core.values import UNLABELLED

_PAGE = 'https://www.cityscapes-dataset.com'
_PARTS = {'source': 'train', 'stream': 'val'}
_NAME = re.compile(r'(?P<sequence>.+_[0-9]+)_(?P<frame>[0-9]+)_leftImg8bit')
_RATE_HZ = 17.0
_LABEL_IDS = 34

# Id in label files, name and colour of the classes with a train id, in the order of these.
_CLASSES: tuple[tuple[int, str, tuple[int, int, int]], ...] = (
    (7, 'road', (128, 64, 128)),
    (8, 'sidewalk', (244, 35, 232)),
    (11, 'building', (70, 70, 70)),
    (12, 'wall', (102, 102, 156)),
    (13, 'fence', (190, 153, 153)),
    (17, 'pole', (153, 153, 153)),
    (19, 'traffic light', (250, 170, 30)),
    (20, 'traffic sign', (220, 220, 0)),
    (21, 'vegetation', (107, 142, 35)),
    (22, 'terrain', (152, 251, 152)),
    (23, 'sky', (70, 130, 180)),
    (24, 'person', (220, 20, 60)),
    (25, 'rider', (255, 0, 0)),
    (26, 'car', (0, 0, 142)),
    (27, 'truck', (0, 0, 70)),
    (28, 'bus', (0, 60, 100)),
    (31, 'train', (0, 80, 100)),
    (32, 'motorcycle', (0, 0, 230)),
    (33, 'bicycle', (119, 11, 32)),
)
CATALOGUE = ClassCatalogue(
    tuple(name for _, name, _ in _CLASSES), tuple(colour for _, _, colour in _CLASSES)
)
_MEANING = LabelIds(
    CATALOGUE,
    dict.fromkeys(range(_LABEL_IDS), UNLABELLED)
    | {number: position for position, (number, _, _) in enumerate(_CLASSES)},
)


class Cityscapes(OfficialDataSet):
    """
    Streets of cities, in the 19 classes of the benchmark.

    ``leftImg8bit/SPLIT/CITY/CITY_SEQ_FRAME_leftImg8bit.png`` goes with
    ``gtFine/SPLIT/CITY/CITY_SEQ_FRAME_gtFine_labelIds.png``, which holds the ids 0 to 33. Those
    without a train id in the official scripts (cityscapesscripts, labels.py) are ignored.
    Official train is the source, official val the stream; frame numbers count at 17 Hz.
    """

    name = 'cityscapes'

    def __init__(self, config: DataSetConfig) -> None:
        """
        List the frames; no image is decoded yet.

        :param config: root, split and number of frames.
        :raises DataSetError: when a folder or label file is missing or a name is of another form.
        """
        part = _PARTS[config.split]
        root = checked_root(config, (f'leftImg8bit/{part}', f'gtFine/{part}'), _PAGE)
        images = find_images(root / 'leftImg8bit' / part, '*/*_leftImg8bit.png')
        labels = root / 'gtFine' / part
        super().__init__(_MEANING, [_frame(image, labels) for image in images], _RATE_HZ, config)


def _frame(image: Path, labels: Path) -> OfficialFrame:
    parts = name_parts(image, _NAME, 'CITY_SEQ_FRAME_leftImg8bit.png with numbers SEQ and FRAME')
    uid = image.stem.removesuffix('_leftImg8bit')
    label = labels / image.parent.name / f'{uid}_gtFine_labelIds.png'
    return OfficialFrame(parts['sequence'], int(parts['frame']), uid, image, label)
