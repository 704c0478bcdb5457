"""How often something happens, from counters."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from collections.abc import Mapping
import time

from laecips_ros.counters import Counters

WINDOW_S = 5.0


class Rates:
    """
    Rates of counters over the last seconds.

    :param counters: the counters.
    :param names: the fact that each counter's rate is told as, by counter.
    :param clock: seconds, never going back.
    :param window_s: over which a rate is measured; longer where nobody asked in between.
    """

    def __init__(
        self,
        counters: Counters,
        names: Mapping[str, str],
        clock: Callable[[], float] = time.monotonic,
        window_s: float = WINDOW_S,
    ) -> None:
        """Count from now on."""
        self._counters, self._names = counters, dict(names)
        self._clock, self._window_s = clock, window_s
        self._seen = deque([(clock(), counters.snapshot())])

    def facts(self) -> dict[str, object]:
        """Give the rates by name, events a second; none when no time has passed."""
        now_s, counts = self._clock(), self._counters.snapshot()
        while len(self._seen) > 1 and self._seen[1][0] <= now_s - self._window_s:
            self._seen.popleft()
        begin_s, before = self._seen[0]
        self._seen.append((now_s, counts))
        if now_s <= begin_s:
            return {}
        return {
            fact: round((counts.get(name, 0) - before.get(name, 0)) / (now_s - begin_s), 2)
            for name, fact in self._names.items()
        }
