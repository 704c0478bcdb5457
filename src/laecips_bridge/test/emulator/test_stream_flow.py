from __future__ import annotations

import asyncio

import pytest

from laecips_bridge.emulator.link_clock import LinkClock
from laecips_bridge.emulator.link_profile import LinkProfile
from laecips_bridge.emulator.stream_flow import HEADER_BYTES
from laecips_bridge.emulator.stream_flow import SEGMENT_BYTES
from laecips_bridge.emulator.stream_flow import StreamFlow

WHOLE = LinkProfile(1500.0, delay_s=0.25, queue_bytes=10_000_000)


def arrivals(profile: LinkProfile, sizes: list[int], direction: str = 'up') -> list[float]:
    """Give when segments arrive that are all sent at time 0 into an empty link."""

    async def send() -> list[float]:
        flow = StreamFlow(profile, direction, LinkClock(lambda: 0.0))
        return [await flow.send(size) for size in sizes]

    return asyncio.run(send())


def test_a_full_segment_is_a_packet_at_the_rate() -> None:
    assert SEGMENT_BYTES + HEADER_BYTES == 1500
    assert arrivals(WHOLE, [SEGMENT_BYTES, SEGMENT_BYTES]) == [1.25, 2.25]


def test_a_small_segment_pays_for_its_headers() -> None:
    assert arrivals(WHOLE, [98, 0]) == pytest.approx([0.1 + 0.25, 202 / 1500 + 0.25])


def test_a_loss_costs_a_retransmission_and_the_rate_again() -> None:
    profile = LinkProfile(1500.0, delay_s=0.25, loss_ratio=1.0, queue_bytes=10_000)
    # Twice a second at the rate, the delay, a round trip of 0.5 s and the timeout of 0.2 s.
    assert arrivals(profile, [SEGMENT_BYTES]) == pytest.approx([2 + 0.25 + 0.7])


def test_loss_hits_its_share_and_the_seed_decides() -> None:
    async def send(seed: int, direction: str) -> tuple[int, list[float]]:
        profile = LinkProfile(1e6, loss_ratio=0.05, queue_bytes=1_000_000_000, seed=seed)
        flow = StreamFlow(profile, direction, LinkClock(lambda: 0.0))
        times_s = [await flow.send(100) for _ in range(4000)]
        return flow.counters.stalls, times_s

    stalls, times_s = asyncio.run(send(1, 'up'))
    # Binomial: mean 200, standard deviation 13.8; four of them.
    assert abs(stalls - 200) < 56
    assert asyncio.run(send(1, 'up')) == (stalls, times_s)
    assert asyncio.run(send(2, 'up'))[1] != times_s
    assert asyncio.run(send(1, 'down'))[1] != times_s


def test_jitter_stays_in_bounds() -> None:
    profile = LinkProfile(125e6, delay_s=0.05, jitter_s=0.02, queue_bytes=10_000_000)
    times_s = arrivals(profile, [0] * 500)
    assert min(times_s) >= 0.03
    assert max(times_s) <= 0.07 + 500 * HEADER_BYTES / 125e6
    assert max(times_s) - min(times_s) > 0.035


def test_a_full_queue_makes_the_sender_wait() -> None:
    async def send() -> tuple[float, int]:
        loop = asyncio.get_running_loop()
        flow = StreamFlow(LinkProfile(15_000.0, queue_bytes=3000), 'up', LinkClock(loop.time))
        begin_s = loop.time()
        for _ in range(4):
            await flow.send(SEGMENT_BYTES)
        return loop.time() - begin_s, flow.counters.taken_bytes

    took_s, taken_bytes = asyncio.run(send())
    # Two wait in the queue when the fourth has room: the first two are sent, 0.1 s each.
    assert 0.2 <= took_s < 0.3
    assert taken_bytes == 4 * SEGMENT_BYTES


def test_a_stream_may_fill_queue_and_delay() -> None:
    flow = StreamFlow(
        LinkProfile(500_000.0, 0.05, 0.02, queue_bytes=64_000), 'up', LinkClock(lambda: 0.0)
    )
    assert flow.window_bytes == 64_000 + 35_000
