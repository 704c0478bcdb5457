"""The Cloud-Robotics data set of KubeEdge Ianvs in its official folders."""

from __future__ import annotations

from pathlib import Path
import re

from laecips_core.catalogue import ClassCatalogue
from laecips_core.config import DataSetConfig
from laecips_core.datasets.cityscapes import CATALOGUE as CITYSCAPES
from laecips_core.datasets.official import LabelIds
from laecips_core.datasets.official import OfficialDataSet
from laecips_core.datasets.official import OfficialFrame
from laecips_core.datasets.official_files import checked_root
from laecips_core.datasets.official_files import find_images
from laecips_core.datasets.official_files import name_parts
from laecips_core.values import UNLABELLED

_PAGE = 'https://kubeedge-ianvs.github.io/download.html'
_PARTS = {'source': 'train', 'stream': 'val'}
_NAME = re.compile(r'[0-9]+')

# The classes after the 19 of Cityscapes. The colours are ours: none are published.
_OWN: tuple[tuple[str, tuple[int, int, int]], ...] = (
    ('stair', (128, 64, 64)),
    ('curb', (196, 196, 196)),
    ('ramp', (102, 102, 15)),
    ('runway', (10, 102, 156)),
    ('flowerbed', (200, 80, 160)),
    ('door', (150, 100, 50)),
    ('CCTV camera', (0, 200, 200)),
    ('Manhole', (60, 60, 30)),
    ('hydrant', (255, 110, 0)),
    ('belt', (255, 230, 120)),
    ('dustbin', (0, 110, 60)),
)
CATALOGUE = ClassCatalogue(
    (*CITYSCAPES.names, *(name for name, _ in _OWN)),
    (*CITYSCAPES.colours, *(colour for _, colour in _OWN)),
)
_MEANING = LabelIds(
    CATALOGUE,
    dict.fromkeys(range(256), UNLABELLED) | {number: number for number in range(len(CATALOGUE))},
)


class CloudRobotics(OfficialDataSet):
    """
    A robot dog's walks through an industrial park, in 30 classes.

    ``rgb/SPLIT/PLACE/FRAME.png`` goes with ``gtFine/SPLIT/PLACE/FRAME_TrainIds.png``; places are
    named like ``20220420_front``. Official train is the source, official val the stream.

    Nothing here was run on the data itself. Confirmed are: the folders SPLIT/PLACE (download
    page of the data set), the file names (lines of the index files that Ianvs' proposal of class
    incremental learning quotes), the 30 names (documentation page), their ids 0 to 29 (Ianvs'
    ``cityscapes_id2label.py`` and ``metrics.py``), and that ids above 29 count as ignored
    (Ianvs' ``train.py`` and ``accuracy.py``), so they are ignored here. Not confirmed are: that
    label files are 8 bit in one channel, the sizes of the splits, and the frame rate; frames lie
    one second apart.
    """

    name = 'cloud_robotics'

    def __init__(self, config: DataSetConfig) -> None:
        """
        List the frames; no image is decoded yet.

        :param config: root, split and number of frames.
        :raises DataSetError: when a folder or label file is missing or a name is of another form.
        """
        part = _PARTS[config.split]
        root = checked_root(config, (f'rgb/{part}', f'gtFine/{part}'), _PAGE)
        images = find_images(root / 'rgb' / part, '*/*.png')
        labels = root / 'gtFine' / part
        super().__init__(_MEANING, [_frame(image, labels) for image in images], None, config)


def _frame(image: Path, labels: Path) -> OfficialFrame:
    name_parts(image, _NAME, 'FRAME.png with a number FRAME')
    place = image.parent.name
    label = labels / place / f'{image.stem}_TrainIds.png'
    return OfficialFrame(place, int(image.stem), f'{place}_{image.stem}', image, label)
