"""What a data folder's labels mean: its dataset.yaml, or a layout shipped with us."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
import yaml

from laecips_core.catalogue import ClassCatalogue
from laecips_core.catalogue import load_catalogue
from laecips_core.errors import DataSetError
from laecips_core.values import UNLABELLED

_SHIPPED = Path(__file__).parent / 'layouts'
_DEFAULT_RATE_HZ = 30.0
_MAX_RATE_HZ = 10_000.0


@dataclass(frozen=True)
class FolderLayout:
    """
    What the numbers of a data folder mean.

    :param catalogue: the classes.
    :param ignore: ids in label files that mean "without a label".
    :param rate_hz: frame numbers per second.
    """

    catalogue: ClassCatalogue
    ignore: tuple[int, ...]
    rate_hz: float

    def relabelling(self) -> NDArray[np.uint8]:
        """
        Give the class of every id that a label file may hold.

        :returns: (256,) uint8: ids of the catalogue stay, all others are UNLABELLED.
        """
        table = np.full(256, UNLABELLED, np.uint8)
        table[: len(self.catalogue)] = np.arange(len(self.catalogue))
        table[list(self.ignore)] = UNLABELLED
        return table

    def allowed_ids(self) -> NDArray[np.bool_]:
        """
        Say which ids a label file may hold.

        :returns: (256,) bool.
        """
        allowed = np.zeros(256, bool)
        allowed[: len(self.catalogue)] = True
        allowed[[*self.ignore, UNLABELLED]] = True
        return allowed


def shipped_layouts() -> tuple[str, ...]:
    """Name the folders whose layout is shipped with us."""
    return tuple(sorted(path.stem for path in _SHIPPED.glob('*.yaml')))


def find_layout(root: Path) -> FolderLayout:
    """
    Read the layout of a data folder: its own file, or the shipped one of its name.

    :param root: the data folder.
    :raises DataSetError: when there is neither, or the file is not of the right form.
    """
    own, shipped = root / 'dataset.yaml', _SHIPPED / f'{root.resolve().name}.yaml'
    for path in (own, shipped):
        if path.is_file():
            return read_layout(path)
    raise DataSetError(
        str(own),
        f'a file, or a folder named one of {", ".join(shipped_layouts())}',
        'neither',
        'write one: classes: [{name: road, colour: [128, 64, 128]}, …] in the order of the ids,'
        ' and if need be ignore: [11] and rate_hz: 30',
    )


def read_layout(path: Path) -> FolderLayout:
    """
    Read a layout: ``classes`` as :func:`load_catalogue` wants them, ``ignore``, ``rate_hz``.

    :param path: the YAML file.
    :raises DataSetError: when the file is not of the right form.
    """
    catalogue = load_catalogue(path)
    content: dict[str, Any] = yaml.safe_load(path.read_text(encoding='utf-8'))
    unknown = sorted(str(key) for key in set(content) - {'classes', 'ignore', 'rate_hz'})
    if unknown:
        raise DataSetError(str(path), 'only the keys classes, ignore, rate_hz', unknown)
    ignore = content.get('ignore', [])
    if not isinstance(ignore, list) or not all(_is_id(value) for value in ignore):
        raise DataSetError(f'{path}: ignore', 'a list of ids in 0..255', ignore)
    rate_hz = content.get('rate_hz', _DEFAULT_RATE_HZ)
    number = isinstance(rate_hz, (int, float)) and not isinstance(rate_hz, bool)
    if not number or not 0 < rate_hz <= _MAX_RATE_HZ:
        raise DataSetError(f'{path}: rate_hz', f'a number in (0, {_MAX_RATE_HZ:g}]', rate_hz)
    return FolderLayout(catalogue, tuple(ignore), float(rate_hz))


def _is_id(value: object) -> bool:
    return type(value) is int and 0 <= value <= UNLABELLED
