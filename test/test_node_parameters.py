"""Every parameter of every node: what is not allowed is refused, named, and changes nothing."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Iterator
import math
import os

import pytest
import rclpy
from rclpy.parameter import Parameter

from laecips_bridge.bridge_config import BridgeConfig
from laecips_bridge.bridge_node import BridgeNode
from laecips_cloud.cloud_node import CloudNode
from laecips_core.config import CloudConfig
from laecips_core.config import EdgeConfig
from laecips_core.config import NodeConfig
from laecips_core.setting import Change
from laecips_core.setting import Setting
from laecips_core.setting import settings_of
from laecips_edge.edge_node import EdgeNode
from laecips_ros.lifecycle import ManagedNode

_SMALL = {'model.threads': 1, 'model.input_height_px': 96, 'model.input_width_px': 128}
_NODES: dict[str, tuple[Callable[[], ManagedNode], NodeConfig, dict[str, object]]] = {
    'edge': (EdgeNode, EdgeConfig(), _SMALL),
    'cloud': (
        CloudNode,
        CloudConfig(),
        {**_SMALL, 'update.source_frames': 0, 'update.gate_frames': 0},
    ),
    'bridge': (
        BridgeNode,
        BridgeConfig(),
        {
            'link.connect': '127.0.0.1:1',
            'link.security': 'plain',
            'link.connect_timeout_s': 0.1,
        },
    ),
}
# The other value below does not go with those of other settings, or is no address.
_NOT_ALONE = {'link.security', 'link.connect', 'link.heartbeat_s'}
_STATES = ('unconfigured', 'inactive', 'active')


_Running = tuple[ManagedNode, NodeConfig]


@pytest.fixture(scope='module', params=[(n, s) for n in _NODES for s in _STATES], ids='-'.join)
def running(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[_Running]:
    """Give each node in each state, and the defaults of its config."""
    name, state = request.param
    make, config, given = _NODES[name]
    words = [word for key, value in given.items() for word in ('-p', f'{key}:={value}')]
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv('ROS_AUTOMATIC_DISCOVERY_RANGE', 'LOCALHOST')
        patch.setenv('HOME', str(tmp_path_factory.mktemp(name)))  # of the bridge's outbox
        rclpy.init(args=['--ros-args', *words], domain_id=1 + os.getpid() % 100)
        node = make()
        for trigger in (node.trigger_configure, node.trigger_activate)[: _STATES.index(state)]:
            trigger()
    assert node.state == state
    yield node, config
    node.close()
    node.destroy_node()
    rclpy.try_shutdown()


def _ask(node: ManagedNode, name: str, value: object) -> tuple[bool, str]:
    """Set a parameter as its service does."""
    result = node.set_parameters_atomically([Parameter(name, value=value)])
    return result.successful, result.reason


def _values(node: ManagedNode) -> dict[str, object]:
    names = node.list_parameters([], 0).names
    return {name: node.get_parameter(name).value for name in names}


def _bad_values(value: object, fact: Setting) -> Iterator[object]:
    """Give one value for each way to be wrong."""
    yield from (
        wrong for wrong in (1, 1.5, True, 'text', [1, 2]) if type(wrong) is not type(value)
    )
    yield None
    if fact.choices:
        yield 'no such choice'
    if isinstance(value, float):
        yield from (math.nan, math.inf, -math.inf)
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        step = type(value)(1)
        if fact.low is not None:
            yield type(value)(fact.low) - step
        if fact.high is not None:
            yield type(value)(fact.high) + step


def test_what_a_setting_does_not_allow_is_refused_with_its_range(running: _Running) -> None:
    node, config = running
    before, state, asked = _values(node), node.state, 0
    for name, value, fact in settings_of(config):
        for bad in _bad_values(value, fact):
            done, reason = _ask(node, name, bad)
            assert not done, (name, bad)
            assert reason == f'{name}: expected {fact.allowed(type(value))}, got {bad!r}'
            asked += 1
    assert asked > 5 * len(list(settings_of(config)))
    assert (repr(_values(node)), node.state) == (repr(before), state)


def test_rclpys_own_parameters_refuse_other_types(running: _Running) -> None:
    node, config = running
    before = _values(node)
    own = before.keys() - {name for name, _, _ in settings_of(config)}
    assert 'use_sim_time' in own
    for name in own:
        done, reason = _ask(node, name, [1.5])
        assert not done, name
        assert reason
    assert _values(node) == before


def _other(value: object, fact: Setting) -> object:
    """Give another value that is allowed."""
    if fact.choices:
        return next(choice for choice in fact.choices if choice != value)
    if isinstance(value, bool):
        return not value
    if isinstance(value, str):
        return value + 'x'
    assert isinstance(value, (int, float))
    assert fact.low is not None
    assert fact.high is not None
    step = type(value)(min(1.0, (fact.high - fact.low) / 8)) if isinstance(value, float) else 1
    return value + step if value + step <= fact.high else value - step


def test_a_setting_changes_in_its_states_and_in_no_other(running: _Running) -> None:
    node, _ = running
    for name, _, fact in settings_of(node.config):
        value = node.get_parameter(name).value
        done, reason = _ask(node, name, _other(value, fact))
        if fact.change is Change.RUN_TIME or (
            fact.change is Change.UNCONFIGURED and node.state == 'unconfigured'
        ):
            assert done or name in _NOT_ALONE, (name, reason)
        elif fact.change is Change.NEVER:
            assert (done, reason) == (
                False,
                f'{name}: fixed while the process lives: start the node again to change it',
            )
        else:
            assert not done
            assert reason.startswith(f'{name}: expected state unconfigured, got {node.state}: ')
        if done:
            assert _ask(node, name, value) == (True, '')
        assert node.get_parameter(name).value == value


def test_every_topic_takes_qos_overrides(running: _Running) -> None:
    node, _ = running
    own = {'/parameter_events', '/rosout', '/clock'}
    open_now = [(one.topic_name, 'publisher') for one in node.publishers]
    open_now += [(one.topic_name, 'subscription') for one in node.subscriptions]
    kept = [(topic, kind) for topic, kind in open_now if topic not in own]
    if node.state == 'active':
        assert len(kept) >= 4
    else:
        assert kept == [('/diagnostics', 'publisher')]
    for topic, kind in kept:
        for policy in ('history', 'depth', 'reliability'):
            assert node.has_parameter(f'qos_overrides.{topic}.{kind}.{policy}')
