"""A thread with a bounded queue, for calls into Zenoh that may wait for the link."""

from __future__ import annotations

from collections.abc import Callable
import logging
import queue
from threading import Thread

_log = logging.getLogger(__name__)


class BoundedThread:
    """Runs what it is given, one after the other; refuses what does not fit into its queue."""

    def __init__(self, name: str, most: int) -> None:
        """
        Start the thread.

        :param name: of the thread, as debuggers show it.
        :param most: calls that may wait.
        """
        self._calls: queue.Queue[Callable[[], object] | None] = queue.Queue(most)
        self._stopped = False
        self._thread = Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    def run(self, call: Callable[[], object]) -> bool:
        """
        Run a call soon.

        :param call: what to run; what it raises is logged.
        :returns: false when too many wait, or after :meth:`stop`; it is not run then.
        """
        if self._stopped:
            return False
        try:
            self._calls.put_nowait(call)
        except queue.Full:
            return False
        return True

    def stop(self, timeout_s: float) -> None:
        """
        End the thread after the call in hand; those that wait may be left undone.

        :param timeout_s: longest wait, in seconds.
        """
        self._stopped = True
        while True:
            try:
                self._calls.put_nowait(None)
                break
            except queue.Full:
                try:
                    self._calls.get_nowait()
                except queue.Empty:
                    continue
        self._thread.join(timeout_s)

    def _run(self) -> None:
        while (call := self._calls.get()) is not None:
            try:
                call()
            except Exception:
                _log.exception('a call on thread %s failed', self._thread.name)
