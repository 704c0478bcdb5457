"""Which weights an edge starts with: the newest that can be used, on disk or configured."""

from __future__ import annotations

from dataclasses import dataclass
import logging

from laecips_core.errors import LaecipsError
from laecips_core.pipeline.edge import EdgeParts
from laecips_core.pipeline.parts import PartsBuilder
from laecips_core.values import WeightManifest
from laecips_core.values import WeightUpdate
from laecips_core.weights.acceptance import ReleaseGuard
from laecips_core.weights.installed import InstalledWeights

_log = logging.getLogger(__name__)
_MOST_OPEN_STARTS = 2


@dataclass(frozen=True)
class LoadedWeights:
    """
    Weights ready to run.

    :param update: their bytes.
    :param parts: their model and miner.
    """

    update: WeightUpdate
    parts: EdgeParts


@dataclass(frozen=True)
class EdgeStart:
    """
    What an edge starts with.

    :param proven: good weights.
    :param trial: newer ones on probation, to run first; None: none.
    """

    proven: LoadedWeights
    trial: LoadedWeights | None = None


class StartChoice:
    """
    Chooses what to start with, and logs why something newer was left out.

    :param configured: the weights of ``model.weights``.
    :param parts: makes weights ready to run.
    :param installed: the weights on the disk.
    :param guard: checks their signatures.
    """

    def __init__(
        self,
        configured: WeightUpdate,
        parts: PartsBuilder,
        installed: InstalledWeights,
        guard: ReleaseGuard,
    ) -> None:
        """Take what there is to choose from."""
        self._configured, self._parts = configured, parts
        self._installed, self._guard = installed, guard

    def choose(self) -> EdgeStart:
        """
        Load the newest weights, else the last good ones, else those configured.

        Weights on probation come with good ones to return to. Where the process ended twice
        without order while they were on probation, they are given up.

        :raises WeightsError: when nothing can be used, or the folder cannot be written.
        """
        self._give_up_after_failed_starts()
        state = self._installed.state
        if not state.on_probation:
            newest = self._open('newest', state.newest)
            return EdgeStart(newest or self._good(state.last_good))
        self._installed.begin()
        newest = self._open('newest', state.newest)
        if newest is None:
            self._installed.stop()
        return EdgeStart(self._good(state.last_good), newest)

    def _give_up_after_failed_starts(self) -> None:
        state = self._installed.state
        newest = state.newest
        if newest is None or not state.on_probation or state.open_starts < _MOST_OPEN_STARTS:
            return
        _log.error(
            'weights %s, release %d, given up: the process ended %d times while they were on '
            'probation',
            newest.version,
            newest.release,
            state.open_starts,
        )
        self._guard.refuse(newest)
        self._installed.give_back(self._guard.seen)

    def _good(self, last_good: WeightManifest | None) -> LoadedWeights:
        found = self._open('last good', last_good)
        if found is not None:
            return found
        return LoadedWeights(self._configured, self._parts.load(self._configured))

    def _open(self, name: str, manifest: WeightManifest | None) -> LoadedWeights | None:
        if manifest is None:
            return None
        try:
            update = self._installed.load(manifest)
            self._guard.check_installed(update.manifest)
            return LoadedWeights(update, self._parts.load(update))
        except LaecipsError as error:
            _log.warning('%s weights %s skipped: %s', name, manifest.version, error)
            return None
