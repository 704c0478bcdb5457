"""Where and how the live page is served."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from laecips_core.errors import ConfigError

MOST_PAGES = 8
"""Pages open at once: each costs this machine an update several times a second."""

DEFAULT_ADDRESS = '127.0.0.1'
DEFAULT_PORT = 5006
DEFAULT_UPDATES_HZ = 5.0

_UPDATES_HZ = (0.1, 30.0)


@dataclass(frozen=True)
class ServerSettings:
    """
    Where and how the page is served.

    :param address: of the network interface; the default serves this machine alone.
    :param port: 0: any free one.
    :param hosts: names or addresses by which other machines call this one.
    :param updates_hz: updates of a page a second, at most, in [0.1, 30].
    :param most_pages: open at once; further readers are told so.
    :param where: says which robot this is, in words.
    """

    address: str = DEFAULT_ADDRESS
    port: int = DEFAULT_PORT
    hosts: Sequence[str] = ()
    updates_hz: float = DEFAULT_UPDATES_HZ
    most_pages: int = MOST_PAGES
    where: str = ''

    def __post_init__(self) -> None:
        """Refuse what cannot be served."""
        low, high = _UPDATES_HZ
        if not low <= self.updates_hz <= high:
            raise ConfigError('--frames-per-second', self.updates_hz, f'float in [{low}, {high}]')
        if not 0 <= self.port <= 65535:
            raise ConfigError('--port', self.port, 'int in [0, 65535]')
        for host in self.hosts:
            if not host or ':' in host or '/' in host:
                raise ConfigError('--host', host, 'a name or address without port')
