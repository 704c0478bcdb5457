"""The cloud's half of the system, put together: answers, versions, training, rollback."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Sequence
from dataclasses import dataclass
from dataclasses import replace

from laecips_core.catalogue import ClassCatalogue
from laecips_core.config import UpdateConfig
from laecips_core.errors import ConfigError
from laecips_core.errors import UnknownVersionError
from laecips_core.errors import WeightsError
from laecips_core.learning.live_watch import LiveWatch
from laecips_core.learning.live_watch import Withdrawal
from laecips_core.learning.miner_training import go_on
from laecips_core.learning.trainer import RoundResult
from laecips_core.learning.trainer import Trainer
from laecips_core.pipeline.cloud import CloudPass
from laecips_core.pipeline.cloud import CloudPipeline
from laecips_core.pipeline.cloud import HardFrame
from laecips_core.values import Sample
from laecips_core.values import WeightUpdate
from laecips_core.weights.store import VersionStore
from laecips_core.weights.transfers import Transfers


@dataclass(frozen=True)
class Cloud:
    """
    Everything the cloud node runs.

    :param pipeline: the pass over a hard frame.
    :param store: released versions; the newest is the running one.
    :param trainer: runs training rounds; None when updates are off.
    :param watch: looks at a released version on live frames.
    :param catalogue: the classes.
    :param transfers: gives what is sent of a version.
    """

    pipeline: CloudPipeline
    store: VersionStore
    trainer: Trainer | None
    watch: LiveWatch
    catalogue: ClassCatalogue
    transfers: Transfers

    @property
    def newest(self) -> WeightUpdate:
        """The running version: the one released last, or the one it started with."""
        newest = self.store.newest
        if newest is None:
            raise WeightsError('version store', 'at least one version', 'none')
        return newest

    def configure(self, config: UpdateConfig) -> None:
        """
        Change what gate and live watch tolerate.

        :param config: checked settings.
        """
        if self.trainer is not None:
            self.trainer.configure(config)
        self.watch.configure(config)

    def segment(self, request: HardFrame) -> CloudPass:
        """
        Segment one hard frame.

        A frame for training only may have been judged by weights that are no longer held: the
        running ones are used instead.

        :param request: the frame as it came.
        :raises LaecipsError: as :meth:`CloudPipeline.segment`.
        """
        try:
            return self.pipeline.segment(request)
        except UnknownVersionError:
            if not request.training_only:
                raise
            newest = replace(request, weights_version=self.newest.manifest.version)
            return self.pipeline.segment(newest)

    def transfer(self, version: str, have_version: str) -> WeightUpdate:
        """
        Give what is sent to a robot that asks for a version.

        :param version: the version wanted; empty: the running one.
        :param have_version: the version that the robot holds; empty: none.
        :raises UnknownVersionError: when the version wanted is not held.
        """
        return self.transfers.of(version or self.newest.manifest.version, have_version)

    def train(
        self, samples: Sequence[Sample], number: int, checkpoint: Callable[[], None] = go_on
    ) -> RoundResult:
        """
        Run one round from the running version, and put what the gate lets through into force.

        :param samples: hard frames with labels, oldest first; at least one.
        :param number: of the round, from 1.
        :param checkpoint: called before every step; what it raises ends the round.
        :returns: what it came to; without an update when the parent was withdrawn meanwhile.
        :raises ConfigError: when updates are off.
        """
        if self.trainer is None:
            raise ConfigError('update.rule', 'none', 'an update rule')
        running = self.newest
        result = self.trainer.round(running, samples, number, checkpoint)
        if result.update is None:
            return result
        if self.newest.manifest.version != running.manifest.version:
            reason = f'its parent was withdrawn meanwhile; {result.reason}'
            return replace(result, update=None, reason=reason)
        self.store.put(result.update)
        self.watch.released(result.update.manifest.version, running.manifest.version)
        return result

    def observe(self, done: CloudPass) -> Withdrawal | None:
        """
        Look at the running version on a live frame; a version that does harm is withdrawn.

        :param done: a pass over a hard frame.
        :returns: what was withdrawn; its predecessor is the newest again.
        """
        withdrawal = self.watch.observe(done.sample, done.prediction)
        if withdrawal is not None:
            self.store.put(self.store.get(withdrawal.previous))
        return withdrawal
