"""Heartbeat and its desk over a real link: the number comes back, topics are healed."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Iterator
import logging
from typing import Any
from typing import Protocol

import pytest
from rclpy.node import Node
import zenoh

from laecips_bridge import heartbeat as heartbeat_module
from laecips_bridge.beats import Beat
from laecips_bridge.beats import digest_of
from laecips_bridge.beats import pack_beat
from laecips_bridge.beats import unpack_beat
from laecips_bridge.bridge_config import BridgeConfig
from laecips_bridge.heartbeat import Heartbeat
from laecips_bridge.heartbeat import TOPIC_KINDS
from laecips_bridge.keys import BEAT
from laecips_bridge.keys import every_robots
from laecips_bridge.keys import key_of
from laecips_bridge.link_watch import LinkBounds
from laecips_bridge.link_watch import LinkLevel
from laecips_bridge.link_watch import LinkWatch
from laecips_bridge.message_codec import pack
from laecips_bridge.questions import Questions
from laecips_bridge.robot_desk import RobotDesk
from laecips_bridge.seldom import Seldom
from laecips_msgs.msg import ModelVersion
from laecips_msgs.msg import TrainingRound
from laecips_ros import qos
from laecips_ros.counters import Counters


class Ros(Protocol):
    def node(self, name: str) -> Node: ...
    def until(self, done: Callable[[], bool]) -> None: ...


class Link(Protocol):
    server: zenoh.Session
    robot: zenoh.Session


class Sides:
    """The heartbeat on one side and its desk on the other, each in a namespace of its own."""

    def __init__(self, ros: Ros, link: Link, config: BridgeConfig) -> None:
        self.ros, self.link = ros, link
        self.robot_counters, self.server_counters = Counters(), Counters()
        self.watch = LinkWatch(LinkBounds(down_after_s=60.0, degraded_rtt_s=50.0))
        self.questions = Questions()
        self.robot_node, self.server_node = ros.node('robot'), ros.node('server')
        robot = _Remapped(self.robot_node, 'robot_side')
        self.beat = Heartbeat(robot, config, self.questions, self.watch, self.robot_counters)
        server = _Remapped(self.server_node, 'server_side')
        self.cloud = {
            name: server.create_publisher(kind, f'cloud/{name}', qos.latched())
            for name, kind in TOPIC_KINDS.items()
        }
        seldom = Seldom(logging.getLogger('test_desk'))
        self.desk = RobotDesk(server, link.server, ('rex', 'spot'), self.server_counters, seldom)
        self.heard: list[Any] = []
        for name, kind in TOPIC_KINDS.items():
            robot.create_subscription(kind, f'cloud/{name}', self.heard.append, qos.latched())
        self._queryable = link.server.declare_queryable(every_robots(BEAT), self.desk.take)
        self._subscribers: list[zenoh.Subscriber] = []

    def connect(self) -> None:
        self.watch.session_opened(0.0)
        self.questions.use(self.link.robot)
        querier = self.link.robot.declare_querier(key_of('spot', BEAT))
        self.ros.until(lambda: bool(querier.matching_status.matching))
        querier.undeclare()

    def subscribe(self) -> None:
        self._subscribers = self.beat.subscribe(self.link.robot)
        for name in TOPIC_KINDS:
            publisher = self.link.server.declare_publisher(key_of('spot', name))
            self.ros.until(lambda p=publisher: bool(p.matching_status.matching))
            publisher.undeclare()

    def announce(self, msg: Any, name: str = 'model_version') -> None:
        """Have the cloud publish, and the desk take it."""
        packed = pack(msg)
        self.cloud[name].publish(msg)
        self.ros.until(lambda: self.desk._packed[name] == packed)

    def beat_once(self) -> None:
        self.beat.beat()
        self.ros.until(lambda: len(self.questions) == 0)

    def count_down(self, name: str) -> int:
        return self.robot_counters.snapshot().get(name, 0)

    def ask(self, key: str, payload: bytes) -> zenoh.Reply:
        replies = list(self.link.robot.get(key, payload=payload, timeout=10.0))
        assert len(replies) == 1
        return replies[0]

    def close(self) -> None:
        for subscriber in self._subscribers:
            subscriber.undeclare()
        self._queryable.undeclare()
        self.questions.close()


class _Remapped:
    """A node whose topics stand in a namespace: both sides live in one domain here."""

    def __init__(self, node: Node, namespace: str) -> None:
        self._node, self._namespace = node, namespace

    def create_publisher(self, kind: Any, topic: str, profile: Any) -> Any:
        return self._node.create_publisher(kind, f'{self._namespace}/{topic}', profile)

    def create_subscription(self, kind: Any, topic: str, take: Any, profile: Any) -> Any:
        return self._node.create_subscription(kind, f'{self._namespace}/{topic}', take, profile)


@pytest.fixture
def sides(ros: Ros, link: Link, config: Callable[..., BridgeConfig]) -> Iterator[Sides]:
    made = Sides(ros, link, config())
    yield made
    made.close()


def version(name: str) -> ModelVersion:
    return ModelVersion(model='m', version=name, release=1)


def test_an_answered_heartbeat_makes_the_link_up(sides: Sides) -> None:
    sides.connect()
    assert sides.watch.state(0.0).level is LinkLevel.DOWN
    sides.beat_once()
    assert sides.watch.state(heartbeat_module.monotonic()).level is LinkLevel.UP
    assert sides.desk.silent_s('spot') < 20.0
    assert sides.desk.silent_s('rex') == float('inf')


def test_the_number_is_echoed(sides: Sides) -> None:
    sides.connect()
    reply = sides.ask('laecips/spot/beat', pack_beat(Beat(41, {})))
    assert reply.ok is not None
    assert unpack_beat(bytes(reply.ok.payload)) == Beat(41, {})


def test_an_announcement_reaches_the_robot(sides: Sides) -> None:
    sides.connect()
    sides.subscribe()
    sides.announce(version('v1'))
    sides.ros.until(lambda: len(sides.heard) == 1)
    sides.announce(TrainingRound(training_round=3, reason='better'), 'training_round')
    sides.ros.until(lambda: len(sides.heard) == 2)
    assert sides.heard == [version('v1'), TrainingRound(training_round=3, reason='better')]


def test_one_that_was_lost_comes_with_the_next_heartbeat(sides: Sides) -> None:
    sides.connect()
    sides.announce(version('v1'))
    sides.beat_once()
    sides.ros.until(lambda: len(sides.heard) == 1)
    sides.announce(version('v2'))
    sides.beat_once()
    sides.ros.until(lambda: len(sides.heard) == 2)
    assert sides.heard == [version('v1'), version('v2')]


def test_the_same_message_is_not_published_twice(sides: Sides) -> None:
    sides.connect()
    sides.subscribe()
    sides.announce(version('v1'))
    sides.ros.until(lambda: len(sides.heard) == 1)
    sides.beat_once()
    again = zenoh.Priority.INTERACTIVE_LOW  # As the desk: goes before the next announcement.
    sides.link.server.put('laecips/spot/model_version', pack(version('v1')), priority=again)
    sides.announce(version('v2'))
    sides.ros.until(lambda: sides.heard[-1] == version('v2'))
    assert sides.heard == [version('v1'), version('v2')]


def test_what_the_robot_has_is_not_sent_again(sides: Sides) -> None:
    sides.connect()
    sides.announce(version('v1'))
    packed = pack(version('v1'))
    for known, news in [
        ({'model_version': digest_of(packed)}, {}),
        ({'model_version': digest_of(b'other')}, {'model_version': packed}),
        ({'model_version': b''}, {'model_version': packed}),
        ({}, {'model_version': packed}),
    ]:
        reply = sides.ask('laecips/spot/beat', pack_beat(Beat(1, known)))
        assert reply.ok is not None
        assert unpack_beat(bytes(reply.ok.payload)).topics == news


def test_an_announcement_goes_to_each_robot(sides: Sides, until: Any) -> None:
    sides.connect()
    heard: list[bytes] = []
    other = sides.link.robot.declare_subscriber(
        'laecips/rex/model_version', lambda sample: heard.append(bytes(sample.payload))
    )
    publisher = sides.link.server.declare_publisher('laecips/rex/model_version')
    until(lambda: bool(publisher.matching_status.matching))
    sides.announce(version('v1'))
    until(lambda: heard == [pack(version('v1'))])
    publisher.undeclare()
    other.undeclare()


@pytest.mark.parametrize(
    ('key', 'payload', 'code', 'words'),
    [
        ('laecips/other/beat', pack_beat(Beat(1, {})), 'wrong_robot', 'one of link.robots'),
        ('laecips/*/beat', pack_beat(Beat(1, {})), 'bad_payload', 'laecips/ROBOT/NAME'),
        ('laecips/spot/beat', b'\xc1', 'bad_payload', 'msgpack'),
        ('laecips/spot/beat', b'', 'bad_payload', 'msgpack'),
        ('laecips/spot/beat', bytes(16_385), 'payload_too_large', 'at most 16384'),
    ],
)
def test_a_heartbeat_at_fault_is_refused_and_counted(
    sides: Sides,
    caplog: pytest.LogCaptureFixture,
    key: str,
    payload: bytes,
    code: str,
    words: str,
) -> None:
    sides.connect()
    for _ in range(2):
        reply = sides.ask(key, payload)
        assert reply.err is not None
        assert words in bytes(reply.err.payload).decode()
    assert sides.server_counters.snapshot() == {f'errors.{code}': 2}
    assert [key in line and words in line for line in caplog.messages] == [True]
    assert sides.desk.silent_s('spot') == float('inf')


@pytest.mark.parametrize(
    ('msg', 'code'),
    [
        (TrainingRound(reason='x' * 9000), 'payload_too_large'),
        (TrainingRound(duration_s=float('nan')), 'bad_payload'),
    ],
)
def test_an_announcement_that_cannot_be_sent_is_counted_and_the_last_one_stands(
    sides: Sides, msg: TrainingRound, code: str
) -> None:
    sides.announce(TrainingRound(training_round=1), 'training_round')
    sides.cloud['training_round'].publish(msg)
    sides.ros.until(lambda: sides.server_counters.errors() == 1)
    assert sides.server_counters.snapshot() == {f'errors.{code}': 1}
    assert sides.desk._packed['training_round'] == pack(TrainingRound(training_round=1))


def test_a_heartbeat_without_an_answer_is_counted(sides: Sides) -> None:
    sides.beat_once()
    assert sides.count_down('heartbeats_lost') == 1


class Answers:
    """Stands where Questions stand; answers each heartbeat with what the test says."""

    def __init__(self, *answers: Any) -> None:
        self._answers = list(answers)

    def ask(self, key: str, payload: bytes, urgency: Any, *rest: Any) -> None:
        reply = heartbeat_module.Reply(self._answers.pop(0))
        rest[-1](reply)


@pytest.mark.parametrize(
    ('answer', 'code'),
    [
        (b'\xc1', 'bad_payload'),
        (bytes(16_385), 'payload_too_large'),
        (pack_beat(Beat(1, {'model_version': b'\xc1'})), 'bad_payload'),
        (pack_beat(Beat(1, {'model_version': pack(TrainingRound())})), 'bad_payload'),
    ],
)
def test_an_answer_at_fault_publishes_nothing(sides: Sides, answer: bytes, code: str) -> None:
    sides.watch.session_opened(0.0)
    sides.beat._questions = Answers(
        answer, pack_beat(Beat(2, {'model_version': pack(version('v'))}))
    )
    sides.beat.beat()
    assert sides.robot_counters.snapshot() == {f'errors.{code}': 1}
    sides.beat.beat()
    sides.ros.until(lambda: bool(sides.heard))
    assert sides.heard == [version('v')]


def test_an_answer_to_another_heartbeat_does_not_make_it_up(sides: Sides) -> None:
    sides.watch.session_opened(0.0)
    sides.beat._questions = Answers(pack_beat(Beat(7, {})))
    sides.beat.beat()
    assert sides.watch.state(heartbeat_module.monotonic()).level is LinkLevel.DOWN


def test_a_publication_at_fault_is_counted(sides: Sides) -> None:
    sides.connect()
    sides.subscribe()
    sides.link.server.put('laecips/spot/model_version', b'\xc1')
    sides.ros.until(lambda: sides.robot_counters.errors() == 1)
    assert sides.robot_counters.snapshot() == {'errors.bad_payload': 1}
