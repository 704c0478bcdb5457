"""Finds, names and decodes the files of data sets in their official folders."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
import re
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from laecips_core.config import DataSetConfig
from laecips_core.errors import DataSetError
from laecips_core.values import Image


def checked_root(config: DataSetConfig, folders: Sequence[str], page: str) -> Path:
    """
    Find the folder of a data set.

    :param config: its root; no selection.
    :param folders: what has to lie below the root.
    :param page: the web page of the data set, where to get it.
    :raises DataSetError: when root or one of the folders is missing, or frames are selected.
    """
    expected, remedy = ' and '.join(folders), f'get the data from {page} and set root'
    root = Path(config.root).expanduser()
    if not config.root or not root.is_dir():
        raise DataSetError('root', f'a folder with {expected}', repr(config.root), remedy)
    for folder in folders:
        if not (root / folder).is_dir():
            raise DataSetError(str(root), f'the folders {expected}', f'no {folder}', remedy)
    if config.select.strip():
        raise DataSetError(
            'select', f'none with {config.name}', repr(config.select), 'choose by split and frames'
        )
    return root


def find_images(folder: Path, pattern: str) -> list[Path]:
    """
    List image files.

    :param folder: where to look.
    :param pattern: names relative to it, such as ``*/*.png``.
    :raises DataSetError: when there is none.
    """
    images = sorted(folder.glob(pattern))
    if not images:
        raise DataSetError(str(folder), f'images {pattern}', 'none')
    return images


def name_parts(image: Path, pattern: re.Pattern[str], form: str) -> re.Match[str]:
    """
    Take a file name apart.

    :param image: the file.
    :param pattern: of its whole name, without the suffix.
    :param form: the pattern in words.
    :raises DataSetError: when the name is of another form.
    """
    parts = pattern.fullmatch(image.stem)
    if parts is None:
        raise DataSetError(str(image), f'a name {form}', image.stem)
    return parts


def read_png(path: Path) -> NDArray[Any]:
    """
    Decode a label file as it is stored.

    :param path: the file.
    :returns: (H, W) or (H, W, C) in OpenCV's order of channels, of the stored depth.
    :raises DataSetError: when it cannot be decoded.
    """
    stored: NDArray[Any] | None = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
    if stored is None:
        raise DataSetError(str(path), 'a readable PNG', 'none')
    return stored


def read_image(path: Path) -> Image:
    """
    Decode an image file.

    :param path: the file.
    :returns: (H, W, 3) uint8 RGB.
    :raises DataSetError: when it cannot be decoded.
    """
    # Label maps are not turned by an EXIF orientation, so neither is the image.
    flags = cv2.IMREAD_COLOR_RGB | cv2.IMREAD_IGNORE_ORIENTATION
    image: NDArray[np.uint8] | None = cv2.imread(str(path), flags)  # type: ignore[assignment]
    if image is None:
        raise DataSetError(str(path), 'a readable image', 'none')
    return image
