"""TCP connections through an emulated link, served by one event loop."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from dataclasses import replace
import socket
import struct

from laecips_bridge.emulator.link_clock import LinkClock
from laecips_bridge.emulator.link_profile import LinkProfile
from laecips_bridge.emulator.stream_flow import SEGMENT_BYTES
from laecips_bridge.emulator.stream_flow import StreamCounters
from laecips_bridge.emulator.stream_flow import StreamFlow
from laecips_bridge.emulator.stream_pipe import StreamPipe

MAX_CONNECTIONS = 256
"""Connections at a time; further ones wait in the kernel."""

_RECEIVE_BUFFER_BYTES = 8192
_CONNECT_S = 5.0
_RESET = struct.pack('ii', 1, 0)
_GRACEFUL = struct.pack('ii', 0, 0)


@dataclass(frozen=True)
class StreamLinkCounters:
    """
    What the link has carried.

    :param to_target: from the clients to the target.
    :param from_target: the other way.
    :param connections: that the target took.
    :param refused_connections: that it did not take.
    :param reset_connections: that one side broke off.
    """

    to_target: StreamCounters
    from_target: StreamCounters
    connections: int = 0
    refused_connections: int = 0
    reset_connections: int = 0


class StreamConnections:
    """Every connection of a relay, with the two directions of the link that they share."""

    def __init__(
        self, profile: LinkProfile, target: tuple[str, int], clock_s: Callable[[], float]
    ) -> None:
        """
        Start with the link whole and no connection.

        :param profile: of the link.
        :param target: IPv4 address and port that clients are connected to.
        :param clock_s: the time, never going back.
        """
        self.clock = LinkClock(clock_s)
        self._profile = profile
        self._target = target
        self._to_target = StreamFlow(profile, 'to_target', self.clock)
        self._from_target = StreamFlow(profile, 'from_target', self.clock)
        self._counters = StreamLinkCounters(self._to_target.counters, self._from_target.counters)
        self._free = asyncio.Semaphore(MAX_CONNECTIONS)

    def counters(self) -> StreamLinkCounters:
        """Give a copy of the counters."""
        to_target, from_target = self._counters.to_target, self._counters.from_target
        return replace(
            self._counters, to_target=replace(to_target), from_target=replace(from_target)
        )

    async def serve(self, listener: socket.socket) -> None:
        """
        Accept connections until cancelled; then every connection is reset.

        :param listener: from :func:`listening_socket`.
        """
        loop = asyncio.get_running_loop()
        async with asyncio.TaskGroup() as connections:
            while True:
                await self._free.acquire()
                client, _ = await loop.sock_accept(listener)
                connections.create_task(self._carry(client))

    async def _carry(self, client: socket.socket) -> None:
        target = _small_socket()
        with client, target:
            _when_closed(client, _RESET)
            try:
                if await self._connect(target):
                    await self._join(client, target)
            finally:
                self._free.release()

    async def _connect(self, target: socket.socket) -> bool:
        # As TCP's handshake over the link would: one round trip before the first byte.
        await self._travel(2)
        loop = asyncio.get_running_loop()
        try:
            await asyncio.wait_for(loop.sock_connect(target, self._target), _CONNECT_S)
        except OSError:
            self._count('refused_connections')
            return False
        self._count('connections')
        return True

    async def _join(self, client: socket.socket, target: socket.socket) -> None:
        _when_closed(target, _RESET)
        there = StreamPipe(client, target, self._to_target, self.clock)
        back = StreamPipe(target, client, self._from_target, self.clock)
        try:
            async with asyncio.TaskGroup() as ways:
                for pipe in (there, back):
                    ways.create_task(pipe.read())
                    ways.create_task(pipe.write())
        except* OSError:
            self._count('reset_connections')
            await self._travel(1)
        else:
            _when_closed(client, _GRACEFUL)
            _when_closed(target, _GRACEFUL)

    async def _travel(self, times: int) -> None:
        await self.clock.wait_until(self.clock.now_s() + times * self._profile.delay_s)

    def _count(self, name: str) -> None:
        self._counters = replace(self._counters, **{name: getattr(self._counters, name) + 1})


def listening_socket(host: str, port: int) -> socket.socket:
    """
    Make the socket that clients connect to.

    :param host: IPv4 address of this machine.
    :param port: to listen at; 0: any free one.
    :raises OSError: when it cannot listen there.
    """
    listener = _small_socket()
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        listener.listen()
    except BaseException:
        listener.close()
        raise
    return listener


def _small_socket() -> socket.socket:
    """Give a socket whose kernel reads little ahead; accepted ones inherit that."""
    small = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    small.setblocking(False)
    small.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _RECEIVE_BUFFER_BYTES)
    small.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    # Loopback's segments of 64 kB would not fit into that buffer, and TCP would dawdle.
    small.setsockopt(socket.IPPROTO_TCP, socket.TCP_MAXSEG, SEGMENT_BYTES)
    return small


def _when_closed(end: socket.socket, linger: bytes) -> None:
    with suppress(OSError):
        end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
