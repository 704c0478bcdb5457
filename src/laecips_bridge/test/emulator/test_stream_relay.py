"""Real TCP connections through the stream emulator, measured."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Iterator
from contextlib import closing
import hashlib
import random
import socket
import statistics
import struct
import threading
import time

import pytest

from laecips_bridge.emulator.errors import EmulatorError
from laecips_bridge.emulator.link_profile import LinkProfile
from laecips_bridge.emulator.stream_flow import SEGMENT_BYTES
from laecips_bridge.emulator.stream_relay import StreamRelay

Eventually = Callable[[Callable[[], bool], str], None]

RATE_BYTES_PER_S = 500_000.0
DELAY_S = 0.01
PROFILE = LinkProfile(RATE_BYTES_PER_S, DELAY_S)
QUIET_S = 0.5
"""How long nothing must come where nothing may."""
MUCH_BYTES = 100_000_000


class Server:
    """Takes one kind of connection per first byte: echo, digest at the end, or never read."""

    def __init__(self) -> None:
        self._listener = socket.create_server(('127.0.0.1', 0))
        self.address: tuple[str, int] = self._listener.getsockname()
        self.taken: list[socket.socket] = []
        threading.Thread(target=self._serve, daemon=True).start()

    def close(self) -> None:
        self._listener.close()
        for client in self.taken:
            client.close()

    def _serve(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            self.taken.append(client)
            threading.Thread(target=self._talk, args=(client,), daemon=True).start()

    @staticmethod
    def _talk(client: socket.socket) -> None:
        try:
            client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            kind = client.recv(1)
            digest = hashlib.sha256()
            while kind in (b'e', b'd') and (data := client.recv(65_536)):
                digest.update(data)
                if kind == b'e':
                    client.sendall(data)
            if kind == b'd':
                client.sendall(digest.digest())
            if kind != b'n':
                client.close()
        except OSError:
            client.close()


@pytest.fixture
def server() -> Iterator[Server]:
    with closing(Server()) as running:
        yield running


def connect(relay: StreamRelay, kind: bytes = b'') -> socket.socket:
    client = socket.create_connection(relay.address, 10)
    client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    client.sendall(kind)
    return client


def receive(client: socket.socket, size: int) -> bytes:
    data = b''
    while len(data) < size and (more := client.recv(size - len(data))):
        data += more
    return data


def ask_digest(relay: StreamRelay, data: bytes) -> float:
    """Send data, compare the digest that comes back, and give the time it took."""
    begin_s = time.monotonic()
    with connect(relay, b'd') as client:
        client.settimeout(30)
        client.sendall(data)
        client.shutdown(socket.SHUT_WR)
        assert receive(client, 32) == hashlib.sha256(data).digest()
        took_s = time.monotonic() - begin_s
        assert client.recv(1) == b''
    return took_s


def ideal_s(size_bytes: int) -> float:
    """Whole packets at the rate, and two round trips: the handshake, the digest's way back."""
    return -(-size_bytes // SEGMENT_BYTES) * 1500 / RATE_BYTES_PER_S + 4 * DELAY_S


def send_until_stuck(client: socket.socket, chunk_bytes: int) -> int:
    """Send until nothing was taken for the socket's timeout, and give the bytes taken."""
    sent = 0
    while sent < MUCH_BYTES:
        try:
            sent += client.send(bytes(chunk_bytes))
        except TimeoutError:
            return sent
    pytest.fail(f'{sent} bytes were taken without a stop')


def is_quiet(client: socket.socket) -> bool:
    client.settimeout(QUIET_S)
    try:
        return client.recv(1) is None
    except TimeoutError:
        return True
    finally:
        client.settimeout(10)


def test_bulk_takes_the_ideal_time(server: Server) -> None:
    data = random.Random(1).randbytes(1_000_000)
    with StreamRelay(PROFILE, server.address) as relay:
        begin_cpu_s = time.process_time()
        took_s = ask_digest(relay, data)
        cpu_s = time.process_time() - begin_cpu_s
        counters = relay.counters()
    print(f'{took_s:.3f} s, ratio {took_s / ideal_s(len(data)):.3f}, cpu {cpu_s / took_s:.3f}')
    assert 0.995 < took_s / ideal_s(len(data)) < 1.05
    assert cpu_s < 0.5 * took_s
    assert counters.to_target.delivered_bytes == len(data) + 1
    assert counters.from_target.delivered_bytes == 32
    assert counters.connections == 1


def test_round_trip_is_twice_the_delay(server: Server) -> None:
    ideal_s = 2 * DELAY_S + 2 * 100 / RATE_BYTES_PER_S
    times_s = []
    begin_s = time.monotonic()
    with StreamRelay(PROFILE, server.address) as relay, connect(relay, b'e') as client:
        for _ in range(101):
            client.sendall(bytes(48))
            assert len(receive(client, 48)) == 48
            times_s.append(time.monotonic() - begin_s)
            begin_s = time.monotonic()
    # The first waits for the handshake, too.
    assert times_s.pop(0) >= ideal_s + 2 * DELAY_S
    assert min(times_s) >= ideal_s
    assert statistics.median(times_s) < 2 * DELAY_S + 0.002


def test_directions_do_not_share_the_rate(server: Server) -> None:
    data = random.Random(2).randbytes(250_000)
    with StreamRelay(PROFILE, server.address) as relay, connect(relay, b'e') as client:
        begin_s = time.monotonic()
        sender = threading.Thread(target=client.sendall, args=(data,))
        sender.start()
        assert receive(client, len(data)) == data
        took_s = time.monotonic() - begin_s
        sender.join()
    # Shared, it would be one more second's half.
    assert took_s < ideal_s(len(data)) + 0.25


def test_streams_share_the_rate(server: Server) -> None:
    data = random.Random(3).randbytes(250_000)
    took_s: list[float] = []
    with StreamRelay(PROFILE, server.address) as relay:
        senders = [
            threading.Thread(target=lambda: took_s.append(ask_digest(relay, data)))
            for _ in range(2)
        ]
        for sender in senders:
            sender.start()
        for sender in senders:
            sender.join(30)
    first_s, last_s = took_s
    assert 0.98 < last_s / ideal_s(2 * len(data)) < 1.1
    # The first to come has the queue for itself; from then on they take turns.
    assert first_s > 1.3 * ideal_s(len(data))


def test_it_does_not_read_ahead_of_the_link(server: Server) -> None:
    profile = LinkProfile(1000.0, queue_bytes=20_000)
    with StreamRelay(profile, server.address) as relay, connect(relay, b'd') as client:
        # The kernel's own room for what is sent, as far as it goes, is no part of the link.
        client.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
        client.settimeout(QUIET_S)
        sent = send_until_stuck(client, 500)
        taken_bytes = relay.counters().to_target.taken_bytes
        assert 10_000 < taken_bytes <= 20_000 + 1000 * 5
        assert sent < 20_000 + 60_000


def test_a_receiver_that_does_not_read_stops_the_sender(server: Server) -> None:
    profile = LinkProfile(20e6, queue_bytes=20_000)
    with StreamRelay(profile, server.address) as relay, connect(relay, b'n') as client:
        client.settimeout(QUIET_S)
        send_until_stuck(client, 100_000)
        to_target = relay.counters().to_target
        assert 0 < to_target.taken_bytes - to_target.delivered_bytes <= 20_000 + SEGMENT_BYTES


def test_a_cut_holds_the_bytes_and_mending_lets_them_go(
    server: Server, eventually: Eventually
) -> None:
    data = random.Random(4).randbytes(500_000)
    took_s: list[float] = []
    with StreamRelay(PROFILE, server.address) as relay:
        sender = threading.Thread(target=lambda: took_s.append(ask_digest(relay, data)))
        sender.start()
        eventually(lambda: relay.counters().to_target.delivered_bytes > 100_000, 'the first bytes')
        relay.cut()
        at_cut = relay.counters()
        time.sleep(2.0)
        assert relay.counters().to_target.delivered_bytes == at_cut.to_target.delivered_bytes
        relay.mend()
        sender.join(20)
    assert ideal_s(len(data)) + 2.0 <= took_s[0] < ideal_s(len(data)) * 1.1 + 2.1


def test_new_connections_hang_while_cut(server: Server) -> None:
    with StreamRelay(PROFILE, server.address) as relay:
        relay.cut()
        with connect(relay, b'e') as client:
            client.sendall(b'x')
            assert is_quiet(client)
            assert server.taken == []
            relay.mend()
            assert receive(client, 1) == b'x'


def test_an_end_is_held_by_a_cut_too(server: Server, eventually: Eventually) -> None:
    with StreamRelay(PROFILE, server.address) as relay, connect(relay, b'd') as client:
        eventually(lambda: relay.counters().to_target.delivered_bytes == 1, 'the connection')
        relay.cut()
        client.shutdown(socket.SHUT_WR)
        assert is_quiet(client)
        relay.mend()
        assert receive(client, 32) == hashlib.sha256().digest()


def test_losses_stall_the_stream_and_lose_nothing(server: Server) -> None:
    data = random.Random(5).randbytes(60_000)
    with StreamRelay(LinkProfile(5e6, DELAY_S, loss_ratio=0.05), server.address) as relay:
        took_s = ask_digest(relay, data)
        stalls = relay.counters().to_target.stalls
    assert 1 <= stalls <= 8
    assert took_s > 0.2 + 2 * DELAY_S


def test_a_target_that_refuses_resets_the_client(eventually: Eventually) -> None:
    with socket.create_server(('127.0.0.1', 0)) as listener:
        target = listener.getsockname()
    with StreamRelay(PROFILE, target) as relay, connect(relay) as client:
        with pytest.raises(ConnectionResetError):
            client.recv(1)
        eventually(lambda: relay.counters().refused_connections == 1, 'the refusal counted')
        assert relay.counters().connections == 0


@pytest.mark.parametrize('breaker', ['client', 'target'])
def test_a_reset_reaches_the_other_side(
    server: Server, eventually: Eventually, breaker: str
) -> None:
    with StreamRelay(PROFILE, server.address) as relay:
        client = connect(relay, b'n')
        eventually(lambda: relay.counters().to_target.delivered_bytes == 1, 'the connection')
        target = server.taken[0]
        near, far = (client, target) if breaker == 'client' else (target, client)
        near.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack('ii', 1, 0))
        near.close()
        far.settimeout(10)
        with far, pytest.raises(ConnectionResetError):
            far.recv(1)
        eventually(lambda: relay.counters().reset_connections == 1, 'the reset counted')


def test_one_broken_connection_leaves_the_others(server: Server) -> None:
    with StreamRelay(PROFILE, server.address) as relay, connect(relay, b'e') as client:
        broken = connect(relay, b'n')
        broken.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack('ii', 1, 0))
        broken.close()
        for _ in range(5):
            client.sendall(b'x')
            assert receive(client, 1) == b'x'


def test_stopping_resets_connections_and_frees_the_port(server: Server) -> None:
    relay = StreamRelay(PROFILE, server.address)
    relay.start()
    with connect(relay, b'e') as client:
        client.sendall(b'x')
        assert receive(client, 1) == b'x'
        relay.stop()
        with pytest.raises(ConnectionResetError):
            client.recv(1)
    relay.stop()
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(relay.address, 10)
    with pytest.raises(EmulatorError, match='expected it to run'):
        relay.cut()


def test_stopping_ends_a_cut_too(server: Server) -> None:
    relay = StreamRelay(PROFILE, server.address)
    relay.start()
    relay.cut()
    with connect(relay, b'e'):
        relay.stop()
    assert not [thread for thread in threading.enumerate() if thread.name == 'stream relay']


def test_a_taken_port_is_said(server: Server) -> None:
    host, port = server.address
    with pytest.raises(EmulatorError, match='expected a free port'):
        StreamRelay(PROFILE, server.address, host, port).start()
