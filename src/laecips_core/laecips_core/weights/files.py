"""Weights on disk: the bytes of a file are those of the payload."""

from __future__ import annotations

from collections.abc import Iterable
import os
from pathlib import Path
import uuid

from laecips_core.errors import UnknownNameError
from laecips_core.errors import WeightsError
from laecips_core.values import WeightUpdate
from laecips_core.weights.encoding import manifest_of

SUFFIX = '.safetensors'

_BUILTIN = 'builtin:'
_SHIPPED = Path(__file__).resolve().parent.parent / 'weights_data'
_MAKE_IT = 'make it with laecips pretrain'


def save_update(path: Path, update: WeightUpdate) -> None:
    """
    Write a payload, wholly or not at all.

    :param path: the file, replaced when it exists; its folder must exist.
    :param update: the weights.
    :raises WeightsError: when the file cannot be written; an older one stays as it was.
    """
    write_atomically(path, update.payload)


def load_update(path: Path, max_bytes: int) -> WeightUpdate:
    """
    Read and check a weights file.

    :param path: a file that :func:`save_update` wrote.
    :param max_bytes: largest file accepted; nothing more is read.
    :raises WeightsError: when the file is missing, too large, cut or of another form.
    :raises DigestError: when its tensors are damaged.
    """
    try:
        payload = _read(path, max_bytes)
    except OSError as error:
        raise WeightsError(str(path), 'a readable weights file', error, _MAKE_IT) from error
    try:
        return WeightUpdate(manifest_of(payload, max_bytes), payload)
    except WeightsError as error:
        remedy = f'copy it again or {_MAKE_IT}'
        raise type(error)(str(path), 'an undamaged weights file', f'[{error}]', remedy) from error


def resolve_weights(name: str) -> Path:
    """
    Find the file that a weights setting means.

    :param name: a path (``~`` is the home folder), or ``builtin:NAME`` for a set shipped here.
    :returns: the path; whether a file that is not built in exists is not checked.
    :raises WeightsError: when ``~`` has no home folder.
    :raises UnknownNameError: when no such set is shipped; it lists those that are.
    """
    if not name.startswith(_BUILTIN):
        try:
            return Path(name).expanduser()
        except RuntimeError as error:
            raise WeightsError('weights', 'a path with a known home folder', name) from error
    shipped = {f'{_BUILTIN}{path.stem}': path for path in _weights_in(_SHIPPED)}
    if name not in shipped:
        raise UnknownNameError('weights', name, [*shipped, 'the path of a weights file'])
    return shipped[name]


def write_atomically(path: Path, data: bytes) -> None:
    """
    Write a file so that a reader or a power cut sees the old bytes or the new, never a mix.

    :param path: the file; its folder must exist.
    :param data: all of its bytes.
    :raises WeightsError: when it cannot be written.
    """
    part = path.with_name(f'.{path.name}.{uuid.uuid4().hex}.part')
    try:
        try:
            with part.open('xb') as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            os.replace(part, path)
        finally:
            part.unlink(missing_ok=True)
        _sync_folder(path.parent)
    except OSError as error:
        raise WeightsError(
            str(path),
            'a file that can be written',
            error,
            'choose a folder that exists and has room',
        ) from error


def _read(path: Path, max_bytes: int) -> bytes:
    if not path.exists():
        raise WeightsError(str(path), 'a weights file', 'no such file', _MAKE_IT)
    if not path.is_file():
        got = 'a folder' if path.is_dir() else 'no regular file'
        raise WeightsError(str(path), 'a weights file', got, _MAKE_IT)
    with path.open('rb') as file:
        payload = file.read(max_bytes + 1)
    if len(payload) > max_bytes:
        remedy = 'raise limits.max_update_bytes if this is meant'
        raise WeightsError(str(path), f'at most {max_bytes} bytes', path.stat().st_size, remedy)
    return payload


def _sync_folder(folder: Path) -> None:
    """Put the new name itself on disk; a file's own sync does not."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _weights_in(folder: Path) -> Iterable[Path]:
    return sorted(folder.glob(f'*{SUFFIX}'))
