"""A ROS domain of our own on this machine, apart from whatever else runs there."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
import os
import random
import socket

from laecips_core.errors import LaecipsError

DOMAIN_IDS = range(1, 102)
"""Those whose ports lie below the ephemeral ones on every platform."""

# Ports of RTPS 2.5, section 9.6.2.3: base and gain of a domain; within it, multicast discovery
# and the unicast discovery of each participant. On this machine only, ROS 2 looks for 32 of them.
_PORT_BASE = 7400
_PORTS_A_DOMAIN = 250
_DISCOVERY_PORTS = (0, *range(10, 10 + 2 * 32, 2))


class NoFreeDomainError(LaecipsError):
    """Every ROS domain of this machine is in use."""

    code = 'no_free_domain'

    def __init__(self) -> None:
        """Say what was tried."""
        super().__init__(
            f'ROS_DOMAIN_ID: expected a free one in {DOMAIN_IDS[0]}..{DOMAIN_IDS[-1]}, got none; '
            'end nodes that are no longer needed'
        )


@contextmanager
def private_domain(seed: int) -> Iterator[int]:
    """
    Have this process and those it starts use a free ROS domain, on this machine only.

    Takes effect on what initialises rclpy within the block; the environment is restored after.

    :param seed: of the order in which domains are tried; different processes pass different ones.
    :returns: the domain.
    :raises NoFreeDomainError: when all are in use.
    """
    domain_id = free_domain_id(seed)
    values = {'ROS_DOMAIN_ID': str(domain_id), 'ROS_AUTOMATIC_DISCOVERY_RANGE': 'LOCALHOST'}
    before = {name: os.environ.get(name) for name in values}
    os.environ.update(values)
    try:
        yield domain_id
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


def free_domain_id(seed: int) -> int:
    """
    Find a domain that no process of this machine has joined.

    :param seed: of the order in which domains are tried.
    :raises NoFreeDomainError: when all are in use.
    """
    for domain_id in random.Random(seed).sample(DOMAIN_IDS, len(DOMAIN_IDS)):
        base = _PORT_BASE + _PORTS_A_DOMAIN * domain_id
        if all(_is_free(base + port) for port in _DISCOVERY_PORTS):
            return domain_id
    raise NoFreeDomainError


def _is_free(port: int) -> bool:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.bind(('', port))
        except OSError:
            return False
    return True
