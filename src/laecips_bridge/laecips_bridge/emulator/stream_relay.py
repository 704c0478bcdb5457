"""
A TCP relay with the rate, delay and faults of a link, for where packets cannot be emulated.

It needs no rights and runs in a thread of the caller. What its model leaves out is said in
:class:`laecips_bridge.emulator.stream_flow.StreamFlow` and :meth:`StreamRelay.cut`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
import selectors
import socket
import threading
import time
from types import TracebackType
from typing import TypeVar

from laecips_bridge.emulator.errors import EmulatorError
from laecips_bridge.emulator.link_profile import LinkProfile
from laecips_bridge.emulator.stream_connections import listening_socket
from laecips_bridge.emulator.stream_connections import StreamConnections
from laecips_bridge.emulator.stream_connections import StreamLinkCounters

_ANSWER_S = 10.0

T = TypeVar('T')


class StreamRelay:
    """
    A link to one TCP server, between :meth:`start` and :meth:`stop` or in a ``with`` block.

    Its times are as good as its thread's turns: where the process computes in Python, each may
    be late by the interpreter's switch interval of 5 ms.
    """

    def __init__(
        self, profile: LinkProfile, target: tuple[str, int], host: str = '127.0.0.1', port: int = 0
    ) -> None:
        """
        Start nothing yet.

        :param profile: of the link.
        :param target: IPv4 address and port of the server.
        :param host: IPv4 address that clients connect to.
        :param port: that they connect to; 0: a free one, in :attr:`address` after the start.
        """
        self.address = (host, port)
        self._connections = StreamConnections(profile, target, time.monotonic)
        self._running: tuple[threading.Thread, asyncio.AbstractEventLoop] | None = None
        self._serving: asyncio.Task[None] | None = None

    def __enter__(self) -> StreamRelay:
        """Start it, see :meth:`start`."""
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop it."""
        self.stop()

    def start(self) -> None:
        """
        Listen, and serve until :meth:`stop`; once only.

        :raises EmulatorError: when it cannot listen at the address.
        """
        try:
            listener = listening_socket(*self.address)
        except OSError as error:
            what = f'stream relay at {self.address[0]}:{self.address[1]}'
            raise EmulatorError(what, 'a free port', error, 'choose another') from error
        self.address = listener.getsockname()
        started: Future[asyncio.AbstractEventLoop] = Future()
        thread = threading.Thread(
            target=self._run, args=(listener, started), name='stream relay', daemon=True
        )
        thread.start()
        self._running = thread, started.result(_ANSWER_S)

    def stop(self) -> None:
        """
        Reset every connection and give the port back; nothing changes when it does not run.

        :raises EmulatorError: when it does not end in time.
        """
        if self._running is None:
            return
        thread, loop = self._running
        self._running = None
        # A loop that is closed has ended already.
        with suppress(RuntimeError):
            loop.call_soon_threadsafe(self._cancel)
        thread.join(_ANSWER_S)
        if thread.is_alive():
            raise EmulatorError('stream relay', 'its end', 'a running thread', 'report this')

    def cut(self) -> None:
        """
        Forward nothing more until :meth:`mend`; connections stay open.

        Time stands still for the bytes on their way, which go on where they were. New connections
        are made with the relay, as a kernel does by itself, and hang there. A kernel's TCP would
        send again only when its timer, doubled at each try, runs out.

        :raises EmulatorError: when the relay does not run.
        """
        self._ask(self._connections.clock.cut)

    def mend(self) -> None:
        """
        Forward again.

        :raises EmulatorError: when the relay does not run.
        """
        self._ask(self._connections.clock.mend)

    def counters(self) -> StreamLinkCounters:
        """
        Say what the link has carried since the start.

        :raises EmulatorError: when the relay does not run.
        """
        return self._ask(self._connections.counters)

    def _ask(self, question: Callable[[], T]) -> T:
        if self._running is None or not self._running[0].is_alive():
            raise EmulatorError('stream relay', 'it to run', 'none', 'start it first')
        answer: Future[T] = Future()
        self._running[1].call_soon_threadsafe(lambda: answer.set_result(question()))
        return answer.result(_ANSWER_S)

    def _run(self, listener: socket.socket, started: Future[asyncio.AbstractEventLoop]) -> None:
        with (
            listener,
            suppress(asyncio.CancelledError),
            asyncio.Runner(loop_factory=_punctual_loop) as runner,
        ):
            runner.run(self._serve(listener, started))

    async def _serve(
        self, listener: socket.socket, started: Future[asyncio.AbstractEventLoop]
    ) -> None:
        self._serving = asyncio.current_task()
        started.set_result(asyncio.get_running_loop())
        await self._connections.serve(listener)

    def _cancel(self) -> None:
        assert self._serving is not None
        self._serving.cancel()


def _punctual_loop() -> asyncio.AbstractEventLoop:
    # The default selector, epoll, wakes at whole milliseconds.
    return asyncio.SelectorEventLoop(selectors.SelectSelector())
