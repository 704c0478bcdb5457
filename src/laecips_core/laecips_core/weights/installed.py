"""The weights on a robot's disk: the newest and, beside them, the last good ones."""

from __future__ import annotations

from dataclasses import replace
import logging
import os
from pathlib import Path
import re

from laecips_core.errors import WeightsError
from laecips_core.values import WeightManifest
from laecips_core.values import WeightUpdate
from laecips_core.weights.acceptance import SeenReleases
from laecips_core.weights.encoding import decode
from laecips_core.weights.files import load_update
from laecips_core.weights.files import save_update
from laecips_core.weights.files import SUFFIX
from laecips_core.weights.files import write_atomically
from laecips_core.weights.installed_state import InstalledState
from laecips_core.weights.installed_state import parse_state

_LOGGER = logging.getLogger(__name__)
_STATE = 'state.json'
_MAX_STATE_BYTES = 1_000_000
# A payload's file, or what a process that was killed left of one.
_OURS = re.compile(rf'[0-9a-f]{{64}}{re.escape(SUFFIX)}|\.[^/]+\.[0-9a-f]{{32}}\.part')


class InstalledWeights:
    """
    Payloads in files named by their digest, and one ``state.json`` that names them.

    The state is written last, so that a process killed at any moment leaves the old or the new.
    One thread at a time may use it; ``state`` may be read by any.
    """

    def __init__(self, folder: Path | None, max_bytes: int) -> None:
        """
        Read what was written down.

        :param folder: of one robot alone; made when absent. None: nothing survives the process.
        :param max_bytes: largest payload read.
        :raises WeightsError: when the folder cannot be used. A damaged state is logged, kept
            aside as ``state.json.damaged``, and taken as none.
        """
        self._folder, self._max_bytes = folder, max_bytes
        self.state = InstalledState() if folder is None else _read_state(folder)

    def load(self, manifest: WeightManifest) -> WeightUpdate:
        """
        Read weights, and compare them with what was written down of them.

        :param manifest: ``newest`` or ``last_good`` of the state.
        :raises WeightsError: when they are missing, damaged or others.
        """
        if self._folder is None:
            raise WeightsError('weights', 'a folder that keeps them', 'none', 'set updates.folder')
        found = load_update(self._folder / _file_name(manifest), self._max_bytes)
        update = WeightUpdate(manifest, found.payload)
        decode(update, self._max_bytes)
        return update

    def put(self, update: WeightUpdate, good: WeightUpdate) -> None:
        """
        Keep weights that are about to run, on probation, beside those to return to.

        :param update: the new weights.
        :param good: the last good ones.
        :raises WeightsError: when they cannot be written; what was kept before stays.
        """
        if self._folder is not None:
            for kept in (good, update):
                save_update(self._folder / _file_name(kept.manifest), kept)
        self._commit(
            replace(
                self.state,
                newest=update.manifest,
                last_good=good.manifest,
                on_probation=True,
                open_starts=1,
            )
        )
        self._sweep()

    def begin(self) -> None:
        """Write down that the newest weights begin to run on probation, once more."""
        self._commit(replace(self.state, open_starts=self.state.open_starts + 1))

    def stop(self) -> None:
        """Write down that the process ended in order; on probation, this was no failed start."""
        if self.state.on_probation:
            self._commit(replace(self.state, open_starts=max(self.state.open_starts - 1, 0)))

    def prove(self) -> None:
        """Write down that the newest weights have passed; the last good ones stay beside them."""
        self._commit(replace(self.state, on_probation=False, open_starts=0))

    def give_back(self, seen: SeenReleases) -> None:
        """
        Write down that the newest weights failed: the last good ones are the newest again.

        :param seen: holds that the release is refused.
        """
        self._commit(InstalledState(newest=self.state.last_good, seen=seen))
        self._sweep()

    def remember(self, seen: SeenReleases) -> None:
        """
        Write down what was seen of announcements.

        :param seen: replaces what was known.
        """
        if seen != self.state.seen:
            self._commit(replace(self.state, seen=seen))

    def _commit(self, state: InstalledState) -> None:
        if self._folder is not None:
            write_atomically(self._folder / _STATE, state.to_text().encode())
        self.state = state

    def _sweep(self) -> None:
        """Remove payloads that the state no longer names; one that stays does no harm."""
        if self._folder is None:
            return
        named = (self.state.newest, self.state.last_good)
        kept = {_file_name(manifest) for manifest in named if manifest is not None}
        try:
            for path in self._folder.iterdir():
                if _OURS.fullmatch(path.name) and path.name not in kept:
                    path.unlink()
        except OSError as error:
            _LOGGER.warning('old weights stay in %s: %s', self._folder, error)


def _file_name(manifest: WeightManifest) -> str:
    return f'{manifest.sha256}{SUFFIX}'


def _read_state(folder: Path) -> InstalledState:
    path = folder / _STATE
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if not path.exists():
            return InstalledState()
        with path.open('rb') as file:
            text = file.read(_MAX_STATE_BYTES)
    except OSError as error:
        raise WeightsError(str(folder), 'a folder that can be written', error) from error
    try:
        return parse_state(text.decode(errors='replace'))
    except WeightsError as error:
        _LOGGER.error('%s is left out, an older release can be taken again: %s', path, error)
        _put_aside(path)
        return InstalledState()


def _put_aside(path: Path) -> None:
    try:
        os.replace(path, path.with_name(f'{path.name}.damaged'))
    except OSError as error:
        raise WeightsError(str(path), 'a file that can be renamed', error) from error
