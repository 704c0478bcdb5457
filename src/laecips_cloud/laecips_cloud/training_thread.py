"""Training rounds on a thread of their own, fed by the hard frames."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum
import logging
from threading import Condition
from threading import Thread
from time import monotonic

from laecips_core.config import UpdateConfig
from laecips_core.errors import LaecipsError
from laecips_core.learning.replay import ReplayBuffer
from laecips_core.learning.trainer import RoundResult
from laecips_core.values import Sample
from laecips_ros.counters import Counters

_log = logging.getLogger(__name__)


class RoundStoppedError(LaecipsError):
    """The node ends while a round runs."""

    code = 'round_stopped'

    def __init__(self) -> None:
        """Say what becomes of the round."""
        super().__init__('the node is told to stop: the round is given up, the weights stay')


class RoundState(IntEnum):
    """State of a round; the numbers are those of ``laecips_msgs/TrainingRound``."""

    STARTED = 0
    RELEASED = 1
    REJECTED = 2
    FAILED = 3
    ROLLED_BACK = 4


@dataclass(frozen=True)
class RoundEvent:
    """
    What happens to a round.

    :param number: of the round, from 1.
    :param state: what happened.
    :param samples: fused frames in it.
    :param reason: what the gate or the error said; empty when STARTED.
    :param duration_s: of training and gate, in seconds; 0 when STARTED.
    """

    number: int
    state: RoundState
    samples: int
    reason: str = ''
    duration_s: float = 0.0


class TrainingThread:
    """
    Starts a round as soon as the buffer is due and no other round runs.

    :meth:`add` announces the round it starts before it returns, so that whoever sent the frame
    can be told the number of the round that its frame belongs to.
    """

    def __init__(
        self,
        config: UpdateConfig,
        train: Callable[[list[Sample], int, Callable[[], None]], RoundResult],
        on_event: Callable[[RoundEvent], None],
        counters: Counters,
    ) -> None:
        """
        Start the thread.

        :param config: size and interval of the buffer.
        :param train: runs one round and puts what the gate lets through into force; called on
            this thread with samples, number and a checkpoint to call before every step.
        :param on_event: told of each start and end, on whatever thread it happens.
        :param counters: where drops and errors are counted.
        """
        self._train, self._on_event, self._counters = train, on_event, counters
        self._interval_s = config.max_interval_s
        self._buffer = ReplayBuffer(
            config.buffer_size, config.buffer_capacity, config.max_interval_s
        )
        self._changed = Condition()
        self._job: list[Sample] = []
        self._running = self._stopped = False
        self._rounds = self._number = 0
        self._thread = Thread(target=self._run, name='training', daemon=True)
        self._thread.start()

    def add(self, sample: Sample) -> int:
        """
        Keep a sample, and start a round when one is due.

        :param sample: a hard frame with its fused segmentation.
        :returns: rounds started so far.
        """
        with self._changed:
            if not self._buffer.append(sample, monotonic()):
                self._counters.add_drop('replay_buffer_full')
            if self._buffer.due(monotonic()):
                self._start()
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
            return RoundEvent(number, RoundState.FAILED, len(samples), repr(error))
        state = RoundState.REJECTED if result.update is None else RoundState.RELEASED
        return RoundEvent(number, state, result.samples, result.reason, result.duration_s)
