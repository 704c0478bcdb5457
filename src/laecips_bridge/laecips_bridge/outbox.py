"""Hard frames kept on the robot until the server has them."""

from __future__ import annotations

from collections.abc import Iterator
from collections.abc import Set
from contextlib import contextmanager
from dataclasses import dataclass
from dataclasses import field
import logging
from pathlib import Path
import sqlite3
from threading import Lock

from laecips_bridge.bridge_config import OutboxConfig
from laecips_bridge.errors import OutboxError
from laecips_bridge.outbox_rows import Kept
from laecips_bridge.outbox_rows import OutboxRows
from laecips_bridge.seldom import Seldom
from laecips_ros.counters import Counters

__all__ = ['SETTLED_UIDS', 'Kept', 'Outbox', 'open_outbox']

SETTLED_UIDS = 100_000
"""How many frames sent or refused are remembered; the oldest are forgotten."""

_log = logging.getLogger(__name__)


@dataclass
class _Change:
    """What a transaction changes outside the file, once it stands there."""

    frames: int = 0
    size_bytes: int = 0
    counts: list[str] = field(default_factory=list)


class Outbox:
    """
    A queue of packed requests in a file, bounded by bytes; survives a kill at any moment.

    What a call has done stands when it returns. Counts ``outbox.kept.REASON``,
    ``outbox.repeated`` (not kept, for it is there or was settled), ``outbox.sent``,
    ``outbox.refused.REASON``, ``outbox.postponed``, ``drops.outbox_full`` (the oldest went) and
    ``drops.outbox_too_large``. A file that can no longer be read or written, as on a full disk,
    stops no caller: it is counted as ``errors.bad_outbox`` and logged, and a frame that could not
    be kept as ``drops.outbox_failed``. Safe to use from several threads.
    """

    def __init__(
        self,
        path: Path | None,
        max_bytes: int,
        counters: Counters,
        settled_uids: int = SETTLED_UIDS,
    ) -> None:
        """
        Open the file, or start a new one; what it held is there again.

        :param path: the file. None: memory only.
        :param max_bytes: bound on the sum of all payloads; a file with more loses its oldest.
        :param counters: where to count.
        :param settled_uids: how many frames sent or refused are remembered.
        :raises OutboxError: when the file cannot be used; it stays as it is.
        """
        self._path, self._max_bytes, self._counters = path, max_bytes, counters
        self._settled_uids = settled_uids
        self._lock = Lock()
        self._seldom = Seldom(_log)
        # Settled, but the file could not be written: sent again after a restart at the earliest.
        self._stuck: set[str] = set()
        self._rows = OutboxRows(path)
        try:
            self._frames, self._size_bytes = self._rows.totals()
            with self._change() as change:
                self._make_room(change, 0)
        except sqlite3.Error as error:
            self._rows.close()
            raise self._fault(error) from error

    @property
    def frames(self) -> int:
        """How many frames wait."""
        return self._frames

    @property
    def size_bytes(self) -> int:
        """Sum of their payloads."""
        return self._size_bytes

    def keep(self, frame_uid: str, payload: bytes, reason: str) -> bool:
        """
        Keep a frame; the oldest ones go when there is no room.

        :param frame_uid: identity of the frame.
        :param payload: the packed request.
        :param reason: why it is kept: one of a few words, for it names a counter.
        :returns: whether it is new here and kept.
        """
        if len(payload) > self._max_bytes:
            self._counters.add_drop('outbox_too_large')
            return False
        try:
            with self._change() as change:
                if self._rows.has(frame_uid):
                    change.counts.append('outbox.repeated')
                    return False
                self._make_room(change, len(payload))
                self._rows.append(frame_uid, payload, reason)
                change.frames += 1
                change.size_bytes += len(payload)
                change.counts.append(f'outbox.kept.{reason}')
        except sqlite3.Error as error:
            self._counters.add_drop('outbox_failed')
            self._report(error)
            return False
        return True

    def oldest(self, leave_out: Set[str] = frozenset()) -> Kept | None:
        """
        Give the frame whose turn it is; it stays until it is settled.

        :param leave_out: frames not to give.
        :returns: the frame; None when none waits.
        """
        try:
            with self._lock:
                return self._rows.first(leave_out | self._stuck)
        except sqlite3.Error as error:
            self._report(error)
            return None

    def sent(self, frame_uid: str) -> None:
        """
        Take out a frame that the server has; it is never kept again.

        :param frame_uid: identity of the frame. One that is not here is remembered all the same.
        """
        self._settle(frame_uid, 'outbox.sent')

    def refused(self, frame_uid: str, reason: str) -> None:
        """
        Take out a frame that the server will never take; it is never kept again.

        :param frame_uid: identity of the frame.
        :param reason: one of a few words, for it names a counter.
        """
        self._settle(frame_uid, f'outbox.refused.{reason}')

    def postpone(self, frame_uid: str) -> None:
        """
        Put a frame behind all others, after a try that failed.

        :param frame_uid: identity of the frame; one that is not here changes nothing.
        """
        try:
            with self._change() as change:
                if self._rows.postpone(frame_uid):
                    change.counts.append('outbox.postponed')
        except sqlite3.Error as error:
            self._report(error)

    def close(self) -> None:
        """Close the file; what waits stays in it."""
        with self._lock:
            self._rows.close()

    def _settle(self, frame_uid: str, count: str) -> None:
        try:
            with self._change() as change:
                size_bytes = self._rows.remove(frame_uid)
                self._rows.remember(frame_uid, self._settled_uids)
                if size_bytes is not None:
                    change.frames -= 1
                    change.size_bytes -= size_bytes
                    change.counts.append(count)
        except sqlite3.Error as error:
            with self._lock:
                self._stuck.add(frame_uid)
            self._report(error)

    def _make_room(self, change: _Change, size_bytes: int) -> None:
        while self._size_bytes + change.size_bytes + size_bytes > self._max_bytes:
            removed_bytes = self._rows.remove_oldest()
            if removed_bytes is None:
                return
            change.frames -= 1
            change.size_bytes -= removed_bytes
            change.counts.append('drops.outbox_full')

    @contextmanager
    def _change(self) -> Iterator[_Change]:
        change = _Change()
        with self._lock:
            with self._rows.transaction():
                yield change
            self._frames += change.frames
            self._size_bytes += change.size_bytes
        for name in change.counts:
            self._counters.add(name)

    def _report(self, error: sqlite3.Error) -> None:
        fault = self._fault(error)
        self._counters.add_error(fault)
        self._seldom.warn(str(fault))

    def _fault(self, error: sqlite3.Error) -> OutboxError:
        do = 'make room on the disk, or restart the bridge, which checks the file'
        return OutboxError(self._path, 'a file to read and write', error, do)


def open_outbox(config: OutboxConfig, counters: Counters) -> Outbox:
    """
    Open the outbox that the settings name.

    :param config: its settings.
    :param counters: where to count.
    :raises OutboxError: when its file cannot be used.
    """
    path = Path(config.path).expanduser() if config.path else None
    return Outbox(path, config.max_bytes, counters)
