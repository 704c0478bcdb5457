"""The rows of the outbox: frames that wait in their turn, and the uids of those settled."""

from __future__ import annotations

from collections.abc import Iterator
from collections.abc import Set
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from laecips_bridge.outbox_file import open_file

_LAST_TURN = '(SELECT COALESCE(MAX(turn), 0) + 1 FROM kept)'


@dataclass(frozen=True)
class Kept:
    """
    A frame that waits.

    :param frame_uid: identity of the frame.
    :param payload: the packed request.
    :param tries: how often it was postponed.
    """

    frame_uid: str
    payload: bytes
    tries: int


class OutboxRows:
    """
    What the outbox's file holds, in its own words; not thread-safe.

    All methods raise sqlite3.Error when the file cannot be read or written.
    """

    def __init__(self, path: Path | None) -> None:
        """
        Open the file.

        :param path: the file; made when absent. None: memory only.
        :raises OutboxError: when it cannot be used.
        """
        self._connection = open_file(path)

    def close(self) -> None:
        """Close the file."""
        self._connection.close()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Run a transaction: all of it stands afterwards, or nothing has changed."""
        self._connection.execute('BEGIN IMMEDIATE')
        try:
            yield
            self._connection.execute('COMMIT')
        except BaseException:
            if self._connection.in_transaction:
                self._connection.execute('ROLLBACK')
            raise

    def totals(self) -> tuple[int, int]:
        """Count the frames that wait, and the bytes of their payloads."""
        frames, size_bytes = self._row(
            'SELECT COUNT(*), COALESCE(SUM(LENGTH(payload)), 0) FROM kept'
        )
        return frames, size_bytes

    def has(self, frame_uid: str) -> bool:
        """
        Tell whether a frame waits, or was settled.

        :param frame_uid: identity of the frame.
        """
        sql = 'SELECT EXISTS (SELECT 1 FROM {} WHERE frame_uid = ?)'
        return any(self._row(sql.format(table), frame_uid)[0] for table in ('kept', 'settled'))

    def append(self, frame_uid: str, payload: bytes, reason: str) -> None:
        """
        Put a frame behind all others.

        :param frame_uid: identity of a frame that is not here.
        :param payload: the packed request.
        :param reason: why it is kept.
        """
        self._connection.execute(
            'INSERT INTO kept (frame_uid, turn, tries, reason, payload) '
            f'VALUES (?, {_LAST_TURN}, 0, ?, ?)',
            (frame_uid, reason, payload),
        )

    def postpone(self, frame_uid: str) -> bool:
        """
        Move a frame behind all others and count the try.

        :param frame_uid: identity of the frame.
        :returns: whether it was here.
        """
        cursor = self._connection.execute(
            f'UPDATE kept SET tries = tries + 1, turn = {_LAST_TURN} WHERE frame_uid = ?',
            (frame_uid,),
        )
        return cursor.rowcount > 0

    def first(self, leave_out: Set[str]) -> Kept | None:
        """
        Give the frame whose turn it is.

        :param leave_out: frames not to give.
        :returns: the frame; None when none waits.
        """
        waiting = self._connection.execute(
            'SELECT number, frame_uid FROM kept ORDER BY turn LIMIT ?', (len(leave_out) + 1,)
        )
        for number, frame_uid in waiting.fetchall():
            if frame_uid not in leave_out:
                sql = 'SELECT frame_uid, payload, tries FROM kept WHERE number = ?'
                return Kept(*self._row(sql, number))
        return None

    def remove(self, frame_uid: str) -> int | None:
        """
        Take a frame out.

        :param frame_uid: identity of the frame.
        :returns: bytes of its payload; None when it is not here.
        """
        return self._size_of('DELETE FROM kept WHERE frame_uid = ?', frame_uid)

    def remove_oldest(self) -> int | None:
        """
        Take out the frame that was kept first, whatever its turn.

        :returns: bytes of its payload; None when none waits.
        """
        return self._size_of('DELETE FROM kept WHERE number = (SELECT MIN(number) FROM kept)')

    def remember(self, frame_uid: str, most: int) -> None:
        """
        Note a frame as settled.

        :param frame_uid: identity of the frame.
        :param most: how many are remembered, the newest ones.
        """
        self._connection.execute(
            'INSERT OR IGNORE INTO settled (frame_uid) VALUES (?)', (frame_uid,)
        )
        self._connection.execute(
            'DELETE FROM settled WHERE number <= (SELECT MAX(number) FROM settled) - ?', (most,)
        )

    def _size_of(self, delete: str, *values: object) -> int | None:
        rows = self._connection.execute(f'{delete} RETURNING LENGTH(payload)', values).fetchall()
        return rows[0][0] if rows else None

    def _row(self, sql: str, *values: object) -> Any:
        return self._connection.execute(sql, values).fetchone()
