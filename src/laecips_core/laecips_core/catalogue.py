"""The class catalogue: names, colours and order of the classes, and its hash."""

from __future__ import annotations

from dataclasses import dataclass
import hashlib
import json
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
import yaml

from laecips_core.errors import DataSetError
from laecips_core.values import UNLABELLED


@dataclass(frozen=True)
class ClassCatalogue:
    """
    The classes of a data set or model; a class id is the position in these tuples.

    :param names: 1 to 255 unique class names.
    :param colours: one RGB triple in [0, 255] a class.
    """

    names: tuple[str, ...]
    colours: tuple[tuple[int, int, int], ...]

    def __post_init__(self) -> None:
        """Refuse catalogues that cannot number a uint8 label map."""
        if not 1 <= len(self.names) <= UNLABELLED or len(set(self.names)) != len(self.names):
            raise DataSetError('classes', '1 to 255 unique names', self.names)
        if len(self.colours) != len(self.names):
            raise DataSetError('colours', f'{len(self.names)} triples', len(self.colours))
        if not all(len(c) == 3 and all(0 <= v <= 255 for v in c) for c in self.colours):
            raise DataSetError('colours', 'RGB triples in 0..255', self.colours)

    def __len__(self) -> int:
        """Count the classes."""
        return len(self.names)

    @property
    def sha256(self) -> str:
        """Hash of names and order; colours do not change what a class id means."""
        return hashlib.sha256(json.dumps(list(self.names)).encode()).hexdigest()

    def palette(self) -> NDArray[np.uint8]:
        """
        Give the colour of every possible class id.

        :returns: (256, 3) uint8 RGB; black where no class has the id.
        """
        palette = np.zeros((256, 3), np.uint8)
        palette[: len(self)] = self.colours
        return palette


def load_catalogue(path: Path) -> ClassCatalogue:
    """
    Read a catalogue from a YAML list of ``{name: …, colour: [r, g, b]}`` under ``classes``.

    :param path: the YAML file.
    :returns: the catalogue; ids follow the order of the list.
    :raises DataSetError: when the file is missing or not of this form.
    """
    try:
        entries = yaml.safe_load(path.read_text(encoding='utf-8'))['classes']
        names = tuple(str(entry['name']) for entry in entries)
        colours = tuple(tuple(int(v) for v in entry['colour']) for entry in entries)
    except (OSError, yaml.YAMLError, KeyError, TypeError, ValueError) as error:
        raise DataSetError(
            str(path), 'a YAML file with classes: [{name, colour: [r, g, b]}, …]', repr(error)
        ) from error
    return ClassCatalogue(names, colours)  # type: ignore[arg-type]
