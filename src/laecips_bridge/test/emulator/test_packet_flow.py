from __future__ import annotations

from laecips_bridge.emulator.link_profile import LinkProfile
from laecips_bridge.emulator.packet_flow import PacketFlow

LONG_S = 1e6


def flow(**facts: float) -> PacketFlow:
    values = {'rate_bytes_per_s': 1000.0, 'queue_bytes': 10_000, **facts}
    return PacketFlow(LinkProfile(**values), 'uplink')  # type: ignore[arg-type]


def arrivals(through: PacketFlow) -> list[tuple[float, bytes]]:
    found = []
    while (due_s := through.next_due_s) is not None:
        found += [(due_s, packet) for packet in through.arrived(due_s)]
    return found


def lost_indices(seed: int, direction: str, count: int, jitter_s: float = 0.0) -> set[int]:
    profile = LinkProfile(
        rate_bytes_per_s=1e6, delay_s=0.1, jitter_s=jitter_s, loss_ratio=0.05, seed=seed
    )
    through = PacketFlow(profile, direction)
    for index in range(count):
        through.take(index.to_bytes(4), index * 1.0)
    came = {int.from_bytes(packet) for packet in through.arrived(LONG_S)}
    return set(range(count)) - came


def test_a_packet_takes_its_time_at_the_rate_and_the_delay() -> None:
    through = flow(delay_s=0.25)
    through.take(b'x' * 500, 10.0)
    assert through.arrived(10.7499) == []
    assert through.next_due_s == 10.75
    assert through.arrived(10.75) == [b'x' * 500]
    assert through.next_due_s is None


def test_packets_are_sent_one_after_the_other() -> None:
    through = flow()
    through.take(b'a' * 500, 0.0)
    through.take(b'b' * 250, 0.1)
    through.take(b'c' * 250, 5.0)
    assert arrivals(through) == [(0.5, b'a' * 500), (0.75, b'b' * 250), (5.25, b'c' * 250)]


def test_a_full_queue_drops_the_newest() -> None:
    through = flow(queue_bytes=1500)
    through.take(b'a' * 1000, 0.0)
    through.take(b'b' * 501, 0.999)
    through.take(b'c' * 500, 0.999)
    through.take(b'd' * 1000, 1.0)
    assert [packet[:1] for _, packet in arrivals(through)] == [b'a', b'c', b'd']
    assert through.counters.dropped_packets == {'queue': 1, 'loss': 0, 'cut': 0, 'device': 0}


def test_jitter_stays_in_bounds_and_keeps_the_order() -> None:
    through = flow(rate_bytes_per_s=1e6, delay_s=0.05, jitter_s=0.02)
    for index in range(400):
        through.take(index.to_bytes(2), index * 0.001)
    found = arrivals(through)
    assert [packet for _, packet in found] == [index.to_bytes(2) for index in range(400)]
    assert [due_s for due_s, _ in found] == sorted(due_s for due_s, _ in found)
    delays_s = [due_s - index * 0.001 for index, (due_s, _) in enumerate(found)]
    assert min(delays_s) >= 0.03
    assert max(delays_s) <= 0.07 + 1e-5
    assert max(delays_s) - min(delays_s) > 0.02


def test_jitter_of_sparse_packets_is_uniform() -> None:
    through = flow(rate_bytes_per_s=1e6, delay_s=0.05, jitter_s=0.02)
    for index in range(2000):
        through.take(b'x', index * 1.0)
    delays_s = [due_s % 1.0 for due_s, _ in arrivals(through)]
    # The mean of 2000 uniform numbers over 40 ms has a standard deviation of 0.26 ms.
    assert abs(sum(delays_s) / 2000 - 0.05) < 0.001
    assert sum(delay_s < 0.04 for delay_s in delays_s) / 2000 > 0.2


def test_loss_hits_its_share() -> None:
    lost = lost_indices(3, 'uplink', 10_000)
    # Binomial: mean 500, standard deviation 21.8; four of them.
    assert abs(len(lost) - 500) < 88


def test_the_seed_and_the_direction_decide_which_are_lost() -> None:
    lost = lost_indices(3, 'uplink', 1000)
    assert lost == lost_indices(3, 'uplink', 1000)
    assert lost == lost_indices(3, 'uplink', 1000, jitter_s=0.1)
    assert lost != lost_indices(4, 'uplink', 1000)
    assert lost != lost_indices(3, 'downlink', 1000)


def test_a_lost_packet_takes_its_time_at_the_rate() -> None:
    through = flow(loss_ratio=1.0, queue_bytes=1500)
    through.take(b'a' * 1000, 0.0)
    through.take(b'b' * 1000, 0.5)
    assert through.next_due_s is None
    assert through.counters.dropped_packets == {'queue': 1, 'loss': 1, 'cut': 0, 'device': 0}


def test_a_cut_drops_what_is_on_the_way_and_what_comes() -> None:
    through = flow(delay_s=1.0)
    through.take(b'a' * 1000, 0.0)
    through.cut()
    through.take(b'b' * 1000, 0.5)
    assert through.next_due_s is None
    through.mend()
    through.take(b'c' * 1000, 0.6)
    assert arrivals(through) == [(2.6, b'c' * 1000)]
    assert through.counters.dropped_packets == {'queue': 0, 'loss': 0, 'cut': 2, 'device': 0}


def test_every_packet_is_counted_once() -> None:
    through = flow(queue_bytes=2000, loss_ratio=0.5, delay_s=5.0)
    for index in range(100):
        through.take(b'x' * 500, index * 0.25)
    for packet in through.arrived(12.0):
        through.delivered(packet)
    through.refused()
    through.cut()
    counters = through.counters
    assert (counters.taken_packets, counters.taken_bytes) == (100, 50_000)
    assert counters.delivered_bytes == 500 * counters.delivered_packets
    assert min(counters.delivered_packets, *counters.dropped_packets.values()) > 0
    assert counters.delivered_packets + sum(counters.dropped_packets.values()) - 1 == 100
