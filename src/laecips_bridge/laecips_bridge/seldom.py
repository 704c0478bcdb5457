"""Log lines that come at most once a minute each."""

from __future__ import annotations

from collections.abc import Callable
import logging
from threading import Lock
from time import monotonic

_EVERY_S = 60.0
_MOST = 256


class Seldom:
    """Lets a text through at most once a minute; the rest is for counters."""

    def __init__(
        self,
        logger: logging.Logger,
        every_s: float = _EVERY_S,
        clock_s: Callable[[], float] = monotonic,
    ) -> None:
        """
        Start with nothing said.

        :param logger: where lines go.
        :param every_s: shortest time between two lines of one text, in seconds.
        :param clock_s: gives the time in seconds.
        """
        self._logger, self._every_s, self._clock_s = logger, every_s, clock_s
        self._lock = Lock()
        self._said_s: dict[str, float] = {}

    def warn(self, text: str, topic: str = '') -> None:
        """
        Log a warning, unless one of its topic was logged within the last minute.

        :param text: the line.
        :param topic: what counts as the same; empty: the line itself.
        """
        topic, now_s = topic or text, self._clock_s()
        with self._lock:
            last_s = self._said_s.get(topic)
            if last_s is not None and now_s - last_s < self._every_s:
                return
            if len(self._said_s) >= _MOST:
                self._said_s.clear()
            self._said_s[topic] = now_s
        self._logger.warning('%s', text)
