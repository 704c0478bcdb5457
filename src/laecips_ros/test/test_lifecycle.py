"""Tests of the life of a node, on a real node with small parts."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Iterator
from dataclasses import dataclass
import os
import time
import weakref

from diagnostic_msgs.msg import DiagnosticArray
from lifecycle_msgs.msg import State
from lifecycle_msgs.msg import Transition
from lifecycle_msgs.srv import ChangeState
from lifecycle_msgs.srv import GetState
import pytest
import rclpy
from rclpy.executors import SingleThreadedExecutor
from rclpy.lifecycle import TransitionCallbackReturn
from rclpy.parameter import Parameter
from std_msgs.msg import Empty

from laecips_core.config import NodeConfig
from laecips_core.errors import ConfigError
from laecips_core.errors import LaecipsError
from laecips_core.setting import Change
from laecips_core.setting import check_config
from laecips_core.setting import setting
from laecips_ros.diagnostics import Level
from laecips_ros.diagnostics import State as Told
from laecips_ros.entities import Entities
from laecips_ros.lifecycle import ManagedNode
from laecips_ros.lifecycle import started
from laecips_ros.qos import diagnostics
from laecips_ros.qos import masks

WAIT_S = 30.0
OK, FAILURE = TransitionCallbackReturn.SUCCESS, TransitionCallbackReturn.FAILURE
ERROR = TransitionCallbackReturn.ERROR


class NoModelError(LaecipsError):
    """The model is not there."""

    code = 'no_model'


@dataclass(frozen=True)
class Config(NodeConfig):
    """A node's settings."""

    model: str = setting('good', 'A model: good, missing, broken, or busy when it starts.')
    ratio: float = setting(0.5, 'A ratio.', low=0.0, high=1.0, change=Change.RUN_TIME)


class Work:
    """What runs while the node is active."""

    def __init__(self, node: Entities, config: Config, told: list[str]) -> None:
        self.config, self._told = config, told
        self.publisher = node.create_publisher(Empty, '~/out', masks())
        if config.model == 'busy':
            raise NoModelError('model: expected a free one, got busy: try again')
        told.append('started')

    def state(self) -> Told:
        return Told(Level.OK, 'running')

    def configure(self, config: Config) -> None:
        self.config = config

    def close(self) -> None:
        self.publisher.publish(Empty())
        self._told.append('stopped')


class Model:
    """What is loaded; stands in a circle of references, as models do."""

    def __init__(self, config: Config, told: list[str]) -> None:
        self.config, self._told, self.itself = config, told, self
        told.append(f'loaded {config.model}')

    def start(self, node: Entities) -> Work:
        return Work(node, self.config, self._told)

    def configure(self, config: Config) -> None:
        self.config = config

    def close(self) -> None:
        self._told.append('freed')


class Managed(ManagedNode):
    """A node with these parts."""

    def __init__(self) -> None:
        self.told: list[str] = []
        super().__init__('managed', Config(), ('laecips_core',))

    def check(self, config: Config) -> None:
        check_config(config)
        if config.model == 'none':
            raise ConfigError('model', config.model, 'the name of a model')

    def load(self, config: Config) -> Model:
        if config.model == 'missing':
            raise NoModelError('model: expected a file, got missing: fetch it')
        if config.model == 'broken':
            raise ZeroDivisionError('a bug')
        return Model(config, self.told)


@pytest.fixture
def make(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Managed]]:
    """Give a maker of one node with parameters."""
    monkeypatch.setenv('ROS_AUTOMATIC_DISCOVERY_RANGE', 'LOCALHOST')
    nodes: list[Managed] = []

    def made(start: bool = False, **given: object) -> Managed:
        words = [word for key, value in given.items() for word in ('-p', f'{key}:={value}')]
        rclpy.init(args=['--ros-args', *words], domain_id=1 + os.getpid() % 100)
        node = started(Managed) if start else Managed()
        assert isinstance(node, Managed)
        nodes.append(node)
        return node

    yield made
    for node in nodes:
        node.close()
        node.destroy_node()
    rclpy.try_shutdown()


def set_one(node: Managed, name: str, value: object) -> tuple[bool, str]:
    result = node.set_parameters_atomically([Parameter(name, value=value)])
    return result.successful, result.reason


def topics(node: Managed) -> set[str]:
    return {publisher.topic_name for publisher in node.publishers}


def test_each_step_has_its_way_back(make: Callable[..., Managed]) -> None:
    node = make()
    steps = (
        (node.trigger_configure, 'inactive', ['loaded good']),
        (node.trigger_activate, 'active', ['started']),
        (node.trigger_deactivate, 'inactive', ['stopped']),
        (node.trigger_cleanup, 'unconfigured', ['freed']),
    )
    assert node.state == 'unconfigured'
    for trigger, state, told in 2 * steps:
        assert trigger() == OK
        assert (node.state, node.told) == (state, told)
        node.told.clear()


def test_what_was_opened_is_open_only_while_active(make: Callable[..., Managed]) -> None:
    node = make()
    node.trigger_configure()
    before = topics(node)
    node.trigger_activate()
    assert topics(node) - before == {'/managed/out'}
    node.trigger_deactivate()
    assert topics(node) == before


def test_cleanup_frees_what_was_loaded(make: Callable[..., Managed]) -> None:
    node = make()
    node.trigger_configure()
    model = weakref.ref(node.loaded)
    node.trigger_activate()
    work = weakref.ref(node.running)
    node.trigger_deactivate()
    node.trigger_cleanup()
    assert (model(), work()) == (None, None)


def test_a_node_starts_by_itself(make: Callable[..., Managed]) -> None:
    node = make(start=True)
    assert (node.state, node.told) == ('active', ['loaded good', 'started'])


def test_without_autostart_it_waits(make: Callable[..., Managed]) -> None:
    node = make(start=True, autostart=False)
    assert (node.state, node.told) == ('unconfigured', [])


@pytest.mark.parametrize(
    ('model', 'error', 'text'),
    [
        ('missing', NoModelError, 'fetch it'),
        ('busy', NoModelError, 'try again'),
        ('none', ConfigError, 'expected the name of a model'),
        ('broken', ZeroDivisionError, 'a bug'),
    ],
)
def test_a_start_that_fails_raises_what_was_wrong(
    make: Callable[..., Managed], model: str, error: type[Exception], text: str
) -> None:
    with pytest.raises(error, match=text):
        make(start=True, model=model)


def test_a_failed_configure_says_what_to_do_and_is_mended_by_a_parameter(
    make: Callable[..., Managed], capfd: pytest.CaptureFixture[str]
) -> None:
    node = make(model='missing')
    assert node.trigger_configure() == FAILURE
    assert node.state == 'unconfigured'
    (line,) = capfd.readouterr().err.splitlines()
    assert line.endswith('model: expected a file, got missing: fetch it')
    assert set_one(node, 'model', 'good') == (True, '')
    assert node.trigger_configure() == OK
    assert node.told == ['loaded good']


def test_settings_that_do_not_go_together_fail_the_configure(
    make: Callable[..., Managed],
) -> None:
    node = make(model='none')
    assert node.trigger_configure() == FAILURE
    assert set_one(node, 'model', 'other') == (True, '')
    assert set_one(node, 'model', 'none')[0] is False
    assert node.trigger_configure() == OK


def test_a_bug_in_configure_is_shown_and_leaves_unconfigured(
    make: Callable[..., Managed], capfd: pytest.CaptureFixture[str]
) -> None:
    node = make(model='broken')
    assert node.trigger_configure() == ERROR
    assert node.state == 'unconfigured'
    assert 'ZeroDivisionError: a bug' in capfd.readouterr().err
    assert set_one(node, 'model', 'good')[0]
    assert node.trigger_configure() == OK


def test_a_failed_activate_leaves_inactive_and_nothing_open(make: Callable[..., Managed]) -> None:
    node = make(model='busy')
    node.trigger_configure()
    before = topics(node)
    assert node.trigger_activate() == FAILURE
    assert (node.state, topics(node)) == ('inactive', before)
    assert node.trigger_cleanup() == OK


def test_settings_reach_what_is_loaded_and_what_runs(make: Callable[..., Managed]) -> None:
    node = make(start=True)
    assert set_one(node, 'ratio', 0.75) == (True, '')
    assert (node.loaded.config.ratio, node.running.config.ratio) == (0.75, 0.75)
    node.trigger_deactivate()
    assert set_one(node, 'ratio', 0.25) == (True, '')
    node.trigger_activate()
    assert node.running.config.ratio == 0.25


@pytest.mark.parametrize(
    ('name', 'value', 'reason'),
    [
        ('ratio', 2.0, 'ratio: expected float in [0, 1], got 2.0'),
        ('ratio', 'much', "ratio: expected float in [0, 1], got 'much'"),
        (
            'model',
            'other',
            'model: expected state unconfigured, got active: deactivate and clean up, set it, '
            'then configure and activate',
        ),
        (
            'autostart',
            False,
            'autostart: fixed while the process lives: start the node again to change it',
        ),
    ],
)
def test_a_refusal_names_what_is_allowed_and_changes_nothing(
    make: Callable[..., Managed], name: str, value: object, reason: str
) -> None:
    node = make(start=True)
    before = node.get_parameter(name).value
    assert set_one(node, name, value) == (False, reason)
    assert node.get_parameter(name).value == before
    assert node.running.config == Config()


@pytest.mark.parametrize('steps', [0, 1, 2])
def test_closing_goes_the_way_back_from_any_state(
    make: Callable[..., Managed], steps: int
) -> None:
    node = make()
    for trigger in (node.trigger_configure, node.trigger_activate)[:steps]:
        trigger()
    node.told.clear()
    node.close()
    assert node.told == ['stopped', 'freed'][2 - steps :]
    node.close()
    assert len(node.told) == steps


class _Console:
    """Asks a node for transitions, as ``ros2 lifecycle set`` does."""

    def __init__(self, node: Managed) -> None:
        self._executor = SingleThreadedExecutor()
        self._executor.add_node(node)
        self._change = node.create_client(ChangeState, '~/change_state')
        self._state = node.create_client(GetState, '~/get_state')

    def ask(self, transition: int) -> tuple[bool, int]:
        request = ChangeState.Request(transition=Transition(id=transition))
        done = self._answer(self._change, request).success
        return done, self._answer(self._state, GetState.Request()).current_state.id

    def _answer(self, client: rclpy.client.Client, request: object) -> object:
        assert client.wait_for_service(WAIT_S)
        call, ends_s = client.call_async(request), time.monotonic() + WAIT_S
        while not call.done():
            assert time.monotonic() < ends_s
            self._executor.spin_once(timeout_sec=0.1)
        return call.result()


def test_a_transition_that_is_not_possible_is_refused_and_the_node_lives(
    make: Callable[..., Managed],
) -> None:
    console = _Console(make())
    activate, configure = Transition.TRANSITION_ACTIVATE, Transition.TRANSITION_CONFIGURE
    assert console.ask(activate) == (False, State.PRIMARY_STATE_UNCONFIGURED)
    assert console.ask(configure) == (True, State.PRIMARY_STATE_INACTIVE)
    assert console.ask(configure) == (False, State.PRIMARY_STATE_INACTIVE)
    assert console.ask(activate) == (True, State.PRIMARY_STATE_ACTIVE)


def test_diagnostics_tell_every_state_and_what_went_wrong(make: Callable[..., Managed]) -> None:
    node, executor = make(model='missing'), SingleThreadedExecutor()
    seen: list[tuple[int, str]] = []

    def take(array: DiagnosticArray) -> None:
        seen.extend((status.level[0], status.message) for status in array.status)

    node.create_subscription(DiagnosticArray, '/diagnostics', take, diagnostics())
    executor.add_node(node)

    def told() -> tuple[int, str]:
        seen.clear()
        end_s = time.monotonic() + WAIT_S
        while not seen:
            assert time.monotonic() < end_s
            executor.spin_once(timeout_sec=0.1)
        return seen[-1]

    assert told() == (Level.WARN, 'unconfigured')
    node.trigger_configure()
    complaint = 'unconfigured: model: expected a file, got missing: fetch it'
    assert told() == (Level.ERROR, complaint)
    set_one(node, 'model', 'good')
    node.trigger_configure()
    assert told() == (Level.WARN, 'inactive')
    node.trigger_activate()
    assert told() == (Level.OK, 'running')
    node.trigger_deactivate()
    node.trigger_cleanup()
    set_one(node, 'model', 'broken')
    node.trigger_configure()
    assert told() == (Level.ERROR, 'unconfigured: a bug')
    executor.shutdown()
