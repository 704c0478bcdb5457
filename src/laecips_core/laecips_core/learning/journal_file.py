"""The database file of the sample journal: made, or checked and opened."""

from __future__ import annotations

from pathlib import Path
import sqlite3

from laecips_core.errors import LaecipsError

FORMAT = 1
"""Version of the layout, kept as SQLite's user_version."""

_LOCK_S = 5.0
_LAYOUT = f"""
BEGIN;
CREATE TABLE frames (number INTEGER PRIMARY KEY, uid TEXT NOT NULL UNIQUE);
CREATE TABLE samples (
    number INTEGER PRIMARY KEY REFERENCES frames,
    size_bytes INTEGER NOT NULL,
    sha256 TEXT NOT NULL,
    stamp_ns INTEGER NOT NULL,
    source INTEGER NOT NULL,
    weights_version TEXT NOT NULL,
    image BLOB NOT NULL,
    labels BLOB NOT NULL,
    confidence BLOB NOT NULL
);
PRAGMA user_version = {FORMAT};
COMMIT;
"""


class JournalError(LaecipsError):
    """The journal of samples cannot be used; what it holds stays as it was."""

    code = 'bad_journal'

    def __init__(self, what: str, expected: str, got: object, do: str = '') -> None:
        """
        Name what is wrong.

        :param what: the file or sample at fault.
        :param expected: what should have been there.
        :param got: what was found.
        :param do: the remedy; none by default.
        """
        remedy = f'; {do}' if do else ''
        super().__init__(f'{what}: expected {expected}, got {got}{remedy}')


def name_of(path: Path | None) -> str:
    """
    Name a journal in errors.

    :param path: its file; None: in memory.
    """
    return 'sample journal in memory' if path is None else str(path)


def open_journal(path: Path | None) -> sqlite3.Connection:
    """
    Open the database, and make it where there is none.

    :param path: the file; its folder must exist. None: in memory.
    :returns: a connection for any thread, one at a time; a commit is on disk when it returns.
    :raises JournalError: when the file is damaged, of another kind, or cannot be used.
    """
    database = _connect(path)
    try:
        _check(database, name_of(path))
        database.execute('PRAGMA journal_mode = WAL')
        database.execute('PRAGMA synchronous = FULL')
    except sqlite3.Error as error:
        database.close()
        raise _damaged(path, error) from error
    except JournalError:
        database.close()
        raise
    return database


def _connect(path: Path | None) -> sqlite3.Connection:
    try:
        return sqlite3.connect(
            ':memory:' if path is None else path,
            timeout=_LOCK_S,
            isolation_level=None,
            check_same_thread=False,
        )
    except sqlite3.Error as error:
        do = 'choose a folder that exists and can be written'
        raise JournalError(name_of(path), 'a file that can be opened', error, do) from error


def _check(database: sqlite3.Connection, name: str) -> None:
    (found,) = database.execute('PRAGMA quick_check(1)').fetchone()
    if found != 'ok':
        raise sqlite3.DatabaseError(found)
    (version,) = database.execute('PRAGMA user_version').fetchone()
    (tables,) = database.execute('SELECT count(*) FROM sqlite_schema').fetchone()
    if version == 0 and tables == 0:
        database.executescript(_LAYOUT)
    elif version != FORMAT:
        do = 'use the release of laecips that made it'
        raise JournalError(name, f'a sample journal of format {FORMAT}', f'format {version}', do)


def _damaged(path: Path | None, error: sqlite3.Error) -> JournalError:
    do = 'restore it, or move it away to start without its samples'
    return JournalError(name_of(path), 'an undamaged sample journal', error, do)
