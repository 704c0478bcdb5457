"""The server's side of heartbeats and latched topics."""

from __future__ import annotations

from collections.abc import Sequence
from threading import Lock
from time import monotonic
from typing import Any

from rclpy.node import Node
import zenoh

from laecips_bridge.beats import Beat
from laecips_bridge.beats import digest_of
from laecips_bridge.beats import MAX_TOPIC_BYTES
from laecips_bridge.beats import pack_beat
from laecips_bridge.beats import unpack_beat
from laecips_bridge.errors import PayloadTooLargeError
from laecips_bridge.errors import RobotRefusedError
from laecips_bridge.heartbeat import TOPIC_KINDS
from laecips_bridge.keys import key_of
from laecips_bridge.keys import robot_of
from laecips_bridge.keys import TOPICS
from laecips_bridge.message_codec import pack
from laecips_bridge.seldom import Seldom
from laecips_core.errors import LaecipsError
from laecips_ros import qos
from laecips_ros.counters import Counters


class RobotDesk:
    """Answers every robot's heartbeat, and sends it what the cloud node announces."""

    def __init__(
        self,
        node: Node,
        session: zenoh.Session,
        robots: Sequence[str],
        counters: Counters,
        seldom: Seldom,
    ) -> None:
        """
        Listen to the cloud node.

        :param node: the bridge's node.
        :param session: to the robots.
        :param robots: their names.
        :param counters: where everything is counted.
        :param seldom: where refusals are logged.
        """
        self._session, self._robots = session, robots
        self._counters, self._seldom = counters, seldom
        self._lock = Lock()
        self._packed = dict.fromkeys(TOPICS, b'')
        self._last_beat_s: dict[str, float] = {}
        self._subscriptions = [
            node.create_subscription(kind, f'cloud/{name}', self._listener(name), qos.latched())
            for name, kind in TOPIC_KINDS.items()
        ]

    def take(self, query: zenoh.Query) -> None:
        """
        Answer a heartbeat; on Zenoh's thread, for it is small.

        :param query: as it came; untrusted.
        """
        with query:
            try:
                query.reply(query.key_expr, self._answer(query))
            except LaecipsError as error:
                self._counters.add_error(error)
                self._seldom.warn(f'{query.key_expr}: {error}', f'{query.key_expr} {error.code}')
                query.reply_err(str(error).encode()[:1000])

    def silent_s(self, robot: str) -> float:
        """
        Tell how long ago a robot was heard.

        :param robot: its name.
        :returns: seconds since its last heartbeat; infinite before the first.
        """
        return monotonic() - self._last_beat_s.get(robot, float('-inf'))

    def _answer(self, query: zenoh.Query) -> bytes:
        robot = robot_of(str(query.key_expr))
        if robot not in self._robots:
            raise RobotRefusedError('robot', 'one of link.robots', robot)
        payload = query.payload
        beat = unpack_beat(b'' if payload is None else bytes(payload))
        self._last_beat_s[robot] = monotonic()
        with self._lock:
            news = {
                name: packed
                for name, packed in self._packed.items()
                if packed and beat.topics.get(name, b'') != digest_of(packed)
            }
        return pack_beat(Beat(beat.number, news))

    def _listener(self, name: str) -> Any:
        return lambda msg: self._announce(name, msg)

    def _announce(self, name: str, msg: Any) -> None:
        try:
            packed = _packed(name, msg)
        except LaecipsError as error:
            self._counters.add_error(error)
            self._seldom.warn(f'cloud/{name}: {error}', f'cloud/{name} {error.code}')
            return
        with self._lock:
            self._packed[name] = packed
        for robot in self._robots:
            # Dropped where the link is full: the next heartbeat tells it.
            self._session.put(
                key_of(robot, name),
                packed,
                priority=zenoh.Priority.INTERACTIVE_LOW,
                congestion_control=zenoh.CongestionControl.DROP,
            )


def _packed(name: str, msg: Any) -> bytes:
    packed = pack(msg)
    if len(packed) > MAX_TOPIC_BYTES:
        raise PayloadTooLargeError(name, f'at most {MAX_TOPIC_BYTES} bytes', len(packed))
    return packed
