"""Links of Zenoh itself with the certificates that ``laecips certs`` makes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
import json
from pathlib import Path
import socket
import subprocess
import sys

import pytest
import zenoh

PATIENT_MS = 20_000
"""A link that must open gets this long on a busy machine."""

REFUSED_MS = 1000
"""A link that must not open is tried this long, again and again."""

# An expired certificate cannot be asked for: the command is run two years ago.
LONG_AGO = """
import argparse, datetime, rich.console
from laecips_bringup import certs_command
parser = argparse.ArgumentParser()
certs_command.add_arguments(parser)
then = datetime.datetime.now(datetime.UTC) - datetime.timedelta(days=730)
certs_command.run_at(parser.parse_args(), then, rich.console.Console())
"""


def certs(
    *words: object, program: tuple[str, ...] = ('-m', 'laecips_bringup.cli', 'certs')
) -> None:
    subprocess.run([sys.executable, *program, *map(str, words)], check=True, timeout=60)


@pytest.fixture(scope='module')
def fleet(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp('certs') / 'fleet'
    # Made long ago too, so that what it signed then expired within its own life.
    certs('init', folder, program=('-c', LONG_AGO))
    certs('robot', folder, 'late', program=('-c', LONG_AGO))
    certs('robot', folder, 'spot')
    certs('server', folder, 'hall', '--host', 'localhost', '--host', '127.0.0.1')
    certs('server', folder, 'away', '--host', 'away.example')
    certs('server', folder, 'past', '--host', '127.0.0.1', program=('-c', LONG_AGO))
    return folder


@pytest.fixture(scope='module')
def strangers(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp('certs') / 'strangers'
    certs('init', folder)
    certs('robot', folder, 'spot')
    certs('server', folder, 'hall', '--host', '127.0.0.1')
    return folder


def config(mode: str, role: str, address: str, tls: dict[str, object]) -> zenoh.Config:
    settings: dict[str, object] = {
        'mode': mode,
        'scouting/multicast/enabled': False,
        'scouting/gossip/enabled': False,
        'transport/shared_memory/enabled': False,
        f'{role}/endpoints': [f'tls/{address}'],
        'transport/link/tls': {'enable_mtls': True, **tls},
    }
    if role == 'connect':
        settings['connect/exit_on_failure'] = True
    made = zenoh.Config()
    for key, value in settings.items():
        made.insert_json5(key, json.dumps(value))
    return made


@contextmanager
def listening(party: Path, ca: Path) -> Iterator[int]:
    """Let a server listen on this machine; give its port."""
    with socket.socket() as probe:
        probe.bind(('127.0.0.1', 0))
        port: int = probe.getsockname()[1]
    tls = {
        'root_ca_certificate': str(ca),
        'listen_certificate': str(party / 'cert.pem'),
        'listen_private_key': str(party / 'key.pem'),
    }
    with zenoh.open(config('router', 'listen', f'127.0.0.1:{port}', tls)):
        yield port


def connects(
    port: int, party: Path | None, ca: Path, host: str = '127.0.0.1', wait_ms: int = PATIENT_MS
) -> bool:
    """Tell whether a client gets a session with the server."""
    tls: dict[str, object] = {'root_ca_certificate': str(ca)}
    if party is not None:
        tls['connect_certificate'] = str(party / 'cert.pem')
        tls['connect_private_key'] = str(party / 'key.pem')
    else:
        tls['enable_mtls'] = False
    client = config('client', 'connect', f'{host}:{port}', tls)
    client.insert_json5('connect/timeout_ms', str(wait_ms))
    try:
        with zenoh.open(client) as session:
            return len(session.info.routers_zid()) == 1
    except zenoh.ZError as error:
        if 'Unable to connect' not in str(error):
            raise
        return False


def refused(port: int, party: Path | None, ca: Path) -> bool:
    return not connects(port, party, ca, wait_ms=REFUSED_MS)


@pytest.fixture(scope='module')
def port(fleet: Path) -> Iterator[int]:
    with listening(fleet / 'servers' / 'hall', fleet / 'ca.pem') as port:
        yield port


@pytest.mark.parametrize('host', ['127.0.0.1', 'localhost'])
def test_a_robot_of_the_fleet_is_let_in(fleet: Path, port: int, host: str) -> None:
    assert connects(port, fleet / 'robots' / 'spot', fleet / 'ca.pem', host)


def test_a_robot_of_another_ca_is_not_let_in(fleet: Path, strangers: Path, port: int) -> None:
    assert refused(port, strangers / 'robots' / 'spot', fleet / 'ca.pem')


def test_a_robot_without_a_certificate_is_not_let_in(fleet: Path, port: int) -> None:
    assert refused(port, None, fleet / 'ca.pem')


def test_a_robot_whose_certificate_has_expired_is_not_let_in(fleet: Path, port: int) -> None:
    assert refused(port, fleet / 'robots' / 'late', fleet / 'ca.pem')


def test_a_server_cannot_pose_as_a_robot(fleet: Path, port: int) -> None:
    assert refused(port, fleet / 'servers' / 'hall', fleet / 'ca.pem')


@pytest.mark.parametrize(
    'place',
    ['strangers/servers/hall', 'fleet/servers/away', 'fleet/servers/past', 'fleet/robots/spot'],
)
def test_a_robot_does_not_trust_another_server(fleet: Path, strangers: Path, place: str) -> None:
    owner, _, party = place.partition('/')
    server = {'fleet': fleet, 'strangers': strangers}[owner] / party
    robot = fleet / 'robots' / 'spot'
    with listening(server, fleet / 'ca.pem') as port:
        assert refused(port, robot, fleet / 'ca.pem')


def test_two_cas_in_one_file_are_both_trusted(
    fleet: Path, strangers: Path, tmp_path: Path
) -> None:
    both = tmp_path / 'ca.pem'
    both.write_bytes((fleet / 'ca.pem').read_bytes() + (strangers / 'ca.pem').read_bytes())
    with listening(fleet / 'servers' / 'hall', both) as port:
        for folder in (fleet, strangers):
            assert connects(port, folder / 'robots' / 'spot', both)
