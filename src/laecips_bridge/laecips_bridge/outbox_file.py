"""The outbox's SQLite file: opened, checked, and made when it is not there."""

from __future__ import annotations

from pathlib import Path
import sqlite3

from laecips_bridge.errors import OutboxError

_APPLICATION_ID = 0x4C414543  # 'LAEC'
_SCHEMA_VERSION = 1
_LOCK_TIMEOUT_S = 1.0
_MOVE_AWAY = 'move it away, and the bridge starts a new one'

_SCHEMA = (
    """
    CREATE TABLE kept (
        number INTEGER PRIMARY KEY,
        frame_uid TEXT NOT NULL UNIQUE,
        turn INTEGER NOT NULL,
        tries INTEGER NOT NULL,
        reason TEXT NOT NULL,
        payload BLOB NOT NULL
    )
    """,
    'CREATE INDEX kept_turn ON kept (turn)',
    """
    CREATE TABLE settled (
        number INTEGER PRIMARY KEY,
        frame_uid TEXT NOT NULL UNIQUE
    )
    """,
    f'PRAGMA application_id = {_APPLICATION_ID}',
    f'PRAGMA user_version = {_SCHEMA_VERSION}',
)


def open_file(path: Path | None) -> sqlite3.Connection:
    """
    Open the file for this process alone.

    :param path: the file; made with its folder when absent. None: memory only.
    :returns: a connection that any thread may use, one at a time, and that commits by itself
        outside of transactions.
    :raises OutboxError: when it is damaged, foreign, of another version, in use or not writable.
    """
    try:
        if path is not None:
            path.parent.mkdir(parents=True, exist_ok=True)
            # Frames show what the camera saw.
            path.touch(mode=0o600)
        connection = sqlite3.connect(
            ':memory:' if path is None else path,
            timeout=_LOCK_TIMEOUT_S,
            isolation_level=None,
            check_same_thread=False,
        )
    except (OSError, sqlite3.Error) as error:
        raise OutboxError(path, 'a file to write', error, 'change outbox.path') from error
    try:
        _prepare(connection, path)
    except BaseException:
        connection.close()
        raise
    return connection


def _prepare(connection: sqlite3.Connection, path: Path | None) -> None:
    try:
        # One owner: a second bridge would send every frame twice.
        connection.execute('PRAGMA locking_mode = EXCLUSIVE')
        known = _is_ours(connection, path)
        connection.execute('PRAGMA journal_mode = WAL')
        # NORMAL flushes to disk when the log is folded in, not at each frame: a frame is kept
        # before it is sent, and an SD card takes long to flush. A killed process loses nothing;
        # a power cut may lose the last frames, and never damages the file.
        connection.execute('PRAGMA synchronous = NORMAL')
        connection.execute('BEGIN IMMEDIATE')
        if not known:
            for statement in _SCHEMA:
                connection.execute(statement)
        connection.execute('COMMIT')
    except sqlite3.Error as error:
        raise _fault(path, error) from error


def _is_ours(connection: sqlite3.Connection, path: Path | None) -> bool:
    """Tell an outbox from an empty file; refuse all else before anything is written."""
    if not connection.execute('SELECT COUNT(*) FROM sqlite_master').fetchone()[0]:
        return False
    application_id = connection.execute('PRAGMA application_id').fetchone()[0]
    if application_id != _APPLICATION_ID:
        got = f'one of another program ({application_id:#x})'
        raise OutboxError(path, 'an outbox', got, 'change outbox.path')
    version = connection.execute('PRAGMA user_version').fetchone()[0]
    if version != _SCHEMA_VERSION:
        expected = f'schema version {_SCHEMA_VERSION}'
        raise OutboxError(path, expected, version, _MOVE_AWAY)
    fault = connection.execute('PRAGMA quick_check(1)').fetchone()[0]
    if fault != 'ok':
        raise OutboxError(path, 'a sound file', fault, _MOVE_AWAY)
    return True


def _fault(path: Path | None, error: sqlite3.Error) -> OutboxError:
    if error.sqlite_errorcode in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
        do = 'stop the other bridge, or give each its own outbox.path'
        return OutboxError(path, 'a file for this bridge alone', error, do)
    if error.sqlite_errorcode in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB):
        return OutboxError(path, 'a sound SQLite file', error, _MOVE_AWAY)
    return OutboxError(path, 'a file to write', error, 'make room, or change outbox.path')
