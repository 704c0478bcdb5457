from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
import subprocess
import sys

import numpy as np
import pytest

from laecips_core.config import LimitsConfig
from laecips_core.image_codec import decode_image
from laecips_core.image_codec import encode_image
from laecips_core.learning.journal import JOURNAL_FULL
from laecips_core.learning.journal import SampleJournal
from laecips_core.learning.journal_file import JournalError
from laecips_core.values import Frame
from laecips_core.values import Sample
from laecips_core.values import Segmentation
from laecips_core.values import Source

MUCH = 10**9
ADD_FOR_EVER = """
import sys
from pathlib import Path
sys.path.insert(0, sys.argv[2])
from test_journal import item, opened
journal = opened(Path(sys.argv[1]))
for number in range(10**6):
    journal.add(*item(number))
    print(number, flush=True)
"""


def item(number: int) -> tuple[Sample, bytes]:
    """Give a sample of 40 x 60 noisy pixels, and its image as it came."""
    rng = np.random.default_rng(number)
    data = encode_image(rng.integers(0, 256, (40, 60, 3), np.uint8), 'jpeg', 85)
    frame = Frame(decode_image(data, LimitsConfig()), 1000 + number, f'dog/{number}')
    labels, confidence = rng.integers(0, 256, (2, 40, 60), np.uint8)
    return Sample(frame, Segmentation(labels, confidence, Source.FUSED, f'v{number}')), data


def opened(
    path: Path | None,
    max_bytes: int = MUCH,
    max_uids: int = 1000,
    on_drop: Callable[[str], None] = pytest.fail,
) -> SampleJournal:
    return SampleJournal(path, max_bytes, max_uids, on_drop)


def add(journal: SampleJournal, *numbers: int) -> list[bool]:
    return [journal.add(*item(number)) for number in numbers]


def uids(*numbers: int) -> list[str]:
    return [f'dog/{number}' for number in numbers]


def assert_same(found: Sample, expected: Sample) -> None:
    np.testing.assert_array_equal(found.frame.image, expected.frame.image)
    np.testing.assert_array_equal(found.segmentation.labels, expected.segmentation.labels)
    np.testing.assert_array_equal(found.segmentation.confidence, expected.segmentation.confidence)
    assert _facts(found) == _facts(expected)


def _facts(sample: Sample) -> tuple[str, int, Source, str]:
    fused = sample.segmentation
    return sample.frame.frame_uid, sample.frame.stamp_ns, fused.source, fused.weights_version


@pytest.fixture(params=['file', 'memory'])
def journal(request: pytest.FixtureRequest, tmp_path: Path) -> SampleJournal:
    return opened(tmp_path / 'samples.sqlite' if request.param == 'file' else None)


def test_an_empty_journal_holds_nothing(journal: SampleJournal) -> None:
    assert journal.waiting() == []


def test_a_sample_comes_back_bit_for_bit(journal: SampleJournal) -> None:
    assert add(journal, 1) == [True]
    assert_same(journal.load('dog/1'), item(1)[0])


def test_a_known_frame_changes_nothing(journal: SampleJournal) -> None:
    add(journal, 1)
    other, data = item(2)
    again = Sample(Frame(other.frame.image, 7, 'dog/1'), other.segmentation)
    assert not journal.add(again, data)
    assert journal.waiting() == uids(1)
    assert_same(journal.load('dog/1'), item(1)[0])


def test_samples_wait_oldest_first_until_they_are_done(journal: SampleJournal) -> None:
    add(journal, 3, 1, 2)
    assert journal.waiting() == uids(3, 1, 2)
    journal.done(['dog/1', 'never seen'])
    assert journal.waiting() == uids(3, 2)


def test_a_frame_stays_known_when_its_sample_is_done(journal: SampleJournal) -> None:
    add(journal, 1)
    journal.done(uids(1))
    assert add(journal, 1) == [False]
    assert journal.waiting() == []


def test_a_frame_can_be_taken_without_a_sample(journal: SampleJournal) -> None:
    assert journal.take('dog/1')
    assert not journal.take('dog/1')
    assert add(journal, 1) == [False]
    assert journal.waiting() == []


@pytest.mark.parametrize('uid', ['dog/2', 'dog/1'])
def test_a_sample_that_does_not_wait_is_refused(journal: SampleJournal, uid: str) -> None:
    add(journal, 1)
    journal.done(uids(1))
    match = f'sample {uid} in .*: expected one that waits, got none'
    with pytest.raises(JournalError, match=match):
        journal.load(uid)


def test_the_newest_uids_are_known() -> None:
    journal = opened(None, max_uids=3)
    assert [journal.take(uid) for uid in 'abcde'] == [True] * 5
    assert [journal.take(uid) for uid in 'edc'] == [False] * 3
    assert journal.take('b')


def test_the_uid_of_a_waiting_sample_is_known_however_old() -> None:
    journal = opened(None, max_uids=2)
    add(journal, 0)
    assert [journal.take(uid) for uid in 'abcd'] == [True] * 4
    assert add(journal, 0) == [False]
    assert journal.waiting() == uids(0)
    journal.done(uids(0))
    journal.take('e')
    assert add(journal, 0) == [True]


def test_above_the_bytes_the_oldest_samples_go_and_are_counted() -> None:
    drops: list[str] = []
    one = _size_bytes(1)
    journal = opened(None, max_bytes=one + _size_bytes(2) + _size_bytes(3), on_drop=drops.append)
    add(journal, 1, 2, 3)
    assert drops == []
    add(journal, 4)
    assert (journal.waiting(), drops) == (uids(2, 3, 4), [JOURNAL_FULL])
    assert add(journal, 1) == [False]


def test_a_sample_at_the_bound_stays_and_one_above_it_goes_at_once() -> None:
    drops: list[str] = []
    size_bytes = _size_bytes(1)
    assert add(opened(None, max_bytes=size_bytes), 1) == [True]
    journal = opened(None, max_bytes=size_bytes - 1, on_drop=drops.append)
    assert add(journal, 1) == [True]
    assert (journal.waiting(), drops) == ([], [JOURNAL_FULL])


def _size_bytes(number: int) -> int:
    journal = opened(None)
    add(journal, number)
    (size_bytes,) = journal._database.execute('SELECT size_bytes FROM samples').fetchone()
    _, data = item(number)
    # Noise cannot be packed into much less than a byte a pixel.
    assert len(data) + 2 * 2400 <= size_bytes <= len(data) + 2 * 3000
    return int(size_bytes)


def test_a_journal_that_was_never_closed_goes_on(tmp_path: Path) -> None:
    path = tmp_path / 'samples.sqlite'
    killed = opened(path)
    add(killed, 1, 2, 3)
    killed.done(uids(2))
    again = opened(path)
    assert again.waiting() == uids(1, 3)
    assert add(again, 1, 2, 3, 4) == [False, False, False, True]
    assert_same(again.load('dog/3'), item(3)[0])


def test_every_sample_added_outlives_a_kill(tmp_path: Path) -> None:
    path, here = tmp_path / 'samples.sqlite', str(Path(__file__).parent)
    command = [sys.executable, '-c', ADD_FOR_EVER, str(path), here]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        added = [int(process.stdout.readline()) for _ in range(20)]
        process.kill()
        added += [int(line) for line in process.stdout.read().split()]
    again = opened(path)
    waiting = again.waiting()
    assert added == list(range(len(added)))
    # The last one may have been written without a word of it.
    assert waiting in (uids(*added), uids(*added, len(added)))
    for uid, number in zip(waiting, range(len(waiting)), strict=True):
        assert_same(again.load(uid), item(number)[0])


def test_several_threads_may_add_one_frame_and_one_of_them_does(journal: SampleJournal) -> None:
    with ThreadPoolExecutor(4) as pool:
        added = list(pool.map(lambda number: journal.add(*item(number % 5)), range(40)))
    assert sum(added) == 5
    assert sorted(journal.waiting()) == uids(0, 1, 2, 3, 4)


def test_a_damaged_sample_is_refused(tmp_path: Path) -> None:
    journal = opened(tmp_path / 'samples.sqlite')
    add(journal, 1)
    journal._database.execute("UPDATE samples SET labels = x'00'")
    match = r'sample dog/1 in .*samples\.sqlite: expected sha256 .*; restore the journal, or move'
    with pytest.raises(JournalError, match=match):
        journal.load('dog/1')


def test_a_closed_journal_refuses_every_call(journal: SampleJournal) -> None:
    journal.close()
    for call in (lambda: add(journal, 1), lambda: journal.done([]), journal.waiting):
        with pytest.raises(JournalError, match='expected a database with room'):
            call()


def test_a_journal_that_another_one_holds_too_long_is_refused(tmp_path: Path) -> None:
    path = tmp_path / 'samples.sqlite'
    holding, waiting = opened(path), opened(path)
    waiting._database.execute('PRAGMA busy_timeout = 10')
    with holding._transaction(), pytest.raises(JournalError, match='database is locked'):
        add(waiting, 1)
    assert waiting.waiting() == []
    assert add(waiting, 1) == [True]
