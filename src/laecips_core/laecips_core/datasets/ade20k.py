"""The ADE20K data set (ADEChallengeData2016) in its official folders."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
import re

from laecips_core.catalogue import load_catalogue
from laecips_core.config import DataSetConfig
from laecips_core.datasets.official import LabelIds
from laecips_core.datasets.official import OfficialDataSet
from laecips_core.datasets.official import OfficialFrame
from laecips_core.datasets.official_files import checked_root
from laecips_core.datasets.official_files import find_images
from laecips_core.datasets.official_files import name_parts
from laecips_core.errors import DataSetError
from laecips_core.values import UNLABELLED

_PAGE = 'http://sceneparsing.csail.mit.edu'
_PARTS = {'source': 'training', 'stream': 'validation'}
_NAME = re.compile(r'ADE_(train|val)_(?P<frame>[0-9]+)')
_CATEGORIES = 'sceneCategories.txt'
_CLASSES = Path(__file__).parent / 'classes' / 'ade20k.yaml'


class Ade20k(OfficialDataSet):
    """
    Scenes indoors and outdoors, in the 150 classes of the scene parsing benchmark.

    ``images/SPLIT/ADE_*.jpg`` goes with ``annotations/SPLIT/ADE_*.png``, where id 0 is ignored
    and the others are one above the class. Official training is the source, official validation
    the stream. There is no time: with ``sceneCategories.txt`` in the root, frames follow one
    another by the name of their scene category, then by number, else by number alone, one second
    apart. So with that file each of the five tasks holds other kinds of scenes.
    """

    name = 'ade20k'

    def __init__(self, config: DataSetConfig) -> None:
        """
        List the frames; no image is decoded yet.

        :param config: root, split and number of frames.
        :raises DataSetError: when a folder or label file is missing, a name is of another form,
            or the file of scene categories lacks a frame.
        """
        part = _PARTS[config.split]
        root = checked_root(config, (f'images/{part}', f'annotations/{part}'), _PAGE)
        images, labels = find_images(root / 'images' / part, '*.jpg'), root / 'annotations' / part
        scenes = _read_categories(root / _CATEGORIES, images)
        frames = [_frame(image, labels, scenes) for image in images]
        super().__init__(_meaning(), frames, None, config)


def _meaning() -> LabelIds:
    catalogue = load_catalogue(_CLASSES)
    return LabelIds(catalogue, {0: UNLABELLED} | {id_ + 1: id_ for id_ in range(len(catalogue))})


def _read_categories(path: Path, images: list[Path]) -> Mapping[str, str]:
    if not path.is_file():
        return {image.stem: '' for image in images}
    lines = [line.split() for line in path.read_text(encoding='utf-8').splitlines()]
    scenes = {words[0]: ' '.join(words[1:]) for words in lines if len(words) > 1}
    missing = [image.stem for image in images if image.stem not in scenes]
    if missing:
        raise DataSetError(str(path), 'a line NAME CATEGORY a frame', f'none of {missing[0]}')
    return scenes


def _frame(image: Path, labels: Path, scenes: Mapping[str, str]) -> OfficialFrame:
    parts = name_parts(image, _NAME, 'ADE_train_NUMBER.jpg or ADE_val_NUMBER.jpg')
    label = labels / f'{image.stem}.png'
    return OfficialFrame(scenes[image.stem], int(parts['frame']), image.stem, image, label)
