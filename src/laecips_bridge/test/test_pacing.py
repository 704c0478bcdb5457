"""The pace of connections of this process, read back from their sockets."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
import socket
from typing import Any

import pytest

from laecips_bridge.pacing import address_of
from laecips_bridge.pacing import pace

SO_MAX_PACING_RATE = 47
UNBOUND = 2**32 - 1
URGENT, BACKGROUND = (0, 5), (6, 7)


@dataclass(frozen=True)
class FoundLink:
    """What pacing reads of a link of Zenoh."""

    src: str
    dst: str
    priorities: tuple[int, int] | None


@dataclass(frozen=True)
class Connection:
    """A connection from this process to this process: both of its ends are here."""

    near: socket.socket
    far: socket.socket

    def link(self, priorities: tuple[int, int] | None, protocol: str = 'tcp') -> Any:
        ends = [
            f'{protocol}/{host}:{port}?prio=0-5#x=1'
            for host, port in (self.near.getsockname()[:2], self.near.getpeername()[:2])
        ]
        return FoundLink(ends[0], ends[1], priorities)


def rate(opened: socket.socket) -> int:
    read = opened.getsockopt(socket.SOL_SOCKET, SO_MAX_PACING_RATE)
    return read % 2**32


@pytest.fixture
def connections() -> Iterator[list[Connection]]:
    made: list[Connection] = []
    with socket.create_server(('127.0.0.1', 0)) as server:
        for _ in range(3):
            near = socket.create_connection(server.getsockname())
            made.append(Connection(near, server.accept()[0]))
        yield made
    for one in made:
        one.near.close()
        one.far.close()


def test_a_connection_gets_the_rate_and_its_headers(connections: list[Connection]) -> None:
    assert pace([connections[0].link(URGENT)], 100_000, 0.5) == 1
    assert rate(connections[0].near) == 105_000


def test_one_of_low_priorities_gets_its_share(connections: list[Connection]) -> None:
    links = [connections[0].link(URGENT), connections[1].link(BACKGROUND, 'tls')]
    assert pace(links, 100_000, 0.3) == 2
    assert [rate(one.near) for one in connections[:2]] == [105_000, 31_500]


def test_others_stay_as_they_were(connections: list[Connection]) -> None:
    pace([connections[0].link(URGENT)], 100_000, 0.5)
    assert [rate(one.near) for one in connections[1:]] == [UNBOUND, UNBOUND]


def test_it_can_be_changed(connections: list[Connection]) -> None:
    for bytes_per_s in (100_000, 200_000):
        pace([connections[0].link(URGENT)], bytes_per_s, 0.5)
    assert rate(connections[0].near) == 210_000


def test_the_largest_rate_that_can_be_set_fits(connections: list[Connection]) -> None:
    pace([connections[0].link(URGENT)], 1_000_000_000, 0.5)
    assert rate(connections[0].near) == 1_050_000_000


def test_a_server_that_listens_everywhere_is_found(connections: list[Connection]) -> None:
    near = connections[0].near
    host, port = near.getsockname()
    anywhere = f'tcp/0.0.0.0:{near.getpeername()[1]}'
    link: Any = FoundLink(anywhere, f'tcp/{host}:{port}', URGENT)
    assert pace([link], 100_000, 0.5) == 1
    assert rate(connections[0].far) == 105_000
    assert rate(connections[1].far) == UNBOUND


def test_a_link_that_is_nowhere_is_not_counted(connections: list[Connection]) -> None:
    gone = connections[0].link(URGENT)
    connections[0].near.close()
    connections[0].far.close()
    assert pace([gone, connections[1].link(URGENT)], 100_000, 0.5) == 1


def test_no_links_are_no_work() -> None:
    assert pace([], 100_000, 0.5) == 0


@pytest.mark.parametrize(
    ('locator', 'address'),
    [
        ('tcp/127.0.0.1:7447', '127.0.0.1:7447'),
        ('tls/10.0.0.1:7447?prio=0-5', '10.0.0.1:7447'),
        ('tls/10.0.0.1:7447#iface=eth0', '10.0.0.1:7447'),
        ('tls/hall.example:7447?prio=6-7;rel=1#iface=eth0', 'hall.example:7447'),
        ('tcp/[::1]:7447?prio=0-5', '[::1]:7447'),
    ],
)
def test_the_address_is_read_from_a_locator(locator: str, address: str) -> None:
    assert address_of(locator) == address
