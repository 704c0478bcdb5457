"""Questions over the link: each is settled exactly once, by its answer or by its deadline."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from functools import partial
from itertools import count
from threading import Lock

import zenoh

from laecips_bridge.bounded_thread import BoundedThread

_WAITING = 64
_STOP_TIMEOUT_S = 1.0


class Urgency(Enum):
    """How urgent a question and its answer are; the more urgent goes first on the link."""

    FRAME = zenoh.Priority.INTERACTIVE_HIGH
    BEAT = zenoh.Priority.INTERACTIVE_LOW
    BACKGROUND = zenoh.Priority.BACKGROUND


@dataclass(frozen=True)
class Reply:
    """
    What came back.

    :param payload: the answer; None when there is none.
    :param reason: why there is none, in words; empty when there is one.
    """

    payload: bytes | None
    reason: str = ''


Done = Callable[[Reply], None]


@dataclass(frozen=True)
class _Open:
    done: Done
    deadline_s: float


class Questions:
    """
    Asks over whatever session is there; any thread may ask.

    Zenoh may wait for the link while it takes a message, so each urgency has a thread of its own.
    """

    def __init__(self) -> None:
        """Start the threads; there is no session yet."""
        self._lock = Lock()
        self._numbers = count()
        self._open: dict[int, _Open] = {}
        self._session: zenoh.Session | None = None
        self._threads = {urgency: BoundedThread(urgency.name, _WAITING) for urgency in Urgency}

    def __len__(self) -> int:
        """Count the questions without an answer yet."""
        return len(self._open)

    def use(self, session: zenoh.Session | None) -> None:
        """
        Change the session.

        :param session: from now on; None: there is none, and every open question is settled.
        """
        with self._lock:
            self._session = session
            left = list(self._open) if session is None else []
        for number in left:
            self._settle(number, Reply(None, 'the link was lost'))

    def ask(
        self,
        key: str,
        payload: bytes,
        urgency: Urgency,
        now_s: float,
        timeout_s: float,
        done: Done,
    ) -> None:
        """
        Ask; never waits.

        :param key: whom.
        :param payload: the question.
        :param urgency: of question and answer.
        :param now_s: current time on the caller's clock.
        :param timeout_s: longest wait for the answer, in seconds.
        :param done: called once, on any thread, perhaps before this returns.
        """
        with self._lock:
            number, session = next(self._numbers), self._session
            self._open[number] = _Open(done, now_s + timeout_s)
        if session is None:
            self._settle(number, Reply(None, 'there is no link'))
            return
        send = partial(self._send, session, number, key, payload, urgency, timeout_s)
        if not self._threads[urgency].run(send):
            self._settle(number, Reply(None, f'{_WAITING} messages wait for the link'))

    def expire(self, now_s: float) -> None:
        """
        Settle what nothing came back for, whatever Zenoh does.

        :param now_s: current time on the caller's clock.
        """
        with self._lock:
            due = [number for number, one in self._open.items() if one.deadline_s <= now_s]
        for number in due:
            self._settle(number, Reply(None, 'no answer before the deadline'))

    def close(self) -> None:
        """Settle everything and end the threads."""
        self.use(None)
        for thread in self._threads.values():
            thread.stop(_STOP_TIMEOUT_S)

    def _send(
        self,
        session: zenoh.Session,
        number: int,
        key: str,
        payload: bytes,
        urgency: Urgency,
        timeout_s: float,
    ) -> None:
        if number not in self._open:
            return
        replies: list[Reply] = []
        handler: zenoh.handlers.Callback[zenoh.Reply] = zenoh.handlers.Callback(
            lambda reply: replies.append(_read(reply)),
            lambda: self._settle(number, (replies or [Reply(None, 'nobody answers there')])[0]),
        )
        try:
            session.get(
                key,
                handler,
                payload=payload,
                timeout=timeout_s,
                priority=urgency.value,
                congestion_control=zenoh.CongestionControl.BLOCK,
                express=urgency is not Urgency.BACKGROUND,
            )
        except zenoh.ZError as error:
            self._settle(number, Reply(None, str(error)))

    def _settle(self, number: int, reply: Reply) -> None:
        with self._lock:
            one = self._open.pop(number, None)
        if one is not None:
            one.done(reply)


def _read(reply: zenoh.Reply) -> Reply:
    if reply.ok is not None:
        return Reply(bytes(reply.ok.payload))
    return Reply(None, bytes(reply.err.payload).decode(errors='replace') if reply.err else '')
