"""Announces the running version, as one release after another."""

from __future__ import annotations

from collections.abc import Callable
import logging
from threading import Lock

from laecips_core.errors import LaecipsError
from laecips_core.pipeline.releases import Releases
from laecips_core.values import WeightManifest
from laecips_ros.counters import Counters

CHECK_S = 60.0
"""Seconds between two calls of :meth:`Announcer.check`; far below the time a release is valid."""

_log = logging.getLogger(__name__)


class Announcer:
    """
    Publishes the version that runs; what is published last is always the newest.

    Safe for use from several threads.
    """

    def __init__(
        self,
        newest: Callable[[], WeightManifest],
        releases: Releases,
        publish: Callable[[WeightManifest], None],
        counters: Counters,
    ) -> None:
        """
        Announce the version that runs.

        :param newest: gives the version that runs.
        :param releases: numbers and signs it.
        :param publish: brings an announcement to the robots.
        :param counters: where errors are counted.
        :raises LaecipsError: when it cannot be released.
        """
        self._newest, self._releases, self._publish = newest, releases, publish
        self._counters = counters
        self._lock = Lock()
        self._failed = False
        self._release = 0
        self._announce()

    @property
    def release(self) -> int:
        """Number of the newest release; 0: not signed."""
        return self._release

    def announce(self) -> None:
        """Announce the version that runs by now; where that fails, :meth:`check` does it later."""
        try:
            self._announce()
        except LaecipsError as error:
            self._failed = True
            self._counters.add_error(error)
            _log.error('the running version is not announced: %s', error)

    def check(self) -> None:
        """Announce again what could not be announced, or would soon expire; for a slow timer."""
        if self._failed or self._releases.due():
            self.announce()

    def _announce(self) -> None:
        # The newest is asked for within: of two threads the later one announces the later version.
        with self._lock:
            manifest = self._releases.announce(self._newest())
            self._publish(manifest)
            self._release, self._failed = manifest.release, False
