"""The robot's heartbeat: measures the link, tells its state, heals the latched topics."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from threading import Lock
from time import monotonic
from typing import Any

from rclpy.node import Node
import zenoh

from laecips_bridge.beats import Beat
from laecips_bridge.beats import digest_of
from laecips_bridge.beats import MAX_BEAT_BYTES
from laecips_bridge.beats import pack_beat
from laecips_bridge.beats import unpack_beat
from laecips_bridge.bridge_config import BridgeConfig
from laecips_bridge.keys import BEAT
from laecips_bridge.keys import key_of
from laecips_bridge.keys import TOPICS
from laecips_bridge.link_watch import LinkWatch
from laecips_bridge.message_codec import unpack
from laecips_bridge.questions import Questions
from laecips_bridge.questions import Reply
from laecips_bridge.questions import Urgency
from laecips_core.errors import LaecipsError
from laecips_msgs.msg import ModelVersion
from laecips_msgs.msg import TrainingRound
from laecips_ros import qos
from laecips_ros.counters import Counters

TOPIC_KINDS: dict[str, Any] = dict(zip(TOPICS, (ModelVersion, TrainingRound), strict=True))
"""Message type of each latched topic of the cloud."""


class Heartbeat:
    """
    Asks the server for a sign of life, again and again.

    Latched topics come as they are published; what was lost on the way comes with the answer to
    the next heartbeat, which names what the robot has.
    """

    def __init__(
        self,
        node: Node,
        config: BridgeConfig,
        questions: Questions,
        watch: LinkWatch,
        counters: Counters,
    ) -> None:
        """
        Open the topics; :meth:`beat` sends.

        :param node: the bridge's node.
        :param config: checked settings.
        :param questions: the way to the server.
        :param watch: judges the link.
        :param counters: where everything is counted.
        """
        self._config, self._questions, self._watch = config, questions, watch
        self._counters = counters
        self._lock = Lock()
        self._number = 0
        self._packed = dict.fromkeys(TOPICS, b'')
        self._publishers = {
            name: node.create_publisher(kind, f'cloud/{name}', qos.latched())
            for name, kind in TOPIC_KINDS.items()
        }

    def beat(self) -> None:
        """Send one heartbeat; never waits."""
        now_s = monotonic()
        with self._lock:
            self._number += 1
            number = self._number
            known = {name: digest_of(packed) for name, packed in self._packed.items()}
        self._watch.beat_sent(number, now_s)
        self._questions.ask(
            key_of(self._config.robot, BEAT),
            pack_beat(Beat(number, known)),
            Urgency.BEAT,
            now_s,
            self._config.link.down_after_s,
            partial(self._answered, number),
        )

    def subscribe(self, session: zenoh.Session) -> list[zenoh.Subscriber]:
        """
        Listen to the latched topics over a new session.

        :param session: the session.
        :returns: the subscribers; they last as long as they are held.
        """
        return [
            session.declare_subscriber(key_of(self._config.robot, name), self._listener(name))
            for name in TOPICS
        ]

    def _listener(self, name: str) -> Callable[[zenoh.Sample], None]:
        return lambda sample: self._took(name, bytes(sample.payload))

    def _answered(self, number: int, reply: Reply) -> None:
        if reply.payload is None:
            self._counters.add('heartbeats_lost')
            return
        try:
            answer = unpack_beat(reply.payload)
        except LaecipsError as error:
            self._counters.add_error(error)
            return
        if answer.number == number:
            self._watch.beat_answered(number, monotonic())
        for name, packed in answer.topics.items():
            self._took(name, packed)

    def _took(self, name: str, packed: bytes) -> None:
        """Publish a latched message that is not the one published last."""
        try:
            msg = unpack(TOPIC_KINDS[name], packed, MAX_BEAT_BYTES)
        except LaecipsError as error:
            self._counters.add_error(error)
            return
        with self._lock:
            if packed == self._packed[name]:
                return
            self._packed[name] = packed
            self._publishers[name].publish(msg)
