"""Training samples on disk until a round has used them, so that a killed server loses none."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Iterable
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
import sqlite3
from threading import Lock

from laecips_core.learning.journal_file import JournalError
from laecips_core.learning.journal_file import name_of
from laecips_core.learning.journal_file import open_journal
from laecips_core.learning.journal_rows import row_of
from laecips_core.learning.journal_rows import sample_of
from laecips_core.values import Sample

JOURNAL_FULL = 'journal_full'
"""Reason of a drop: the waiting samples had more bytes than allowed."""


class SampleJournal:
    """
    Takes every frame once for ever, and keeps its sample until the sample is done with.

    Once :meth:`add` has returned, the sample outlives the process and a power cut. Samples are
    kept as encoded images and maps; frame uids stay when the samples have gone, the newest of
    them. Safe for use from several threads.
    """

    def __init__(
        self, path: Path | None, max_bytes: int, max_uids: int, on_drop: Callable[[str], None]
    ) -> None:
        """
        Open a journal, or make one.

        :param path: the database; its folder must exist. None: in memory, so nothing is kept.
        :param max_bytes: bound on all waiting samples; above it the oldest go, at the worst even
            the one just added.
        :param max_uids: so many of the newest frame uids are known again; those that wait always.
        :param on_drop: told JOURNAL_FULL for each sample that had to go.
        :raises JournalError: when the file is damaged, of another kind, or cannot be used.
        """
        self._name = name_of(path)
        self._max_bytes, self._max_uids, self._on_drop = max_bytes, max_uids, on_drop
        self._lock = Lock()
        self._database = open_journal(path)

    def add(self, sample: Sample, image_data: bytes) -> bool:
        """
        Take a frame, and let its sample wait.

        :param sample: a hard frame with its labels.
        :param image_data: the image of the frame as it came: JPEG, WebP or PNG.
        :returns: false when the frame was taken before: nothing has changed.
        :raises JournalError: when it cannot be written: nothing has changed.
        """
        row = row_of(sample, image_data)
        with self._transaction() as database:
            number = self._taken(database, sample.frame.frame_uid)
            if not number:
                return False
            database.execute(
                'INSERT INTO samples VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)', number + row
            )
            dropped = self._drop_oldest(database)
        for _ in range(dropped):
            self._on_drop(JOURNAL_FULL)
        return True

    def take(self, frame_uid: str) -> bool:
        """
        Take a frame without a sample: nothing trains on it.

        :param frame_uid: identity of the frame.
        :returns: false when it was taken before.
        :raises JournalError: when it cannot be written.
        """
        with self._transaction() as database:
            return bool(self._taken(database, frame_uid))

    def waiting(self) -> list[str]:
        """
        Give the frame uids of the samples that wait, oldest first.

        :raises JournalError: when they cannot be read.
        """
        query = 'SELECT uid FROM samples JOIN frames USING (number) ORDER BY number'
        with self._transaction() as database:
            return [uid for (uid,) in database.execute(query)]

    def load(self, frame_uid: str) -> Sample:
        """
        Give a waiting sample as it was added, bit for bit.

        :param frame_uid: identity of its frame.
        :raises JournalError: when no such sample waits, or it is damaged.
        """
        query = 'SELECT samples.* FROM samples JOIN frames USING (number) WHERE uid = ?'
        with self._transaction() as database:
            row = database.execute(query, (frame_uid,)).fetchone()
        what = f'sample {frame_uid} in {self._name}'
        if row is None:
            raise JournalError(what, 'one that waits', 'none')
        return sample_of(what, frame_uid, row[1:])

    def done(self, frame_uids: Iterable[str]) -> None:
        """
        Let samples go, as their round has ended; their frames stay known.

        :param frame_uids: identities of their frames; those that do not wait count for nothing.
        :raises JournalError: when it cannot be written: they all go on waiting.
        """
        query = 'DELETE FROM samples WHERE number = (SELECT number FROM frames WHERE uid = ?)'
        with self._transaction() as database:
            database.executemany(query, [(uid,) for uid in frame_uids])

    def close(self) -> None:
        """Close the file; every other call is refused from now on."""
        with self._lock:
            self._database.close()

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        """Do everything within or, where anything raises, nothing."""
        try:
            with self._lock, self._database as database:
                database.execute('BEGIN IMMEDIATE')
                yield database
        except sqlite3.Error as error:
            what = 'a database with room that no one else holds'
            raise JournalError(self._name, what, error) from error

    def _taken(self, database: sqlite3.Connection, frame_uid: str) -> tuple[int, ...]:
        """Give the number of a new frame as the start of a row; nothing for a known one."""
        cursor = database.execute('INSERT OR IGNORE INTO frames (uid) VALUES (?)', (frame_uid,))
        if not cursor.rowcount or cursor.lastrowid is None:
            return ()
        database.execute(
            'DELETE FROM frames WHERE number <= ? AND number NOT IN (SELECT number FROM samples)',
            (cursor.lastrowid - self._max_uids,),
        )
        return (cursor.lastrowid,)

    def _drop_oldest(self, database: sqlite3.Connection) -> int:
        """Drop samples until those left are within the bound; gives how many."""
        sizes = database.execute(
            'SELECT number, size_bytes FROM samples ORDER BY number'
        ).fetchall()
        above = sum(size for _, size in sizes) - self._max_bytes
        dropped = []
        for number, size in sizes:
            if above <= 0:
                break
            dropped.append((number,))
            above -= size
        database.executemany('DELETE FROM samples WHERE number = ?', dropped)
        return len(dropped)
