"""One direction of one TCP connection through an emulated link."""

from __future__ import annotations

import asyncio
from collections import deque
import socket

from laecips_bridge.emulator.link_clock import LinkClock
from laecips_bridge.emulator.stream_flow import SEGMENT_BYTES
from laecips_bridge.emulator.stream_flow import StreamFlow


class StreamPipe:
    """Reads from one socket no faster than the link sends, writes to another when it arrives."""

    def __init__(
        self, source: socket.socket, sink: socket.socket, flow: StreamFlow, clock: LinkClock
    ) -> None:
        """
        Hold both ends.

        :param source: non-blocking socket to read from.
        :param sink: non-blocking socket to write to.
        :param flow: of this direction.
        :param clock: of the link.
        """
        self._source = source
        self._sink = sink
        self._flow = flow
        self._clock = clock
        self._on_the_way: deque[tuple[float, bytes]] = deque()
        self._on_the_way_bytes = 0
        self._changed = asyncio.Condition()

    async def read(self) -> None:
        """
        Put the stream into the link until it ends.

        :raises OSError: when the connection breaks.
        """
        loop = asyncio.get_running_loop()
        due_s = 0.0
        while True:
            segment = await loop.sock_recv(self._source, SEGMENT_BYTES)
            async with self._changed:
                await self._changed.wait_for(self._has_room)
            due_s = max(due_s, await self._flow.send(len(segment)))
            async with self._changed:
                self._on_the_way.append((due_s, segment))
                self._on_the_way_bytes += len(segment)
                self._changed.notify_all()
            if not segment:
                return

    async def write(self) -> None:
        """
        Take the stream out of the link until it ends.

        :raises OSError: when the connection breaks.
        """
        loop = asyncio.get_running_loop()
        while True:
            async with self._changed:
                await self._changed.wait_for(lambda: bool(self._on_the_way))
            due_s, segment = self._on_the_way[0]
            await self._clock.wait_until(due_s)
            if not segment:
                self._sink.shutdown(socket.SHUT_WR)
                return
            await loop.sock_sendall(self._sink, segment)
            self._flow.counters.delivered_bytes += len(segment)
            async with self._changed:
                self._on_the_way.popleft()
                self._on_the_way_bytes -= len(segment)
                self._changed.notify_all()

    def _has_room(self) -> bool:
        return self._on_the_way_bytes + SEGMENT_BYTES <= self._flow.window_bytes
