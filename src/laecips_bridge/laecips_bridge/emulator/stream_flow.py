"""
One direction of a link that carries TCP streams: rate, queue, delay, jitter, loss and cuts.

This is a model of what a link does to a stream, not TCP on a link: see :class:`StreamFlow`.
"""

from __future__ import annotations

import asyncio
from collections import deque
from dataclasses import dataclass
from random import Random

from laecips_bridge.emulator.link_clock import LinkClock
from laecips_bridge.emulator.link_profile import LinkProfile
from laecips_bridge.emulator.link_profile import MTU_BYTES

HEADER_BYTES = 52
"""IPv4 and TCP headers with time stamps, as Linux sends them: a packet carries that much less."""

SEGMENT_BYTES = MTU_BYTES - HEADER_BYTES
"""Bytes of a stream in one packet."""

_SMALLEST_TIMEOUT_S = 0.2


@dataclass
class StreamCounters:
    """
    What one direction has carried, headers not included.

    :param taken_bytes: read from the sender.
    :param delivered_bytes: written to the receiver; the rest is on the way, or was when its
        connection was reset.
    :param stalls: losses that held a stream up.
    """

    taken_bytes: int = 0
    delivered_bytes: int = 0
    stalls: int = 0


class StreamFlow:
    """
    When the segments of every stream in one direction are sent and arrive.

    The streams share the rate, segment by segment, first come first served. A full queue makes
    the sender wait, as TCP's congestion control would in the end; nothing is dropped.

    A lost segment stalls its stream, and its stream only, for one retransmission: a round trip
    and Linux's smallest timeout of 0.2 s, and the segment takes its time at the rate again.
    Fast retransmission (one round trip) and the congestion window, which a loss halves, are not
    modelled: the first makes losses dearer than on a real link, the second cheaper.
    """

    def __init__(self, profile: LinkProfile, direction: str, clock: LinkClock) -> None:
        """
        Start with an empty link.

        :param profile: of the link.
        :param direction: its name; gives it random numbers of its own.
        :param clock: of the link.
        """
        self.counters = StreamCounters()
        self._profile = profile
        self._random = Random(f'{profile.seed}/{direction}')
        self._clock = clock
        self._turn = asyncio.Lock()
        self._unsent: deque[tuple[float, int]] = deque()
        self._unsent_bytes = 0
        self._sent_s = 0.0
        rtt_s = 2 * (profile.delay_s + profile.jitter_s)
        self._retransmission_s = rtt_s + _SMALLEST_TIMEOUT_S

    @property
    def window_bytes(self) -> int:
        """Bytes of one stream that may be unsent or on the way."""
        longest_s = self._profile.delay_s + self._profile.jitter_s
        return self._profile.queue_bytes + int(self._profile.rate_bytes_per_s * longest_s)

    async def send(self, payload_bytes: int) -> float:
        """
        Wait for room in the queue and put a segment there.

        :param payload_bytes: its bytes of the stream, at most :data:`SEGMENT_BYTES`; 0: its end.
        :returns: when it arrives, unless an earlier one of its stream arrives later.
        """
        size_bytes = payload_bytes + HEADER_BYTES
        async with self._turn:
            self._forget_sent()
            while self._unsent_bytes + size_bytes > self._profile.queue_bytes:
                await self._clock.wait_until(self._unsent[0][0])
                self._forget_sent()
            self.counters.taken_bytes += payload_bytes
            return self._arrival_s(size_bytes)

    def _arrival_s(self, size_bytes: int) -> float:
        is_lost = self._random.random() < self._profile.loss_ratio
        jitter_s = self._profile.jitter_s * (2 * self._random.random() - 1)
        air_bytes = 2 * size_bytes if is_lost else size_bytes
        air_s = air_bytes / self._profile.rate_bytes_per_s
        self._sent_s = max(self._sent_s, self._clock.now_s()) + air_s
        self._unsent.append((self._sent_s, size_bytes))
        self._unsent_bytes += size_bytes
        self.counters.stalls += is_lost
        stall_s = self._retransmission_s if is_lost else 0.0
        return self._sent_s + self._profile.delay_s + jitter_s + stall_s

    def _forget_sent(self) -> None:
        while self._unsent and self._unsent[0][0] <= self._clock.now_s():
            self._unsent_bytes -= self._unsent.popleft()[1]
