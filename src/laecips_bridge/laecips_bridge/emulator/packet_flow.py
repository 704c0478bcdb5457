"""One direction of a link that carries packets: rate, queue, delay, jitter, loss and cuts."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from dataclasses import field
from random import Random

from laecips_bridge.emulator.link_profile import LinkProfile

DROP_REASONS = ('queue', 'loss', 'cut', 'device')
"""
Why packets were dropped: the queue was full, lost on the way, the link was cut, or the kernel
had no room or no device for them.
"""


@dataclass
class PacketCounters:
    """
    What one direction has carried; packets are counted whole, IP header included.

    :param taken_packets: sent into the link.
    :param taken_bytes: their bytes.
    :param delivered_packets: that came out.
    :param delivered_bytes: their bytes.
    :param dropped_packets: by reason, see :data:`DROP_REASONS`.
    """

    taken_packets: int = 0
    taken_bytes: int = 0
    delivered_packets: int = 0
    delivered_bytes: int = 0
    dropped_packets: dict[str, int] = field(default_factory=lambda: dict.fromkeys(DROP_REASONS, 0))


class PacketFlow:
    """
    Packets on their way through one direction.

    A packet waits until those before it are sent, is sent at the link's rate, and arrives after
    delay and jitter. A lost one is lost in the air: it takes its time at the rate. Jitter never
    reorders: a packet with less of it arrives right after the one before it, so dense traffic
    sees a mean above the delay.
    """

    def __init__(self, profile: LinkProfile, direction: str) -> None:
        """
        Start with an empty link.

        :param profile: of the link.
        :param direction: its name; gives it random numbers of its own.
        """
        self.counters = PacketCounters()
        self._profile = profile
        self._random = Random(f'{profile.seed}/{direction}')
        self._unsent: deque[tuple[float, int]] = deque()
        self._unsent_bytes = 0
        self._on_the_way: deque[tuple[float, bytes]] = deque()
        self._sent_s = 0.0
        self._due_s = 0.0
        self._is_cut = False

    @property
    def next_due_s(self) -> float | None:
        """When the next packet arrives; None: none is on the way."""
        return self._on_the_way[0][0] if self._on_the_way else None

    def take(self, packet: bytes, now_s: float) -> None:
        """
        Send a packet.

        :param packet: the whole packet.
        :param now_s: never before an earlier call's.
        """
        size_bytes = len(packet)
        self.counters.taken_packets += 1
        self.counters.taken_bytes += size_bytes
        if self._is_cut:
            self._drop('cut')
            return
        self._forget_sent(now_s)
        if self._unsent_bytes + size_bytes > self._profile.queue_bytes:
            self._drop('queue')
            return
        self._sent_s = max(self._sent_s, now_s) + size_bytes / self._profile.rate_bytes_per_s
        self._unsent.append((self._sent_s, size_bytes))
        self._unsent_bytes += size_bytes
        self._fly(packet)

    def arrived(self, now_s: float) -> list[bytes]:
        """
        Take out the packets that are due, oldest first.

        :param now_s: the time.
        """
        packets = []
        while self._on_the_way and self._on_the_way[0][0] <= now_s:
            packets.append(self._on_the_way.popleft()[1])
        return packets

    def delivered(self, packet: bytes) -> None:
        """Count a packet that the receiver's kernel took."""
        self.counters.delivered_packets += 1
        self.counters.delivered_bytes += len(packet)

    def refused(self) -> None:
        """Count a packet that the receiver's kernel did not take."""
        self._drop('device')

    def cut(self) -> None:
        """Drop what is on the way, and everything until :meth:`mend`."""
        self._is_cut = True
        for _ in self._on_the_way:
            self._drop('cut')
        self._on_the_way.clear()
        self._unsent.clear()
        self._unsent_bytes = 0
        self._sent_s = 0.0

    def mend(self) -> None:
        """Carry packets again."""
        self._is_cut = False

    def _forget_sent(self, now_s: float) -> None:
        while self._unsent and self._unsent[0][0] <= now_s:
            self._unsent_bytes -= self._unsent.popleft()[1]

    def _fly(self, packet: bytes) -> None:
        # Both are drawn for every packet, so that one setting does not shift the other's draws.
        is_lost = self._random.random() < self._profile.loss_ratio
        jitter_s = self._profile.jitter_s * (2 * self._random.random() - 1)
        if is_lost:
            self._drop('loss')
            return
        self._due_s = max(self._due_s, self._sent_s + self._profile.delay_s + jitter_s)
        self._on_the_way.append((self._due_s, packet))

    def _drop(self, reason: str) -> None:
        self.counters.dropped_packets[reason] += 1
