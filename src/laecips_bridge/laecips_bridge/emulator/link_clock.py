"""The time of a link that can be cut."""

from __future__ import annotations

import asyncio
from collections.abc import Callable


class LinkClock:
    """Time that stands still while the link is cut, and everything that waits for it with it."""

    def __init__(self, clock_s: Callable[[], float]) -> None:
        """
        Start with the link whole.

        :param clock_s: the time outside, never going back.
        """
        self._clock_s = clock_s
        self._cut_s: float | None = None
        self._stood_still_s = 0.0
        self._mended = asyncio.Event()
        self._mended.set()

    def now_s(self) -> float:
        """Give the link's time."""
        outside_s = self._clock_s() if self._cut_s is None else self._cut_s
        return outside_s - self._stood_still_s

    def cut(self) -> None:
        """Stop it; nothing changes when it stands."""
        if self._cut_s is None:
            self._cut_s = self._clock_s()
            self._mended.clear()

    def mend(self) -> None:
        """Let it go on; nothing changes when it goes."""
        if self._cut_s is not None:
            self._stood_still_s += self._clock_s() - self._cut_s
            self._cut_s = None
            self._mended.set()

    async def wait_until(self, due_s: float) -> None:
        """
        Wait for a time of the link, and for the link to be whole.

        :param due_s: the time; a past one waits for a cut to end only.
        """
        while True:
            await self._mended.wait()
            left_s = due_s - self.now_s()
            if left_s <= 0:
                return
            await asyncio.sleep(left_s)
