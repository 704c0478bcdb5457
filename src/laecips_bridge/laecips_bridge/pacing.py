"""
The pace of Zenoh's connections, set on their sockets.

TCP fills whatever queue the thinnest part of a link has, and a hard frame waits behind what is in
it. So each connection is told a largest rate, by an option that Linux has and Zenoh has no setting
for; the sockets of this process that lead to a link's addresses are given it from outside.
"""

from __future__ import annotations

from collections.abc import Iterable
from collections.abc import Iterator
import os
from pathlib import Path
import socket

import zenoh

from laecips_bridge.zenoh_settings import BACKGROUND

_SO_MAX_PACING_RATE = 47  # linux: asm-generic/socket.h; Python has no name for it
_OPEN_FILES = Path('/proc/self/fd')
_MAX_RATE = 2**31 - 1
# Headers count as well.
_HEADROOM = 1.05


def pace(links: Iterable[zenoh.Link], rate_bytes_per_s: float, background_ratio: float) -> int:
    """
    Bound the rate at which this side sends over some links.

    :param links: of a session of this process.
    :param rate_bytes_per_s: what the network carries.
    :param background_ratio: share of it for the connection of low priorities.
    :returns: how many of the links were found and bounded.
    """
    rates = {}
    for link in links:
        share = background_ratio if link.priorities == BACKGROUND else 1.0
        rate = min(round(rate_bytes_per_s * share * _HEADROOM), _MAX_RATE)
        rates[frozenset((address_of(link.src), address_of(link.dst)))] = rate
    done = set()
    for opened, ends in _connections():
        for wanted, rate in rates.items():
            if _leads(ends, wanted):
                opened.setsockopt(socket.SOL_SOCKET, _SO_MAX_PACING_RATE, rate)
                done.add(wanted)
    return len(done)


def address_of(locator: str) -> str:
    """
    Read the address from a Zenoh locator.

    :param locator: such as ``tls/10.0.0.1:7447?prio=0-5``.
    :returns: host and port, such as ``10.0.0.1:7447``.
    """
    return locator.partition('/')[2].partition('?')[0].partition('#')[0]


def _leads(ends: frozenset[str], wanted: frozenset[str]) -> bool:
    # A server's end may be known by the address it listens on, which may be 0.0.0.0, or a name.
    if ends == wanted:
        return True
    ports = {end.rpartition(':')[2] for end in ends}
    return bool(ends & wanted) and ports == {one.rpartition(':')[2] for one in wanted}


def _connections() -> Iterator[tuple[socket.socket, frozenset[str]]]:
    for file in _OPEN_FILES.iterdir():
        opened = _socket_of(file)
        if opened is None:
            continue
        with opened:
            try:
                ends = frozenset((_text(opened.getsockname()), _text(opened.getpeername())))
            except OSError:  # one that listens, or was closed meanwhile, has no other end
                continue
            yield opened, ends


def _socket_of(file: Path) -> socket.socket | None:
    """Open a descriptor of this process once more, if it is one of TCP."""
    try:
        if not os.readlink(file).startswith('socket:'):
            return None
        opened = socket.socket(fileno=os.dup(int(file.name)))
    except OSError:  # closed meanwhile
        return None
    if opened.family in (socket.AF_INET, socket.AF_INET6) and opened.type == socket.SOCK_STREAM:
        return opened
    opened.close()
    return None


def _text(address: tuple[str, int]) -> str:
    host, port = address[:2]
    return f'[{host}]:{port}' if ':' in host else f'{host}:{port}'
