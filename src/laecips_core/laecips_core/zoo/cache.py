"""Where official files lie on this machine."""

from __future__ import annotations

import os
from pathlib import Path

from laecips_core.errors import WeightsError
from laecips_core.zoo.entry import OfficialFile
from laecips_core.zoo.table import find

FOLDER_VARIABLE = 'LAECIPS_MODELS'
"""Environment variable that names another folder."""


def models_folder() -> Path:
    """Give the folder of the official files; it need not exist."""
    chosen = os.environ.get(FOLDER_VARIABLE)
    if chosen:
        return Path(chosen)
    cache = os.environ.get('XDG_CACHE_HOME') or Path.home() / '.cache'
    return Path(cache) / 'laecips' / 'models'


def place_of(file: OfficialFile) -> Path:
    """
    Give where an official file lies, or will lie.

    :param file: from the table.
    """
    return models_folder() / file.name


def cached_file(name: str) -> Path:
    """
    Give the official file of a model, as fetched before; nothing is downloaded.

    :param name: of the table, such as ``sam:vit_b``.
    :returns: its path. Its digest was checked when it was fetched.
    :raises UnknownNameError: when the table has no such name.
    :raises WeightsError: when the model has no official file, or it is not on this machine.
    """
    file = find(name).file
    if file is None:
        remedy = 'name a weights file'
        raise WeightsError(name, 'a model with an official weights file', 'one without', remedy)
    place = place_of(file)
    if not place.is_file():
        raise WeightsError(name, f'its weights in {place}', 'no file', how_to_get(file, name))
    return place


def how_to_get(file: OfficialFile, name: str) -> str:
    """
    Say how an official file comes onto this machine.

    :param file: of the model.
    :param name: of the model.
    """
    return f'run laecips models fetch {name}, or put {file.address} there'
