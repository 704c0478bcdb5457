"""Tests of ROS parameters made from config dataclasses, on real nodes."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Iterator
from dataclasses import dataclass
import os
from pathlib import Path
from typing import Any

import pytest
import rclpy
from rclpy.context import Context
from rclpy.node import Node
from rclpy.parameter import Parameter

from laecips_core.config import CloudConfig
from laecips_core.config import EdgeConfig
from laecips_core.errors import ConfigError
from laecips_core.setting import Change
from laecips_core.setting import group
from laecips_core.setting import setting
from laecips_core.setting import settings_of
from laecips_ros.parameters import declare_config
from laecips_ros.parameters import LiveConfig

DOMAIN_ID = 1 + os.getpid() % 100


@dataclass(frozen=True)
class Inner:
    """A nested group."""

    ratio: float = setting(0.5, 'A ratio.', low=0.0, high=1.0, change=Change.RUN_TIME)
    count: int = setting(2, 'A count.', low=1, high=64, change=Change.RUN_TIME)
    mode: str = setting('a', 'A mode.', choices=('a', 'b'), change=Change.RUN_TIME)
    size: int = setting(7, 'A size.', low=1)


@dataclass(frozen=True)
class Outer:
    """A config as nodes have it."""

    name: str = setting('x', 'A name.')
    on: bool = setting(True, 'A switch.')
    weight: float = setting(1.0, 'A weight.', high=2.0)
    fixed: int = setting(2, 'Fixed.', change=Change.NEVER)
    inner: Inner = group(Inner)


@pytest.fixture
def make_node(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Node]]:
    """Give a maker of real nodes in a context of their own."""
    monkeypatch.setenv('ROS_AUTOMATIC_DISCOVERY_RANGE', 'LOCALHOST')
    context = Context()
    nodes: list[Node] = []

    def make(values: dict[str, Any] | None = None, args: list[str] | None = None) -> Node:
        rclpy.init(args=args or [], context=context, domain_id=DOMAIN_ID)
        overrides = [Parameter(name, value=value) for name, value in (values or {}).items()]
        nodes.append(Node('test', context=context, parameter_overrides=overrides))
        return nodes[-1]

    yield make
    for node in nodes:
        node.destroy_node()
    rclpy.try_shutdown(context=context)


def changed(node: Node, **values: Any) -> tuple[bool, str]:
    """Set parameters in one request; ``__`` stands for the dot."""
    parameters = [Parameter(k.replace('__', '.'), value=v) for k, v in values.items()]
    result = node.set_parameters_atomically(parameters)
    return result.successful, result.reason


@pytest.mark.parametrize('config', [EdgeConfig(), CloudConfig()])
def test_every_setting_becomes_a_parameter(
    make_node: Callable[..., Node], config: EdgeConfig | CloudConfig
) -> None:
    node = make_node()
    assert declare_config(node, config) == config
    for name, value, fact in settings_of(config):
        assert node.get_parameter(name).value == value
        descriptor = node.describe_parameter(name)
        assert descriptor.description == fact.description
        assert descriptor.read_only == (fact.change is Change.NEVER)
        assert fact.change.value in descriptor.additional_constraints


def test_descriptor_carries_range_and_choices(make_node: Callable[..., Node]) -> None:
    node = make_node()
    declare_config(node, Outer())
    ratio = node.describe_parameter('inner.ratio').floating_point_range[0]
    count = node.describe_parameter('inner.count').integer_range[0]
    assert (ratio.from_value, ratio.to_value) == (0.0, 1.0)
    assert (count.from_value, count.to_value) == (1, 64)
    mode = node.describe_parameter('inner.mode').additional_constraints
    assert mode == 'one of a, b; changes at any time'
    assert not node.describe_parameter('name').floating_point_range


def test_missing_bound_is_the_largest_number(make_node: Callable[..., Node]) -> None:
    node = make_node()
    declare_config(node, Outer())
    size = node.describe_parameter('inner.size').integer_range[0]
    weight = node.describe_parameter('weight').floating_point_range[0]
    assert (size.from_value, size.to_value) == (1, 2**63 - 1)
    assert weight.from_value < -1e308
    assert weight.to_value == 2.0


def test_values_given_at_start_are_read(make_node: Callable[..., Node]) -> None:
    node = make_node({'name': 'y', 'inner.ratio': 0.25, 'inner.mode': 'b'})
    assert declare_config(node, Outer()) == Outer(name='y', inner=Inner(ratio=0.25, mode='b'))
    assert node.get_parameter('inner.ratio').value == 0.25


def test_values_in_a_file_are_read(make_node: Callable[..., Node], tmp_path: Path) -> None:
    file = tmp_path / 'test.yaml'
    file.write_text('test:\n  ros__parameters:\n    on: false\n    inner:\n      count: 3\n')
    node = make_node(args=['--ros-args', '--params-file', str(file)])
    assert declare_config(node, Outer()) == Outer(on=False, inner=Inner(count=3))


def test_given_config_holds_the_defaults(make_node: Callable[..., Node]) -> None:
    node = make_node({'name': 'y'})
    assert declare_config(node, Outer(weight=0.5)) == Outer(name='y', weight=0.5)
    assert node.get_parameter('weight').value == 0.5


@pytest.mark.parametrize(
    ('name', 'value', 'text'),
    [
        ('inner.ratio', 1.5, r'inner.ratio: expected float in \[0, 1\], got 1.5'),
        ('inner.ratio', float('nan'), r'inner.ratio: expected float in \[0, 1\], got nan'),
        ('inner.ratio', 1, r'inner.ratio: expected float in \[0, 1\], got 1'),
        ('inner.count', 0, r'inner.count: expected int in \[1, 64\], got 0'),
        ('inner.count', '5', r"inner.count: expected int in \[1, 64\], got '5'"),
        ('inner.mode', 'c', "inner.mode: expected one of a, b, got 'c'"),
        ('on', 1, 'on: expected bool, got 1'),
        ('inner.rato', 0.5, 'inner.rato: expected a known setting: .*inner.ratio.*, got 0.5'),
        ('inner', 0.5, 'inner: expected a known setting: .*, got 0.5'),
    ],
)
def test_bad_value_at_start_is_refused(
    make_node: Callable[..., Node], name: str, value: Any, text: str
) -> None:
    node = make_node({name: value})
    with pytest.raises(ConfigError, match=text):
        declare_config(node, Outer())
    assert not node.has_parameter('name')


def test_parameters_of_rclpy_are_no_strangers(make_node: Callable[..., Node]) -> None:
    node = make_node({'use_sim_time': True, 'qos_overrides./mask.publisher.depth': 3})
    assert declare_config(node, Outer()) == Outer()


class _Live:
    """A node with a config that changes while it runs."""

    def __init__(self, node: Node, state: str = 'active') -> None:
        self.node, self.state, self.seen = node, state, []
        config = declare_config(node, Outer())
        self.live = LiveConfig(node, config, lambda: self.state, _check, self.seen.append)


def _check(config: Outer) -> None:
    if config.inner.count > 8 and config.inner.ratio > 0.25:
        raise ConfigError('inner.count', config.inner.count, 'at most 8 at this ratio')


def test_change_is_applied_once_for_a_request(make_node: Callable[..., Node]) -> None:
    live = _Live(make_node())
    assert changed(live.node, inner__ratio=0.75, inner__count=5) == (True, '')
    assert changed(live.node, inner__mode='b') == (True, '')
    assert live.seen == [
        Outer(inner=Inner(ratio=0.75, count=5)),
        Outer(inner=Inner(ratio=0.75, count=5, mode='b')),
    ]
    assert live.live.current == live.seen[-1]


def test_bad_change_changes_nothing(make_node: Callable[..., Node]) -> None:
    live = _Live(make_node())
    reason = "inner.mode: expected one of a, b, got 'c'"
    assert changed(live.node, inner__ratio=0.75, inner__mode='c') == (False, reason)
    assert live.node.get_parameter('inner.ratio').value == 0.5
    assert (live.seen, live.live.current) == ([], Outer())


@pytest.mark.parametrize(
    ('values', 'fact'),
    [
        ({'inner__ratio': 1.5}, 'out of range'),
        ({'inner__ratio': float('nan')}, 'out of range'),
        ({'inner__ratio': 1 + 1e-12}, r'inner.ratio: expected float in [0, 1]'),
        ({'inner__count': 2.0}, 'Wrong parameter type'),
        ({'fixed': 3}, 'read-only'),
    ],
)
def test_change_that_a_setting_forbids_is_refused(
    make_node: Callable[..., Node], values: dict[str, Any], fact: str
) -> None:
    live = _Live(make_node())
    successful, reason = changed(live.node, **values)
    assert not successful
    assert fact in reason
    assert live.seen == []


@pytest.mark.parametrize(
    ('name', 'value', 'reason'),
    [
        ('inner.ratio', 1.5, 'inner.ratio: expected float in [0, 1], got 1.5'),
        ('inner.count', 2.0, 'inner.count: expected int in [1, 64], got 2.0'),
        ('inner.count', None, 'inner.count: expected int in [1, 64], got None'),
        ('fixed', 3, 'fixed: fixed while the process lives: start the node again to change it'),
        (
            'name',
            'y',
            'name: expected state unconfigured, got active: deactivate and clean up, set it, then '
            'configure and activate',
        ),
        ('name', 'x', ''),
        ('unknown', 1, ''),
    ],
)
def test_refusal_tells_what_is_allowed(
    make_node: Callable[..., Node], name: str, value: Any, reason: str
) -> None:
    live = _Live(make_node())
    assert live.live.refusal([Parameter(name, value=value)]) == reason


def test_what_is_loaded_changes_only_while_unconfigured(make_node: Callable[..., Node]) -> None:
    live = _Live(make_node())
    for state, done in (('active', False), ('inactive', False), ('unconfigured', True)):
        live.state = state
        assert changed(live.node, name='y')[0] == done
    assert live.live.current == Outer(name='y')


def test_the_value_in_force_may_be_set_in_any_state(make_node: Callable[..., Node]) -> None:
    live = _Live(make_node())
    assert changed(live.node, name='x') == (True, '')
    assert live.seen == []


def test_settings_that_do_not_go_together_are_refused(make_node: Callable[..., Node]) -> None:
    live = _Live(make_node())
    reason = 'inner.count: expected at most 8 at this ratio, got 9'
    assert changed(live.node, inner__count=9, inner__mode='b') == (False, reason)
    assert live.node.get_parameter('inner.mode').value == 'a'
    assert changed(live.node, inner__ratio=0.25, inner__count=9) == (True, '')
    assert live.seen == [Outer(inner=Inner(ratio=0.25, count=9))]


def test_a_fault_of_two_settings_is_mended_one_by_one(make_node: Callable[..., Node]) -> None:
    live = _Live(make_node({'inner.ratio': 0.75, 'inner.count': 64}), 'unconfigured')
    assert changed(live.node, inner__ratio=0.5) == (True, '')
    assert changed(live.node, inner__count=8) == (True, '')
    assert not changed(live.node, inner__count=9)[0]


def test_other_parameters_do_not_reach_the_config(make_node: Callable[..., Node]) -> None:
    live = _Live(make_node())
    assert changed(live.node, use_sim_time=True) == (True, '')
    assert live.seen == []
