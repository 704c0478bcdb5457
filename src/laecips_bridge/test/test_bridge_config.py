"""Tests of the bridge's settings: what cannot work together is refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from laecips_bridge.bridge_config import BridgeConfig
from laecips_bridge.bridge_config import check_bridge_config
from laecips_bridge.link_watch import LinkBounds
from laecips_core.errors import ConfigError
from laecips_core.setting import Change
from laecips_core.setting import replace_settings
from laecips_core.setting import settings_of

PLAIN_ROBOT = {'link.connect': 'server.example:7447', 'link.security': 'plain'}
PLAIN_SERVER = {'role': 'server', 'link.robots': 'r1, r-2', 'link.security': 'plain'}


def make(**values: Any) -> BridgeConfig:
    changed: BridgeConfig = replace_settings(BridgeConfig(), values)
    return changed


def with_files(tmp_path: Path) -> dict[str, Any]:
    """Give settings of a robot with three files that are there."""
    files = {}
    for name in ('ca', 'certificate', 'key'):
        (tmp_path / f'{name}.pem').write_bytes(b'')
        files[f'link.{name}'] = str(tmp_path / f'{name}.pem')
    return {'link.connect': 'server.example:7447'} | files


@pytest.mark.parametrize('values', [PLAIN_ROBOT, PLAIN_SERVER], ids=['robot', 'server'])
def test_the_defaults_work_with_what_has_none(values: dict[str, Any]) -> None:
    check_bridge_config(make(**values))


def test_tls_is_the_default_and_needs_its_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    values = with_files(tmp_path)
    check_bridge_config(make(**values))
    monkeypatch.setenv('HOME', str(tmp_path))
    check_bridge_config(make(**values | {'link.key': '~/key.pem'}))


@pytest.mark.parametrize('name', ['ca', 'certificate', 'key'])
def test_tls_without_a_file_is_refused(tmp_path: Path, name: str) -> None:
    values = with_files(tmp_path)
    with pytest.raises(ConfigError, match=rf"link\.{name}: expected a file, .* got ''"):
        check_bridge_config(make(**values | {f'link.{name}': ''}))
    (tmp_path / f'{name}.pem').unlink()
    with pytest.raises(ConfigError, match=rf'link\.{name}: expected a file that is there, got'):
        check_bridge_config(make(**values))
    with pytest.raises(ConfigError, match=rf'link\.{name}: expected a file that is there, got'):
        check_bridge_config(make(**values | {f'link.{name}': str(tmp_path)}))


ENDPOINTS = ['a:1', '10.0.0.1:7447', 'server-1.example:65535', '[::1]:7447', '[fe80::1]:80']
NO_ENDPOINTS = ['', 'server', ':7447', 'server:', 'server:0', 'server:65536', 'tcp/server:7447']
NO_ENDPOINTS += ['server:7447#so_sndbuf=1', 'a b:7447', '::1:7447', '-a:7447', 'server:7447\n']


@pytest.mark.parametrize('endpoint', ENDPOINTS)
def test_an_endpoint_is_host_and_port(endpoint: str) -> None:
    check_bridge_config(make(**PLAIN_ROBOT | {'link.connect': endpoint}))
    check_bridge_config(make(**PLAIN_SERVER | {'link.listen': endpoint}))


@pytest.mark.parametrize('endpoint', NO_ENDPOINTS)
def test_another_endpoint_is_refused(endpoint: str) -> None:
    expected = 'expected host:port, such as server.example:7447, got '
    with pytest.raises(ConfigError, match=rf'^link\.connect: {expected}'):
        check_bridge_config(make(**PLAIN_ROBOT | {'link.connect': endpoint}))
    with pytest.raises(ConfigError, match=rf'^link\.listen: {expected}'):
        check_bridge_config(make(**PLAIN_SERVER | {'link.listen': endpoint}))


@pytest.mark.parametrize('name', ['a', '0', 'robot-1_b', 'a' * 63])
def test_names_of_robots(name: str) -> None:
    check_bridge_config(make(**PLAIN_ROBOT | {'robot': name}))
    check_bridge_config(make(**PLAIN_SERVER | {'link.robots': name}))


@pytest.mark.parametrize('name', ['-a', '_a', 'A', 'a.b', 'a/b', 'a*', 'ä', 'a b', 'a' * 64])
def test_other_names_are_refused(name: str) -> None:
    with pytest.raises(ConfigError, match=r'^robot: expected a name of a-z'):
        check_bridge_config(make(**PLAIN_ROBOT | {'robot': name}))
    with pytest.raises(ConfigError, match=r'^link\.robots: expected a name of a-z'):
        check_bridge_config(make(**PLAIN_SERVER | {'link.robots': f'ok, {name}'}))


def test_a_robot_without_a_name_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"^robot: expected a name .* got ''"):
        check_bridge_config(make(**PLAIN_ROBOT | {'robot': ''}))


def test_a_server_without_robots_is_refused() -> None:
    with pytest.raises(ConfigError, match=r'^link\.robots: expected the name of at least one'):
        check_bridge_config(make(**PLAIN_SERVER | {'link.robots': ''}))
    with pytest.raises(ConfigError, match=r'^link\.robots: expected a name of a-z'):
        check_bridge_config(make(**PLAIN_SERVER | {'link.robots': 'a,,b'}))
    with pytest.raises(ConfigError, match=r'^link\.robots: expected each name once'):
        check_bridge_config(make(**PLAIN_SERVER | {'link.robots': 'a, b, a'}))


@pytest.mark.parametrize(
    ('values', 'expected'),
    [
        ({'link.heartbeat_s': 1.6}, r'^link\.down_after_s: expected at least two heartbeats, 3.2'),
        ({'link.degraded_rtt_s': 3.0}, r'^link\.degraded_rtt_s: expected less than .*, got 3\.0'),
        (
            {'link.retry_first_s': 5.0, 'link.retry_most_s': 4.0},
            r'^link\.retry_most_s: expected at least .*, got 4\.0',
        ),
    ],
)
def test_times_that_contradict_each_other_are_refused(
    values: dict[str, Any], expected: str
) -> None:
    with pytest.raises(ConfigError, match=expected):
        check_bridge_config(make(**PLAIN_ROBOT | values))


def test_a_value_out_of_bounds_is_refused() -> None:
    with pytest.raises(ConfigError, match=r'^link\.heartbeat_s: expected float in \[0\.1, 60\]'):
        make(**{'link.heartbeat_s': 60.1})
    with pytest.raises(ConfigError, match=r'^role: expected one of robot, server'):
        check_bridge_config(BridgeConfig(role='both'))


def test_budgets_and_deadlines_change_at_run_time_and_the_role_never() -> None:
    changes = {name: fact.change for name, _, fact in settings_of(BridgeConfig())}
    assert {name for name, change in changes.items() if change is Change.RUN_TIME} == {
        'budget.burst_bytes',
        'budget.bytes_per_s',
        'link.answer_timeout_s',
        'link.cloud_timeout_s',
        'link.degraded_rtt_s',
        'link.update_timeout_s',
        'outbox.retry_s',
        'outbox.timeout_s',
    }
    never = {name for name, change in changes.items() if change is Change.NEVER}
    assert never == {'autostart', 'role'}


def test_the_link_names_its_robots_and_bounds() -> None:
    link = make(**{'link.robots': ' r1,r2 ', 'link.down_after_s': 4.0}).link
    assert link.robot_names == ('r1', 'r2')
    assert BridgeConfig().link.robot_names == ()
    assert link.watch() == LinkBounds(down_after_s=4.0, degraded_rtt_s=0.5)
