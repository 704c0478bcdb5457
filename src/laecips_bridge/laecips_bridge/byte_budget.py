"""Bytes that may go up: a rate and a burst, as a token bucket."""

from __future__ import annotations

import math
from threading import Lock

from laecips_core.errors import ConfigError


class ByteBudget:
    """
    A bucket that fills with ``bytes_per_s`` up to ``burst_bytes``, and starts full.

    What goes up takes its bytes out, all or nothing. A frame larger than the burst would never
    find enough: it goes when the bucket is full, and leaves a debt that must be filled up before
    anything else goes. So over any time span the bytes granted are at most the rate times the
    span, and the burst or the largest frame, whichever is larger. Safe to use from several
    threads.
    """

    def __init__(self, bytes_per_s: float, burst_bytes: float) -> None:
        """
        Start full; the clock starts with the first question.

        :param bytes_per_s: rate, at least 0; 0: no bound.
        :param burst_bytes: what may go at once after a pause, at least 1.
        :raises ConfigError: when one is not allowed.
        """
        self._lock = Lock()
        self._level_bytes = math.inf
        self._filled_s: float | None = None
        self.configure(bytes_per_s, burst_bytes)

    def configure(self, bytes_per_s: float, burst_bytes: float) -> None:
        """
        Change rate and burst; bytes already spent stay spent.

        The time since the last question earns nothing, for nobody knows which rate was its own.

        :param bytes_per_s: rate, at least 0; 0: no bound.
        :param burst_bytes: what may go at once after a pause, at least 1.
        :raises ConfigError: when one is not allowed; the old ones stay.
        """
        if not 0 <= bytes_per_s < math.inf:
            raise ConfigError('budget.bytes_per_s', bytes_per_s, 'a number of at least 0')
        if not 1 <= burst_bytes < math.inf:
            raise ConfigError('budget.burst_bytes', burst_bytes, 'a number of at least 1')
        with self._lock:
            # Without a bound nothing is taken out, so a bound that comes finds a full bucket.
            bounded = bytes_per_s > 0
            self._level_bytes = min(self._level_bytes, burst_bytes) if bounded else math.inf
            self._bytes_per_s, self._burst_bytes = bytes_per_s, burst_bytes
            self._filled_s = None

    def take(self, n_bytes: int, now_s: float) -> bool:
        """
        Take bytes out for something that goes up now.

        :param n_bytes: its size, at least 0.
        :param now_s: monotonic time in seconds; an earlier one than before counts as no time.
        :returns: whether it may go; if not, nothing was taken.
        """
        return self.take_if_left(n_bytes, 0, now_s)

    def take_if_left(self, n_bytes: int, keep_bytes: int, now_s: float) -> bool:
        """
        Take bytes out for something that can wait, if so much is left for what cannot.

        :param n_bytes: its size, at least 0.
        :param keep_bytes: what must be left afterwards. Something that a full bucket could not
            hold beside them goes when the bucket is full, or it would wait for ever.
        :param now_s: monotonic time in seconds.
        :returns: whether it may go; if not, nothing was taken.
        """
        if n_bytes < 0 or keep_bytes < 0:
            raise ValueError(f'bytes: expected at least 0, got {n_bytes} and {keep_bytes}')
        with self._lock:
            if self._bytes_per_s == 0:
                return True
            self._fill(now_s)
            if self._level_bytes < min(n_bytes + keep_bytes, self._burst_bytes):
                return False
            self._level_bytes -= n_bytes
            return True

    def left_bytes(self, now_s: float) -> float:
        """
        Tell what may go now.

        :param now_s: monotonic time in seconds.
        :returns: bytes; below 0 after a frame larger than the burst, infinite without a bound.
        """
        with self._lock:
            if self._bytes_per_s == 0:
                return math.inf
            self._fill(now_s)
            return self._level_bytes

    def _fill(self, now_s: float) -> None:
        if self._filled_s is not None and now_s > self._filled_s:
            earned_bytes = (now_s - self._filled_s) * self._bytes_per_s
            self._level_bytes = min(self._burst_bytes, self._level_bytes + earned_bytes)
        self._filled_s = now_s if self._filled_s is None else max(now_s, self._filled_s)
