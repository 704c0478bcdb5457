"""From a model's own classes to those of the user."""

from __future__ import annotations

from collections.abc import Sequence
import colorsys
from dataclasses import dataclass
from pathlib import Path
from reprlib import repr as short
from typing import Any

import numpy as np
from numpy.typing import NDArray
import yaml

from laecips_core.catalogue import ClassCatalogue
from laecips_core.errors import DataSetError
from laecips_core.errors import WeightsError

MAX_MAP_BYTES = 1_000_000
"""Largest file read."""

_FORM = 'classes: [{name: …, colour: [r, g, b], from: [names or numbers of model classes]}, …]'
_MAP_THEM = 'name a class map in model.classes'
_GOLDEN_RATIO = 0.618034


@dataclass(frozen=True)
class ClassMap:
    """
    Which classes of a model make up each class of the user.

    :param place: file it was read from, for errors.
    :param catalogue: the user's classes.
    :param sources: for each of them, names or numbers of the model's.
    """

    place: str
    catalogue: ClassCatalogue
    sources: tuple[tuple[str | int, ...], ...]

    def shares(self, names: Sequence[str]) -> NDArray[np.float32]:
        """
        Give the map as a matrix.

        :param names: the K classes of the model, in order. A name that it has several times
            means all of them.
        :returns: (M, K): 1 where class k of the model is a part of class m, else 0.
        :raises WeightsError: when the model has no such class, or one is asked for twice.
        """
        shares = np.zeros((len(self.catalogue), len(names)), np.float32)
        for row, sources in enumerate(self.sources):
            for source in sources:
                shares[row, self._numbers(source, names)] += 1.0
        for number in np.flatnonzero(shares.sum(axis=0) > 1.0).tolist():
            users = np.repeat(self.catalogue.names, shares[:, number].astype(int))
            got = f'it in {" and ".join(users)}'
            raise WeightsError(self.place, f'{names[number]!r} in one place only', got)
        return shares

    def _numbers(self, source: str | int, names: Sequence[str]) -> list[int]:
        if isinstance(source, int):
            found = [source] if 0 <= source < len(names) else []
        else:
            found = [number for number, name in enumerate(names) if name == source]
        if not found:
            raise WeightsError(
                self.place,
                f'classes of the model: {", ".join(names)}',
                repr(source),
                'spell it as the model does, or give its number',
            )
        return found


def read_class_map(name: str) -> ClassMap:
    """
    Read a class map.

    :param name: path of the YAML file, ``~`` is the home folder; ``classes: [{name: road, colour:
        [128, 64, 128], from: [road, parking]}, …]``. The user's classes have the order of the
        list; every other class of the model is left out of the softmax.
    :raises WeightsError: when it is missing, too large, or of another form.
    """
    try:
        path = Path(name).expanduser()
        with path.open('rb') as file:
            text = file.read(MAX_MAP_BYTES + 1)
    except (OSError, RuntimeError) as error:
        raise WeightsError(name, 'a readable class map', error, f'write {_FORM}') from error
    if len(text) > MAX_MAP_BYTES:
        raise WeightsError(name, f'a class map of at most {MAX_MAP_BYTES} bytes', 'more')
    try:
        content = yaml.safe_load(text)
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise WeightsError(name, 'YAML', error, f'write {_FORM}') from error
    return _parsed(name, content)


def own_catalogue(names: Sequence[str]) -> ClassCatalogue:
    """
    Give a model's own classes, with colours that are made up: hues a golden section apart.

    :param names: of the classes.
    :raises WeightsError: when they are no catalogue, such as two of one name.
    """
    colours = []
    for number in range(len(names)):
        hue, value = number * _GOLDEN_RATIO % 1.0, 1.0 - 0.25 * (number % 3)
        red, green, blue = colorsys.hsv_to_rgb(hue, 0.75, value)
        colours.append((round(255 * red), round(255 * green), round(255 * blue)))
    try:
        return ClassCatalogue(tuple(names), tuple(colours))
    except DataSetError as error:
        raise WeightsError(
            'classes of the model', 'a class catalogue', error, _MAP_THEM
        ) from error


def _parsed(place: str, content: Any) -> ClassMap:
    entries = content.get('classes') if isinstance(content, dict) else None
    if not isinstance(entries, list) or not entries:
        raise WeightsError(place, _FORM, type(content).__name__)
    for entry in entries:
        _check_entry(place, entry)
    try:
        catalogue = ClassCatalogue(
            tuple(entry['name'] for entry in entries),
            tuple(tuple(entry['colour']) for entry in entries),
        )
    except DataSetError as error:
        raise WeightsError(place, 'a class catalogue', error) from error
    return ClassMap(place, catalogue, tuple(tuple(entry['from']) for entry in entries))


def _check_entry(place: str, entry: Any) -> None:
    if not isinstance(entry, dict) or entry.keys() != {'name', 'colour', 'from'}:
        raise WeightsError(place, 'name, colour and from in every class', short(entry))
    name, colour, sources = entry['name'], entry['colour'], entry['from']
    if not isinstance(name, str):
        raise WeightsError(f'{place}: name', 'a text; put it in quotes', short(name))
    if not isinstance(colour, list) or not all(type(value) is int for value in colour):
        raise WeightsError(f'{place}: colour of {name}', '[r, g, b]', short(colour))
    if not isinstance(sources, list) or not sources:
        got = short(sources)
        raise WeightsError(f'{place}: from of {name}', 'a list of one class or more', got)
    for source in sources:
        if type(source) not in (str, int):
            raise WeightsError(f'{place}: from of {name}', 'names or numbers', short(source))
