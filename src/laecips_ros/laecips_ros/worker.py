"""A thread that works on the newest item and drops the rest."""

from __future__ import annotations

from collections.abc import Callable
import logging
from threading import Condition
from threading import Thread
from typing import Generic
from typing import TypeVar

from laecips_ros.counters import Counters

T = TypeVar('T')
_log = logging.getLogger(__name__)


class LatestFrameWorker(Generic[T]):
    """
    A slot for one item and a thread that empties it.

    An item that comes while another still waits takes its place, so work is always done on the
    newest. Counts ``offered``, ``processed``, ``drops.superseded`` (a newer one came),
    ``drops.stopped`` (came or still waited when the worker stopped) and ``failed.CODE``. Once
    stopped, every offered item is in exactly one of the others. ``errors.CODE`` counts failures
    again, beside errors of other parts.
    """

    def __init__(
        self,
        name: str,
        work: Callable[[T], None],
        on_error: Callable[[Exception], None],
        counters: Counters,
    ) -> None:
        """
        Start the thread.

        :param name: of the thread, as debuggers show it.
        :param work: called with one item at a time, always from the same thread.
        :param on_error: called from that thread with what ``work`` raised; the thread goes on.
        :param counters: where to count.
        """
        self._work, self._on_error, self._counters = work, on_error, counters
        self._slot: list[T] = []
        self._stopped = False
        self._changed = Condition()
        self._thread = Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    def offer(self, item: T) -> None:
        """
        Put an item into the slot; never waits for work in progress.

        :param item: the newest item.
        """
        with self._changed:
            self._counters.add('offered')
            if self._stopped:
                self._counters.add_drop('stopped')
                return
            if self._slot:
                self._counters.add_drop('superseded')
            self._slot = [item]
            self._changed.notify()

    def stop(self, timeout_s: float) -> bool:
        """
        Drop what waits and end the thread; an item in progress is finished.

        :param timeout_s: longest wait for the item in progress, in seconds.
        :returns: whether the thread has ended; a second call may wait on.
        """
        with self._changed:
            if self._slot:
                self._counters.add_drop('stopped')
            self._slot = []
            self._stopped = True
            self._changed.notify()
        self._thread.join(timeout_s)
        return not self._thread.is_alive()

    def snapshot(self) -> dict[str, int]:
        """Give a copy of the counters."""
        return self._counters.snapshot()

    def _run(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._slot or self._stopped)
                if self._stopped:
                    return
                item = self._slot.pop()
            self._process(item)

    def _process(self, item: T) -> None:
        try:
            self._work(item)
        except Exception as error:
            self._counters.add_error(error)
            self._counters.add_failed(error)
            self._report(error)
        else:
            self._counters.add('processed')

    def _report(self, error: Exception) -> None:
        try:
            self._on_error(error)
        except Exception:
            _log.exception('on_error of worker %s failed', self._thread.name)
