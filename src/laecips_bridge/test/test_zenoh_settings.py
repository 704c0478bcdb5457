"""The settings of Zenoh, word by word, and what they do between two real sessions."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Iterator
from contextlib import contextmanager
import socket
from typing import Protocol

import pytest
import zenoh

from laecips_bridge.bridge_config import BridgeConfig
from laecips_bridge.zenoh_settings import open_session
from laecips_bridge.zenoh_settings import robot_settings
from laecips_bridge.zenoh_settings import server_settings

MakeConfig = Callable[..., BridgeConfig]
TlsConfig = Callable[[str, int], BridgeConfig]
Until = Callable[[Callable[[], bool]], None]


class Link(Protocol):
    server: zenoh.Session
    robot: zenoh.Session


def test_a_robot_connects_twice_listens_nowhere_and_looks_for_nobody(config: MakeConfig) -> None:
    settings = robot_settings(config(link__connect='hall.example:7447'))
    assert settings['mode'] == 'peer'
    assert settings['listen/endpoints'] == []
    assert settings['connect/endpoints'] == [
        'tcp/hall.example:7447?prio=0-5',
        'tcp/hall.example:7447?prio=6-7',
    ]
    assert settings['scouting/multicast/enabled'] is False
    assert settings['scouting/gossip/enabled'] is False
    assert settings['transport/shared_memory/enabled'] is False


def test_a_robot_tries_once_so_that_the_bridge_knows_why_it_failed(config: MakeConfig) -> None:
    settings = robot_settings(config(link__connect_timeout_s=2.5))
    assert settings['connect/timeout_ms'] == 2500
    assert settings['transport/unicast/open_timeout'] == 2500
    assert settings['connect/exit_on_failure'] is True


def test_a_server_listens_at_one_address(config: MakeConfig) -> None:
    settings = server_settings(config(link__listen='0.0.0.0:7447'))
    assert settings['mode'] == 'router'
    assert settings['listen/endpoints'] == ['tcp/0.0.0.0:7447']
    assert 'connect/endpoints' not in settings


def test_both_sides_bound_sizes_and_links(config: MakeConfig) -> None:
    made = config(limits__max_frame_bytes=1000, limits__max_answer_bytes=2000)
    robot, server = robot_settings(made), server_settings(made)
    assert server['transport/link/rx/max_message_size'] == 1000 + 65_536
    assert robot['transport/link/rx/max_message_size'] == 2000 + 65_536
    for settings in (robot, server):
        assert settings['transport/unicast/max_links'] == 2
        assert settings['transport/link/tx/lease'] == 3000


@pytest.mark.parametrize(
    ('side', 'make', 'place'),
    [
        ('connect', robot_settings, 'robots/spot'),
        ('listen', server_settings, 'servers/hall'),
    ],
)
def test_both_sides_show_a_certificate(
    tls_config: TlsConfig, side: str, make: Callable[[BridgeConfig], object], place: str
) -> None:
    made = tls_config(place, 7447)
    settings = make(made)
    assert isinstance(settings, dict)
    tls = settings['transport/link/tls']
    assert tls['enable_mtls'] is True
    assert tls['close_link_on_expiration'] is True
    assert tls['root_ca_certificate'] == made.link.ca
    assert tls[f'{side}_certificate'] == made.link.certificate
    assert tls[f'{side}_private_key'] == made.link.key
    assert all(one.startswith('tls/') for one in settings[f'{side}/endpoints'])


def test_each_robot_is_let_to_its_own_keys_and_all_else_is_denied(tls_config: TlsConfig) -> None:
    access = server_settings(tls_config('servers/hall', 7447))['access_control']
    assert isinstance(access, dict)
    assert (access['enabled'], access['default_permission']) == (True, 'deny')
    rules = {rule['id']: rule for rule in access['rules']}
    subjects = {subject['id']: subject['cert_common_names'] for subject in access['subjects']}
    let = {
        name: rules[rule]['key_exprs']
        for policy in access['policies']
        for subject in policy['subjects']
        for name in subjects[subject]
        for rule in policy['rules']
    }
    assert let == {'spot': ['laecips/spot/**'], 'rex': ['laecips/rex/**']}
    assert all(rule['permission'] == 'allow' for rule in rules.values())
    assert all(rule['flows'] == ['ingress', 'egress'] for rule in rules.values())


def test_without_tls_there_are_no_keys_to_control(config: MakeConfig) -> None:
    assert 'access_control' not in server_settings(config())
    assert 'transport/link/tls' not in robot_settings(config())


def test_a_session_has_one_connection_for_each_half_of_the_priorities(link: Link) -> None:
    for session in (link.robot, link.server):
        assert sorted(one.priorities for one in session.info.links()) == [(0, 5), (6, 7)]


def test_a_robot_that_finds_nobody_says_so(config: MakeConfig) -> None:
    with pytest.raises(zenoh.ZError, match='Unable to connect'):
        open_session(robot_settings(config(link__connect_timeout_s=0.2)))


def test_an_address_in_use_is_refused(config: MakeConfig) -> None:
    made = config()
    host, _, port = made.link.listen.partition(':')
    with socket.create_server((host, int(port))), pytest.raises(zenoh.ZError):
        open_session(server_settings(made))


class Hall:
    """A server with TLS that answers every robot's questions, whoever they are."""

    def __init__(self, config: BridgeConfig) -> None:
        self.session = open_session(server_settings(config))
        self.asked: list[str] = []
        self._queryable = self.session.declare_queryable('laecips/*/beat', self._answer)

    def _answer(self, query: zenoh.Query) -> None:
        with query:
            self.asked.append(str(query.key_expr))
            query.reply(query.key_expr, b'here')


@pytest.fixture(scope='module')
def port() -> int:
    with socket.socket() as probe:
        probe.bind(('127.0.0.1', 0))
        found: int = probe.getsockname()[1]
    return found


@pytest.fixture(scope='module')
def hall(tls_config: TlsConfig, port: int) -> Iterator[Hall]:
    made = Hall(tls_config('servers/hall', port))
    yield made
    made.session.close()


@contextmanager
def robot(config: BridgeConfig) -> Iterator[zenoh.Session]:
    session = open_session(robot_settings(config))
    try:
        yield session
    finally:
        session.close()


def answers(session: zenoh.Session, key: str) -> list[bytes]:
    return [
        bytes(reply.ok.payload) for reply in session.get(key, timeout=5.0) if reply.ok is not None
    ]


def test_a_robot_is_answered_on_its_own_keys_alone(
    hall: Hall, tls_config: TlsConfig, port: int, until: Until
) -> None:
    with robot(tls_config('robots/spot', port)) as session:
        assert sorted(one.priorities for one in session.info.links()) == [(0, 5), (6, 7)]
        until(lambda: answers(session, 'laecips/spot/beat') == [b'here'])
        hall.asked.clear()
        for key in ('laecips/rex/beat', 'laecips/*/beat', 'laecips/**', '**'):
            assert answers(session, key) == []
    assert hall.asked == []


def test_a_robot_hears_what_is_published_to_it_alone(
    hall: Hall, tls_config: TlsConfig, port: int, until: Until
) -> None:
    with robot(tls_config('robots/spot', port)) as session:
        heard: list[str] = []
        session.declare_subscriber('laecips/**', lambda sample: heard.append(str(sample.key_expr)))
        session.declare_subscriber(
            'laecips/rex/model_version', lambda sample: heard.append(str(sample.key_expr))
        )
        session.declare_subscriber(
            'laecips/spot/model_version', lambda sample: heard.append(str(sample.key_expr))
        )

        def publish() -> bool:
            for name in ('rex', 'spot'):
                hall.session.put(f'laecips/{name}/model_version', b'new')
            return bool(heard)

        until(publish)
        assert set(heard) == {'laecips/spot/model_version'}


def test_a_robot_that_is_not_on_the_list_is_answered_nothing(
    hall: Hall, tls_config: TlsConfig, port: int
) -> None:
    hall.asked.clear()
    with robot(tls_config('robots/other', port)) as session:
        for name in ('other', 'spot'):
            assert answers(session, f'laecips/{name}/beat') == []
    assert hall.asked == []
