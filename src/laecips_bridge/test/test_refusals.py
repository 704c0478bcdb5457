"""Who is not let in: read from lines of Zenoh 1.10 and from real connections."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Iterator
from dataclasses import dataclass
import logging
from pathlib import Path
import socket
import subprocess
import sys
from typing import Any

import pytest
import zenoh

from laecips_bridge import refusals as refusals_module
from laecips_bridge.bridge_config import BridgeConfig
from laecips_bridge.refusals import cause_of
from laecips_bridge.refusals import Refusals
from laecips_bridge.seldom import Seldom
from laecips_bridge.zenoh_settings import BACKGROUND
from laecips_bridge.zenoh_settings import open_session
from laecips_bridge.zenoh_settings import robot_settings
from laecips_bridge.zenoh_settings import server_settings
from laecips_bridge.zenoh_settings import URGENT
from laecips_ros.counters import Counters

TlsConfig = Callable[[str, int], BridgeConfig]
Until = Callable[[Callable[[], bool]], None]
BEFORE = '2026-07-25T09:28:37.688340Z  WARN acc-0 ThreadId(06) zenoh_link_tls::unicast: '
AFTER = '. Hint: increase the system open file limit.'
CAUSES = [
    (
        'invalid peer certificate: certificate expired: verification time 1795598917 (UNIX), but '
        'certificate is not valid after 1764062916 (31536001 seconds ago)',
        'expired_certificate',
    ),
    ('received fatal alert: CertificateExpired', 'expired_certificate'),
    ('invalid peer certificate: UnknownIssuer', 'unknown_ca'),
    ('invalid peer certificate: BadSignature', 'unknown_ca'),
    ('received fatal alert: UnknownCA', 'unknown_ca'),
    ('peer sent no certificates', 'no_certificate'),
    ('received fatal alert: CertificateRequired', 'no_certificate'),
    (
        'invalid peer certificate: certificate does not allow extended key usage for client '
        'authentication, allows server authentication',
        'bad_certificate',
    ),
    ('received fatal alert: BadCertificate', 'bad_certificate'),
    ('received corrupt message of type InvalidContentType', 'no_tls'),
]


class Door:
    """Refusals under test, on a clock of the test."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now_s = 100.0
        self.beat_s: dict[str, float] = {}
        monkeypatch.setattr(refusals_module, 'monotonic', lambda: self.now_s)
        self.counters = Counters()
        seldom = Seldom(logging.getLogger('test_refusals'), 60.0, lambda: self.now_s)
        self.refusals = Refusals(('spot', 'rex'), self.silent_s, 5.0, self.counters, seldom)

    def silent_s(self, robot: str) -> float:
        return self.now_s - self.beat_s.get(robot, float('-inf'))

    def connect(self, name: str | None, dst: str = 'tls/10.0.0.2:5000') -> None:
        event: Any = Event(zenoh.SampleKind.PUT, EventLink(dst, name))
        self.refusals.take_link(event)

    def disconnect(self, dst: str = 'tls/10.0.0.2:5000') -> None:
        event: Any = Event(zenoh.SampleKind.DELETE, EventLink(dst, 'spot'))
        self.refusals.take_link(event)

    def check_at(self, now_s: float) -> dict[str, int]:
        self.now_s = now_s
        self.refusals.check()
        return self.counters.snapshot()


@dataclass(frozen=True)
class EventLink:
    dst: str
    auth_identifier: str | None
    priorities: tuple[int, int] | None = URGENT


@dataclass(frozen=True)
class Event:
    kind: zenoh.SampleKind
    link: EventLink


@pytest.fixture
def door(monkeypatch: pytest.MonkeyPatch) -> Door:
    return Door(monkeypatch)


def test_a_robots_second_connection_counts_for_nothing(door: Door) -> None:
    link = EventLink('tls/10.0.0.9:5000', 'stranger', BACKGROUND)
    door.refusals.take_link(Event(zenoh.SampleKind.PUT, link))  # type: ignore[arg-type]
    assert door.counters.snapshot() == {}


@pytest.mark.parametrize(('words', 'cause'), CAUSES)
def test_the_cause_is_read_from_a_line(words: str, cause: str) -> None:
    assert cause_of(BEFORE + words + AFTER) == cause


def test_colours_do_not_hide_it() -> None:
    coloured = '\x1b[33m WARN\x1b[0m \x1b[2mzenoh_link_tls::unicast\x1b[0m\x1b[2m:\x1b[0m '
    assert cause_of(coloured + 'peer sent no certificates') == 'no_certificate'


@pytest.mark.parametrize(
    'line',
    [
        '',
        'WARN zenoh_transport::unicast: received a message that says UnknownCA',
        'WARN zenoh_link_tls::unicast: Too many open files',
    ],
)
def test_other_lines_are_no_refusals(line: str) -> None:
    assert cause_of(line) == ''


def test_a_refusal_is_counted_and_logged_once_a_minute(
    door: Door, caplog: pytest.LogCaptureFixture
) -> None:
    for now_s in (100.0, 159.0, 160.0):
        door.now_s = now_s
        door.refusals.take_line(BEFORE + 'invalid peer certificate: UnknownIssuer' + AFTER)
    assert door.counters.snapshot() == {'refused.unknown_ca': 3}
    assert (
        caplog.messages
        == [f'refused (unknown_ca): invalid peer certificate: UnknownIssuer{AFTER}'] * 2
    )


def test_another_line_is_logged_and_not_counted(
    door: Door, caplog: pytest.LogCaptureFixture
) -> None:
    door.refusals.take_line('WARN zenoh: something else')
    door.refusals.take_line('')
    assert door.counters.snapshot() == {}
    assert caplog.messages == ['zenoh: WARN zenoh: something else']


def test_a_name_that_is_not_on_the_list_is_refused(
    door: Door, caplog: pytest.LogCaptureFixture
) -> None:
    door.connect('thief')
    assert door.check_at(200.0) == {'refused.unknown_robot': 1}
    assert "'thief' from tls/10.0.0.2:5000 is not in link.robots" in caplog.text


def test_a_connection_that_never_beats_under_its_name_is_counted_once(
    door: Door, caplog: pytest.LogCaptureFixture
) -> None:
    door.connect('spot')
    assert door.check_at(104.9) == {}
    assert door.check_at(105.0) == {'refused.wrong_name': 1}
    assert door.check_at(200.0) == {'refused.wrong_name': 1}
    assert "the certificate of 'spot'" in caplog.text


def test_one_that_beats_is_right(door: Door) -> None:
    door.connect('spot')
    door.beat_s['spot'] = 102.0
    assert door.check_at(105.0) == {}


def test_a_beat_before_the_connection_is_none(door: Door) -> None:
    door.beat_s['spot'] = 99.0
    door.connect('spot')
    assert door.check_at(105.0) == {'refused.wrong_name': 1}


def test_one_that_closed_meanwhile_is_forgotten(door: Door) -> None:
    door.connect('spot')
    door.disconnect()
    assert door.check_at(200.0) == {}


def test_without_tls_there_is_no_name_to_be_wrong(door: Door) -> None:
    door.connect(None)
    assert door.check_at(200.0) == {}


@pytest.fixture
def port() -> int:
    with socket.socket() as probe:
        probe.bind(('127.0.0.1', 0))
        found: int = probe.getsockname()[1]
    return found


@pytest.fixture
def server(tls_config: TlsConfig, port: int, door: Door) -> Iterator[zenoh.Session]:
    session = open_session(server_settings(tls_config('servers/hall', port)))
    listener = session.info.declare_link_events_listener(door.refusals.take_link)
    yield session
    listener.undeclare()
    session.close()


def test_real_connections_show_the_name_of_their_certificate(
    server: zenoh.Session, tls_config: TlsConfig, port: int, door: Door, until: Until
) -> None:
    with open_session(robot_settings(tls_config('robots/spot', port))):
        until(lambda: len(door.refusals._connected_s) == 1)
        names = {name for name, _ in door.refusals._connected_s.values()}
        assert names == {'spot'}
        with open_session(robot_settings(tls_config('robots/other', port))):
            until(lambda: door.counters.snapshot() == {'refused.unknown_robot': 1})
    until(lambda: not door.refusals._connected_s)


SERVER = """
import sys
from laecips_bridge.bridge_config import BridgeConfig
from laecips_bridge.refusals import cause_of
from laecips_bridge.refusals import ZenohLog
from laecips_bridge.zenoh_settings import open_session
from laecips_bridge.zenoh_settings import server_settings
from laecips_core.setting import replace_settings

listen, folder = sys.argv[1:]
hall = f'{folder}/servers/hall'
config = replace_settings(
    BridgeConfig(),
    {
        'role': 'server',
        'link.robots': 'spot',
        'link.listen': listen,
        'link.ca': f'{folder}/ca.pem',
        'link.certificate': f'{hall}/cert.pem',
        'link.key': f'{hall}/key.pem',
    },
)
log = ZenohLog(lambda line: print('LINE', cause_of(line), line, file=sys.stderr, flush=True))
with open_session(server_settings(config)):
    print('READY', file=sys.stderr, flush=True)
    sys.stdin.readline()
"""


def test_zenohs_own_log_tells_of_a_stranger(fleet: Path, port: int) -> None:
    process = subprocess.Popen(
        [sys.executable, '-c', SERVER, f'127.0.0.1:{port}', str(fleet)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdin is not None
        assert process.stderr is not None
        assert process.stderr.readline() == 'READY\n'
        with socket.create_connection(('127.0.0.1', port)) as stranger:
            stranger.sendall(b'GET / HTTP/1.1\r\n\r\n')
            line = process.stderr.readline()
        process.communicate('\n', timeout=20.0)
    finally:
        process.kill()
        process.wait()
    assert line.startswith('LINE no_tls ')
    assert '\x1b' not in line
