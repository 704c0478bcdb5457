"""What the cloud learns from hard frames: each is kept, watched, and trained on, once."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from laecips_cloud.announcer import Announcer
from laecips_cloud.rounds import RoundEvent
from laecips_cloud.training_thread import TrainingThread
from laecips_core.config import CloudConfig
from laecips_core.learning.journal import SampleJournal
from laecips_core.learning.trainer import RoundResult
from laecips_core.pipeline.cloud import CloudPass
from laecips_core.pipeline.running_cloud import Cloud
from laecips_core.values import Sample
from laecips_ros.counters import Counters

JOURNAL_FILE = 'samples.sqlite'
"""The sample journal, in the folder of the store."""


class Learning:
    """
    Journal, live watch and training thread of one cloud.

    A sample is in the journal before :meth:`take` returns, and stays there until its round has
    ended. A frame that comes again is known by its uid, and changes nothing.
    """

    def __init__(
        self,
        config: CloudConfig,
        cloud: Cloud,
        announcer: Announcer,
        on_event: Callable[[RoundEvent], None],
        journal: SampleJournal,
        counters: Counters,
    ) -> None:
        """
        Start the training thread, with the samples that an earlier run left.

        :param config: the cloud's settings.
        :param cloud: trains, and looks at live frames.
        :param announcer: told of every other version that runs.
        :param on_event: told what happens to a round, on whatever thread it happens.
        :param journal: keeps the samples; the caller closes it after :meth:`stop`.
        :param counters: where frames, drops, errors and rollbacks are counted.
        :raises JournalError: when the journal is damaged or cannot be used.
        """
        self._cloud, self._announcer, self._counters = cloud, announcer, counters
        self._journal = journal
        self._thread: TrainingThread | None = None
        if cloud.trainer is not None:
            # All are read before the thread starts: a damaged one ends the start.
            left = [self._journal.load(uid) for uid in self._journal.waiting()]
            self._thread = TrainingThread(
                config.update, self._train, on_event, self._forget, counters
            )
            counters.add('samples_restored', len(left))
            self._thread.restore(left)

    def take(self, done: CloudPass, image_data: bytes) -> tuple[bool, int]:
        """
        Learn from a hard frame, unless it was here before.

        :param done: the pass over it.
        :param image_data: its image as it came.
        :returns: whether the frame is known, and the rounds started so far.
        :raises JournalError: when the sample cannot be kept; nothing was learnt from it.
        """
        thread, frame_uid = self._thread, done.sample.frame.frame_uid
        new = (
            self._journal.add(done.sample, image_data) if thread else self._journal.take(frame_uid)
        )
        if not new:
            self._counters.add('frames_known')
        if thread is None:
            return not new, 0
        if not new:
            return True, thread.rounds
        try:
            self._watch(done, thread)
        finally:
            # It waits in the journal: whatever went wrong, a round must take it from there.
            started = thread.add(done.sample)
        return False, started

    def train_now(self) -> str:
        """
        Start a round with what there is.

        :returns: why none was started; empty when one was.
        """
        return 'update.rule is none' if self._thread is None else self._thread.train_now()

    def configure(self, config: CloudConfig) -> None:
        """
        Change when a round is due, from the next sample on.

        :param config: checked settings.
        """
        if self._thread is not None:
            self._thread.configure(config.update)

    def stop(self, timeout_s: float) -> None:
        """
        Give up a round in progress, whose samples wait for the next start.

        :param timeout_s: longest wait for the round, in seconds.
        """
        if self._thread is not None:
            self._thread.stop(timeout_s)

    def _train(self, samples: list[Sample], number: int, check: Callable[[], None]) -> RoundResult:
        result = self._cloud.train(samples, number, check)
        if result.update is not None:
            self._announcer.announce()
        return result

    def _forget(self, samples: list[Sample]) -> None:
        self._journal.done(sample.frame.frame_uid for sample in samples)

    def _watch(self, done: CloudPass, thread: TrainingThread) -> None:
        withdrawal = self._cloud.observe(done)
        if withdrawal is not None:
            self._announcer.announce()
            self._counters.add('rollbacks')
            thread.roll_back(withdrawal.reason)


def open_journal(config: CloudConfig, counters: Counters) -> SampleJournal:
    """
    Open the journal that the settings name.

    :param config: the cloud's settings; the folder of its store must exist.
    :param counters: where drops are counted.
    :raises JournalError: when it is damaged or cannot be used.
    """
    path = Path(config.store).expanduser() / JOURNAL_FILE if config.store else None
    journal = config.journal
    return SampleJournal(path, journal.max_bytes, journal.max_uids, counters.add_drop)
