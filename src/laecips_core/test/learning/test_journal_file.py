from __future__ import annotations

from pathlib import Path
import sqlite3

import pytest

from laecips_core.learning.journal_file import JournalError
from laecips_core.learning.journal_file import open_journal


def pragma(database: sqlite3.Connection, name: str) -> object:
    return database.execute(f'PRAGMA {name}').fetchone()[0]


def full(path: Path) -> None:
    """Write a journal of many pages."""
    database = open_journal(path)
    rows = [(f'{number}' * 100,) for number in range(1000)]
    database.executemany('INSERT INTO frames (uid) VALUES (?)', rows)
    database.execute('PRAGMA wal_checkpoint(TRUNCATE)')
    database.close()


def test_a_new_journal_writes_through_to_the_disk(tmp_path: Path) -> None:
    database = open_journal(tmp_path / 'a')
    assert pragma(database, 'journal_mode') == 'wal'
    assert pragma(database, 'synchronous') == 2
    assert pragma(database, 'user_version') == 1


def test_an_empty_file_is_a_new_journal(tmp_path: Path) -> None:
    (tmp_path / 'a').touch()
    assert pragma(open_journal(tmp_path / 'a'), 'user_version') == 1


def test_a_journal_is_opened_again(tmp_path: Path) -> None:
    full(tmp_path / 'a')
    database = open_journal(tmp_path / 'a')
    assert database.execute('SELECT count(*) FROM frames').fetchone() == (1000,)


def test_a_file_of_another_kind_is_refused_and_left_alone(tmp_path: Path) -> None:
    (tmp_path / 'a').write_bytes(b'no database' * 100)
    match = 'a: expected an undamaged sample journal, got file is not a database; restore it, or'
    with pytest.raises(JournalError, match=match):
        open_journal(tmp_path / 'a')
    assert (tmp_path / 'a').read_bytes() == b'no database' * 100


@pytest.mark.parametrize('where', ['head', 'middle', 'cut'])
def test_a_damaged_journal_is_refused(tmp_path: Path, where: str) -> None:
    path = tmp_path / 'a'
    full(path)
    data = bytearray(path.read_bytes())
    if where == 'cut':
        del data[len(data) // 2 :]
    else:
        # 100 bytes of file header, which would make it another kind of file, stay.
        begin = {'head': 100, 'middle': len(data) // 2 // 4096 * 4096}[where]
        data[begin : begin + 400] = b'\xff' * 400
    path.write_bytes(data)
    with pytest.raises(JournalError, match='a: expected an undamaged sample journal, got'):
        open_journal(path)


def test_another_format_is_refused(tmp_path: Path) -> None:
    database = open_journal(tmp_path / 'a')
    database.execute('PRAGMA user_version = 2')
    database.close()
    match = 'a: expected a sample journal of format 1, got format 2; use the release of laecips'
    with pytest.raises(JournalError, match=match):
        open_journal(tmp_path / 'a')


def test_a_database_of_others_is_refused(tmp_path: Path) -> None:
    database = sqlite3.connect(tmp_path / 'a')
    database.execute('CREATE TABLE theirs (x)')
    database.close()
    with pytest.raises(JournalError, match='expected a sample journal of format 1, got format 0'):
        open_journal(tmp_path / 'a')


def test_a_folder_that_is_missing_is_refused(tmp_path: Path) -> None:
    match = 'a: expected a file that can be opened, got .*; choose a folder that exists'
    with pytest.raises(JournalError, match=match):
        open_journal(tmp_path / 'none' / 'a')
