"""Named counters of what a node did, dropped and got wrong."""

from __future__ import annotations

from threading import Lock

_ERRORS = 'errors.'
_FAILED = 'failed.'
_DROPS = 'drops.'


class Counters:
    """Counters by name, starting at 0; any thread may use them."""

    def __init__(self) -> None:
        """Start without any counter."""
        self._lock = Lock()
        self._counts: dict[str, int] = {}

    def add(self, name: str, n: int = 1) -> None:
        """
        Count on.

        :param name: the counter; born on first use.
        :param n: how many.
        """
        with self._lock:
            self._counts[name] = self._counts.get(name, 0) + n

    def add_error(self, error: BaseException) -> None:
        """
        Count an error by its ``code``.

        :param error: any exception; one without a code is counted as unexpected.
        """
        self.add(_ERRORS + _code_of(error))

    def add_failed(self, error: BaseException) -> None:
        """
        Count a frame that was given up.

        :param error: why; see :meth:`add_error`, which counts other errors too.
        """
        self.add(_FAILED + _code_of(error))

    def add_drop(self, reason: str) -> None:
        """
        Count something thrown away.

        :param reason: one word, such as ``superseded``.
        """
        self.add(_DROPS + reason)

    def snapshot(self) -> dict[str, int]:
        """Give a copy of all counters, sorted by name."""
        with self._lock:
            return dict(sorted(self._counts.items()))

    def errors(self) -> int:
        """Sum the errors of all codes."""
        counts = self.snapshot()
        return sum(count for name, count in counts.items() if name.startswith(_ERRORS))


def _code_of(error: BaseException) -> str:
    return str(getattr(error, 'code', 'unexpected'))
