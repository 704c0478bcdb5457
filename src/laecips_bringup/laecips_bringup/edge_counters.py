"""What the edge node's diagnostics say became of frames, from the first frame of a run on."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

OFFERED = 'offered'
SUPERSEDED = 'drops.superseded'
STOPPED = 'drops.stopped'
FAILED = 'failed.'

_TAKEN = (OFFERED, SUPERSEDED, STOPPED)


class EdgeCounters:
    """The counters of ``/diagnostics`` that concern frames, counted from the start of a run."""

    def __init__(self) -> None:
        """Know nothing yet."""
        self._first: Counter[str] | None = None
        self._last: Counter[str] = Counter()

    @property
    def known(self) -> bool:
        """Whether any have come."""
        return self._first is not None

    def take(self, counters: Mapping[str, int], *, begun: bool) -> None:
        """
        Take the newest counters.

        :param counters: all of them, by name.
        :param begun: whether a frame has been fed in; until then they are those at the start.
        """
        self._last = Counter({name: n for name, n in counters.items() if _concerns_frames(name)})
        if self._first is None or not begun:
            self._first = self._last

    def risen(self) -> Counter[str]:
        """Give by how much each has risen; one that has not is left out."""
        return self._last - (self._first or Counter())

    def explained(self) -> int:
        """Give how many frames they explain that no mask comes of."""
        return sum(n for name, n in self.risen().items() if name != OFFERED)

    def failures(self) -> Counter[str]:
        """Give how many frames the edge gave up, by the code of the error."""
        return Counter(
            {name.removeprefix(FAILED): n for name, n in self.risen().items() if _failed(name)}
        )


def counters_of(diagnostics: Any, edge: str) -> dict[str, int]:
    """
    Pick the edge's counters out of a message.

    :param diagnostics: ``diagnostic_msgs/DiagnosticArray``, of rclpy or of rosbags.
    :param edge: full name of the node; a status of a diagnostic updater has more behind a colon.
    :returns: every whole number by its key; empty when the message is another node's.
    """
    name = edge.lstrip('/')
    found = [s for s in diagnostics.status if s.name.partition(':')[0].strip().lstrip('/') == name]
    pairs = [pair for status in found for pair in status.values]
    return {pair.key: int(pair.value) for pair in pairs if pair.value.isdecimal()}


def _concerns_frames(name: str) -> bool:
    return name in _TAKEN or _failed(name)


def _failed(name: str) -> bool:
    return name.startswith(FAILED)
