"""Where the files of a bag lie, and what is wrong when they cannot be read."""

from __future__ import annotations

from pathlib import Path

from laecips_core.errors import DataSetError

STORAGE_SUFFIXES = ('.mcap', '.db3')

_METADATA = 'metadata.yaml'
_BAG = 'a rosbag2 bag: a folder with metadata.yaml and .db3 or .mcap files, or one such file'


class BagError(DataSetError):
    """A bag is missing, incomplete, damaged, or lacks a topic."""

    code = 'bad_bag'


def bag_files(path: Path) -> list[Path]:
    """
    Find what has to be opened.

    :param path: folder of a bag, or one of its storage files.
    :returns: the folder itself when it has its ``metadata.yaml``; else its storage files, sorted.
    :raises BagError: when there is no bag, or none that can be read without ``metadata.yaml``.
    """
    if path.is_file() and path.suffix in STORAGE_SUFFIXES:
        return [path]
    if path.is_file():
        raise BagError(str(path), _BAG, f'a file that ends in {path.suffix!r}', _folder_of(path))
    if not path.is_dir():
        raise BagError(str(path), _BAG, 'nothing')
    if (path / _METADATA).exists():
        return [path]
    files = sorted(file for file in path.iterdir() if file.suffix in STORAGE_SUFFIXES)
    if files:
        return files
    names = sorted(file.name for file in path.iterdir())
    compressed = any(name.endswith('.zstd') for name in names)
    do = f'{_METADATA} is needed here: run {reindex(path)}' if compressed else ''
    raise BagError(str(path), _BAG, f'these files: {", ".join(names) or "none"}', do)


def reindex(path: Path) -> str:
    """
    Name the command that makes ``metadata.yaml`` from the storage files.

    :param path: folder of the bag, or a file in it.
    """
    return f'ros2 bag reindex {path.parent if path.is_file() else path}'


def _folder_of(path: Path) -> str:
    if path.suffix == '.zstd' or path.name == _METADATA:
        return f'name the folder of the bag, {path.parent}'
    return ''
