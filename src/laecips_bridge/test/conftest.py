"""What the tests of the bridge share: a ROS domain of their own, and a link on this machine."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Iterator
from dataclasses import dataclass
from dataclasses import field
import os
from pathlib import Path
import socket
import subprocess
import sys
import time

import pytest
import rclpy
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node
from rclpy.signals import SignalHandlerOptions
import zenoh

from laecips_bridge.bridge_config import BridgeConfig
from laecips_bridge.message_codec import pack
from laecips_bridge.questions import Reply
from laecips_bridge.questions import Urgency
from laecips_bridge.zenoh_settings import open_session
from laecips_bridge.zenoh_settings import robot_settings
from laecips_bridge.zenoh_settings import server_settings
from laecips_core.setting import replace_settings

_WAIT_S = 20.0
_CERTS = """
import sys
from laecips_bringup.cli import main
for words in sys.argv[2:]:
    assert main(['certs', *words.format(sys.argv[1]).split('|')]) == 0
"""
Until = Callable[[Callable[[], bool]], None]


class Ros:
    """Nodes of one domain, spun by the thread of the test."""

    def __init__(self) -> None:
        self._executor = SingleThreadedExecutor()
        self._nodes: list[Node] = []

    def node(self, name: str) -> Node:
        made = Node(name)
        self._nodes.append(made)
        self._executor.add_node(made)
        return made

    def until(self, done: Callable[[], bool]) -> None:
        ends_s = time.monotonic() + _WAIT_S
        while not done():
            assert time.monotonic() < ends_s, 'it never happened'
            self._executor.spin_once(timeout_sec=0.01)

    def close(self) -> None:
        self._executor.shutdown()
        for node in self._nodes:
            node.destroy_node()


@dataclass
class Asked:
    """A question that the test settles."""

    key: str
    payload: bytes
    urgency: Urgency
    timeout_s: float
    done: Callable[[Reply], None]

    def answer(self, msg: object) -> None:
        self.done(Reply(pack(msg)))

    def fail(self, reason: str = 'of the test') -> None:
        self.done(Reply(None, reason))


@dataclass
class Script:
    """Stands where Questions stand: what is asked waits here for the test."""

    asked: list[Asked] = field(default_factory=list)

    def ask(
        self,
        key: str,
        payload: bytes,
        urgency: Urgency,
        now_s: float,
        timeout_s: float,
        done: Callable[[Reply], None],
    ) -> None:
        self.asked.append(Asked(key, payload, urgency, timeout_s, done))


@dataclass(frozen=True)
class Link:
    """Two sessions of Zenoh on this machine, with the settings of both sides, without TLS."""

    server: zenoh.Session
    robot: zenoh.Session


@pytest.fixture
def ros_domain(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv('ROS_AUTOMATIC_DISCOVERY_RANGE', 'LOCALHOST')
    rclpy.init(domain_id=1 + os.getpid() % 100, signal_handler_options=SignalHandlerOptions.NO)
    yield
    rclpy.try_shutdown()


@pytest.fixture
def ros(ros_domain: None) -> Iterator[Ros]:
    made = Ros()
    yield made
    made.close()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(('127.0.0.1', 0))
        port: int = probe.getsockname()[1]
    return port


def make_config(port: int, **settings: object) -> BridgeConfig:
    address = f'127.0.0.1:{port}'
    plain = {
        'robot': 'spot',
        'link.robots': 'spot,rex',
        'link.security': 'plain',
        'link.listen': address,
        'link.connect': address,
        'outbox.path': '',
    }
    named = {name.replace('__', '.'): value for name, value in settings.items()}
    return replace_settings(BridgeConfig(), plain | named)


@pytest.fixture
def config() -> Callable[..., BridgeConfig]:
    """Give settings of both sides for a free port; a dot in a name is written ``__``."""
    port = free_port()
    return lambda **settings: make_config(port, **settings)


@pytest.fixture(scope='module')
def link() -> Iterator[Link]:
    settings = make_config(free_port())
    server = open_session(server_settings(settings))
    try:
        robot = open_session(robot_settings(settings))
        try:
            yield Link(server, robot)
        finally:
            robot.close()
    finally:
        server.close()


@pytest.fixture
def until() -> Until:
    """Give a way to wait for something that happens on another thread."""

    def wait(done: Callable[[], bool]) -> None:
        ends_s = time.monotonic() + _WAIT_S
        while not done():
            assert time.monotonic() < ends_s, 'it never happened'
            time.sleep(0.002)

    return wait


@pytest.fixture
def script() -> Script:
    return Script()


@pytest.fixture(scope='session')
def fleet(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a folder with a server's certificate and those of three robots."""
    folder = tmp_path_factory.mktemp('certs') / 'fleet'
    commands = ['init|{}', 'server|{}|hall|--host|127.0.0.1']
    commands += [f'robot|{{}}|{name}' for name in ('spot', 'rex', 'other')]
    subprocess.run([sys.executable, '-c', _CERTS, str(folder), *commands], check=True, timeout=60)
    return folder


@pytest.fixture(scope='session')
def tls_config(fleet: Path) -> Callable[[str, int], BridgeConfig]:
    """Give settings with the keys of ``servers/NAME`` or ``robots/NAME``."""

    def make(place: str, port: int) -> BridgeConfig:
        return make_config(
            port,
            robot=place.partition('/')[2],
            link__security='tls',
            link__ca=str(fleet / 'ca.pem'),
            link__certificate=str(fleet / place / 'cert.pem'),
            link__key=str(fleet / place / 'key.pem'),
            link__connect_timeout_s=5.0,
        )

    return make
