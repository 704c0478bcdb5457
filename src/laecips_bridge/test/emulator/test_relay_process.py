"""The relay as a process, with a pair of sockets in the place of each TUN device."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Iterator
from contextlib import ExitStack
import os
from pathlib import Path
import select
import signal
import socket
import time

import pytest

from laecips_bridge.emulator.errors import EmulatorError
from laecips_bridge.emulator.link_profile import LinkProfile
from laecips_bridge.emulator.relay_process import RelayProcess

Eventually = Callable[[Callable[[], bool], str], None]
Ends = tuple[socket.socket, socket.socket]


class Link:
    def __init__(self, profile: LinkProfile, stack: ExitStack) -> None:
        pairs = [socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM) for _ in range(2)]
        for end in (*pairs[0], *pairs[1]):
            end.setblocking(False)
            stack.enter_context(end)
        (self.robot, near), (self.server, far) = pairs
        before = set(children())
        self.relay = RelayProcess(profile, near.fileno(), far.fileno())
        stack.callback(self.relay.stop)
        (self.pid,) = set(children()) - before


def children() -> list[int]:
    return [
        int(pid)
        for pid in Path('/proc/self/task', str(os.getpid()), 'children').read_text().split()
    ]


@pytest.fixture
def start() -> Iterator[Callable[..., Link]]:
    with ExitStack() as stack:
        yield lambda **facts: Link(LinkProfile(**facts), stack)


def receive(end: socket.socket, wait_s: float = 10.0) -> bytes:
    assert select.select([end], [], [], wait_s)[0], 'no packet came'
    return end.recv(2000)


def test_packets_cross_both_ways_and_are_counted(start: Callable[..., Link]) -> None:
    link = start()
    link.robot.send(b'up')
    link.server.send(b'down')
    assert receive(link.server) == b'up'
    assert receive(link.robot) == b'down'
    counters = link.relay.ask('counters')
    assert counters['robot_to_server']['delivered_bytes'] == 2
    assert counters['server_to_robot']['delivered_bytes'] == 4
    assert counters['cpu_s'] > 0


def test_a_packet_never_comes_before_its_time(start: Callable[..., Link]) -> None:
    link = start(rate_bytes_per_s=10_000.0, delay_s=0.1)
    sent_s = time.monotonic()
    link.robot.send(bytes(500))
    receive(link.server)
    assert time.monotonic() - sent_s >= 0.15


def test_a_cut_drops_and_mending_carries_on(start: Callable[..., Link]) -> None:
    link = start(delay_s=0.3)
    link.robot.send(b'on the way')
    while link.relay.ask('counters')['robot_to_server']['taken_packets'] < 1:
        pass
    link.relay.ask('cut')
    link.robot.send(b'during')
    while link.relay.ask('counters')['robot_to_server']['dropped_packets']['cut'] < 2:
        pass
    link.relay.ask('mend')
    link.robot.send(b'after')
    assert receive(link.server) == b'after'


def test_a_receiver_without_room_is_counted(
    start: Callable[..., Link], eventually: Eventually
) -> None:
    link = start(rate_bytes_per_s=125e6, queue_bytes=10_000_000)
    for _ in range(2000):
        select.select([], [link.robot], [], 10.0)
        link.robot.send(bytes(1500))

    def counters() -> dict[str, int]:
        found = link.relay.ask('counters')['robot_to_server']
        return {'delivered': found['delivered_packets'], **found['dropped_packets']}

    eventually(lambda: sum(counters().values()) == 2000, 'every packet counted')
    assert counters()['device'] > 0


def test_it_refuses_other_commands(start: Callable[..., Link]) -> None:
    with pytest.raises(EmulatorError, match="got expected cut, mend or counters, got 'stop'"):
        start().relay.ask('stop')


def test_it_ends_when_told(start: Callable[..., Link]) -> None:
    link = start()
    link.relay.stop()
    assert link.pid not in children()


def test_a_relay_that_died_is_said(start: Callable[..., Link]) -> None:
    link = start()
    os.kill(link.pid, signal.SIGKILL)
    with pytest.raises(EmulatorError, match='expected it to run, got its end'):
        link.relay.ask('cut')


def test_a_stopped_relay_is_said(
    start: Callable[..., Link], monkeypatch: pytest.MonkeyPatch
) -> None:
    link = start()
    monkeypatch.setattr('laecips_bridge.emulator.relay_process._ANSWER_S', 0.05)
    os.kill(link.pid, signal.SIGSTOP)
    with pytest.raises(EmulatorError, match='expected an answer to cut, got nothing for'):
        link.relay.ask('cut')
    with pytest.raises(EmulatorError, match='expected it to run, got its end'):
        link.relay.ask('counters')


def test_it_does_not_start_without_devices(tmp_path: Path) -> None:
    folder = os.open(tmp_path, os.O_RDONLY)
    try:
        with pytest.raises(EmulatorError, match='expected it to run, got its end'):
            RelayProcess(LinkProfile(), folder, folder)
    finally:
        os.close(folder)
    assert children() == []
