"""Puts received weights to use, and takes them back when they fail; on a thread of its own."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from concurrent.futures import ThreadPoolExecutor
import logging
import time

from laecips_core.pipeline.build_edge import Edge
from laecips_core.pipeline.edge import EdgeParts
from laecips_core.pipeline.probation import OnProbation
from laecips_core.pipeline.self_check import noise_image
from laecips_core.pipeline.self_check import self_check
from laecips_core.values import WeightManifest
from laecips_core.values import WeightUpdate
from laecips_core.weights.received import IncomingUpdate
from laecips_ros.counters import Counters

_log = logging.getLogger(__name__)


class Installer:
    """
    Checks, keeps and swaps weights.

    New weights run on probation; the last good ones stay in memory, and on disk where there is a
    folder. Disk and heavy work are on the thread ``weights``.
    """

    def __init__(
        self,
        edge: Edge,
        probation_frames: int,
        publish: Callable[[WeightManifest], None],
        counters: Counters,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """
        Run what the edge starts with, weights on probation included.

        :param edge: pipeline, start weights, guard and disk.
        :param probation_frames: frames without a fault that end a probation.
        :param publish: announces the weights in use; called on any thread.
        :param counters: where returns and errors are counted.
        :param clock: seconds, never going back.
        """
        self._edge, self._frames = edge, probation_frames
        self._publish, self._counters = publish, counters
        self._held = {edge.start.manifest.version: edge.start}
        self._last_return, self._clock = '', clock
        self._updated_s: float | None = None
        self._thread = ThreadPoolExecutor(1, 'weights')
        if edge.trial is not None:
            good = edge.pipeline.running.good
            self._try_out(edge.trial.update, edge.trial.parts, good)
        self._publish(self.running.manifest)

    def configure(self, probation_frames: int) -> None:
        """
        Change how long the next weights are on probation.

        :param probation_frames: frames without a fault that end a probation.
        """
        self._frames = probation_frames

    @property
    def running(self) -> WeightUpdate:
        """The weights that judge the next frame; any thread may ask."""
        return self._held[self._edge.pipeline.weights_version]

    def facts(self) -> dict[str, object]:
        """Give what an operator wants to know: release, age of the last update, and its fate."""
        updated_s = self._updated_s
        age_s = 'none' if updated_s is None else round(self._clock() - updated_s, 1)
        return {
            'update_age_s': age_s,
            'release': self.running.manifest.release,
            'probation_frames_left': self._edge.pipeline.running.frames_left,
            'last_return': self._last_return or 'none',
        }

    def install(self, incoming: IncomingUpdate) -> Future[None]:
        """
        Unpack, check and swap to received weights; never waits.

        :param incoming: complete.
        :returns: raises what was wrong with them; the running weights stay then.
        """
        return self._thread.submit(self._install, incoming)

    def remember(self) -> None:
        """Write down what the guard has seen of announcements; never waits."""
        seen = self._edge.guard.seen
        self._later('release seen', lambda: self._edge.installed.remember(seen))

    def on_proven(self, version: str) -> None:
        """Write down that weights have passed; called by the thread that judges frames."""
        _log.info('weights %s have passed their probation', version)
        self._later('probation passed', lambda: self._prove(version))

    def on_returned(self, version: str, reason: str) -> None:
        """Refuse the release of weights that failed; called by the thread that judges frames."""
        self._counters.add('updates_returned')
        self._last_return = f'{version}: {reason}'
        _log.error('weights %s failed on probation, the last good ones run: %s', version, reason)
        failed = self._held.get(version)
        if failed is not None:
            self._edge.guard.refuse(failed.manifest)
        self._later('return', lambda: self._give_back(version))

    def close(self) -> None:
        """Finish what was begun, and write down that the process ended in order."""
        self._thread.shutdown()
        self._noted('end', self._edge.installed.stop)

    def _install(self, incoming: IncomingUpdate) -> None:
        update = incoming.finish()
        parts, pipeline = self._edge.parts, self._edge.pipeline
        candidate = parts.load(update)
        running, image = pipeline.running, pipeline.last_image
        if image is None:
            image = noise_image(parts.input_size_px)
        self_check(candidate, running.parts, image, len(parts.catalogue))
        self._edge.installed.put(update, self._held[running.good.weights_version])
        self._try_out(update, candidate, running.good)
        self._updated_s = self._clock()
        self._publish(update.manifest)

    def _try_out(self, update: WeightUpdate, parts: EdgeParts, good: EdgeParts) -> None:
        kept = {good.weights_version: self._held[good.weights_version]}
        # What runs until now stays findable until it is replaced.
        self._held = {**self._held, **kept, parts.weights_version: update}
        self._edge.pipeline.run(OnProbation(parts, good, self._frames, self))
        self._held = {**kept, parts.weights_version: update}

    def _prove(self, version: str) -> None:
        if self._is_newest(version):
            self._edge.installed.prove()

    def _give_back(self, version: str) -> None:
        if self._is_newest(version):
            self._edge.installed.give_back(self._edge.guard.seen)
            self._publish(self.running.manifest)

    def _is_newest(self, version: str) -> bool:
        """Whether no later weights were installed since."""
        newest = self._edge.installed.state.newest
        return newest is not None and newest.version == version

    def _later(self, what: str, work: Callable[[], None]) -> None:
        try:
            self._thread.submit(self._noted, what, work)
        except RuntimeError:  # closed
            self._counters.add_drop('stopped')

    def _noted(self, what: str, work: Callable[[], None]) -> None:
        try:
            work()
        except Exception as error:
            self._counters.add_error(error)
            _log.error('%s is not written down: %s', what, error)
