"""Training rounds on a thread of their own, fed by the hard frames."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Iterable
import logging
from threading import Condition
from threading import Thread
from time import monotonic

from laecips_cloud.rounds import RoundEvent
from laecips_cloud.rounds import RoundState
from laecips_cloud.rounds import RoundStoppedError
from laecips_core.config import UpdateConfig
from laecips_core.learning.replay import ReplayBuffer
from laecips_core.learning.trainer import RoundResult
from laecips_core.values import Sample
from laecips_ros.counters import Counters

_log = logging.getLogger(__name__)


class TrainingThread:
    """
    Starts a round as soon as the buffer is due and no other round runs.

    :meth:`add` announces the round it starts before it returns, so that whoever sent the frame
    can be told the number of the round that its frame belongs to.

    A sample is done with when its round has ended, or when it had to make room in the buffer. A
    round that is given up because the node stops has not ended: the next start needs its samples.
    """

    def __init__(
        self,
        config: UpdateConfig,
        train: Callable[[list[Sample], int, Callable[[], None]], RoundResult],
        on_event: Callable[[RoundEvent], None],
        on_done: Callable[[list[Sample]], None],
        counters: Counters,
    ) -> None:
        """
        Start the thread.

        :param config: size and interval of the buffer.
        :param train: runs one round and puts what the gate lets through into force; called on
            this thread with samples, number and a checkpoint to call before every step.
        :param on_event: told of each start and end, on whatever thread it happens.
        :param on_done: told of samples that are done with, before the end of their round is told,
            on whatever thread it happens.
        :param counters: where drops and errors are counted.
        """
        self._train, self._on_event, self._on_done = train, on_event, on_done
        self._counters = counters
        self._interval_s, self._capacity = config.max_interval_s, config.buffer_capacity
        self._buffer = ReplayBuffer(
            config.buffer_size, config.buffer_capacity, config.max_interval_s
        )
        self._changed = Condition()
        self._job: list[Sample] = []
        self._running = self._stopped = False
        self._rounds = self._number = 0
        self._thread = Thread(target=self._run, name='training', daemon=True)
        self._thread.start()

    def configure(self, config: UpdateConfig) -> None:
        """
        Change when a round is due, from the next sample on.

        :param config: size, capacity and interval of the buffer.
        :raises ConfigError: when the capacity is below the size; nothing changed then.
        """
        with self._changed:
            self._buffer.configure(
                config.buffer_size, config.buffer_capacity, config.max_interval_s
            )
            self._interval_s, self._capacity = config.max_interval_s, config.buffer_capacity
            self._changed.notify()

    def add(self, sample: Sample) -> int:
        """
        Keep a sample, and start a round when one is due.

        :param sample: a hard frame with its fused segmentation.
        :returns: rounds started so far.
        """
        with self._changed:
            dropped = self._append(sample)
            if self._buffer.due(monotonic()):
                self._start()
            started = self._rounds
        if dropped:
            self._finish(dropped)
        return started

    def restore(self, samples: Iterable[Sample]) -> None:
        """
        Take back what a run before this one left: as many as it can have held, none is dropped.

        :param samples: oldest first.
        """
        dropped = []
        with self._changed:
            for sample in samples:
                if len(self._buffer) == self._capacity:
                    self._start()  # these may have been in a round; now they are in one again
                dropped += self._append(sample)
            if self._buffer.due(monotonic()):
                self._start()
        if dropped:
            self._finish(dropped)

    @property
    def rounds(self) -> int:
        """Rounds started so far."""
        with self._changed:
            return self._rounds

    def train_now(self) -> str:
        """
        Start a round with what the buffer holds.

        :returns: why none was started; empty when one was.
        """
        with self._changed:
            if self._running:
                return f'round {self._number} is running: try again when it has finished'
            if not len(self._buffer):
                return 'the replay buffer is empty: there is nothing to train on'
            self._start()
            return ''

    def roll_back(self, reason: str) -> None:
        """
        Announce that the running version was withdrawn; counts as a round of its own.

        :param reason: the figures, in words.
        """
        with self._changed:
            self._rounds += 1
            self._on_event(RoundEvent(self._rounds, RoundState.ROLLED_BACK, 0, reason))

    def stop(self, timeout_s: float) -> bool:
        """
        End the thread; a round in progress ends at its next checkpoint, without a release.

        :param timeout_s: longest wait, in seconds.
        :returns: whether it has ended.
        """
        with self._changed:
            self._stopped = True
            self._changed.notify()
        self._thread.join(timeout_s)
        return not self._thread.is_alive()

    def _append(self, sample: Sample) -> list[Sample]:
        dropped = self._buffer.append(sample, monotonic())
        if dropped is None:
            return []
        self._counters.add_drop('replay_buffer_full')
        return [dropped]

    def _finish(self, samples: list[Sample]) -> None:
        try:
            self._on_done(samples)
        except Exception as error:
            # At the worst they are trained on again after a restart.
            self._counters.add_error(error)
            _log.exception('%d samples done with are kept', len(samples))

    def _start(self) -> None:
        if self._running:
            return
        self._job = self._buffer.empty()
        self._running = True
        self._rounds += 1
        self._number = self._rounds  # rollbacks meanwhile have numbers of their own
        self._on_event(RoundEvent(self._number, RoundState.STARTED, len(self._job)))
        self._changed.notify()

    def _run(self) -> None:
        while True:
            with self._changed:
                while not (self._job or self._stopped):
                    self._changed.wait(self._interval_s)
                    if self._buffer.due(monotonic()):
                        self._start()
                if self._stopped:
                    return
                job, number, self._job = self._job, self._number, []
            event = self._round(job, number)
            with self._changed:
                self._running = False
                self._on_event(event)
                if self._buffer.due(monotonic()):
                    self._start()

    def _check_stopped(self) -> None:
        if self._stopped:
            raise RoundStoppedError

    def _round(self, samples: list[Sample], number: int) -> RoundEvent:
        try:
            result = self._train(samples, number, self._check_stopped)
        except RoundStoppedError as error:
            return RoundEvent(number, RoundState.FAILED, len(samples), str(error))
        except Exception as error:
            # Whatever goes wrong in training, frames must be answered and later rounds run.
            self._counters.add_error(error)
            _log.exception('training round %d failed', number)
            event = RoundEvent(number, RoundState.FAILED, len(samples), repr(error))
        else:
            state = RoundState.REJECTED if result.update is None else RoundState.RELEASED
            event = RoundEvent(number, state, result.samples, result.reason, result.duration_s)
        self._finish(samples)
        return event
