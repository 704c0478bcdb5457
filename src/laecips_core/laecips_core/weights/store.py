"""The versions a server holds, so that slow edges are answered with the weights they run."""

from __future__ import annotations

import logging
from pathlib import Path
import re
import threading

from laecips_core.errors import ConfigError
from laecips_core.errors import LaecipsError
from laecips_core.errors import UnknownVersionError
from laecips_core.errors import WeightsError
from laecips_core.values import WeightUpdate
from laecips_core.weights.encoding import decode
from laecips_core.weights.facts import VERSION_DIGITS
from laecips_core.weights.files import load_update
from laecips_core.weights.files import save_update
from laecips_core.weights.files import SUFFIX
from laecips_core.weights.files import write_atomically

_LOGGER = logging.getLogger(__name__)
_NEWEST = 'NEWEST'
_VERSION = re.compile(rf'[0-9a-f]{{{VERSION_DIGITS}}}')


class VersionStore:
    """
    The newest versions in memory, all of them on disk; safe to use from several threads.

    What was put last is the newest, so that putting an older version again rolls back.
    """

    def __init__(self, folder: Path | None, keep: int, max_bytes: int) -> None:
        """
        Start with what the folder holds.

        :param folder: keeps every version as ``<version>.safetensors``, and the newest one's name
            in ``NEWEST``; made when absent. None: memory only. Damaged files are logged and left
            out.
        :param keep: versions held in memory, at least 1; files of older ones stay as history.
        :param max_bytes: largest payload accepted.
        :raises ConfigError: when keep is below 1.
        :raises WeightsError: when the folder cannot be used.
        """
        if keep < 1:
            raise ConfigError('keep_versions', keep, 'int in [1, inf]')
        self._folder, self._keep, self._max_bytes = folder, keep, max_bytes
        self._held: dict[str, WeightUpdate] = {}  # oldest first
        self._lock = threading.Lock()
        # Apart from the lock of readers, who must not wait for the disk.
        self._put_lock = threading.Lock()
        if folder is not None:
            self._held = _read_folder(folder, keep, max_bytes)

    def put(self, update: WeightUpdate) -> None:
        """
        Hold a version and make it the newest; the oldest goes when there are too many.

        :param update: the weights. Of a version already held the bytes held stay, so that
            downloads under way end well.
        :raises WeightsError: when it does not decode, differs in model or classes from a held
            version of the same numbers, or cannot be written; the store stays as it was.
        """
        decode(update, self._max_bytes)
        version = update.manifest.version
        with self._put_lock:
            update = _same(self._held.get(version, update), update)
            if self._folder is not None:
                save_update(self._folder / f'{version}{SUFFIX}', update)
                write_atomically(self._folder / _NEWEST, f'{version}\n'.encode())
            with self._lock:
                self._held.pop(version, None)
                self._held[version] = update
                while len(self._held) > self._keep:
                    del self._held[next(iter(self._held))]

    def get(self, version: str) -> WeightUpdate:
        """
        Give a version.

        :param version: its content address.
        :raises UnknownVersionError: when it is not in memory; it lists those that are.
        """
        with self._lock:
            update = self._held.get(version)
            held = ', '.join(self._held) or 'none'
        if update is None:
            raise UnknownVersionError('version', f'one of: {held}', repr(version))
        return update

    @property
    def newest(self) -> WeightUpdate | None:
        """The version put last; None while the store is empty."""
        with self._lock:
            return next(reversed(self._held.values()), None)

    @property
    def versions(self) -> tuple[str, ...]:
        """Every version in memory, oldest first."""
        with self._lock:
            return tuple(self._held)


def _same(held: WeightUpdate, update: WeightUpdate) -> WeightUpdate:
    for name in ('model', 'catalogue_sha256'):
        ours, theirs = getattr(held.manifest, name), getattr(update.manifest, name)
        if ours != theirs:
            raise WeightsError(f'{name} of version {held.manifest.version}', ours, theirs)
    return held


def _read_folder(folder: Path, keep: int, max_bytes: int) -> dict[str, WeightUpdate]:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        paths = [path for path in folder.glob(f'*{SUFFIX}') if path.is_file()]
        paths.sort(key=lambda path: (path.stat().st_mtime_ns, path.name), reverse=True)
        marker = folder / _NEWEST
        newest = _read_marker(marker) if marker.exists() else ''
    except OSError as error:
        raise WeightsError(str(folder), 'a folder that can be written', error) from error
    paths.sort(key=lambda path: path.stem != newest)
    found: dict[str, WeightUpdate] = {}
    for path in paths:
        if len(found) < keep:
            found |= _read_version(path, max_bytes)
    if newest and newest not in found:
        _LOGGER.error(
            '%s names %s, which cannot be used; the newest usable version is %s',
            marker,
            newest,
            next(iter(found), 'none'),
        )
    return dict(reversed(found.items()))


def _read_marker(path: Path) -> str:
    with path.open('rb') as file:
        newest = file.read(VERSION_DIGITS + 2).decode(errors='replace').strip()
    if not _VERSION.fullmatch(newest):
        _LOGGER.error(
            '%s: expected a version of %d hex digits, got %r', path, VERSION_DIGITS, newest
        )
        return ''
    return newest


def _read_version(path: Path, max_bytes: int) -> dict[str, WeightUpdate]:
    try:
        update = load_update(path, max_bytes)
        if update.manifest.version != path.stem:
            raise WeightsError(str(path), f'version {path.stem}', update.manifest.version)
    except LaecipsError as error:
        _LOGGER.error('left out: %s', error)
        return {}
    return {update.manifest.version: update}
