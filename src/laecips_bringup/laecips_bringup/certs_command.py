"""``laecips certs``: who may join a fleet, as certificates and keys."""

from __future__ import annotations

from argparse import ArgumentParser
from argparse import Namespace
from collections.abc import Callable
from collections.abc import Mapping
from datetime import datetime
from datetime import UTC
from pathlib import Path

from rich.console import Console

from laecips_bringup.certificate_folder import CertificateFolder
from laecips_bringup.certificate_list import party_table
from laecips_bringup.certificate_list import warnings
from laecips_bringup.certificates import PARTY_DAYS

Action = Callable[[Namespace, datetime, Console], int]


def add_arguments(parser: ArgumentParser) -> None:
    """
    Declare what the command takes.

    :param parser: gets the options.
    """
    actions = parser.add_subparsers(dest='action', metavar='ACTION', required=True)
    for name, text in (
        ('init', 'Make the CA and the release keys, whichever is missing.'),
        ('robot', "Make or renew a robot's certificate and key."),
        ('server', "Make or renew a server's certificate and key."),
        ('show', 'List every certificate; status 1 when one ends within 30 days.'),
    ):
        action = actions.add_parser(name, help=text, description=text)
        action.add_argument('dir', type=Path, metavar='DIR', help='Folder of the fleet; secret.')
        if name in ('robot', 'server'):
            action.add_argument('name', metavar='NAME', help='a-z, 0-9, _ and -; at most 63.')
            action.add_argument(
                '--days',
                type=int,
                default=PARTY_DAYS,
                help=f'How long it holds, never longer than the CA. Default: {PARTY_DAYS}.',
            )
        if name == 'server':
            action.add_argument(
                '--host',
                action='append',
                required=True,
                help='DNS name or IP address under which robots reach it; may be repeated.',
            )


def run(arguments: Namespace) -> int:
    """
    Do one action, now.

    :param arguments: parsed from :func:`add_arguments`.
    :returns: exit status 0; 1 when ``show`` warns.
    :raises ConfigError: when it cannot be done.
    """
    return run_at(arguments, datetime.now(UTC), Console(soft_wrap=True))


def run_at(arguments: Namespace, now: datetime, console: Console) -> int:
    """
    Do one action.

    :param arguments: parsed from :func:`add_arguments`.
    :param now: with time zone.
    :param console: where to print.
    :returns: exit status 0; 1 when ``show`` warns.
    :raises ConfigError: when it cannot be done.
    """
    return _ACTIONS[arguments.action](arguments, now, console)


def _init(arguments: Namespace, now: datetime, console: Console) -> int:
    made = CertificateFolder(arguments.dir).init(now)
    _say(console, f'made {", ".join(made)} in {arguments.dir}; keep this folder secret')
    return 0


def _robot(arguments: Namespace, now: datetime, console: Console) -> int:
    folder = CertificateFolder(arguments.dir)
    made = folder.issue_robot(arguments.name, now, arguments.days)
    _tell_issued(folder, arguments.name, 'robot', made, console)
    return 0


def _server(arguments: Namespace, now: datetime, console: Console) -> int:
    folder = CertificateFolder(arguments.dir)
    made = folder.issue_server(arguments.name, arguments.host, now, arguments.days)
    _tell_issued(folder, arguments.name, 'server', made, console)
    return 0


def _show(arguments: Namespace, now: datetime, console: Console) -> int:
    parties = CertificateFolder(arguments.dir).parties()
    console.print(party_table(parties, now))
    lines = warnings(parties, now)
    for line in lines:
        _say(console, line)
    return 1 if lines else 0


def _tell_issued(
    folder: CertificateFolder, name: str, role: str, made: Path, console: Console
) -> None:
    authority, *parties = folder.parties()
    party = next(one for one in parties if (one.name, one.role) == (name, role))
    limit = ', with its CA' if party.expiry == authority.expiry else ''
    _say(console, f'{role} {name} until {party.expiry:%Y-%m-%d}{limit}: copy {made} to it')


def _say(console: Console, line: str) -> None:
    console.print(line, highlight=False, markup=False)


_ACTIONS: Mapping[str, Action] = {
    'init': _init,
    'robot': _robot,
    'server': _server,
    'show': _show,
}
