from __future__ import annotations

from collections.abc import Callable
from collections.abc import Sequence
from pathlib import Path
from queue import Queue
from threading import Event
from typing import cast

import numpy as np
import pytest

from laecips_cloud.announcer import Announcer
from laecips_cloud.learning import JOURNAL_FILE
from laecips_cloud.learning import Learning
from laecips_cloud.learning import open_journal
from laecips_cloud.rounds import RoundEvent
from laecips_cloud.rounds import RoundState
from laecips_core.config import CloudConfig
from laecips_core.config import JournalConfig
from laecips_core.config import UpdateConfig
from laecips_core.image_codec import encode_image
from laecips_core.learning.journal import SampleJournal
from laecips_core.learning.journal_file import JournalError
from laecips_core.learning.live_watch import Withdrawal
from laecips_core.learning.trainer import RoundResult
from laecips_core.masks.runs import from_partition
from laecips_core.pipeline.cloud import CloudPass
from laecips_core.pipeline.running_cloud import Cloud
from laecips_core.values import Frame
from laecips_core.values import Prediction
from laecips_core.values import Sample
from laecips_core.values import Segmentation
from laecips_core.values import Source
from laecips_core.values import WeightManifest
from laecips_core.values import WeightUpdate
from laecips_ros.counters import Counters

_WAIT_S = 10.0
_IMAGE = np.arange(12, dtype=np.uint8).reshape(2, 2, 3)
_PNG = encode_image(_IMAGE, 'png', 1)
_UPDATE = WeightUpdate(WeightManifest('net', 'new', '', 'c', 'e', 's', 1), b'')


def _pass(number: int) -> CloudPass:
    maps = np.zeros((2, 2), np.uint8)
    sample = Sample(
        Frame(_IMAGE, number, f'dog/{number}'), Segmentation(maps, maps, Source.FUSED, 'v1')
    )
    prediction = Prediction(np.ones((1, 2, 2), np.float32), (2, 2), 'v1')
    masks = from_partition(np.zeros((2, 2), np.int64), generator='one')
    return CloudPass(sample, prediction, masks, b'', b'', 0.0, 0.0, 0.0, 0.0, 0.0)


class _Cloud:
    """Trains and watches as the test says, and remembers what it was shown."""

    def __init__(self, trains: bool = True) -> None:
        self.trainer = object() if trains else None
        self.begun, self.go = Event(), Event()
        self.update: WeightUpdate | None = None
        self.withdrawal: Withdrawal | None = None
        self.error: Exception | None = None
        self.trained: list[list[str]] = []
        self.observed: list[str] = []

    def train(
        self, samples: Sequence[Sample], number: int, checkpoint: Callable[[], None]
    ) -> RoundResult:
        self.begun.set()
        assert self.go.wait(_WAIT_S)
        checkpoint()
        self.trained.append([sample.frame.frame_uid for sample in samples])
        return RoundResult(self.update, 'measured', len(samples), 1.0)

    def observe(self, done: CloudPass) -> Withdrawal | None:
        self.observed.append(done.sample.frame.frame_uid)
        if self.error is not None:
            raise self.error
        return self.withdrawal


class _Announcer:
    def __init__(self) -> None:
        self.announced = 0

    def announce(self) -> None:
        self.announced += 1


class _Bench:
    def __init__(self, cloud: _Cloud, config: CloudConfig) -> None:
        self.cloud, self.announcer, self.counters = cloud, _Announcer(), Counters()
        self.events: Queue[RoundEvent] = Queue()
        self.journal = open_journal(config, self.counters)
        self.learning = Learning(
            config,
            cast('Cloud', cloud),
            cast('Announcer', self.announcer),
            self.events.put,
            self.journal,
            self.counters,
        )

    def stop(self, timeout_s: float = _WAIT_S) -> None:
        """Stop as the node does: the thread, then the journal."""
        self.learning.stop(timeout_s)
        self.journal.close()

    def take(self, *numbers: int) -> list[tuple[bool, int]]:
        return [self.learning.take(_pass(number), _PNG) for number in numbers]

    def next_state(self) -> RoundState:
        return self.events.get(timeout=_WAIT_S).state

    def count(self, name: str) -> int:
        return self.counters.snapshot().get(name, 0)


def _config(folder: Path | None, size: int = 2, capacity: int = 3) -> CloudConfig:
    return CloudConfig(
        store='' if folder is None else str(folder),
        update=UpdateConfig(buffer_size=size, buffer_capacity=capacity),
    )


def _waiting(folder: Path) -> list[str]:
    journal = SampleJournal(folder / JOURNAL_FILE, 10**9, 1000, pytest.fail)
    waiting = journal.waiting()
    journal.close()
    return waiting


def test_a_sample_is_kept_before_it_is_taken_and_goes_when_its_round_has_ended(
    tmp_path: Path,
) -> None:
    bench = _Bench(_Cloud(), _config(tmp_path))
    assert bench.take(1) == [(False, 0)]
    assert _waiting(tmp_path) == ['dog/1']
    assert bench.take(2) == [(False, 1)]
    assert bench.next_state() is RoundState.STARTED
    assert _waiting(tmp_path) == ['dog/1', 'dog/2']
    bench.cloud.go.set()
    assert bench.next_state() is RoundState.REJECTED
    assert _waiting(tmp_path) == []
    bench.stop()


def test_a_known_frame_is_neither_trained_on_nor_watched() -> None:
    bench = _Bench(_Cloud(), _config(None))
    assert bench.take(1, 1, 1) == [(False, 0), (True, 0), (True, 0)]
    assert bench.take(2) == [(False, 1)]
    assert bench.take(2) == [(True, 1)]
    bench.cloud.go.set()
    assert [bench.next_state() for _ in range(2)] == [RoundState.STARTED, RoundState.REJECTED]
    assert bench.cloud.trained == [['dog/1', 'dog/2']]
    assert bench.cloud.observed == ['dog/1', 'dog/2']
    assert bench.count('frames_known') == 3
    bench.stop()


def test_without_an_update_rule_frames_are_known_and_nothing_is_kept(tmp_path: Path) -> None:
    bench = _Bench(_Cloud(trains=False), _config(tmp_path))
    assert bench.take(1, 2, 1) == [(False, 0), (False, 0), (True, 0)]
    assert bench.learning.train_now() == 'update.rule is none'
    assert bench.count('frames_known') == 1
    bench.stop()
    assert _waiting(tmp_path) == []


def test_samples_of_a_killed_run_are_trained_on(tmp_path: Path) -> None:
    killed = _Bench(_Cloud(), _config(tmp_path, size=3))
    killed.take(1, 2)
    again = _Bench(_Cloud(), _config(tmp_path, size=3))
    assert again.count('samples_restored') == 2
    assert again.take(1, 2) == [(True, 0), (True, 0)]
    assert again.take(3) == [(False, 1)]
    again.cloud.go.set()
    assert [again.next_state() for _ in range(2)] == [RoundState.STARTED, RoundState.REJECTED]
    assert again.cloud.trained == [['dog/1', 'dog/2', 'dog/3']]
    assert _waiting(tmp_path) == []
    for bench in (killed, again):
        bench.stop()


def test_a_round_that_was_given_up_is_run_after_the_restart(tmp_path: Path) -> None:
    stopped = _Bench(_Cloud(), _config(tmp_path))
    stopped.take(1, 2)
    assert stopped.next_state() is RoundState.STARTED
    assert stopped.cloud.begun.wait(_WAIT_S)
    stopped.stop(0.0)
    stopped.cloud.go.set()
    assert stopped.next_state() is RoundState.FAILED
    assert _waiting(tmp_path) == ['dog/1', 'dog/2']
    again = _Bench(_Cloud(), _config(tmp_path))
    again.cloud.go.set()
    assert [again.next_state() for _ in range(2)] == [RoundState.STARTED, RoundState.REJECTED]
    assert again.cloud.trained == [['dog/1', 'dog/2']]
    again.stop()


def test_a_sample_that_makes_room_in_the_buffer_goes_from_the_journal_too(tmp_path: Path) -> None:
    bench = _Bench(_Cloud(), _config(tmp_path, size=2, capacity=2))
    bench.take(1, 2, 3, 4, 5)
    assert bench.count('drops.replay_buffer_full') == 1
    assert _waiting(tmp_path) == ['dog/1', 'dog/2', 'dog/4', 'dog/5']
    assert bench.take(3) == [(True, 1)]
    bench.cloud.go.set()
    bench.stop()


def test_a_journal_above_its_bytes_drops_and_counts(tmp_path: Path) -> None:
    config = CloudConfig(
        store=str(tmp_path), update=UpdateConfig(), journal=JournalConfig(max_bytes=len(_PNG))
    )
    bench = _Bench(_Cloud(), config)
    bench.take(1)
    assert bench.count('drops.journal_full') == 1
    assert _waiting(tmp_path) == []
    bench.stop()


def test_a_release_is_announced_before_its_round_ends() -> None:
    bench = _Bench(_Cloud(), _config(None))
    bench.cloud.update = _UPDATE
    bench.take(1, 2)
    bench.cloud.go.set()
    assert [bench.next_state() for _ in range(2)] == [RoundState.STARTED, RoundState.RELEASED]
    assert bench.announcer.announced == 1
    bench.stop()


def test_a_rollback_is_announced_and_told() -> None:
    bench = _Bench(_Cloud(), _config(None))
    bench.cloud.withdrawal = Withdrawal('new', 'old', 'worse')
    assert bench.take(1) == [(False, 1)]
    assert bench.events.get(timeout=_WAIT_S) == RoundEvent(1, RoundState.ROLLED_BACK, 0, 'worse')
    assert (bench.announcer.announced, bench.count('rollbacks')) == (1, 1)
    bench.stop()


def test_a_sample_is_trained_on_even_if_the_watch_fails() -> None:
    bench = _Bench(_Cloud(), _config(None, size=1))
    bench.cloud.error = RuntimeError('out of memory')
    with pytest.raises(RuntimeError, match='out of memory'):
        bench.take(1)
    bench.cloud.go.set()
    assert [bench.next_state() for _ in range(2)] == [RoundState.STARTED, RoundState.REJECTED]
    assert bench.cloud.trained == [['dog/1']]
    bench.stop()


def test_a_sample_that_cannot_be_kept_is_not_learnt_from() -> None:
    bench = _Bench(_Cloud(), _config(None, size=1))
    bench.journal.close()
    with pytest.raises(JournalError):
        bench.take(1)
    assert bench.cloud.observed == []
    assert bench.events.empty()
    bench.stop()


def test_a_damaged_journal_ends_the_start(tmp_path: Path) -> None:
    (tmp_path / JOURNAL_FILE).write_bytes(b'no database' * 100)
    with pytest.raises(JournalError, match=r'samples\.sqlite: expected an undamaged'):
        _Bench(_Cloud(), _config(tmp_path))


def test_a_damaged_sample_ends_the_start_before_any_round(tmp_path: Path) -> None:
    killed = _Bench(_Cloud(), _config(tmp_path, size=2, capacity=2))
    killed.take(1, 2, 3)
    killed.journal._database.execute("UPDATE samples SET image = x'00' WHERE number = 3")
    cloud = _Cloud()
    with pytest.raises(JournalError, match='sample dog/3 in'):
        _Bench(cloud, _config(tmp_path))
    cloud.go.set()
    killed.cloud.go.set()
    killed.stop()
    assert cloud.trained == []
