"""The cloud's half of the system, put together: answers, versions, training, rollback."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Sequence
from dataclasses import dataclass
from dataclasses import replace

from laecips_core.catalogue import ClassCatalogue
from laecips_core.errors import ConfigError
from laecips_core.errors import WeightsError
from laecips_core.learning.live_watch import LiveWatch
from laecips_core.learning.live_watch import Withdrawal
from laecips_core.learning.miner_training import go_on
from laecips_core.learning.trainer import RoundResult
from laecips_core.learning.trainer import Trainer
from laecips_core.pipeline.cloud import CloudPass
from laecips_core.pipeline.cloud import CloudPipeline
from laecips_core.values import Sample
from laecips_core.values import WeightUpdate
from laecips_core.weights.store import VersionStore


@dataclass(frozen=True)
class Cloud:
    """
    Everything the cloud node runs.

    :param pipeline: the pass over a hard frame.
    :param store: released versions; the newest is the running one.
    :param trainer: runs training rounds; None when updates are off.
    :param watch: looks at a released version on live frames.
    :param catalogue: the classes.
    """

    pipeline: CloudPipeline
    store: VersionStore
    trainer: Trainer | None
    watch: LiveWatch
    catalogue: ClassCatalogue

    @property
    def newest(self) -> WeightUpdate:
        """The running version: the one released last, or the one it started with."""
        newest = self.store.newest
        if newest is None:
            raise WeightsError('version store', 'at least one version', 'none')
        return newest

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
