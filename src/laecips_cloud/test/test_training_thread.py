from __future__ import annotations

from collections.abc import Callable
from collections.abc import Iterator
from queue import Queue
from threading import Event

import numpy as np
import pytest

from laecips_cloud.rounds import RoundEvent
from laecips_cloud.rounds import RoundState
from laecips_cloud.training_thread import TrainingThread
from laecips_core.config import UpdateConfig
from laecips_core.learning.trainer import RoundResult
from laecips_core.values import Frame
from laecips_core.values import Sample
from laecips_core.values import Segmentation
from laecips_core.values import Source
from laecips_ros.counters import Counters

_WAIT_S = 10.0


def _sample(number: int) -> Sample:
    maps = np.zeros((2, 2), np.uint8)
    frame = Frame(np.zeros((2, 2, 3), np.uint8), number, f'robot/{number}')
    return Sample(frame, Segmentation(maps, maps, Source.FUSED, 'v'))


class _Rounds:
    """A training function under the test's control, and everything it was told."""

    def __init__(self, config: UpdateConfig) -> None:
        self.events: Queue[RoundEvent] = Queue()
        self.trained: list[list[str]] = []
        self.numbers: list[int] = []
        self.begun, self.go = Event(), Event()
        self.error: Exception | None = None
        self.counters = Counters()
        self.done: list[list[str]] = []
        self.done_error: Exception | None = None
        self.thread = TrainingThread(
            config, self._train, self.events.put, self._done, self.counters
        )

    def _train(
        self, samples: list[Sample], number: int, checkpoint: Callable[[], None]
    ) -> RoundResult:
        self.numbers.append(number)
        self.begun.set()
        assert self.go.wait(_WAIT_S)
        checkpoint()
        self.trained.append([sample.frame.frame_uid for sample in samples])
        if self.error is not None:
            raise self.error
        return RoundResult(None, 'worse', len(samples), 1.5)

    def _done(self, samples: list[Sample]) -> None:
        if self.done_error is not None:
            raise self.done_error
        self.done.append([sample.frame.frame_uid for sample in samples])

    def next_event(self) -> RoundEvent:
        return self.events.get(timeout=_WAIT_S)


@pytest.fixture
def rounds() -> Iterator[_Rounds]:
    made = _Rounds(UpdateConfig(buffer_size=2, buffer_capacity=3))
    yield made
    made.go.set()
    assert made.thread.stop(_WAIT_S)


def test_a_full_buffer_starts_a_round_before_add_returns(rounds: _Rounds) -> None:
    assert rounds.thread.add(_sample(1)) == 0
    assert rounds.events.empty()
    assert rounds.thread.add(_sample(2)) == 1
    assert rounds.events.get_nowait() == RoundEvent(1, RoundState.STARTED, 2)


def test_a_finished_round_says_what_the_gate_said(rounds: _Rounds) -> None:
    rounds.go.set()
    rounds.thread.add(_sample(1))
    rounds.thread.add(_sample(2))
    rounds.next_event()
    assert rounds.next_event() == RoundEvent(1, RoundState.REJECTED, 2, 'worse', 1.5)
    assert rounds.trained == [['robot/1', 'robot/2']]
    assert rounds.done == rounds.trained


def test_samples_that_come_during_a_round_make_the_next(rounds: _Rounds) -> None:
    rounds.thread.add(_sample(1))
    rounds.thread.add(_sample(2))
    assert rounds.begun.wait(_WAIT_S)
    assert rounds.thread.add(_sample(3)) == 1
    assert rounds.thread.add(_sample(4)) == 1
    rounds.go.set()
    states = [(rounds.next_event().number, i) for i in range(4)]
    assert [number for number, _ in states] == [1, 1, 2, 2]
    assert rounds.trained == [['robot/1', 'robot/2'], ['robot/3', 'robot/4']]


def test_the_buffer_is_bounded_during_a_round_and_drops_are_counted(rounds: _Rounds) -> None:
    rounds.thread.add(_sample(1))
    rounds.thread.add(_sample(2))
    for number in range(3, 8):
        rounds.thread.add(_sample(number))
    assert rounds.counters.snapshot()['drops.replay_buffer_full'] == 2
    assert rounds.done == [['robot/3'], ['robot/4']]


def test_a_failed_round_is_told_and_the_next_one_runs(rounds: _Rounds) -> None:
    rounds.error = RuntimeError('out of memory')
    rounds.go.set()
    rounds.thread.add(_sample(1))
    rounds.thread.add(_sample(2))
    rounds.next_event()
    failed = rounds.next_event()
    assert failed.state is RoundState.FAILED
    assert 'out of memory' in failed.reason
    assert rounds.counters.errors() == 1
    assert rounds.done == [['robot/1', 'robot/2']]
    rounds.error = None
    rounds.thread.add(_sample(3))
    assert rounds.thread.add(_sample(4)) == 2
    assert rounds.next_event().state is RoundState.STARTED
    assert rounds.next_event().state is RoundState.REJECTED


def test_train_now_starts_with_what_there_is(rounds: _Rounds) -> None:
    rounds.go.set()
    rounds.thread.add(_sample(1))
    assert rounds.thread.train_now() == ''
    assert rounds.next_event() == RoundEvent(1, RoundState.STARTED, 1)


def test_train_now_without_samples_says_why_not(rounds: _Rounds) -> None:
    assert 'empty' in rounds.thread.train_now()


def test_train_now_during_a_round_says_why_not(rounds: _Rounds) -> None:
    rounds.thread.add(_sample(1))
    rounds.thread.train_now()
    assert rounds.begun.wait(_WAIT_S)
    assert 'round 1 is running' in rounds.thread.train_now()


def test_a_rollback_is_announced_as_a_round_of_its_own(rounds: _Rounds) -> None:
    rounds.thread.roll_back('-0.05')
    assert rounds.events.get_nowait() == RoundEvent(1, RoundState.ROLLED_BACK, 0, '-0.05')
    assert rounds.thread.add(_sample(1)) == 1
    rounds.go.set()
    assert rounds.thread.add(_sample(2)) == 2
    assert rounds.next_event() == RoundEvent(2, RoundState.STARTED, 2)
    assert rounds.next_event() == RoundEvent(2, RoundState.REJECTED, 2, 'worse', 1.5)


def test_a_rollback_leaves_the_buffer_as_it_is(rounds: _Rounds) -> None:
    rounds.go.set()
    rounds.thread.add(_sample(1))
    rounds.thread.roll_back('worse')
    rounds.thread.add(_sample(2))
    assert [rounds.next_event().number for _ in range(3)] == [1, 2, 2]
    assert rounds.trained == [['robot/1', 'robot/2']]


def test_a_round_keeps_its_number_through_a_rollback(rounds: _Rounds) -> None:
    rounds.thread.add(_sample(1))
    rounds.thread.add(_sample(2))
    rounds.thread.roll_back('worse')
    assert rounds.begun.wait(_WAIT_S)
    assert 'round 1 is running' in rounds.thread.train_now()
    rounds.go.set()
    told = [rounds.next_event() for _ in range(3)]
    assert [(event.number, event.state) for event in told] == [
        (1, RoundState.STARTED),
        (2, RoundState.ROLLED_BACK),
        (1, RoundState.REJECTED),
    ]


def test_a_rollback_before_the_thread_takes_the_round_does_not_change_its_number(
    rounds: _Rounds,
) -> None:
    # The condition is re-entrant: held here, the thread cannot take the round in between.
    with rounds.thread._changed:
        rounds.thread.add(_sample(1))
        rounds.thread.add(_sample(2))
        rounds.thread.roll_back('worse')
    rounds.go.set()
    assert [rounds.next_event().number for _ in range(3)] == [1, 2, 1]
    assert rounds.numbers == [1]


def test_time_makes_a_round_due() -> None:
    rounds = _Rounds(UpdateConfig(buffer_size=100, max_interval_s=1.0))
    rounds.go.set()
    rounds.thread.add(_sample(1))
    assert rounds.next_event() == RoundEvent(1, RoundState.STARTED, 1)
    assert rounds.next_event().state is RoundState.REJECTED
    assert rounds.thread.stop(_WAIT_S)


def test_a_round_in_progress_is_given_up_at_the_stop(rounds: _Rounds) -> None:
    rounds.thread.add(_sample(1))
    rounds.thread.train_now()
    assert rounds.begun.wait(_WAIT_S)
    assert not rounds.thread.stop(0.0)
    rounds.go.set()
    assert rounds.thread.stop(_WAIT_S)
    assert rounds.next_event().state is RoundState.STARTED
    given_up = rounds.next_event()
    assert given_up.state is RoundState.FAILED
    assert 'told to stop' in given_up.reason
    assert rounds.trained == []
    assert rounds.done == []


def test_samples_are_done_with_before_the_end_of_their_round_is_told(rounds: _Rounds) -> None:
    rounds.thread.add(_sample(1))
    rounds.thread.add(_sample(2))
    assert rounds.begun.wait(_WAIT_S)
    assert rounds.done == []
    rounds.go.set()
    rounds.next_event()
    rounds.next_event()
    assert rounds.done == [['robot/1', 'robot/2']]


def test_the_thread_goes_on_when_samples_done_with_cannot_be_let_go(rounds: _Rounds) -> None:
    rounds.done_error = RuntimeError('disk full')
    rounds.go.set()
    for number in (1, 2):
        rounds.thread.add(_sample(2 * number))
        rounds.thread.add(_sample(2 * number + 1))
        assert rounds.next_event() == RoundEvent(number, RoundState.STARTED, 2)
        assert rounds.next_event().state is RoundState.REJECTED
    assert rounds.counters.errors() == 2


def test_restored_samples_are_all_there_before_a_round_starts(rounds: _Rounds) -> None:
    rounds.go.set()
    rounds.thread.restore([_sample(number) for number in (1, 2, 3)])
    assert rounds.next_event() == RoundEvent(1, RoundState.STARTED, 3)
    assert rounds.next_event().state is RoundState.REJECTED
    assert rounds.trained == [['robot/1', 'robot/2', 'robot/3']]
    assert rounds.thread.rounds == 1


def test_few_restored_samples_wait_for_more(rounds: _Rounds) -> None:
    rounds.go.set()
    rounds.thread.restore([_sample(1)])
    assert (rounds.events.empty(), rounds.thread.rounds) == (True, 0)
    assert rounds.thread.add(_sample(2)) == 1
    assert rounds.next_event() == RoundEvent(1, RoundState.STARTED, 2)


def test_a_full_buffer_and_a_round_are_restored_without_a_drop(rounds: _Rounds) -> None:
    rounds.thread.restore([_sample(number) for number in range(1, 7)])
    assert rounds.counters.snapshot() == {}
    rounds.go.set()
    states = [rounds.next_event() for _ in range(4)]
    assert [event.samples for event in states] == [3, 3, 3, 3]
    assert (
        rounds.done
        == rounds.trained
        == [
            ['robot/1', 'robot/2', 'robot/3'],
            ['robot/4', 'robot/5', 'robot/6'],
        ]
    )


def test_of_more_restored_samples_than_that_the_oldest_that_wait_go(rounds: _Rounds) -> None:
    rounds.thread.restore([_sample(number) for number in range(1, 9)])
    assert rounds.counters.snapshot() == {'drops.replay_buffer_full': 2}
    assert rounds.done == [['robot/4', 'robot/5']]


def test_a_smaller_buffer_starts_a_round_at_once(rounds: _Rounds) -> None:
    rounds.thread.add(_sample(1))
    rounds.thread.configure(UpdateConfig(buffer_size=1, buffer_capacity=3))
    assert rounds.next_event() == RoundEvent(1, RoundState.STARTED, 1)
    assert rounds.begun.wait(_WAIT_S)
