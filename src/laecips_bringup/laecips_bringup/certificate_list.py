"""Certificates as people read them: whose, and how long they still hold."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from datetime import timedelta
from pathlib import Path

from cryptography import x509
from rich.markup import escape
from rich.table import Table

from laecips_core.errors import ConfigError
from laecips_core.weights.release_keys import read_key_file

WARNED = timedelta(days=30)
"""With less than this left, :func:`warnings` speaks."""


@dataclass(frozen=True)
class Party:
    """
    Whose certificate it is.

    :param name: of the robot or server, ``CA`` for the authority.
    :param role: ``CA``, ``robot`` or ``server``.
    :param hosts: DNS names and addresses of a server.
    :param expiry: when the certificate ends.
    """

    name: str
    role: str
    hosts: tuple[str, ...]
    expiry: datetime

    def left(self, now: datetime) -> timedelta:
        """Tell how long it still holds; negative: it has expired."""
        return self.expiry - now


def read_certificate(path: Path) -> x509.Certificate:
    """
    Load a certificate.

    :param path: PEM; a second certificate in the file is not looked at.
    :raises ConfigError: when it is missing or damaged.
    """
    data = read_key_file('certificate', path)
    try:
        return x509.load_pem_x509_certificate(data)
    except ValueError as error:
        raise ConfigError('certificate', str(path), 'an undamaged certificate in PEM') from error


def read_party(name: str, role: str, path: Path) -> Party:
    """
    Tell whose certificate a file is, and until when.

    :param name: of the party.
    :param role: ``CA``, ``robot`` or ``server``.
    :param path: PEM.
    :raises ConfigError: when it is missing, damaged, or names no host of a server.
    """
    certificate = read_certificate(path)
    hosts: tuple[str, ...] = ()
    if role == 'server':
        kind = x509.SubjectAlternativeName
        try:
            names = certificate.extensions.get_extension_for_class(kind).value
        except (ValueError, x509.ExtensionNotFound) as error:
            raise ConfigError('certificate', str(path), 'one of laecips certs server') from error
        hosts = tuple(str(host.value) for host in names)
    return Party(name, role, hosts, certificate.not_valid_after_utc)


def party_table(parties: Sequence[Party], now: datetime) -> Table:
    """
    Lay certificates out for the terminal.

    :param parties: whose they are.
    :param now: with time zone.
    """
    table = Table('name', 'role', 'hosts', 'expiry (UTC)', 'days left')
    for party in parties:
        left = party.left(now)
        style = 'red' if left <= timedelta() else 'yellow' if left < WARNED else None
        cells = (party.name, party.role, ', '.join(party.hosts))
        table.add_row(
            *map(escape, cells), f'{party.expiry:%Y-%m-%d %H:%M}', str(left.days), style=style
        )
    return table


def warnings(parties: Sequence[Party], now: datetime) -> list[str]:
    """
    Say which certificates have ended or end soon.

    :param parties: whose they are.
    :param now: with time zone.
    :returns: one line each; none when all hold for WARNED or longer.
    """
    lines = []
    for party in parties:
        left = party.left(now)
        if left <= timedelta():
            lines.append(f'{party.role} {party.name}: expired, renew it')
        elif left < WARNED:
            lines.append(f'{party.role} {party.name}: {left.days} days left, renew it')
    return lines
