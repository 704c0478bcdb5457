"""Every setting of the bridge, with its only default."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
import re

from laecips_bridge.link_watch import LinkBounds
from laecips_core.config import NodeConfig
from laecips_core.errors import ConfigError
from laecips_core.setting import Change
from laecips_core.setting import check_config
from laecips_core.setting import group
from laecips_core.setting import setting

ROBOT_NAME = re.compile(r'[a-z0-9][a-z0-9_-]{0,62}')
"""A robot's name: a label of a certificate, a part of a key, the start of its frame uids."""

_ENDPOINT = re.compile(r'(?:[A-Za-z0-9](?:[A-Za-z0-9.-]*)|\[[0-9A-Fa-f:.]+\]):([0-9]{1,5})')
_NAME_ALLOWED = 'a name of a-z, 0-9, - and _, not longer than 63, that starts with a-z or 0-9'


@dataclass(frozen=True)
class LinkConfig:
    """The way between robot and server."""

    connect: str = setting('', "robot: the server's address, host:port.")
    listen: str = setting('0.0.0.0:7447', 'server: address to listen on, host:port.')
    robots: str = setting('', 'server: names of the robots let in, comma-separated.')
    security: str = setting(
        'tls',
        'tls: both sides show a certificate; plain: neither does, and all can be read and forged.',
        choices=('tls', 'plain'),
    )
    ca: str = setting('', 'tls: certificate of the CA that the other side is signed by (PEM).')
    certificate: str = setting('', 'tls: certificate of this side (PEM).')
    key: str = setting('', 'tls: private key of this side (PEM).')
    rate_bytes_per_s: int = setting(
        500_000,
        'Bytes a second that the thinner direction carries: no side sends faster.',
        low=1000,
        high=1_000_000_000,
    )
    background_up_ratio: float = setting(
        0.3, 'Share of the rate that kept frames may take on their way up.', low=0.01, high=1.0
    )
    background_down_ratio: float = setting(
        0.8, 'Share of the rate that weights may take on their way down.', low=0.01, high=1.0
    )
    heartbeat_s: float = setting(1.0, 'Seconds between heartbeats.', low=0.1, high=60.0)
    down_after_s: float = setting(
        3.0, 'Seconds without an answered heartbeat: the link is down.', low=0.2, high=600.0
    )
    degraded_rtt_s: float = setting(
        0.5,
        'Smoothed round trip above which the link is degraded, seconds.',
        low=0.001,
        high=60.0,
        change=Change.RUN_TIME,
    )
    retry_first_s: float = setting(
        0.5, 'Pause before the second try to connect, seconds; it doubles.', low=0.1, high=60.0
    )
    retry_most_s: float = setting(
        2.0, 'Longest pause between tries to connect, seconds.', low=0.1, high=600.0
    )
    connect_timeout_s: float = setting(
        3.0, 'Seconds until a try to connect is given up.', low=0.1, high=60.0
    )
    answer_timeout_s: float = setting(
        2.0,
        'Seconds to wait for a mask when the caller names no deadline.',
        low=0.1,
        high=60.0,
        change=Change.RUN_TIME,
    )
    update_timeout_s: float = setting(
        8.0,
        'Seconds to wait for a chunk of weights or a trigger.',
        low=0.1,
        high=600.0,
        change=Change.RUN_TIME,
    )

    cloud_timeout_s: float = setting(
        60.0,
        'server: seconds to wait for the cloud node.',
        low=0.1,
        high=600.0,
        change=Change.RUN_TIME,
    )

    @property
    def robot_names(self) -> tuple[str, ...]:
        """Names of the robots let in, in the order given."""
        return tuple(name.strip() for name in self.robots.split(',')) if self.robots else ()

    def watch(self) -> LinkBounds:
        """Give what makes the link down or degraded."""
        return LinkBounds(self.down_after_s, self.degraded_rtt_s)


@dataclass(frozen=True)
class BudgetConfig:
    """What may go up."""

    bytes_per_s: int = setting(
        0,
        'robot: bytes a second that hard frames may take; 0: no bound.',
        low=0,
        high=1_000_000_000,
        change=Change.RUN_TIME,
    )
    burst_bytes: int = setting(
        250_000,
        'robot: bytes that may go at once after a pause.',
        low=1,
        high=1_000_000_000,
        change=Change.RUN_TIME,
    )


@dataclass(frozen=True)
class OutboxConfig:
    """Hard frames kept on the robot for later."""

    path: str = setting(
        '~/.laecips/outbox.sqlite',
        'robot: file that keeps them; empty: memory only, lost with the process.',
    )
    max_bytes: int = setting(
        200_000_000, 'Bytes kept; the oldest frames go.', low=100_000, high=1_000_000_000_000
    )
    retry_s: float = setting(
        2.0,
        'Pause after a kept frame that the server did not take, seconds.',
        low=0.1,
        high=600.0,
        change=Change.RUN_TIME,
    )
    timeout_s: float = setting(
        30.0,
        'Seconds to wait for the answer to a kept frame.',
        low=1.0,
        high=600.0,
        change=Change.RUN_TIME,
    )


@dataclass(frozen=True)
class LimitsConfig:
    """Bounds on what comes from the other side."""

    max_frame_bytes: int = setting(
        8_100_000, 'Largest hard frame, bytes.', low=1000, high=100_000_000
    )
    max_answer_bytes: int = setting(
        4_000_000, 'Largest answer to a hard frame, bytes.', low=1000, high=100_000_000
    )


@dataclass(frozen=True)
class BridgeConfig(NodeConfig):
    """The bridge node, on either side."""

    role: str = setting(
        'robot', 'Side it stands on.', choices=('robot', 'server'), change=Change.NEVER
    )
    robot: str = setting(
        'robot', 'robot: its name, as in its certificate and before its frame uids.'
    )
    link: LinkConfig = group(LinkConfig)
    budget: BudgetConfig = group(BudgetConfig)
    outbox: OutboxConfig = group(OutboxConfig)
    limits: LimitsConfig = group(LimitsConfig)


def check_bridge_config(config: BridgeConfig) -> None:
    """
    Refuse a config that cannot work; nothing is opened.

    :param config: the settings.
    :raises ConfigError: for the first value that is not allowed, or not beside the others.
    """
    check_config(config)
    if config.role == 'robot':
        _check_name('robot', config.robot)
        _check_endpoint('link.connect', config.link.connect)
    else:
        _check_endpoint('link.listen', config.link.listen)
        _check_robots(config.link)
    if config.link.security == 'tls':
        _check_files(config.link)
    _check_times(config.link)


def _check_name(key: str, name: str) -> None:
    if not ROBOT_NAME.fullmatch(name):
        raise ConfigError(key, name, _NAME_ALLOWED)


def _check_robots(link: LinkConfig) -> None:
    names = link.robot_names
    if not names:
        raise ConfigError('link.robots', link.robots, 'the name of at least one robot')
    for name in names:
        _check_name('link.robots', name)
    if len(set(names)) < len(names):
        raise ConfigError('link.robots', link.robots, 'each name once')


def _check_endpoint(key: str, endpoint: str) -> None:
    match = _ENDPOINT.fullmatch(endpoint)
    if match is None or not 1 <= int(match[1]) <= 65535:
        raise ConfigError(key, endpoint, 'host:port, such as server.example:7447')


def _check_files(link: LinkConfig) -> None:
    files = (('ca', link.ca), ('certificate', link.certificate), ('key', link.key))
    for name, path in files:
        if not path:
            allowed = 'a file, made by laecips certs, or link.security: plain'
            raise ConfigError(f'link.{name}', path, allowed)
        if not Path(path).expanduser().is_file():
            raise ConfigError(f'link.{name}', path, 'a file that is there')


def _check_times(link: LinkConfig) -> None:
    if link.down_after_s < 2 * link.heartbeat_s:
        allowed = f'at least two heartbeats, {2 * link.heartbeat_s:g} s'
        raise ConfigError('link.down_after_s', link.down_after_s, allowed)
    if link.degraded_rtt_s >= link.down_after_s:
        allowed = f'less than link.down_after_s, {link.down_after_s:g} s'
        raise ConfigError('link.degraded_rtt_s', link.degraded_rtt_s, allowed)
    if link.retry_most_s < link.retry_first_s:
        allowed = f'at least link.retry_first_s, {link.retry_first_s:g} s'
        raise ConfigError('link.retry_most_s', link.retry_most_s, allowed)
