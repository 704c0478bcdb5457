"""Keeps a session to the server, for ever: opens it, watches it, opens it again."""

from __future__ import annotations

from collections.abc import Callable
import logging
from threading import Event
from threading import Thread
from time import monotonic
from typing import Protocol

import zenoh

from laecips_bridge.zenoh_settings import open_session
from laecips_bridge.zenoh_settings import PRIORITIES
from laecips_bridge.zenoh_settings import Settings

_CLOSE_TIMEOUT_S = 2.0
_LOST_CHECK_S = 0.2
_log = logging.getLogger(__name__)


class SessionEvents(Protocol):
    """What becomes of the session; called on the keeper's thread."""

    def on_open(self, session: zenoh.Session) -> None:
        """Use a session that stands."""

    def on_lost(self, reason: str) -> None:
        """Stop using it."""

    def on_refused(self, reason: str) -> None:
        """Know that an attempt failed."""


class SessionKeeper:
    """
    One session at a time, on a thread of its own.

    Zenoh would connect again by itself, but after a long cut it keeps the old TCP connection,
    whose next retransmission may be half a minute away, and it does not say why it is refused.
    """

    def __init__(
        self,
        settings: Settings,
        events: SessionEvents,
        retry_first_s: float,
        retry_most_s: float,
        still_good: Callable[[], bool],
    ) -> None:
        """
        Start the thread.

        :param settings: of the session.
        :param events: told what happens.
        :param retry_first_s: wait after the first failed attempt, in seconds; doubled each time.
        :param retry_most_s: longest wait, in seconds.
        :param still_good: whether the open session still serves; asked several times a second.
        """
        self._settings, self._events, self._still_good = settings, events, still_good
        self._first_s, self._most_s = retry_first_s, retry_most_s
        self._stopped = Event()
        self._thread = Thread(target=self._run, name='session', daemon=True)
        self._thread.start()

    def stop(self, timeout_s: float) -> None:
        """
        Close the session and end the thread.

        :param timeout_s: longest wait, in seconds.
        """
        self._stopped.set()
        self._thread.join(timeout_s)

    def _run(self) -> None:
        wait_s = self._first_s
        while not self._stopped.is_set():
            try:
                session = open_session(self._settings)
            except zenoh.ZError as error:
                self._events.on_refused(str(error))
                self._stopped.wait(wait_s)
                wait_s = min(2 * wait_s, self._most_s)
                continue
            opened_s = monotonic()
            if not self._stopped.is_set():
                self._serve(session)
            close_session(session)
            if monotonic() - opened_s > self._most_s:
                wait_s = self._first_s
            else:
                # A server that closes what it has just accepted is no reason to hurry.
                self._stopped.wait(wait_s)
                wait_s = min(2 * wait_s, self._most_s)

    def _serve(self, session: zenoh.Session) -> None:
        try:
            self._events.on_open(session)
            reason = self._watch(session)
        except (zenoh.ZError, OSError) as error:
            # Lost while it was put to use.
            reason = str(error)
        self._events.on_lost(reason)

    def _watch(self, session: zenoh.Session) -> str:
        while not self._stopped.wait(_LOST_CHECK_S):
            if session.is_closed() or len(session.info.links()) < len(PRIORITIES):
                return 'a connection was closed'
            if not self._still_good():
                return 'no heartbeat came back'
        return 'the bridge ends'


def close_session(session: zenoh.Session) -> None:
    """
    Close a session, on a dead link too.

    :param session: any; one that does not close in two seconds is left to its lease.
    """
    # Closing says good-bye to the other side, and may wait for a link that is gone.
    closing = Thread(target=session.close, name='closing', daemon=True)
    closing.start()
    closing.join(_CLOSE_TIMEOUT_S)
    if closing.is_alive():
        _log.warning('a session did not close in %.0f s: left to its lease', _CLOSE_TIMEOUT_S)
