"""Tests of the outbox: order, bounds, counters, what it remembers, and files it cannot use."""

from __future__ import annotations

from collections.abc import Iterator
import os
from pathlib import Path
import sqlite3
from threading import Thread

import pytest

from laecips_bridge.bridge_config import OutboxConfig
from laecips_bridge.errors import OutboxError
from laecips_bridge.outbox import Kept
from laecips_bridge.outbox import open_outbox
from laecips_bridge.outbox import Outbox
from laecips_ros.counters import Counters


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / 'new' / 'outbox.sqlite'


@pytest.fixture
def counters() -> Counters:
    return Counters()


@pytest.fixture
def outbox(path: Path, counters: Counters) -> Iterator[Outbox]:
    box = Outbox(path, 1000, counters)
    yield box
    box.close()


def test_what_is_kept_comes_out_in_order(outbox: Outbox, counters: Counters) -> None:
    assert outbox.oldest() is None
    assert outbox.keep('robot/1', b'first', 'no_link')
    assert outbox.keep('robot/2', b'second', 'over_budget')
    assert (outbox.frames, outbox.size_bytes) == (2, 11)
    assert outbox.oldest() == Kept('robot/1', b'first', 0)
    assert outbox.oldest() == Kept('robot/1', b'first', 0)
    outbox.sent('robot/1')
    assert outbox.oldest() == Kept('robot/2', b'second', 0)
    assert (outbox.frames, outbox.size_bytes) == (1, 6)
    outbox.refused('robot/2', 'damaged')
    assert outbox.oldest() is None
    assert (outbox.frames, outbox.size_bytes) == (0, 0)
    assert counters.snapshot() == {
        'outbox.kept.no_link': 1,
        'outbox.kept.over_budget': 1,
        'outbox.refused.damaged': 1,
        'outbox.sent': 1,
    }


def test_a_frame_is_kept_once(outbox: Outbox, counters: Counters) -> None:
    assert outbox.keep('robot/1', b'one', 'no_link')
    assert not outbox.keep('robot/1', b'other', 'no_link')
    assert outbox.oldest() == Kept('robot/1', b'one', 0)
    assert (outbox.frames, outbox.size_bytes) == (1, 3)
    assert counters.snapshot()['outbox.repeated'] == 1


def test_a_settled_frame_is_never_kept_again(
    outbox: Outbox, path: Path, counters: Counters
) -> None:
    assert outbox.keep('robot/1', b'one', 'no_link')
    assert outbox.keep('robot/2', b'two', 'no_link')
    outbox.sent('robot/1')
    outbox.refused('robot/2', 'refused')
    outbox.sent('robot/3')
    outbox.close()
    again = Outbox(path, 1000, counters)
    for uid in ('robot/1', 'robot/2', 'robot/3'):
        assert not again.keep(uid, b'x', 'no_link')
    assert again.frames == 0
    assert counters.snapshot() == {
        'outbox.kept.no_link': 2,
        'outbox.refused.refused': 1,
        'outbox.repeated': 3,
        'outbox.sent': 1,
    }
    again.close()


def test_only_so_many_settled_frames_are_remembered(counters: Counters) -> None:
    outbox = Outbox(None, 1000, counters, settled_uids=2)
    for uid in ('a', 'b', 'b', 'a', 'c'):
        outbox.sent(uid)
    assert [outbox.keep(uid, b'x', 'no_link') for uid in 'abc'] == [True, False, False]


def test_the_oldest_go_when_there_is_no_room(outbox: Outbox, counters: Counters) -> None:
    for number in range(4):
        assert outbox.keep(f'robot/{number}', bytes(250), 'no_link')
    # The turn does not count, only the age.
    outbox.postpone('robot/0')
    assert outbox.keep('robot/4', bytes(251), 'no_link')
    assert (outbox.frames, outbox.size_bytes) == (3, 751)
    assert counters.snapshot()['drops.outbox_full'] == 2
    left = []
    while kept := outbox.oldest():
        left.append(kept.frame_uid)
        outbox.sent(kept.frame_uid)
    assert left == ['robot/2', 'robot/3', 'robot/4']
    assert outbox.keep('robot/0', b'x', 'no_link')


def test_a_frame_larger_than_the_outbox_drops_nothing_else(
    outbox: Outbox, counters: Counters
) -> None:
    assert outbox.keep('robot/1', b'x', 'no_link')
    assert not outbox.keep('robot/2', bytes(1001), 'no_link')
    assert outbox.oldest() == Kept('robot/1', b'x', 0)
    assert counters.snapshot() == {'drops.outbox_too_large': 1, 'outbox.kept.no_link': 1}
    assert outbox.keep('robot/3', bytes(1000), 'no_link')
    assert (outbox.frames, outbox.size_bytes) == (1, 1000)


def test_a_postponed_frame_goes_behind(outbox: Outbox, counters: Counters) -> None:
    for uid in 'abc':
        assert outbox.keep(uid, uid.encode(), 'no_link')
    outbox.postpone('a')
    assert outbox.oldest() == Kept('b', b'b', 0)
    assert outbox.keep('d', b'd', 'no_link')
    outbox.postpone('b')
    outbox.postpone('none')
    order = []
    while kept := outbox.oldest():
        order.append((kept.frame_uid, kept.tries))
        outbox.sent(kept.frame_uid)
    assert order == [('c', 0), ('a', 1), ('d', 0), ('b', 1)]
    assert counters.snapshot()['outbox.postponed'] == 2


def test_frames_that_are_on_their_way_can_be_left_out(outbox: Outbox) -> None:
    for uid in 'abc':
        assert outbox.keep(uid, b'x', 'in_flight')
    assert outbox.oldest({'a', 'z'}) == Kept('b', b'x', 0)
    assert outbox.oldest({'b', 'a'}) == Kept('c', b'x', 0)
    assert outbox.oldest({'a', 'b', 'c'}) is None


def test_everything_is_there_after_a_restart(
    outbox: Outbox, path: Path, counters: Counters
) -> None:
    assert outbox.keep('a', b'first', 'no_link')
    assert outbox.keep('b', b'second', 'no_link')
    outbox.postpone('a')
    outbox.close()
    again = Outbox(path, 1000, counters)
    assert (again.frames, again.size_bytes) == (2, 11)
    assert again.oldest() == Kept('b', b'second', 0)
    again.sent('b')
    assert again.oldest() == Kept('a', b'first', 1)
    again.close()


def test_a_smaller_bound_drops_at_the_start(
    outbox: Outbox, path: Path, counters: Counters
) -> None:
    for uid in 'abc':
        assert outbox.keep(uid, bytes(100), 'no_link')
    outbox.close()
    again = Outbox(path, 150, counters)
    assert (again.frames, again.size_bytes) == (1, 100)
    assert again.oldest() == Kept('c', bytes(100), 0)
    assert counters.snapshot()['drops.outbox_full'] == 2
    again.close()


def test_only_the_owner_may_read_the_frames(outbox: Outbox, path: Path) -> None:
    assert outbox.keep('a', b'x', 'no_link')
    modes = {file.name: file.stat().st_mode & 0o777 for file in path.parent.iterdir()}
    assert modes == dict.fromkeys(modes, 0o600)
    assert 'outbox.sqlite' in modes


def test_threads_lose_nothing(outbox: Outbox, counters: Counters) -> None:
    def work(name: str) -> None:
        for number in range(40):
            uid = f'{name}/{number}'
            assert outbox.keep(uid, b'12', 'no_link')
            if number % 2:
                outbox.sent(uid)
            else:
                outbox.postpone(uid)

    threads = [Thread(target=work, args=(name,)) for name in 'abcd']
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (outbox.frames, outbox.size_bytes) == (80, 160)
    assert counters.snapshot() == {
        'outbox.kept.no_link': 160,
        'outbox.postponed': 80,
        'outbox.sent': 80,
    }


def test_a_full_disk_stops_nobody_and_is_counted(path: Path, counters: Counters) -> None:
    outbox = Outbox(path, 1_000_000, counters)
    assert outbox.keep('a', bytes(50_000), 'no_link')
    # SQLite says that the disk is full when it must not take another page.
    connection = outbox._rows._connection
    connection.execute('PRAGMA max_page_count = 1')
    assert not outbox.keep('b', bytes(100_000), 'no_link')
    assert (outbox.frames, outbox.size_bytes) == (1, 50_000)
    assert outbox.oldest() == Kept('a', bytes(50_000), 0)
    outbox.sent('a')
    assert outbox.keep('b', bytes(20_000), 'no_link')
    assert (outbox.frames, outbox.size_bytes) == (1, 20_000)
    assert counters.snapshot() == {
        'drops.outbox_failed': 1,
        'errors.bad_outbox': 1,
        'outbox.kept.no_link': 2,
        'outbox.sent': 1,
    }
    outbox.close()


def test_a_frame_that_cannot_be_taken_out_is_not_given_again(
    outbox: Outbox, path: Path, counters: Counters
) -> None:
    for uid in 'ab':
        assert outbox.keep(uid, b'x', 'no_link')
    outbox._rows._connection.execute('PRAGMA query_only = ON')
    outbox.sent('a')
    outbox.postpone('b')
    assert outbox.oldest() == Kept('b', b'x', 0)
    assert outbox.frames == 2
    assert counters.snapshot() == {'errors.bad_outbox': 2, 'outbox.kept.no_link': 2}
    outbox._rows._connection.execute('PRAGMA query_only = OFF')
    assert not outbox.keep('a', b'x', 'no_link')
    assert outbox.oldest({'b'}) is None
    outbox.close()
    again = Outbox(path, 1000, counters)
    assert again.oldest() == Kept('a', b'x', 0)
    again.close()


def test_a_closed_file_stops_nobody_and_is_counted(
    outbox: Outbox, counters: Counters, caplog: pytest.LogCaptureFixture
) -> None:
    assert outbox.keep('a', b'a', 'no_link')
    outbox.close()
    assert not outbox.keep('b', b'b', 'no_link')
    outbox.sent('a')
    outbox.postpone('a')
    assert outbox.oldest() is None
    assert (outbox.frames, outbox.size_bytes) == (1, 1)
    assert counters.snapshot() == {
        'drops.outbox_failed': 1,
        'errors.bad_outbox': 4,
        'outbox.kept.no_link': 1,
    }
    (line,) = [record.getMessage() for record in caplog.records]
    assert 'expected a file to read and write, got Cannot operate on a closed database' in line


def make_foreign(path: Path, *statements: str) -> bytes:
    path.parent.mkdir()
    connection = sqlite3.connect(path, isolation_level=None)
    for statement in statements:
        connection.execute(statement)
    connection.close()
    return path.read_bytes()


def test_the_file_of_another_program_is_refused(path: Path, counters: Counters) -> None:
    content = make_foreign(path, 'CREATE TABLE kept (number)')
    with pytest.raises(OutboxError, match=r'got one of another program .*; change outbox\.path'):
        Outbox(path, 1000, counters)
    assert path.read_bytes() == content


def test_another_schema_version_is_refused(outbox: Outbox, path: Path, counters: Counters) -> None:
    outbox.close()
    connection = sqlite3.connect(path)
    connection.execute('PRAGMA user_version = 2')
    connection.close()
    with pytest.raises(OutboxError, match='expected schema version 1, got 2; move it away'):
        Outbox(path, 1000, counters)


def test_what_is_no_database_is_refused(path: Path, counters: Counters) -> None:
    path.parent.mkdir()
    path.write_bytes(b'no database, but long enough to be looked at' * 100)
    with pytest.raises(OutboxError, match=r'expected a sound SQLite file, .*; move it away'):
        Outbox(path, 1000, counters)
    assert path.read_bytes().startswith(b'no database')


def test_a_damaged_file_is_refused(path: Path, counters: Counters) -> None:
    outbox = Outbox(path, 10_000_000, counters)
    for number in range(40):
        assert outbox.keep(f'robot/{number}', os.urandom(20_000), 'no_link')
    outbox.close()
    content = bytearray(path.read_bytes())
    for page in range(1, len(content) // 4096, 3):
        content[4096 * page : 4096 * page + 64] = os.urandom(64)
    path.write_bytes(content)
    with pytest.raises(OutboxError, match='move it away, and the bridge starts a new one') as e:
        Outbox(path, 10_000_000, counters)
    assert e.value.code == 'bad_outbox'
    assert path.read_bytes() == content


def test_a_file_in_use_is_refused(outbox: Outbox, path: Path, counters: Counters) -> None:
    assert outbox.keep('a', b'x', 'no_link')
    with pytest.raises(OutboxError, match=r'for this bridge alone, got .*; stop the other bridge'):
        Outbox(path, 1000, counters)
    assert outbox.oldest() == Kept('a', b'x', 0)


def test_a_path_that_is_a_folder_is_refused(tmp_path: Path, counters: Counters) -> None:
    with pytest.raises(OutboxError, match=r'expected a file to write, .* outbox\.path'):
        Outbox(tmp_path, 1000, counters)


def test_a_folder_that_is_a_file_is_refused(tmp_path: Path, counters: Counters) -> None:
    (tmp_path / 'file').write_bytes(b'')
    with pytest.raises(OutboxError, match=r'expected a file to write, .* outbox\.path'):
        Outbox(tmp_path / 'file' / 'outbox.sqlite', 1000, counters)


def test_settings_name_the_file(
    tmp_path: Path, counters: Counters, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv('HOME', str(tmp_path))
    outbox = open_outbox(OutboxConfig(path='~/a/outbox.sqlite'), counters)
    outbox.close()
    assert (tmp_path / 'a' / 'outbox.sqlite').is_file()


def test_an_empty_path_is_memory_only(
    tmp_path: Path, counters: Counters, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    outbox = open_outbox(OutboxConfig(path=''), counters)
    assert outbox.keep('a', b'x', 'no_link')
    assert outbox.oldest() == Kept('a', b'x', 0)
    outbox.close()
    assert list(tmp_path.iterdir()) == []
