"""Who must not be let in: refused, counted on the server, logged once a minute at most."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from datetime import timedelta
from datetime import UTC
from pathlib import Path

from link_world import ADDRESS
from link_world import LinkWorld
from link_world import ROBOT
import pytest

from laecips_bridge.emulator.link_profile import LinkProfile
from laecips_bridge.emulator.namespaces import available
from laecips_bringup.bench_certificates import bridge_settings
from laecips_bringup.certificate_folder import CertificateFolder

_REASON = available()
pytestmark = pytest.mark.skipif(bool(_REASON), reason=_REASON)

_NOW = datetime.now(UTC)
_PATIENCE_S = 20.0
_FAST = {
    'link.heartbeat_s': 0.2,
    'link.down_after_s': 0.8,
    'link.degraded_rtt_s': 0.4,
    'link.retry_first_s': 0.1,
    'link.retry_most_s': 0.3,
}


@pytest.fixture(scope='module')
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LinkWorld]:
    """Both nodes and bridges at work; a second robot is on the server's list."""
    changes = {'bridge_server': {'link.robots': f'{ROBOT}, second'}}
    profile = LinkProfile(rate_bytes_per_s=2e6, delay_s=0.005)
    with LinkWorld(tmp_path_factory.mktemp('refusals'), profile, changes) as world:
        world.start_all()
        yield world


def _intrude(world: LinkWorld, name: str, module: str, settings: dict[str, object]) -> None:
    outbox = str(world.folder / f'{name}.sqlite')
    parameters = {'role': 'robot', 'link.connect': ADDRESS, 'outbox.path': outbox, **_FAST}
    program = world.program('robot', name, module, {**parameters, **settings})
    # Another domain than the robot's, for its node has the same name.
    world.start(replace(program, variables={**program.variables, 'ROS_DOMAIN_ID': '0'}))


def _is_refused(world: LinkWorld, name: str, cause: str, times: int) -> None:
    """Wait until it was refused so often; the robot that belongs there must not notice."""
    counter = f'refused.{cause}'
    before = world.server.count('bridge', counter)
    asked = world.server.count('bridge', 'segment_hard_frame.second')
    world.until(
        lambda: world.server.count('bridge', counter) >= before + times, counter, _PATIENCE_S
    )
    world.end(name)
    assert world.log('bridge_server').count(f'refused ({cause})') == 1
    assert world.server.count('bridge', 'segment_hard_frame.second') == asked
    assert world.is_up()
    assert world.robot.count('bridge', 'sessions') == 1


def test_without_a_certificate(world: LinkWorld) -> None:
    settings = {'robot': 'second', **world.files.robot}
    _intrude(world, 'bare', 'link_intruder', settings)
    _is_refused(world, 'bare', 'no_certificate', 3)


def test_without_tls(world: LinkWorld) -> None:
    _intrude(world, 'plain', 'laecips_bridge.bridge_node', {'link.security': 'plain'})
    _is_refused(world, 'plain', 'no_tls', 3)


def test_with_a_certificate_of_another_ca(world: LinkWorld, tmp_path: Path) -> None:
    other = CertificateFolder(tmp_path / 'other')
    other.init(_NOW)
    settings = bridge_settings(other.issue_robot('second', _NOW))
    # It knows the server's CA: only the server has a reason to refuse.
    settings['link.ca'] = world.files.robot['link.ca']
    _intrude(world, 'foreign', 'laecips_bridge.bridge_node', {'robot': 'second', **settings})
    _is_refused(world, 'foreign', 'unknown_ca', 3)


def test_with_an_expired_certificate(world: LinkWorld) -> None:
    fleet = CertificateFolder(world.folder / 'fleet')
    expired = fleet.issue_robot('second', _NOW - timedelta(days=40), days=30)
    settings = {'robot': 'second', **bridge_settings(expired)}
    _intrude(world, 'expired', 'laecips_bridge.bridge_node', settings)
    _is_refused(world, 'expired', 'expired_certificate', 3)


def test_with_the_name_of_another_robot(world: LinkWorld) -> None:
    fleet = CertificateFolder(world.folder / 'fleet')
    settings = bridge_settings(fleet.issue_robot('second', _NOW))
    _intrude(world, 'liar', 'laecips_bridge.bridge_node', {'robot': ROBOT, **settings})
    _is_refused(world, 'liar', 'wrong_name', 1)


def test_with_a_name_that_is_not_on_the_list(world: LinkWorld) -> None:
    fleet = CertificateFolder(world.folder / 'fleet')
    settings = bridge_settings(fleet.issue_robot('stranger', _NOW))
    _intrude(world, 'stranger', 'laecips_bridge.bridge_node', {'robot': 'stranger', **settings})
    _is_refused(world, 'stranger', 'unknown_robot', 1)


def test_a_server_of_another_ca_gets_no_frame(world: LinkWorld, tmp_path: Path) -> None:
    other = CertificateFolder(tmp_path / 'other')
    other.init(_NOW)
    settings = bridge_settings(other.issue_robot('second', _NOW))
    settings = {**world.files.robot, 'link.ca': settings['link.ca']}
    _intrude(world, 'careful', 'laecips_bridge.bridge_node', {'robot': ROBOT, **settings})
    before = world.server.count('bridge', 'refused.unknown_ca')
    world.until(lambda: 'no connection to' in world.log('careful'), 'a refusal', _PATIENCE_S)
    world.until(
        lambda: world.server.count('bridge', 'refused.unknown_ca') >= before + 2,
        'the server knows that it is refused',
        _PATIENCE_S,
    )
    world.end('careful')
    assert world.log('careful').count('no connection to') == 1
    assert 'connected to' not in world.log('careful')


def test_a_robot_of_the_list_is_let_in_after_all_that(world: LinkWorld) -> None:
    fleet = CertificateFolder(world.folder / 'fleet')
    settings = bridge_settings(fleet.issue_robot('second', _NOW))
    _intrude(world, 'second', 'laecips_bridge.bridge_node', {'robot': 'second', **settings})
    world.until(lambda: 'connected to' in world.log('second'), 'a connection', _PATIENCE_S)
    world.end('second')
