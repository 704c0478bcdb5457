"""The robot's bridge as a node: mended by parameters, changed while it runs."""

from __future__ import annotations

from collections.abc import Iterator
import os
from pathlib import Path

import pytest
import rclpy
from rclpy.lifecycle import TransitionCallbackReturn
from rclpy.parameter import Parameter

from laecips_bridge.bridge_node import BridgeNode

_OK, _FAILURE = TransitionCallbackReturn.SUCCESS, TransitionCallbackReturn.FAILURE


@pytest.fixture
def node(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[BridgeNode]:
    """Give a bridge that does not know its server, on a key that is not there."""
    monkeypatch.setenv('ROS_AUTOMATIC_DISCOVERY_RANGE', 'LOCALHOST')
    given = {'outbox.path': tmp_path / 'outbox.sqlite', 'link.connect_timeout_s': 0.1}
    words = [word for name, value in given.items() for word in ('-p', f'{name}:={value}')]
    rclpy.init(args=['--ros-args', *words], domain_id=1 + os.getpid() % 100)
    made = BridgeNode()
    yield made
    made.close()
    made.destroy_node()
    rclpy.try_shutdown()


def _set(node: BridgeNode, **values: object) -> tuple[bool, str]:
    """Set parameters in one request; ``__`` stands for the dot."""
    parameters = [Parameter(k.replace('__', '.'), value=v) for k, v in values.items()]
    result = node.set_parameters_atomically(parameters)
    return result.successful, result.reason


def _mend(node: BridgeNode) -> None:
    for values in ({'link__connect': '127.0.0.1:1'}, {'link__security': 'plain'}):
        assert _set(node, **values) == (True, '')


def test_it_is_mended_one_parameter_after_the_other(
    node: BridgeNode, capfd: pytest.CaptureFixture[str]
) -> None:
    assert node.trigger_configure() == _FAILURE
    assert node.state == 'unconfigured'
    (line,) = capfd.readouterr().err.splitlines()
    assert line.endswith("link.connect: expected host:port, such as server.example:7447, got ''")
    _mend(node)
    assert (node.trigger_configure(), node.trigger_activate()) == (_OK, _OK)


def test_settings_that_contradict_each_other_are_refused_together(node: BridgeNode) -> None:
    _mend(node)
    node.trigger_configure()
    node.trigger_activate()
    before = node.config
    done, reason = _set(node, link__degraded_rtt_s=3.0, budget__bytes_per_s=1000)
    assert (done, reason.startswith('link.degraded_rtt_s: expected less than')) == (False, True)
    assert node.config is before
    assert node.get_parameter('budget.bytes_per_s').value == 0


def test_budgets_and_deadlines_reach_what_runs(node: BridgeNode) -> None:
    _mend(node)
    node.trigger_configure()
    node.trigger_activate()
    side = node.running
    changed = {
        'budget__bytes_per_s': 1000,
        'link__answer_timeout_s': 9.0,
        'link__degraded_rtt_s': 0.25,
        'outbox__retry_s': 7.0,
    }
    assert _set(node, **changed) == (True, '')
    assert side._budget._bytes_per_s == 1000
    assert side._watch._bounds.degraded_rtt_s == 0.25
    assert side._frames._config.link.answer_timeout_s == 9.0
    assert side._updates._config is side._later._config is node.config


def test_the_role_is_fixed(node: BridgeNode) -> None:
    reason = 'role: fixed while the process lives: start the node again to change it'
    assert _set(node, role='server') == (False, reason)
